package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a Client. The zero value is ready to use.
type Options struct {
	Timeout        time.Duration // of one call, answer read; default 30 s
	DialTimeout    time.Duration // of connecting and of the TLS handshake, each; default 10 s
	IdleTimeout    time.Duration // of an unused connection; default 4 s
	KeepBody       int           // bytes of each body kept as evidence; default 16 KiB, negative: none
	MaxBody        int64         // longest answer, decompressed; default 10 MB
	MaxIdlePerHost int           // unused connections kept per partner; default 128
	// Allow are prefixes that an untrusted request may reach although they
	// are private.
	Allow     []netip.Prefix
	UserAgent string         // default "ordermux"
	Hop       string         // this hub's name in the HopHeader; empty: the header is not sent
	Roots     *x509.CertPool // certificate authorities; nil: the system's
	Now       func() time.Time
}

// The defaults of Options.
const (
	DefaultTimeout     = 30 * time.Second
	DefaultDialTimeout = 10 * time.Second
	// DefaultIdleTimeout is below the 5 s after which a Node server, the
	// shortest of the usual ones, closes an unused connection: reusing one in
	// that moment would make an unknown outcome out of nothing.
	DefaultIdleTimeout = 4 * time.Second
	DefaultKeepBody    = 16 << 10
	DefaultMaxBody     = 10_000_000
	DefaultIdlePerHost = 128

	maxHeader = 256 << 10 // bytes of an answer's header
)

// Client makes calls to partners. Safe for concurrent use. Every client has
// connections of its own, so routes share nothing.
type Client struct {
	opts  Options
	guard guard
	plain *http.Transport
	// guarded is apart from plain, so that an untrusted request never finds
	// a connection that a trusted one opened to a private address.
	guarded *http.Transport
	masks   sync.Map // secret value -> [][]byte, the forms it may appear in
	nmasks  atomic.Int64
	lastURL atomic.Pointer[parsedURL]
}

// New makes a client.
func New(opts Options) *Client {
	setDefault(&opts.Timeout, DefaultTimeout)
	setDefault(&opts.DialTimeout, DefaultDialTimeout)
	setDefault(&opts.IdleTimeout, DefaultIdleTimeout)
	setDefault(&opts.KeepBody, DefaultKeepBody)
	setDefault(&opts.MaxBody, DefaultMaxBody)
	setDefault(&opts.MaxIdlePerHost, DefaultIdlePerHost)
	setDefault(&opts.UserAgent, "ordermux")
	if opts.Now == nil {
		opts.Now = time.Now
	}
	c := &Client{opts: opts, guard: guard{allow: opts.Allow}}
	c.plain = c.transport(&net.Dialer{Timeout: opts.DialTimeout})
	c.guarded = c.transport(&net.Dialer{Timeout: opts.DialTimeout, Control: c.guard.control})
	return c
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

func (c *Client) transport(d *net.Dialer) *http.Transport {
	dial := dialer{net: d, tls: &tls.Config{RootCAs: c.opts.Roots, MinVersion: tls.VersionTLS12}}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:            dial.plain,
		DialTLSContext:         dial.secure,
		Protocols:              protocols,
		MaxIdleConns:           0,
		MaxIdleConnsPerHost:    c.opts.MaxIdlePerHost,
		IdleConnTimeout:        c.opts.IdleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		WriteBufferSize:        8 << 10,
	}
}

// CloseIdle closes the connections that carry no call.
func (c *Client) CloseIdle() {
	c.plain.CloseIdleConnections()
	c.guarded.CloseIdleConnections()
}

// Do makes one call and reads its answer whole. Every status is a reply, a
// redirect too. The error is always an *Error. The exchange is recorded in the
// Trace of ctx, if there is one.
//
// A request is sent again by itself only if the connection it was given turned
// out dead before one byte was written. A GET or HEAD, which must have no
// effect, is also repeated if a kept connection broke under it.
func (c *Client) Do(ctx context.Context, r Request) (Reply, error) {
	begun := c.opts.Now()
	if r.Method == "" {
		r.Method = http.MethodGet
		if r.Body != nil {
			r.Method = http.MethodPost
		}
	}
	reply, err := c.do(ctx, &r)
	if t := traceOf(ctx); t != nil {
		t.add(c.exchange(&r, &reply, err, begun))
	}
	if err != nil {
		return Reply{}, err
	}
	return reply, nil
}

// redials is how often a request finds a dead connection before it gives up.
const redials = 3

func (c *Client) do(ctx context.Context, r *Request) (Reply, error) {
	u, err := c.parse(r.URL)
	if err != nil {
		return Reply{}, &Error{Op: OpRequest, Err: err}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.opts.Timeout, limitError{c.opts.Timeout})
	defer cancel()
	header := c.header(ctx, r, u)
	for n := 1; ; n++ {
		call := call{client: c, request: r}
		reply, err := call.run(ctx, u, header)
		if err == nil {
			return reply, nil
		}
		if n < redials && call.reused && !err.Left && ctx.Err() == nil {
			continue
		}
		return reply, err
	}
}

// header returns the header lines that go out: the caller's, and ours.
func (c *Client) header(ctx context.Context, r *Request, u *parsedURL) http.Header {
	h := make(http.Header, len(r.Header)+5)
	for name, values := range r.Header {
		// In canonical spelling net/http takes it for leave to repeat the
		// request by itself. On the wire the spelling does not matter.
		if name == "Idempotency-Key" || name == "X-Idempotency-Key" {
			name = strings.ToLower(name)
		}
		h[name] = values
	}
	if _, ok := h["User-Agent"]; !ok {
		h["User-Agent"] = []string{c.opts.UserAgent}
	}
	if u.basic != "" && h["Authorization"] == nil {
		h["Authorization"] = []string{u.basic}
	}
	if v := Traceparent(ctx); v != "" {
		h["Traceparent"] = []string{v}
	}
	if hop := c.hop(ctx); hop != "" {
		h[HopHeader] = []string{hop}
	}
	return h
}

func (c *Client) hop(ctx context.Context) string {
	before, _ := ctx.Value(hopKey{}).(string)
	if before == "" || c.opts.Hop == "" {
		return before + c.opts.Hop
	}
	return before + ", " + c.opts.Hop
}

// parsedURL is an address ready to be called.
type parsedURL struct {
	raw   string
	url   *url.URL // without user, password and fragment
	basic string   // the Authorization that user and password make
}

// parse reads an absolute http or https URL. The last one is remembered: most
// routes call one address.
func (c *Client) parse(raw string) (*parsedURL, error) {
	if last := c.lastURL.Load(); last != nil && last.raw == raw {
		return last, nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("malformed address") // url's own text quotes it
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("address is not http or https")
	}
	if u.Hostname() == "" {
		return nil, errors.New("address without a host")
	}
	p := &parsedURL{raw: raw, url: u}
	if u.User != nil {
		password, _ := u.User.Password()
		p.basic = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password))
		u.User = nil
	}
	u.Fragment, u.RawFragment = "", ""
	c.lastURL.Store(p)
	return p, nil
}
