package order

import (
	"math/big"
	"math/bits"
	"strings"
)

// Arithmetic is exact and keeps the larger scale (Add, Sub) or the sum of the
// scales (Mul): 1.50 + 2 = 3.50, 1.50 · 2.0 = 3.000. "Not set" counts as 0,
// and two of them make "not set".

// Sign returns -1, 0 or 1. "Not set" and -0 are 0.
func (d Decimal) Sign() int {
	switch {
	case d.big != "":
		return d.bigSign()
	case d.coef < 0:
		return -1
	case d.coef > 0:
		return 1
	}
	return 0
}

func (d Decimal) bigSign() int {
	if strings.Trim(d.big, "-0.") == "" {
		return 0
	}
	if d.big[0] == '-' {
		return -1
	}
	return 1
}

// Cmp compares the values and returns -1, 0 or 1: 1.0 equals 1.00, and "not
// set" counts as 0.
func (d Decimal) Cmp(e Decimal) int {
	if d.big == "" && e.big == "" {
		a, b, _, ok := align(d, e)
		if ok {
			return cmpInt(a, b)
		}
	}
	x, y, _ := alignBig(d, e)
	return x.Cmp(y)
}

// Equal reports whether both are set and have the same value, or both are not
// set.
func (d Decimal) Equal(e Decimal) bool {
	return d == e || (d.IsSet() == e.IsSet() && d.Cmp(e) == 0)
}

// IsInteger reports whether the value has no fraction: 3 and 3.00 have none.
func (d Decimal) IsInteger() bool {
	if d.big != "" {
		whole, fraction, _ := strings.Cut(d.big, ".")
		return whole != "" && strings.Trim(fraction, "0") == ""
	}
	return d.coef%pow10(min(int(d.scale), smallDigits)) == 0
}

// Int64 returns the value if it is a whole number that fits.
func (d Decimal) Int64() (int64, bool) {
	if !d.IsSet() || !d.IsInteger() {
		return 0, false
	}
	if d.big == "" {
		return d.coef / pow10(int(d.scale)), true
	}
	z := d.bigCoef()
	z.Quo(z, bigPow10(int(d.scale)))
	return z.Int64(), z.IsInt64()
}

// Neg returns -d. It makes no -0: the negative of 0 and of -0 is 0.
func (d Decimal) Neg() Decimal {
	switch {
	case d.big != "" && d.big[0] == '-':
		d.big = d.big[1:]
	case d.big != "" && d.Sign() != 0:
		d.big = "-" + d.big
	default:
		d.coef = -d.coef
		d.flags &^= flagNegZero
	}
	return d
}

// Abs returns d without its sign.
func (d Decimal) Abs() Decimal {
	if d.Sign() > 0 {
		return d
	}
	return d.Neg()
}

// Add returns d + e.
func (d Decimal) Add(e Decimal) Decimal {
	switch {
	case !d.IsSet():
		return e
	case !e.IsSet():
		return d
	}
	if a, b, scale, ok := align(d, e); ok {
		if sum := a + b; fitsSmall(sum, scale) { // both are under 10^18: no overflow
			return Decimal{coef: sum, scale: uint16(scale), flags: flagSet}
		}
	}
	x, y, scale := alignBig(d, e)
	return fromBig(x.Add(x, y), scale)
}

// Sub returns d - e.
func (d Decimal) Sub(e Decimal) Decimal { return d.Add(e.Neg()) }

// Mul returns d · e.
func (d Decimal) Mul(e Decimal) Decimal {
	if !d.IsSet() && !e.IsSet() {
		return Decimal{}
	}
	scale := int(d.scale) + int(e.scale)
	if d.big == "" && e.big == "" {
		hi, lo := bits.Mul64(magnitude(d.coef), magnitude(e.coef))
		if hi == 0 && lo < uint64(pow10(smallDigits)) && fitsSmall(int64(lo), scale) {
			p := int64(lo)
			if (d.coef < 0) != (e.coef < 0) {
				p = -p
			}
			return Decimal{coef: p, scale: uint16(scale), flags: flagSet}
		}
	}
	x := d.bigCoef()
	return fromBig(x.Mul(x, e.bigCoef()), scale)
}

