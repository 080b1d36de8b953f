package order_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/order/ordertest"
)

func mustDecimal(t testing.TB, text string) order.Decimal {
	t.Helper()
	d, err := order.ParseDecimal(text)
	if err != nil {
		t.Fatalf("ParseDecimal(%q): %v", text, err)
	}
	return d
}

func TestParseDecimalKeepsText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"0", "-0", "0.0", "0.00", "-0.00", "1", "-1", "1.00", "12.50", "-12.5", "0.001",
		"999999999999999999", "-999999999999999999", "9999999999999999.99", "0.00000000000000001",
		"1000000000000000000", "9223372036854775808", "0.000000000000000001", "-0.000000000000000000",
		"123456789012345678901234567890", "0.123456789012345678901234567890",
		strings.Repeat("9", 64), "0." + strings.Repeat("0", 63), "-1." + strings.Repeat("3", 63),
	} {
		d := mustDecimal(t, text)
		if d.String() != text {
			t.Errorf("%q is read as %q", text, d)
		}
		if !d.IsSet() || d.IsZero() {
			t.Errorf("%q counts as not set", text)
		}
		if d != mustDecimal(t, text) {
			t.Errorf("%q is not == itself", text)
		}
	}
}

func TestParseDecimalRefuses(t *testing.T) {
	t.Parallel()
	f := func(text string, want order.ValueError) {
		t.Helper()
		_, err := order.ParseDecimal(text)
		if err != want {
			t.Errorf("ParseDecimal(%q) = %v, want %v", text, err, want)
		}
		var d order.Decimal
		if err := d.UnmarshalText([]byte(text)); err != want || d.IsSet() {
			t.Errorf("UnmarshalText(%q) = %v, want %v", text, err, want)
		}
	}
	// no number at all
	f("", order.ErrNotDecimal)
	f("-", order.ErrNotDecimal)
	f(".", order.ErrNotDecimal)
	f("-.", order.ErrNotDecimal)
	f("abc", order.ErrNotDecimal)
	f("--1", order.ErrNotDecimal)
	// other people's ways to write one
	f("1,50", order.ErrNotDecimal)
	f("1 000", order.ErrNotDecimal)
	f(" 1", order.ErrNotDecimal)
	f("1.2.3", order.ErrNotDecimal)
	f("0x10", order.ErrNotDecimal)
	f("1_000", order.ErrNotDecimal)
	f("१", order.ErrNotDecimal)
	f("$5", order.ErrNotDecimal)
	f("+1", order.ErrLeadingPlus)
	f("1e3", order.ErrExponent)
	f("1E-3", order.ErrExponent)
	f("NaN", order.ErrNotFinite)
	f("-nan", order.ErrNotDecimal)
	f("Inf", order.ErrNotFinite)
	f("-Infinity", order.ErrNotFinite)
	// needless or missing digits
	f("01", order.ErrLeadingZero)
	f("-00.5", order.ErrLeadingZero)
	f("00", order.ErrLeadingZero)
	f(".5", order.ErrBarePoint)
	f("5.", order.ErrBarePoint)
	f("-.5", order.ErrNotDecimal)
	// too long
	f(strings.Repeat("9", 65), order.ErrTooManyDigits)
	f("0."+strings.Repeat("0", 64), order.ErrTooManyDigits)
}

func TestUnmarshalNumberOrString(t *testing.T) {
	t.Parallel()
	f := func(json, want string, wantErr error) {
		t.Helper()
		d := mustDecimal(t, "7")
		err := d.UnmarshalNumberOrString([]byte(json))
		if err != wantErr || (err == nil && d.String() != want) {
			t.Errorf("%s: %q, %v; want %q, %v", json, d, err, want, wantErr)
		}
	}
	f(`1.00`, "1.00", nil)
	f(`"1.00"`, "1.00", nil)
	f(`-3`, "-3", nil)
	f(`null`, "", nil)
	f(`"1\u002e50"`, "1.50", nil)
	f(`""`, "", order.ErrNotDecimal)
	f(`"\q"`, "", order.ErrNotDecimal)
	f(`1e2`, "", order.ErrExponent)
	f(`true`, "", order.ErrNotDecimal)
	f(`[1]`, "", order.ErrNotDecimal)
}

