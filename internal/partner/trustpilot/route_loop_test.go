package trustpilot_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/partner/trustpilot"
)

// TestLoopOfAll sends orders by our route to our door: about the shop, about
// products by name or by SKU, and both.
func TestLoopOfAll(t *testing.T) {
	t.Parallel()
	partnertest.RunLoop(t, trustpilot.Partner, loopOrders(24)...)
}

// loopOrders makes orders that use all that an invitation can carry.
func loopOrders(n int) []order.Order {
	orders := make([]order.Order, n)
	for i := range orders {
		orders[i] = loopOrder(i)
	}
	return orders
}

func loopOrder(i int) order.Order {
	at := func(d int) order.Time { return order.At(time.Date(2099, 1, d, 9, 30, i, 0, time.UTC)) }
	o := order.Order{
		ID: fmt.Sprintf("SÖ-%d/ä", i), Locale: []string{"sv-SE", "pt-BR"}[i%2],
		Customer: &order.Customer{Email: fmt.Sprintf("eva+%d@kund.example", i), Name: "Eva \"E\" Lind <&>"},
		Review:   &order.Review{},
	}
	if i%2 == 0 {
		o.Review.SenderName, o.Review.SenderEmail, o.Review.ReplyTo = "Nordljus", "hej@nordljus.example", "svar@nordljus.example"
		o.Review.Location = "ABC123"
	}
	if i%3 != 1 {
		o.Review.Shop = &order.Invitation{SendAt: at(15), Redirect: "https://nordljus.example/tack?a=b", Tags: []string{"region-north", "carrier.x"}}
		if i%4 == 0 {
			o.Review.Shop.Template = "529c0abfefb96008b894ad02"
		}
	}
	if i%3 != 0 {
		o.Review.Products = &order.Invitation{SendAt: at(22), Redirect: "http://nordljus.example/", Template: "5c17c7ebb565bb0001046fbd"}
		if i%4 == 1 {
			o.Review.Products.SKUs = []string{"BON-250", "FIL-1"}
			o.Lines = []order.Line{{Product: order.Product{SKU: "BON-250"}}, {Product: order.Product{SKU: "FIL-1"}}}
			return o
		}
		for j := range i%3 + 1 {
			o.Lines = append(o.Lines, order.Line{Product: order.Product{
				SKU: fmt.Sprintf("BON-%d", j), Name: "Bönor", Brand: "Nordljus", MPN: "M1", GTIN: "01234567890", GoogleCategory: "1267",
				URL: "https://nordljus.example/p/bon-250", ImageURL: "https://nordljus.example/i/bon.jpg",
			}})
		}
	}
	return o
}
