package outbound

import (
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// target is an address ready to be called.
type target struct {
	raw    string
	secure bool
	host   string // as in the Host header
	name   string // without the port
	addr   string // to dial
	uri    string // path and query
	basic  string // the Authorization that user and password make
}

// target reads an absolute http or https URL. The last one is remembered: most
// routes call one address.
func (c *Client) target(raw string) (*target, error) {
	if last := c.last.Load(); last != nil && last.raw == raw {
		return last, nil
	}
	t, err := parseTarget(raw)
	if err == nil {
		c.last.Store(t)
	}
	return t, err
}

func parseTarget(raw string) (*target, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("malformed address") // url's own text quotes it
	}
	port := u.Port()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("address is not http or https")
	case u.Hostname() == "":
		return nil, errors.New("address without a host")
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '%' }):
		return nil, errors.New("address whose host is not written in ASCII")
	case port == "" && u.Scheme == "https":
		port = "443"
	case port == "":
		port = "80"
	}
	t := &target{raw: raw, secure: u.Scheme == "https", host: u.Host, name: u.Hostname(),
		addr: net.JoinHostPort(u.Hostname(), port), uri: strings.ReplaceAll(u.RequestURI(), " ", "%20")}
	if u.User != nil {
		password, _ := u.User.Password()
		t.basic = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password))
	}
	return t, nil
}

// ours are headers that follow from how the call is made: what the caller says
// of them is left out.
func ours(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Host", "Content-Length", "Transfer-Encoding", "Trailer", "Te", "Connection", "Keep-Alive", "Expect", "Upgrade":
		return true
	}
	return false
}

// appendHead appends the request line and the header. gzip reports whether a
// compressed answer was asked for, which is then ours to decompress.
func (a *call) appendHead(b []byte, t *target) (head []byte, gzip bool, err error) {
	r := a.request
	if !isToken(r.Method) {
		return nil, false, errors.New("malformed method")
	}
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, t.uri...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, t.host...)
	b = append(b, "\r\n"...)
	agent, encoding, authorization := true, true, t.basic != ""
	for name, values := range r.Header {
		switch {
		case ours(name):
			continue
		case !isToken(name):
			return nil, false, errors.New("malformed header name")
		case strings.EqualFold(name, "User-Agent"):
			agent = false
		case strings.EqualFold(name, "Accept-Encoding"), strings.EqualFold(name, "Range"):
			encoding = false
		case strings.EqualFold(name, "Authorization"):
			authorization = false
		}
		for _, v := range values {
			if strings.ContainsFunc(v, isControl) {
				return nil, false, errors.New("malformed value of header " + name)
			}
			b = appendHeader(b, name, v)
		}
	}
	if agent {
		b = appendHeader(b, "User-Agent", a.client.opts.UserAgent)
	}
	if authorization {
		b = appendHeader(b, "Authorization", t.basic)
	}
	if encoding && r.Method != http.MethodHead {
		b, gzip = append(b, "Accept-Encoding: gzip\r\n"...), true
	}
	if b, err = a.appendContext(b); err != nil {
		return nil, false, err
	}
	if len(r.Body) > 0 || r.Method != http.MethodGet && r.Method != http.MethodHead {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, int64(len(r.Body)), 10)
		b = append(b, "\r\n"...)
	}
	return append(b, "\r\n"...), gzip, nil
}

// appendContext appends what the context of the call adds.
func (a *call) appendContext(b []byte) ([]byte, error) {
	parent, hop := Traceparent(a.ctx), a.client.hop(a.ctx)
	if strings.ContainsFunc(parent+hop, isControl) {
		return nil, errors.New("malformed traceparent or hop")
	}
	if parent != "" {
		b = appendHeader(b, "Traceparent", parent)
	}
	if hop != "" {
		b = appendHeader(b, HopHeader, hop)
	}
	return b, nil
}

func appendHeader(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, strings.TrimSpace(value)...)
	return append(b, "\r\n"...)
}

// isToken reports whether s is a token (RFC 9110, 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		if !inToken[s[i]] {
			return false
		}
	}
	return s != ""
}

// inToken holds the characters of a token: a look into a table, because every
// header name of every call is checked.
var inToken = func() (in [256]bool) {
	for c := '!'; c <= '~'; c++ {
		in[c] = !strings.ContainsRune("\"(),/:;<=>?@[\\]{}", c)
	}
	return in
}()

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
