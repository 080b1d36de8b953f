package api

import (
	"strings"
	"unicode/utf8"
)

// MaskEmail shows of an address of mail no more than its first character and
// its domain: enough to recognize it, not to write to it.
func MaskEmail(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i <= 0 {
		return strings.Repeat("*", min(3, len(address)))
	}
	_, n := utf8.DecodeRuneInString(address)
	return address[:n] + "***" + address[i:]
}
