package order_test

import (
	"testing"

	"github.com/ordermux/ordermux/internal/order"
)

func TestRaw(t *testing.T) {
	t.Parallel()
	var r order.Raw
	if b, err := r.MarshalJSON(); err != nil || string(b) != "null" || !r.IsZero() {
		t.Errorf("not set is written as %s, %v", b, err)
	}
	text := []byte(" { \"a b\" : [ 1.00 ,\"\\\" \\u00e9\" ] }\r\n")
	if err := r.UnmarshalJSON(text); err != nil || string(r) != `{"a b":[1.00,"\" \u00e9"]}` {
		t.Errorf("%s, %v", r, err)
	}
	kept := r
	if err := r.UnmarshalJSON([]byte("null")); err != nil || r.IsZero() || string(kept[:6]) != `{"a b"` {
		t.Errorf("%s, %s, %v: an earlier value must not be overwritten", r, kept, err)
	}
}

func TestTextForms(t *testing.T) {
	t.Parallel()
	var at order.Time
	if err := at.UnmarshalText([]byte("2026-05-31T09:30:00Z")); err != nil {
		t.Fatal(err)
	}
	if b, _ := at.MarshalText(); string(b) != "2026-05-31T09:30:00Z" {
		t.Errorf("%s", b)
	}
	if b, _ := at.AppendText([]byte("x")); string(b) != "x2026-05-31T09:30:00Z" {
		t.Errorf("%s", b)
	}
	if err := at.UnmarshalText(nil); err != order.ErrNotTime || at.IsZero() {
		t.Errorf("%v, %v: a refused text must not change the value", at, err)
	}
	if b, _ := mustDecimal(t, "-1.50").MarshalText(); string(b) != "-1.50" {
		t.Errorf("%s", b)
	}
}

func TestInt64(t *testing.T) {
	t.Parallel()
	f := func(text string, want int64, wantOK bool) {
		t.Helper()
		if got, ok := mustDecimal(t, text).Int64(); got != want || ok != wantOK {
			t.Errorf("%s: %d, %v", text, got, ok)
		}
	}
	f("3", 3, true)
	f("-3.00", -3, true)
	f("3.5", 0, false)
	f("9223372036854775807", 1<<63-1, true)
	f("-9223372036854775808.0", -1<<63, true)
	if _, ok := mustDecimal(t, "9223372036854775808").Int64(); ok {
		t.Error("2^63 fits")
	}
	if _, ok := (order.Decimal{}).Int64(); ok {
		t.Error("not set is a whole number")
	}
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	if got := order.Refuse("lines[2].total", order.Required, "is required").Error(); got != "lines[2].total: is required" {
		t.Error(got)
	}
	if got := order.Refuse("", order.TooLarge, "too large").Error(); got != "too large" {
		t.Error(got)
	}
	if got := (&order.Invalid{}).Error(); got != "invalid input" {
		t.Error(got)
	}
}
