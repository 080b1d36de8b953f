package capture

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
)

// kind is what a body is made of.
type kind int8

const (
	otherKind kind = iota
	jsonKind
	xmlKind
	formKind
)

// kindOf looks at the body first: what callers say of it may be wrong.
func kindOf(b []byte, contentType string) kind {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	b = bytes.TrimLeft(b, " \t\r\n")
	contentType = strings.ToLower(contentType)
	if len(b) == 0 {
		return otherKind
	}
	switch b[0] {
	case '{', '[', '"':
		return jsonKind
	case '<':
		head := bytes.ToLower(b[:min(len(b), 100)])
		if bytes.Contains(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html")) || strings.Contains(contentType, "html") {
			return otherKind
		}
		return xmlKind
	}
	switch {
	case strings.HasPrefix(contentType, "application/x-www-form-urlencoded"):
		return formKind
	case strings.Contains(contentType, "json") && len(b) < 40: // a number, true, null
		return jsonKind
	}
	return otherKind
}

// deepest is how many texts inside texts are looked into.
const deepest = 3

// body takes out of a body what its names and looks say is secret or personal.
// Cut: the body goes on, what is there is only its beginning.
func (p policy) body(b []byte, contentType string, cut bool) []byte {
	if len(b) == 0 {
		return b
	}
	k := kindOf(b, contentType)
	if k == otherKind {
		if p.keepPersonal {
			return b
		}
		return fmt.Appendf(nil, "[left out: %q is no JSON, XML or form]", mediaType(contentType))
	}
	out := p.of(b, k, 0)
	p.lexicon.tidy()
	if cut && !p.keepPersonal { // the last word may be the beginning of an address
		if i := bytes.LastIndexAny(out, "\"<>&, \t\r\n"); i >= 0 {
			out = out[:i]
		}
	}
	return out
}

func mediaType(contentType string) string {
	t, _, _ := strings.Cut(contentType, ";")
	return strings.TrimSpace(t[:min(len(t), 80)])
}

func (p policy) of(b []byte, k kind, depth int) []byte {
	switch k {
	case jsonKind:
		s := jsonScrubber{policy: p, in: b, depth: depth}
		return s.run()
	case xmlKind:
		s := xmlScrubber{policy: p, in: b, depth: depth}
		return s.run()
	}
	return []byte(p.parameters(string(b), depth))
}

// value takes out of a single text that its name does not speak of.
func (p policy) value(s string, depth int) string {
	t := strings.TrimSpace(s)
	switch {
	case len(t) > 1 && (t[0] == '{' || t[0] == '[' || t[0] == '<'):
		k := jsonKind
		if t[0] == '<' {
			k = xmlKind
		}
		if depth >= deepest {
			return personalWord
		}
		return string(p.of([]byte(s), k, depth+1))
	case !p.keepPersonal && isBase64(t):
		return "[base64 left out]"
	case !p.keepPersonal && isTable(t):
		return "[table left out]"
	}
	return p.plain(s)
}

// isTable reports whether a text has lines with cells, as a CSV file has: what
// is in them has no names to judge by.
func isTable(s string) bool {
	first, rest, ok := strings.Cut(s, "\n")
	return ok && strings.ContainsAny(first, ";\t") && strings.ContainsAny(rest, ";\t")
}

// parameters scrubs a query or form.
func (p policy) parameters(query string, depth int) string {
	p.form = true
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, value, ok := strings.Cut(part, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil {
			plain = name
		}
		v := p.path(plain)
		if now := p.plain(plain); now != plain { // no form at all, perhaps
			name = url.QueryEscape(now)
		}
		switch {
		case !ok:
			parts[i] = p.plain(part)
		case v != keep && value != "":
			parts[i] = name + "=" + v.word()
		default:
			text, err := url.QueryUnescape(value)
			if err != nil {
				text = value
			}
			if now := p.value(text, depth); now != text {
				value = url.QueryEscape(now)
			}
			parts[i] = name + "=" + value
		}
	}
	return strings.Join(parts, "&")
}

// path judges a name such as order[customer][email].
func (p policy) path(name string) verdict {
	around, thing := keep, false
	steps := strings.FieldsFunc(name, func(r rune) bool { return r == '[' || r == ']' || r == '.' })
	for i, step := range steps {
		w := p.word(step)
		v := p.inside(around, w, thing)
		if i == len(steps)-1 {
			return v
		}
		if v == personal || v == secret {
			around = v
		}
		thing = w.below(thing)
	}
	return around
}

// address scrubs a URL, or path and query.
func (p policy) address(raw string) string {
	path, query, ok := strings.Cut(raw, "?")
	path = p.plain(path)
	if !ok {
		return path
	}
	return path + "?" + p.parameters(query, 0)
}

// head scrubs header lines.
func (p policy) head(h string) string { return p.plain(h) }

// unquote reads a JSON string that may be cut off or wrong.
func unquote(raw []byte) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return strings.Trim(string(raw), `"`)
}

func quote(s string) []byte {
	b, err := json.Marshal(strings.ToValidUTF8(s, "\ufffd"))
	if err != nil {
		return []byte(`"` + personalWord + `"`)
	}
	return b
}
