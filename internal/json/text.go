package json

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendText appends s as a JSON string. What of it is not UTF-8 becomes
// U+FFFD.
func AppendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			b, _ = jsontext.AppendQuote(b, strings.ToValidUTF8(s, "\uFFFD")) // fails for bad UTF-8 only
			return b
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
