package order

import (
	"math"
	"math/big"
	"strconv"
)

// Decimal is an exact decimal number that keeps its text ("1.00" stays
// "1.00", "-0" stays "-0"). The zero value is "not set" (left out of JSON by
// omitzero); a written 0 is set. Up to 18 digits it allocates nothing, and two
// Decimals are == if and only if they are written the same.
type Decimal struct {
	coef  int64  // with its sign; 0 if big is used
	scale uint16 // digits after the point
	flags uint8
	big   string // the text, where it has more than smallDigits digits
}

// Money is an amount in the order's currency.
type Money = Decimal

const (
	flagSet     = 1 << iota // tells a written 0 from "not set"
	flagNegZero             // "-0", "-0.00"
)

const (
	// MaxDigits is how many digits a Decimal from outside may have.
	MaxDigits = 64
	// smallDigits is how many digits, counted as written, a coefficient holds.
	smallDigits = 18
)

// ParseDecimal reads a plain decimal: an optional minus, digits without a
// needless leading zero, at most one point with digits on both sides, at most
// MaxDigits digits. The error is a ValueError.
func ParseDecimal(text string) (Decimal, error) { return parseDecimal(text) }

// FromInt makes the number coef·10^-scale, written with scale decimals:
// FromInt(1250, 2) is "12.50". A scale outside 0..MaxDigits counts as the
// nearest bound.
func FromInt(coef int64, scale int) Decimal {
	scale = min(max(scale, 0), MaxDigits)
	if fitsSmall(coef, scale) {
		return Decimal{coef: coef, scale: uint16(scale), flags: flagSet}
	}
	return fromBig(big.NewInt(coef), scale)
}

func parseDecimal[T string | []byte](text T) (Decimal, error) {
	i, neg := 0, false
	if len(text) > 0 && text[0] == '-' {
		i, neg = 1, true
	}
	start, point := i, -1
	var coef int64
	for ; i < len(text); i++ {
		c := text[i] - '0'
		if c > 9 {
			if text[i] != '.' || point >= 0 {
				return Decimal{}, decimalFault(text)
			}
			point = i
			continue
		}
		coef = coef*10 + int64(c) // wraps beyond 18 digits, where it is not used
	}
	digits, scale := len(text)-start, 0
	if point >= 0 {
		digits--
		scale = len(text) - point - 1
	}
	whole := digits - scale
	switch {
	case digits == 0 || whole == 0 || (point >= 0 && scale == 0):
		return Decimal{}, decimalFault(text)
	case whole > 1 && text[start] == '0':
		return Decimal{}, ErrLeadingZero
	case digits > MaxDigits:
		return Decimal{}, ErrTooManyDigits
	case digits > smallDigits:
		return Decimal{scale: uint16(scale), flags: flagSet, big: string(text)}, nil
	}
	d := Decimal{coef: coef, scale: uint16(scale), flags: flagSet}
	if neg {
		d.coef = -coef
		if coef == 0 {
			d.flags |= flagNegZero
		}
	}
	return d, nil
}

// decimalFault says what is wrong with a text that is no plain decimal.
func decimalFault[T string | []byte](text T) error {
	digits := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			digits++
		case (c == 'e' || c == 'E') && digits > 0:
			return ErrExponent
		}
	}
	switch {
	case len(text) == 0:
		return ErrNotDecimal
	case digits == 0 && notFinite(string(text)):
		return ErrNotFinite
	case text[0] == '+':
		return ErrLeadingPlus
	case digits > 0 && (text[0] == '.' || text[len(text)-1] == '.'):
		return ErrBarePoint
	}
	return ErrNotDecimal
}

func notFinite(text string) bool {
	f, err := strconv.ParseFloat(text, 64)
	return err == nil && (math.IsNaN(f) || math.IsInf(f, 0))
}

// IsZero reports whether the number is not set, for omitzero. A written 0 is
// set; see Sign for its value.
func (d Decimal) IsZero() bool { return d.flags == 0 }

// IsSet reports whether there is a number at all.
func (d Decimal) IsSet() bool { return d.flags != 0 }

// Scale returns the number of digits after the point, as written.
func (d Decimal) Scale() int { return int(d.scale) }

// String returns the number as written; "" if it is not set.
func (d Decimal) String() string {
	if d.big != "" {
		return d.big
	}
	var buf [smallDigits + 2]byte
	return string(d.append(buf[:0]))
}

// AppendText appends the number as written; in JSON it is a string.
func (d Decimal) AppendText(b []byte) ([]byte, error) { return d.append(b), nil }

// MarshalText returns the number as written.
func (d Decimal) MarshalText() ([]byte, error) { return d.append(nil), nil }

// UnmarshalText reads what ParseDecimal reads.
func (d *Decimal) UnmarshalText(b []byte) (err error) {
	*d, err = parseDecimal(b)
	return err
}

// AppendNumber appends the number as a JSON number, as written; null if it is
// not set.
func (d Decimal) AppendNumber(b []byte) []byte {
	if d.IsZero() {
		return append(b, "null"...)
	}
	return d.append(b)
}

// UnmarshalNumberOrString reads a JSON number, a JSON string that holds one,
// or null ("not set").
func (d *Decimal) UnmarshalNumberOrString(b []byte) (err error) {
	if string(b) == "null" {
		*d = Decimal{}
		return nil
	}
	if len(b) >= 2 && b[0] == '"' && b[len(b)-1] == '"' {
		text := b[1 : len(b)-1]
		for _, c := range text {
			if c == '\\' { // rare: somebody wrote "1\u002e00"
				plain, err := strconv.Unquote(string(b))
				if err != nil {
					return ErrNotDecimal
				}
				*d, err = parseDecimal(plain)
				return err
			}
		}
		b = text
	}
	*d, err = parseDecimal(b)
	return err
}

// AppendFixed appends the number with at least min decimals (1.5 is "1.50"
// with 2); more are kept as given.
func (d Decimal) AppendFixed(b []byte, min int) []byte {
	b = d.append(b)
	if d.IsZero() || int(d.scale) >= min {
		return b
	}
	if d.scale == 0 {
		b = append(b, '.')
	}
	for range min - int(d.scale) {
		b = append(b, '0')
	}
	return b
}

func (d Decimal) append(b []byte) []byte {
	if d.flags == 0 {
		return b
	}
	if d.big != "" {
		return append(b, d.big...)
	}
	u := uint64(d.coef)
	if d.coef < 0 || d.flags&flagNegZero != 0 {
		b = append(b, '-')
		u = -u
	}
	if d.scale == 0 {
		return strconv.AppendUint(b, u, 10)
	}
	var buf [smallDigits + 2]byte
	i := len(buf)
	for n := 0; u > 0 || n <= int(d.scale); n++ {
		if n == int(d.scale) {
			i--
			buf[i] = '.'
		}
		i--
		buf[i] = byte('0' + u%10)
		u /= 10
	}
	return append(b, buf[i:]...)
}
