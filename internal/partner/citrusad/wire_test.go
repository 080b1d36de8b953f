package citrusad

import (
	"testing"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// FuzzWire reads anything as a request and as an answer: it never panics, and
// what was read and written again reads the same.
func FuzzWire(f *testing.F) {
	f.Add([]byte(`{"orders":[{"id":"o","customerId":"c","sessionId":"s","catalogId":"k","teamId":"t","adIds":["a"],"orderDate":"2021-12-02T15:00:00Z",` +
		`"orderItems":[{"gtin":"g","quantity":2.0,"regularUnitPrice":1,"totalOrderItemPriceAfterDiscounts":"2.5","citrusDiscountAmount":0.1,"sellerId":"x","catalogId":"y","adId":"z","substitutedFor":{"a":1}}]}]}`))
	f.Add([]byte(`{"id":"o","orderItems":[{}],"x":{"y":[]}}`))
	f.Add([]byte(`{"orders":null}`))
	f.Add([]byte(`"no"`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var answer, first, second decoder
		if err := answer.readAnswer(body); err == nil && len(answer.orders) == 0 {
			t.Fatal("an answer without an order")
		}
		partnerWords(body)
		if first.readRequest(body) != nil {
			return
		}
		again := []byte(`{"orders":[`)
		for i := range first.orders {
			if i > 0 {
				again = append(again, ',')
			}
			again = appendRequestOrder(again, &first.orders[i])
		}
		again = append(again, `]}`...)
		if err := second.readRequest(again); err != nil {
			t.Fatalf("%v in %s", err, again)
		}
		for i := range first.orders {
			a, b := toOrder(&first.orders[i], said{}, nil), toOrder(&second.orders[i], said{}, nil)
			a.Extra = nil // never sent
			if d := order.Diff(&a, &b); len(d) > 0 {
				t.Fatalf("%v differ after %s", d, again)
			}
		}
		if !json.Valid(appendAnswer(nil, first.orders, "team")) {
			t.Fatalf("invalid answer to %s", body)
		}
	})
}

func TestPath(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]place{
		"orders":                       {-1, -1, "orders", -1},
		"orders[1]":                    {1, -1, "", -1},
		"orders[1].orderItems[0].gtin": {1, 0, "gtin", -1},
		"orders[2].adIds[3]":           {2, -1, "adIds", 3},
	} {
		if got := p.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
