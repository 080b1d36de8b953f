package deliveryhero

import (
	"strconv"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
)

func TestCutPrice(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"4.5555555": "4.555", "4.555": "4.555", "4.5": "4.5", "4": "4", "4.9999": "4.999", "0.0009": "0.000", "-4.5555": "-4.555",
	} {
		price, err := order.ParseDecimal(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := cutPrice(price); !got.Equal(decimal(t, want)) {
			t.Errorf("%s: %s, not %s", text, got, want)
		}
	}
}

func decimal(t *testing.T, text string) order.Decimal {
	t.Helper()
	d, err := order.ParseDecimal(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestOffered is the rule of the sales buffer, here one of 2.
func TestOffered(t *testing.T) {
	t.Parallel()
	yes, no := new(true), new(false)
	f := func(active *bool, quantity int64, want *bool) {
		t.Helper()
		q := &quantity
		if quantity < 0 {
			q = nil
		}
		got := offered(active, q, 2)
		if (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Error(active, quantity, got)
		}
	}
	f(nil, -1, nil)
	f(yes, -1, yes)
	f(no, -1, no)
	for _, active := range []*bool{nil, yes} {
		f(active, 1, no)
		f(active, 2, no)
		f(active, 3, yes)
	}
	f(no, 3, no)
}

// TestRepeats knows what it was told, and nothing else.
func TestRepeats(t *testing.T) {
	t.Parallel()
	r := newRepeats(50_000)
	for round := range 2 {
		for i := range 50_000 {
			if got := r.seen("north", strconv.Itoa(i)); got != (round == 1) {
				t.Fatal(round, i, got)
			}
		}
	}
	if r.seen("south", "1") {
		t.Error("another outlet")
	}
	small := newRepeats(1)
	for i := range 1000 {
		small.seen("north", strconv.Itoa(i))
	}
	if !small.seen("north", "1") || small.seen("north", "999") {
		t.Error("it goes on without end, or forgets")
	}
}
