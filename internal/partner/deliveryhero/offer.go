package deliveryhero

import "github.com/ordermux/ordermux/internal/order"

// priceDigits is how many decimals of a price the platform keeps; it cuts the
// others off: 4.5555555 is 4.555
// (https://developer.pedidosya.com/es-lat/documentation/catalog-api-faq, seen 2026).
const priceDigits = 3

// cutPrice is a price as the platform keeps it.
func cutPrice(price order.Money) order.Money {
	if price.Scale() <= priceDigits {
		return price
	}
	cut := price.Round(priceDigits)
	if cut.Abs().Cmp(price.Abs()) <= 0 {
		return cut
	}
	last := order.FromInt(1, priceDigits)
	if price.Sign() < 0 {
		return cut.Add(last)
	}
	return cut.Sub(last)
}

// offered is whether an outlet sells a product of which somebody said that it
// is active, and how many there are: not if no more are left than its sales
// buffer. Nil: nothing was said
// (https://developer.foodpanda.com/en/documentation/catalog-sftp-use-cases, seen
// 2026; an older page of the platform's counts a quantity of the buffer's as
// enough).
func offered(active *bool, quantity *int64, buffer int64) *bool {
	if active != nil && !*active || quantity == nil {
		return active
	}
	enough := *quantity > buffer
	return &enough
}
