package skeepers

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/json"
)

// maxPHPDepth is how deep arrays may be nested; a message has two levels.
const maxPHPDepth = 16

var errPHP = errors.New("the message is not a serialised PHP value")

// phpToJSON turns what PHP's serialize wrote into JSON: arrays become objects,
// texts that are not UTF-8 are taken for ISO-8859-1. Objects and references
// are refused: nothing is ever made of them.
func phpToJSON(text string) ([]byte, error) {
	p := phpReader{s: text}
	b, ok := p.value(make([]byte, 0, len(text)+len(text)/4), 0)
	if !ok || p.i != len(p.s) {
		return nil, errPHP
	}
	return json.Compact(b) // refuses a key that stands twice
}

type phpReader struct {
	s string
	i int
}

// value appends the next value; false: there is none.
func (p *phpReader) value(b []byte, depth int) ([]byte, bool) {
	kind, ok := p.kind()
	if !ok || depth > maxPHPDepth {
		return b, false
	}
	switch kind {
	case 'N':
		return append(b, "null"...), true
	case 'b':
		v, ok := p.until(';')
		return strconv.AppendBool(b, v == "1"), ok && (v == "0" || v == "1")
	case 'i':
		v, ok := p.until(';')
		n, err := strconv.ParseInt(v, 10, 64)
		return strconv.AppendInt(b, n, 10), ok && err == nil
	case 'd':
		v, ok := p.until(';')
		return append(b, v...), ok && json.Valid([]byte(v)) && v != "" && (v[0] == '-' || v[0] >= '0' && v[0] <= '9')
	case 's':
		v, ok := p.text()
		ok = ok && p.take(";")
		return json.AppendText(b, v), ok
	case 'a':
		return p.array(b, depth)
	}
	return b, false
}

// kind steps over "s:" and the like; "N;" is whole.
func (p *phpReader) kind() (byte, bool) {
	if p.take("N;") {
		return 'N', true
	}
	if p.i+1 >= len(p.s) || p.s[p.i+1] != ':' {
		return 0, false
	}
	p.i += 2
	return p.s[p.i-2], true
}

func (p *phpReader) array(b []byte, depth int) ([]byte, bool) {
	n, ok := p.count()
	if !ok || !p.take("{") {
		return b, false
	}
	b = append(b, '{')
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		if b, ok = p.key(b); !ok {
			return b, false
		}
		b = append(b, ':')
		if b, ok = p.value(b, depth+1); !ok {
			return b, false
		}
	}
	return append(b, '}'), p.take("}")
}

// key appends a key: a text, or a number as one.
func (p *phpReader) key(b []byte) ([]byte, bool) {
	switch kind, _ := p.kind(); kind {
	case 'i':
		v, ok := p.until(';')
		_, err := strconv.ParseInt(v, 10, 64)
		return json.AppendText(b, v), ok && err == nil
	case 's':
		v, ok := p.text()
		ok = ok && p.take(";")
		return json.AppendText(b, v), ok
	}
	return b, false
}

// text reads 5:"hello": the length is in bytes.
func (p *phpReader) text() (string, bool) {
	n, ok := p.count()
	if !ok || !p.take(`"`) || n > len(p.s)-p.i {
		return "", false
	}
	v := p.s[p.i : p.i+n]
	p.i += n
	return utf8Of(v), p.take(`"`)
}

// count reads a length and its colon. Each element takes bytes of its own, so
// none is longer than what is left.
func (p *phpReader) count() (int, bool) {
	v, ok := p.until(':')
	n, err := strconv.Atoi(v)
	return n, ok && err == nil && n >= 0 && n <= len(p.s)-p.i
}

func (p *phpReader) until(end byte) (string, bool) {
	n := strings.IndexByte(p.s[p.i:], end)
	if n < 0 {
		return "", false
	}
	v := p.s[p.i : p.i+n]
	p.i += n + 1
	return v, true
}

func (p *phpReader) take(text string) bool {
	if !strings.HasPrefix(p.s[p.i:], text) {
		return false
	}
	p.i += len(text)
	return true
}

// utf8Of returns the text as UTF-8, read as ISO-8859-1 where it is none.
func utf8Of(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	r := make([]rune, len(s))
	for i := range len(s) {
		r[i] = rune(s[i])
	}
	return string(r)
}

// latin1Of returns the text in ISO-8859-1; false where it can not be.
func latin1Of(s string) (string, bool) {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return "", false
		}
		b = append(b, byte(r))
	}
	return string(b), true
}