func TestAppendFixedAndNumber(t *testing.T) {
	t.Parallel()
	f := func(text string, min int, want string) {
		t.Helper()
		if got := string(mustDecimal(t, text).AppendFixed(nil, min)); got != want {
			t.Errorf("%s with %d decimals: %s, want %s", text, min, got, want)
		}
	}
	f("1", 0, "1")
	f("1", 2, "1.00")
	f("1.5", 2, "1.50")
	f("-0", 2, "-0.00")
	f("1.555", 2, "1.555")
	f("123456789012345678901", 2, "123456789012345678901.00")
	if got := string(order.Decimal{}.AppendNumber(nil)); got != "null" {
		t.Errorf("not set is written as %s", got)
	}
	if got := string(order.Decimal{}.AppendFixed(nil, 2)); got != "" {
		t.Errorf("not set is written as %s", got)
	}
}

func TestFromInt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		coef  int64
		scale int
		want  string
	}{
		{1250, 2, "12.50"}, {-5, 3, "-0.005"}, {0, 2, "0.00"}, {7, 0, "7"}, {7, -1, "7"},
		{-1 << 63, 0, "-9223372036854775808"}, {1, 20, "0.00000000000000000001"},
	} {
		if got := order.FromInt(c.coef, c.scale); got.String() != c.want || got != mustDecimal(t, c.want) {
			t.Errorf("FromInt(%d, %d) = %s, want %s", c.coef, c.scale, got, c.want)
		}
	}
}

func TestNotSetCountsAsZero(t *testing.T) {
	t.Parallel()
	var none order.Decimal
	two := mustDecimal(t, "2.0")
	if none.Add(none).IsSet() || none.Mul(none).IsSet() || none.Neg().IsSet() || none.Sub(none).IsSet() {
		t.Error("not set and not set make something")
	}
	if none.Add(two) != two || two.Sub(none) != two || none.Sub(two) != mustDecimal(t, "-2.0") {
		t.Error("not set is no neutral element")
	}
	if none.Equal(mustDecimal(t, "0")) || none.Cmp(mustDecimal(t, "0.0")) != 0 {
		t.Error("not set must compare as 0, and not equal it")
	}
	if got := none.Sub(mustDecimal(t, "0.00")); got != mustDecimal(t, "0.00") {
		t.Errorf("not set minus 0.00 is %s", got)
	}
}

func TestDiv(t *testing.T) {
	t.Parallel()
	f := func(a, b string, scale int, want string, exact bool) {
		t.Helper()
		got, ok := mustDecimal(t, a).Div(mustDecimal(t, b), scale)
		if got.String() != want || ok != exact {
			t.Errorf("%s / %s = %s, %v; want %s, %v", a, b, got, ok, want, exact)
		}
	}
	f("25.00", "2", 2, "12.50", true)
	f("10", "3", 2, "3.33", false)
	f("-10", "3", 2, "-3.33", false)
	f("0.05", "10", 2, "0.01", false) // half away from zero
	f("-0.05", "10", 2, "-0.01", false)
	f("1", "0", 2, "", false)
	f("1", "0.003", 0, "333", false)
	if got := mustDecimal(t, "2.345").Round(2); got.String() != "2.35" {
		t.Errorf("2.345 rounds to %s", got)
	}
	if got := mustDecimal(t, "2.3").Round(2); got.String() != "2.3" {
		t.Errorf("2.3 rounds to %s", got)
	}
}

// exactly as apd, which is exact if its precision is large enough
var exactly = apd.BaseContext.WithPrecision(1000)

