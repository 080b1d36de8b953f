package promotion_test

import (
	"testing"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/promotion"
)

func TestFinal(t *testing.T) {
	t.Parallel()
	f := func(subtype promotion.Subtype, value, regular, want string, lower bool) {
		t.Helper()
		var price order.Money
		if regular != "" {
			price = num(regular)
		}
		terms := promotion.Terms{Subtype: subtype, Value: num(value)}
		final, is := terms.Final(price)
		if final.String() != want || is != lower {
			t.Errorf("%s %s of %s: %s %v", subtype, value, regular, final, is)
		}
	}
	f(promotion.FinalPrice, "8.5", "10.00", "8.5", true)
	f(promotion.FinalPrice, "10.0", "10.00", "10.0", false)
	f(promotion.FinalPrice, "10.01", "10", "10.01", false)
	f(promotion.Absolute, "0.5", "10.00", "9.50", true)
	f(promotion.Absolute, "10", "10.00", "0.00", true)
	f(promotion.Absolute, "10.01", "10.00", "-0.01", false)
	f(promotion.Percentage, "20", "10", "8.00", true)
	f(promotion.Percentage, "12.5", "9.99", "8.74", true)
	f(promotion.Percentage, "1", "4.555", "4.509", true)
	f(promotion.Percentage, "100", "9.99", "0.00", true)
	f(promotion.Percentage, "1", "0.01", "0.01", false) // nothing is left of it, rounded
	// No regular price, or none that means anything.
	f(promotion.Percentage, "20", "", "", false)
	f(promotion.FinalPrice, "1", "0.00", "", false)
	f("", "1", "10", "", false)
}
