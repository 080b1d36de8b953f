package citrusad

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

// A cursor walks over one JSON value that is known to be valid and compact,
// so that nothing is checked twice. What it returns are parts of the text
// wherever no escape stands in the way: one allocation holds all the strings
// of an order.
type cursor struct {
	s string
	i int
}

// kind is the first byte of the next value: one of {["ntf-0123456789.
func (c *cursor) kind() byte {
	if c.i < len(c.s) {
		return c.s[c.i]
	}
	return 0
}

// open enters the object or array that comes next.
func (c *cursor) open() { c.i++ }

// more reports whether another member follows, and steps over the comma
// before it, or else over the closing bracket.
func (c *cursor) more() bool {
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

// name returns a member's name and steps over its colon.
func (c *cursor) name() string {
	name := c.text()
	c.i++
	return name
}

// text returns the string that comes next.
func (c *cursor) text() string {
	start := c.i + 1
	end, escaped := stringEnd(c.s, c.i)
	c.i = end
	if escaped {
		return unescape(c.s[start : end-1])
	}
	return c.s[start : end-1]
}

// raw steps over the next value and returns it.
func (c *cursor) raw() string {
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

// unescape resolves the escapes of a valid JSON string.
func unescape(s string) string {
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
