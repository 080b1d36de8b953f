package json

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// stringEnd returns the index behind the string that begins at s[i], and
// whether there is an escape in it.
func stringEnd(s string, i int) (end int, escaped bool) {
	for i++; i < len(s); i++ {
		if c := s[i]; c == '"' {
			return i + 1, escaped
		} else if c == '\\' {
			escaped = true
			i++
		}
	}
	return len(s), escaped
}

// Cursor walks over one JSON value that is known to be valid and compact, so
// that nothing is checked twice. What it returns are parts of the text
// wherever no escape stands in the way: one allocation holds all the strings
// of an order.
type Cursor struct {
	s string
	i int
}

// NewCursor stands before the value that text is: valid, and without blanks
// outside strings (AppendCompact).
func NewCursor(text string) Cursor { return Cursor{s: text} }

// Kind is the first byte of the next value: one of {["ntf-0123456789.
func (c *Cursor) Kind() byte {
	if c.i < len(c.s) {
		return c.s[c.i]
	}
	return 0
}

// Open enters the object or array that comes next.
func (c *Cursor) Open() { c.i++ }

// More reports whether another member follows, and steps over the comma
// before it, or else over the closing bracket.
func (c *Cursor) More() bool {
	if c.i >= len(c.s) {
		return false
	}
	switch c.s[c.i] {
	case ',':
		c.i++
		return true
	case '}', ']':
		c.i++
		return false
	}
	return true
}

// Name returns a member's name and steps over its colon.
func (c *Cursor) Name() string {
	name := c.Text()
	c.i++
	return name
}

// Text returns the string that comes next.
func (c *Cursor) Text() string {
	start := c.i + 1
	end, escaped := stringEnd(c.s, c.i)
	c.i = end
	if escaped {
		return Unescape(c.s[start : end-1])
	}
	return c.s[start : end-1]
}

// Raw steps over the next value and returns it.
func (c *Cursor) Raw() string {
	start, depth := c.i, 0
	for c.i < len(c.s) {
		switch c.s[c.i] {
		case '"':
			c.i, _ = stringEnd(c.s, c.i)
			if depth == 0 {
				return c.s[start:c.i]
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return c.s[start:c.i]
			}
			if depth--; depth == 0 {
				c.i++
				return c.s[start:c.i]
			}
		case ',':
			if depth == 0 {
				return c.s[start:c.i]
			}
		}
		c.i++
	}
	return c.s[start:c.i]
}

// Unescape resolves the escapes of a valid JSON string, given without its
// quotation marks.
func Unescape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 >= len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'u':
			r := hex4(s, i+1)
			i += 4
			if utf16.IsSurrogate(r) && strings.HasPrefix(s[min(i+1, len(s)):], `\u`) {
				r = utf16.DecodeRune(r, hex4(s, i+3))
				i += 6
			}
			b.WriteRune(r)
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// hex4 reads four hexadecimal digits.
func hex4(s string, i int) rune {
	if i+4 > len(s) {
		return utf8.RuneError
	}
	var r rune
	for _, c := range []byte(s[i : i+4]) {
		switch {
		case c >= 'a':
			c -= 'a' - 10
		case c >= 'A':
			c -= 'A' - 10
		default:
			c -= '0'
		}
		r = r<<4 | rune(c)
	}
	return r
}

// Rest steps over what is left of an array or object of which an element is
// due.
func (c *Cursor) Rest() {
	for c.Raw(); c.More(); {
		c.Raw()
	}
}
