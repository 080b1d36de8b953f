package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"html"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// speaksOf reports whether a call shows traces of an order, however it spells
// them. A body that is no text may show any.
func (c *Call) speaksOf(t Traces) bool {
	heads := plainly(c.URL + "\n" + c.RequestHead + "\n" + c.ResponseHead + "\n" + c.Error)
	if t.says(heads) {
		return true
	}
	for _, b := range [][]byte{c.Request, c.Response} {
		text, ok := textOf(b)
		if !ok || t.says(plainly(text)) {
			return true
		}
	}
	return false
}

// mostUnpacked bounds what is looked at of a packed body.
const mostUnpacked = 16 << 20

// textOf is the text of a body, unpacked, with what is base64 in it beside; ok
// is false of what is no text. A body may be cut off.
func textOf(b []byte) (text string, ok bool) {
	if bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return "", false
		}
		b, err = io.ReadAll(io.LimitReader(z, mostUnpacked))
		if err != nil && err != io.ErrUnexpectedEOF {
			return "", false
		}
	}
	for range utf8.UTFMax - 1 { // the last letter may be cut
		if utf8.Valid(b) {
			break
		}
		b = b[:len(b)-1]
	}
	if !utf8.Valid(b) {
		return "", false
	}
	var out strings.Builder
	out.Write(b)
	for _, m := range base64Text.FindAll(b, -1) {
		if inner, ok := unbase64(m); ok {
			out.WriteByte('\n')
			out.Write(inner)
		}
	}
	return out.String(), true
}

var base64Text = regexp.MustCompile(`[A-Za-z0-9+/_-]{16,}`)

// unbase64 returns the text that b is the base64 of; false: it is of none.
func unbase64(b []byte) ([]byte, bool) {
	e := base64.RawStdEncoding
	if bytes.ContainsAny(b, "-_") {
		e = base64.RawURLEncoding
	}
	out := make([]byte, e.DecodedLen(len(b)))
	n, err := e.Decode(out, b)
	return out[:n], (err == nil || n > 0) && utf8.Valid(out[:n])
}

// says reports whether a text, as plainly makes it, holds one of the words as a
// whole one, or one of the phone numbers.
func (t Traces) says(text string) bool {
	for _, w := range t.Words {
		if hasWord(text, w) {
			return true
		}
	}
	if len(t.Phones) == 0 {
		return false
	}
	text = together.ReplaceAllString(text, "$1")
	return slices.ContainsFunc(t.Phones, func(digits string) bool { return strings.Contains(text, digits) })
}

func hasWord(text, w string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], w)
		if i < 0 {
			return false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(w):])
		if !inWord(before) && !inWord(after) {
			return true
		}
		from = i + 1
	}
}

// together is a digit with what people write between it and the next.
var together = regexp.MustCompile(`([0-9])[ ()./\-]+\b`)

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// plainly is a text in small letters without the spellings of JSON, XML and
// addresses, also one inside another.
func plainly(s string) string {
	for range 3 {
		before := s
		s = escaped.ReplaceAllStringFunc(s, unescapeJSON)
		s = html.UnescapeString(s)
		s = percent.ReplaceAllStringFunc(s, func(m string) string {
			if plain, err := url.PathUnescape(m); err == nil {
				return plain
			}
			return m
		})
		if s == before {
			break
		}
	}
	return strings.ToLower(blanks.ReplaceAllString(s, " "))
}

var (
	escaped = regexp.MustCompile(`(?:\\u[0-9a-fA-F]{4})+|\\[/"\\nrt]`)
	percent = regexp.MustCompile(`(?:%[0-9a-fA-F]{2})+`)
	blanks  = regexp.MustCompile(`[\s+]+`)
)

// unescapeJSON reads what a JSON string writes otherwise.
func unescapeJSON(s string) string {
	if plain, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `\/`, "/") + `"`); err == nil {
		return plain
	}
	return s
}

// Traces are what an order can be recognized by.
type Traces struct {
	Words  []string `json:"words,omitzero"` // its id, addresses of mail, names …
	Phones []string `json:"phones,omitzero"`
}

// plain are the traces as says looks for them.
func (t Traces) plain() (out Traces) {
	for _, w := range t.Words {
		if w = strings.TrimSpace(plainly(w)); w != "" {
			out.Words = append(out.Words, w)
		}
	}
	for _, p := range t.Phones {
		if p = phoneDigits(p); p != "" {
			out.Phones = append(out.Phones, p)
		}
	}
	return out
}

// size is about how many bytes they take.
func (t Traces) size() (n int) {
	for _, w := range slices.Concat(t.Words, t.Phones) {
		n += len(w) + 3
	}
	return n
}

// phoneDigits are the last digits of a phone number, which it has whether a
// country's prefix stands before them or not; "": too few to mean anybody.
func phoneDigits(phone string) string {
	const most, least = 9, 6
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
	if digits = digits[max(len(digits)-most, 0):]; len(digits) < least {
		return ""
	}
	return digits
}
