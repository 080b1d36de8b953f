package partnertest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

// The hub's catalogue keeps offers as the real stores do.
func TestOffers(t *testing.T) {
	t.Parallel()
	const shop = "nordlys"
	c := partnertest.NewHub(func() time.Time { return time.Date(2026, 5, 31, 9, 0, 0, 0, time.UTC) }).Catalog()
	is := func(what string, got any, err error, want string) {
		t.Helper()
		if text := fmt.Sprint(got); err != nil || text != want {
			t.Errorf("%s: %s instead of %s, %v", what, text, want, err)
		}
	}
	ten := order.FromInt(10, 0)
	n, err := c.Put(t.Context(), shop, []catalog.Product{
		{Product: order.Product{Code: "A", GTIN: "5901234123457"}, Price: ten, Active: true},
		{Product: order.Product{Code: "B"}, Price: ten, Active: true, Store: "ystad"},
	})
	is("products", n, err, "2")
	put, err := c.PutOffers(t.Context(), shop, []catalog.OfferEdit{
		{Store: "lund", Type: catalog.Producer, Code: "5901234123457", Price: order.FromInt(9, 0)},
		{Store: "lund", Code: "B", Price: ten},
	})
	is("offers", put, err, "{1 [{1 unknown}] []}")
	stores, err := c.Stores(t.Context(), shop)
	is("stores", stores, err, "[lund ystad]")
	changes, err := c.OfferChanges(t.Context(), shop, 1, 10)
	is("changes", changes, err, "[{2  B} {3 lund A}]")
	var prices []string
	for _, store := range stores {
		page, next, err := c.ListOffers(t.Context(), shop, store, catalog.OfferFilter{})
		is("next page", next, err, "")
		for _, o := range page {
			prices = append(prices, store+" "+o.Product.Code+" "+o.Price.String())
		}
	}
	is("lists", prices, nil, "[lund A 9 ystad A 10 ystad B 10]")
	list, err := c.Offers(t.Context(), shop, "lund", []string{"A", "B"})
	is("sold", len(list), err, "2")
	if len(list) == 2 {
		is("offer", list[0].Price, nil, "9")
		is("no offer", list[1] == nil, nil, "true")
	}
}