func TestDecimalAgainstApd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := ordertest.Number().Draw(t, "a"), ordertest.Number().Draw(t, "b")
		x, y := mustParse(t, a), mustParse(t, b)
		p, q := mustApd(t, a), mustApd(t, b)
		same := func(what string, got order.Decimal, op func(d, x, y *apd.Decimal) (apd.Condition, error)) {
			var want apd.Decimal
			if _, err := op(&want, p, q); err != nil {
				t.Fatal(err)
			}
			if want.IsZero() {
				want.Negative = false // our arithmetic makes no -0
			}
			if got.String() != want.Text('f') && !(got.Sign() == 0 && want.IsZero()) {
				t.Fatalf("%s %s %s = %s, want %s", a, what, b, got, want.Text('f'))
			}
		}
		same("+", x.Add(y), exactly.Add)
		same("-", x.Sub(y), exactly.Sub)
		same("*", x.Mul(y), exactly.Mul)
		if x.Cmp(y) != p.Cmp(q) || x.Equal(y) != (p.Cmp(q) == 0) {
			t.Fatalf("%s against %s: %d, want %d", a, b, x.Cmp(y), p.Cmp(q))
		}
		if x.Sign() != p.Sign() || x.Neg().Sign() != -p.Sign() || x.Abs().Sign() < 0 {
			t.Fatalf("sign of %s: %d", a, x.Sign())
		}
		if x.Scale() != int(-p.Exponent) {
			t.Fatalf("scale of %s: %d", a, x.Scale())
		}
		var whole apd.Decimal
		if _, err := exactly.RoundToIntegralValue(&whole, p); err != nil {
			t.Fatal(err)
		}
		if x.IsInteger() != (whole.Cmp(p) == 0) {
			t.Fatalf("%s is an integer: %v", a, x.IsInteger())
		}
		if n, ok := x.Int64(); ok && new(big.Rat).SetInt64(n).Cmp(rat(t, a)) != 0 {
			t.Fatalf("%s as int64: %d", a, n)
		}
	})
}

func TestDecimalTextIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := ordertest.Number().Draw(t, "a"), ordertest.Number().Draw(t, "b")
		sum := mustParse(t, a).Add(mustParse(t, b)).String()
		if again, err := order.ParseDecimal(sum); err == nil && again != mustParse(t, a).Add(mustParse(t, b)) {
			t.Fatalf("%s + %s is not == what its text %s is read as", a, b, sum)
		}
		if d := mustParse(t, a); d.String() != a {
			t.Fatalf("%s is written as %s", a, d)
		}
	})
}

func FuzzParseDecimal(f *testing.F) {
	for _, seed := range []string{"1.00", "-0.00", "01", ".5", "1e5", "NaN", "123456789012345678901234567890", "9..9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := order.ParseDecimal(text)
		if err != nil {
			if d.IsSet() || len(text) > 3 && strings.Contains(err.Error(), text) {
				t.Fatalf("%q: %v, error %v", text, d, err)
			}
			return
		}
		if d.String() != text || len(text) > order.MaxDigits+2 {
			t.Fatalf("%q is read as %q", text, d)
		}
		want, _, err := apd.NewFromString(text)
		if err != nil || want.Form != apd.Finite || want.Text('f') != text {
			t.Fatalf("%q: apd reads %v, %v", text, want, err)
		}
	})
}

func TestSmallDecimalsDoNotAllocate(t *testing.T) {
	text, other, buf := []byte("1234567890123.45"), mustDecimal(t, "-0.005"), make([]byte, 0, 64)
	var d order.Decimal
	n := testing.AllocsPerRun(100, func() {
		if d.UnmarshalText(text) != nil || d.Add(other).Cmp(d) >= 0 || d.Mul(order.FromInt(3, 0)).Sign() != 1 {
			t.Error("wrong result")
		}
		buf, _ = d.AppendText(buf[:0])
		buf = d.AppendFixed(buf, 3)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDecimal(b *testing.B) {
	text, buf := []byte("1234.50"), make([]byte, 0, 64)
	var d order.Decimal
	b.ReportAllocs()
	for b.Loop() {
		_ = d.UnmarshalText(text)
		buf, _ = d.AppendText(buf[:0])
	}
}

func mustParse(t *rapid.T, text string) order.Decimal {
	d, err := order.ParseDecimal(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return d
}

func mustApd(t *rapid.T, text string) *apd.Decimal {
	d, _, err := apd.NewFromString(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func rat(t *rapid.T, text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is no rational", text)
	}
	return r
}
