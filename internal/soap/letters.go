package soap

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
)

// expand resolves references and line ends in a piece of text, and refuses
// characters that we do not take.
func (sc *scanner) expand(piece string) (string, error) {
	if badByte(piece) >= 0 {
		return "", sc.fault(string(order.ErrControl))
	}
	piece = lineEnds(piece)
	amp := strings.IndexByte(piece, '&')
	if amp < 0 {
		return piece, nil
	}
	var b strings.Builder
	b.Grow(len(piece))
	for amp >= 0 {
		b.WriteString(piece[:amp])
		piece = piece[amp+1:]
		// The longest reference to a character is &#x10FFFF; (zeros may lead).
		end := strings.IndexByte(piece[:min(len(piece), 16)], ';')
		if end < 0 {
			return "", sc.fault("& in a text must be escaped")
		}
		r, what := reference(piece[:end])
		if what != "" {
			return "", sc.fault(what)
		}
		b.WriteRune(r)
		piece = piece[end+1:]
		amp = strings.IndexByte(piece, '&')
	}
	b.WriteString(piece)
	return b.String(), nil
}

// reference resolves what stands between & and ;.
func reference(name string) (r rune, fault string) {
	switch name {
	case "amp":
		return '&', ""
	case "lt":
		return '<', ""
	case "gt":
		return '>', ""
	case "quot":
		return '"', ""
	case "apos":
		return '\'', ""
	}
	digits, numeric := strings.CutPrefix(name, "#")
	if !numeric {
		return 0, "an entity that XML itself does not know is not accepted"
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || strings.ContainsAny(digits, "_+") {
		return 0, "not a reference to a character"
	}
	if n > utf8.MaxRune || !isText(rune(n)) {
		return 0, string(order.ErrControl)
	}
	return rune(n), ""
}

// isText reports whether we take a character in a text: those of XML 1.0, but
// not DEL, which JSON of strangers may not hold either.
func isText(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return true
	case r < ' ', r == 0x7f, r >= 0xd800 && r < 0xe000, r == 0xfffe, r == 0xffff:
		return false
	}
	return r <= utf8.MaxRune
}

// badByte finds the first character of valid UTF-8 that isText refuses, or -1.
func badByte(s string) int {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' && c != '\t' && c != '\n' && c != '\r', c == 0x7f:
			return i
		case c == 0xef && (strings.HasPrefix(s[i:], "\uFFFE") || strings.HasPrefix(s[i:], "\uFFFF")):
			return i
		}
	}
	return -1
}

// lineEnds turns the line ends of all systems into \n, as XML wants it.
func lineEnds(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// localName cuts the prefix off a name; false if it is no name. Prefixes are
// not resolved: which namespace a client believes in is not to matter.
func localName(qname string) (string, bool) {
	local := qname
	if prefix, rest, found := strings.Cut(qname, ":"); found {
		if !isName(prefix) {
			return "", false
		}
		local = rest
	}
	return local, len(qname) <= maxName && isName(local)
}

// isName reports whether s can be the name of an element, without a prefix.
func isName(s string) bool {
	for i, r := range s {
		if !isNameRune(r) || i == 0 && !startsName(r) {
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

// startsName tells of a rune that isNameRune whether a name may begin with it.
func startsName(r rune) bool {
	switch {
	case r == '-', r == '.', r >= '0' && r <= '9', r == 0xb7, r >= 0x300 && r <= 0x36f, r == 0x203f, r == 0x2040:
		return false
	}
	return true
}

// isNameRune holds the table of XML 1.0, fifth edition, [4] and [4a], without
// the colon: https://www.w3.org/TR/xml/#NT-NameChar (seen 2026).
func isNameRune(r rune) bool {
	if r < 0x80 {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' || r == '.'
	}
	switch {
	case r == 0xb7, r >= 0xc0 && r <= 0x37d && r != 0xd7 && r != 0xf7, r >= 0x37f && r <= 0x1fff, r == 0x200c, r == 0x200d,
		r == 0x203f, r == 0x2040, r >= 0x2070 && r <= 0x218f, r >= 0x2c00 && r <= 0x2fef, r >= 0x3001 && r <= 0xd7ff,
		r >= 0xf900 && r <= 0xfdcf, r >= 0xfdf0 && r <= 0xfffd && r != utf8.RuneError, r >= 0x10000 && r <= 0xeffff:
		return true
	}
	return false
}
