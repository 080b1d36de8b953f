package outbound

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// masked stands where a secret stood. Nothing of the secret shows, not even
// its length.
const masked = "[masked]"

// masker hides the secrets of one request.
type masker struct {
	forms   [][]byte // everything to be hidden, longest first
	longest int
}

// maxMasks bounds the memory of forms; beyond it they are computed each time.
const maxMasks = 4096

// masker returns the masker of a request.
func (c *Client) masker(r *Request) masker {
	var m masker
	for i, v := range r.Mask {
		if v == "" {
			continue
		}
		forms := c.forms(v)
		m.longest = max(m.longest, len(forms[0]))
		if i == 0 && len(r.Mask) == 1 {
			m.forms = forms
			return m
		}
		m.forms = append(m.forms, forms...)
	}
	slices.SortStableFunc(m.forms, func(a, b []byte) int { return len(b) - len(a) })
	return m
}

// forms returns the forms in which a secret may appear, longest first.
func (c *Client) forms(v string) [][]byte {
	if f, ok := c.masks.Load(v); ok {
		return f.([][]byte)
	}
	f := formsOf(v)
	if c.nmasks.Add(1) <= maxMasks {
		c.masks.Store(v, f)
	}
	return f
}

func formsOf(v string) [][]byte {
	forms := []string{v, url.QueryEscape(v), url.PathEscape(v)}
	forms = append(forms, lowerEscapes(forms[1]), lowerEscapes(forms[2]))
	if quoted, err := json.Marshal(v); err == nil {
		inner := string(quoted[1 : len(quoted)-1])
		forms = append(forms, inner, strings.ReplaceAll(inner, "/", `\/`))
	}
	forms = append(forms, base64Forms(v)...)
	slices.SortFunc(forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	var out [][]byte
	for _, f := range slices.Compact(forms) {
		out = append(out, []byte(f))
	}
	return out
}

// lowerEscapes turns %2F into %2f.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], bytes.ToLower(b[i+1:i+3]))
			i += 2
		}
	}
	return string(b)
}

// base64Forms returns what of v shows in base64, at each of the three places
// it can have in a group: without the characters that its neighbours share.
func base64Forms(v string) []string {
	var out []string
	for before := range 3 {
		padded := append(make([]byte, before), v...)
		first, last := (before*8+5)/6, len(padded)*8/6
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if text := enc.EncodeToString(padded); last-first >= 4 {
				out = append(out, text[first:last])
			}
		}
	}
	return out
}

// bytes masks b up to limit; a secret that begins before it is masked whole.
// Without anything to mask it returns b[:limit] itself.
func (m masker) bytes(b []byte, limit int) (out []byte, changed bool) {
	for at := 0; ; {
		from, to := m.next(b, at)
		if from < 0 || from >= limit {
			if !changed {
				return b[:limit], false
			}
			return append(out, b[min(at, limit):limit]...), true
		}
		changed = true
		out = append(append(out, b[at:from]...), masked...)
		at = to
	}
}

// next finds the next secret from at on; of two at one place the longer.
func (m masker) next(b []byte, at int) (from, to int) {
	from = -1
	for _, f := range m.forms {
		rest := b[at:]
		if from >= 0 {
			rest = b[at:min(from-1+len(f), len(b))] // only what begins earlier
		}
		if i := bytes.Index(rest, f); i >= 0 {
			from, to = at+i, at+i+len(f)
		}
	}
	return from, to
}

// text masks the secrets in s.
func (m masker) text(s string) string {
	if len(m.forms) == 0 {
		return s
	}
	out, changed := m.bytes([]byte(s), len(s))
	if !changed {
		return s
	}
	return string(out)
}

// url masks user, password, the values of secret query names, and the
// secrets of the request.
func (m masker) url(raw string) string {
	if scheme := strings.Index(raw, "://"); scheme >= 0 {
		host := raw[scheme+3:]
		if end := strings.IndexAny(host, "/?#"); end >= 0 {
			host = host[:end]
		}
		if at := strings.LastIndexByte(host, '@'); at >= 0 {
			raw = raw[:scheme+3] + masked + raw[scheme+3+at:]
		}
	}
	if q := strings.IndexByte(raw, '?'); q >= 0 {
		raw = raw[:q+1] + maskQuery(raw[q+1:])
	}
	return m.text(raw)
}

func maskQuery(query string) string {
	if !strings.Contains(query, "=") {
		return query
	}
	parts := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	for i, p := range parts {
		name, _, ok := strings.Cut(p, "=")
		plain, err := url.QueryUnescape(name)
		if ok && (err != nil || secretName(plain)) {
			parts[i] = name + "=" + masked
		}
	}
	return strings.Join(parts, "&")
}

// secretName reports whether a query parameter, form field, JSON member or
// header of that name holds a secret.
func secretName(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "key", "code", "pass", "pwd", "sig", "signature":
		return true
	}
	for _, s := range []string{"token", "secret", "password", "apikey", "api_key", "api-key"} {
		if strings.Contains(name, s) {
			return true
		}
	}
	return false
}

// headerValue masks a header's value, whole where the name says it is secret.
func (m masker) headerValue(name, v string) string {
	switch http.CanonicalHeaderKey(name) {
	case "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie":
		return masked
	case "Location", "Content-Location", "Referer", "Link":
		return m.url(v)
	case "Webhook-Signature": // a signature shows nothing of its key
		return v
	case "Accept", "Accept-Encoding", "Content-Length", "Content-Type", "Date", "User-Agent", "X-Request-Id": // most have these
		return m.text(v)
	}
	if secretName(name) {
		return masked
	}
	return m.text(v)
}

// maxNamed is how far past the cut a named secret is followed.
const maxNamed = 128

// named finds JSON members and form fields whose name says that the value is
// a secret: what a token endpoint takes and gives, also quoted inside another
// JSON text. The closing quote may be missing where the body was cut.
var named = regexp.MustCompile(`(?i)("[a-z_-]*(?:token|secret|password|api_?key)\\*"\s*:\s*\\*")(?:[^"\\]|\\.)*` +
	`|((?:^|&)[a-z_-]*(?:token|secret|password|api_?key|code)=)[^&\s]*`)

// hints are looked for before the expression, which is slow, is tried.
var hints = [][]byte{[]byte("oken"), []byte("ecret"), []byte("assword"), []byte("_key"),
	[]byte("ikey"), []byte("iKey"), []byte("key="), []byte("Key="), []byte("ode="), []byte("ignature=")}

// maskNamed masks the values of members and fields with secret names; body
// itself where there are none.
func maskNamed(body []byte) []byte {
	for _, h := range hints {
		if bytes.Contains(body, h) {
			return named.ReplaceAll(MaskLinks(body), []byte("${1}${2}"+masked))
		}
	}
	return body
}

// inLinks finds secrets in the queries of addresses that stand in other texts:
// links that open something for who has them.
var inLinks = regexp.MustCompile(`(?i)((?:[?&]|&amp;|\\u0026)[a-z_-]*(?:token|secret|password|api_?key|signature)=)[^&\s"'<>\\]*`)

// MaskLinks hides secrets in the queries of the addresses in a text; it returns
// text itself where there are none.
func MaskLinks(text []byte) []byte {
	if !bytes.ContainsRune(text, '=') || !inLinks.Match(text) {
		return text
	}
	return inLinks.ReplaceAll(text, []byte("${1}"+masked))
}
