package promotion

import "github.com/ordermux/ordermux/internal/order"

var (
	one       = order.FromInt(1, 0)
	hundred   = order.FromInt(100, 0)
	hundredth = order.FromInt(1, 2)
)

// leastDecimals is what prices are rounded to at least.
const leastDecimals = 2

// Final returns the price by the terms, and whether it is lower than the
// regular one; false also where that is unknown, or less than what is off.
func (t *Terms) Final(regular order.Money) (final order.Money, lower bool) {
	if regular.Sign() <= 0 {
		return order.Money{}, false
	}
	switch t.Subtype {
	case FinalPrice:
		final = t.Value
	case Absolute:
		final = regular.Sub(t.Value)
	case Percentage:
		final = regular.Mul(hundred.Sub(t.Value)).Mul(hundredth).Round(max(regular.Scale(), leastDecimals))
	default:
		return order.Money{}, false
	}
	return final, final.Sign() >= 0 && final.Cmp(regular) < 0
}