// Div returns d / e rounded half away from zero to scale decimals (at most
// MaxDigits), and whether that is exact. Division by zero gives "not set".
func (d Decimal) Div(e Decimal, scale int) (quotient Decimal, exact bool) {
	if e.Sign() == 0 || !d.IsSet() {
		return Decimal{}, false
	}
	scale = min(max(scale, 0), MaxDigits)
	// d/10^ds : e/10^es with scale digits = d·10^(scale+es) : e·10^ds
	x, y := d.bigCoef(), e.bigCoef()
	x.Mul(x, bigPow10(scale+int(e.scale)))
	y.Mul(y, bigPow10(int(d.scale)))
	return divRound(x, y, scale)
}

// Round returns d with at most scale decimals, rounded half away from zero.
func (d Decimal) Round(scale int) Decimal {
	if int(d.scale) <= scale {
		return d
	}
	rounded, _ := d.Div(FromInt(1, 0), scale)
	return rounded
}

func divRound(x, y *big.Int, scale int) (Decimal, bool) {
	negative := x.Sign()*y.Sign() < 0
	q, r := new(big.Int).QuoRem(x.Abs(x), y.Abs(y), new(big.Int))
	exact := r.Sign() == 0
	if r.Lsh(r, 1).Cmp(y) >= 0 {
		q.Add(q, big.NewInt(1))
	}
	if negative {
		q.Neg(q)
	}
	return fromBig(q, scale), exact
}

// align brings two small numbers to one scale; false if that takes more than
// 18 digits.
func align(d, e Decimal) (a, b int64, scale int, ok bool) {
	if d.big != "" || e.big != "" {
		return 0, 0, 0, false
	}
	a, b, scale = d.coef, e.coef, int(max(d.scale, e.scale))
	var okA, okB bool
	a, okA = shift(a, scale-int(d.scale))
	b, okB = shift(b, scale-int(e.scale))
	return a, b, scale, okA && okB
}

// shift returns c·10^n unless the result reaches 10^18.
func shift(c int64, n int) (int64, bool) {
	if n == 0 || c == 0 {
		return c, true
	}
	if n > smallDigits {
		return 0, false
	}
	hi, lo := bits.Mul64(magnitude(c), uint64(pow10(n)))
	if hi != 0 || lo >= uint64(pow10(smallDigits)) {
		return 0, false
	}
	if c < 0 {
		return -int64(lo), true
	}
	return int64(lo), true
}

func alignBig(d, e Decimal) (x, y *big.Int, scale int) {
	x, y, scale = d.bigCoef(), e.bigCoef(), int(max(d.scale, e.scale))
	x.Mul(x, bigPow10(scale-int(d.scale)))
	y.Mul(y, bigPow10(scale-int(e.scale)))
	return x, y, scale
}

func (d Decimal) bigCoef() *big.Int {
	if d.big == "" {
		return big.NewInt(d.coef)
	}
	z, _ := new(big.Int).SetString(strings.Replace(d.big, ".", "", 1), 10)
	return z
}

// fromBig writes z·10^-scale; few digits become a small number, so that equal
// texts stay equal values of the type.
func fromBig(z *big.Int, scale int) Decimal {
	if z.IsInt64() && fitsSmall(z.Int64(), scale) {
		return Decimal{coef: z.Int64(), scale: uint16(scale), flags: flagSet}
	}
	text, sign := z.String(), ""
	if text[0] == '-' {
		text, sign = text[1:], "-"
	}
	if n := scale + 1 - len(text); n > 0 {
		text = strings.Repeat("0", n) + text
	}
	if scale > 0 {
		text = text[:len(text)-scale] + "." + text[len(text)-scale:]
	}
	return Decimal{scale: uint16(scale), flags: flagSet, big: sign + text}
}

// fitsSmall reports whether the number has at most smallDigits digits as
// written, the 0 before the point included.
func fitsSmall(coef int64, scale int) bool {
	return scale < smallDigits && magnitude(coef) < uint64(pow10(smallDigits))
}

func magnitude(c int64) uint64 {
	if c < 0 {
		return -uint64(c)
	}
	return uint64(c)
}

func cmpInt(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// pow10 returns 10^n for n in 0..18.
func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

func bigPow10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}
