package deliveryhero

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// mostExponent bounds the exponents that are read, in both directions: no sum
// and no weight has more.
const mostExponent = 30

// withoutExponent writes a JSON number that has an exponent without it; any
// other, and one whose exponent is absurd, as it is.
func withoutExponent(b []byte) []byte {
	at := bytes.IndexAny(b, "eE")
	if at < 0 {
		return b
	}
	exponent, err := strconv.Atoi(string(b[at+1:]))
	if err != nil || exponent < -mostExponent || exponent > mostExponent || at > 2*mostExponent {
		return b
	}
	digits, negative := strings.CutPrefix(string(b[:at]), "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	point := len(whole) + exponent
	digits = whole + fraction
	if point < 1 {
		digits, point = strings.Repeat("0", 1-point)+digits, 1
	}
	if point > len(digits) {
		digits += strings.Repeat("0", point-len(digits))
	}
	whole, fraction = strings.TrimLeft(digits[:point], "0"), digits[point:]
	var out []byte
	if negative {
		out = append(out, '-')
	}
	if whole == "" {
		whole = "0"
	}
	out = append(out, whole...)
	if fraction != "" {
		out = append(append(out, '.'), fraction...)
	}
	return slices.Clip(out)
}
