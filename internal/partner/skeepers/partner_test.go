package skeepers_test

import (
	"testing"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/partner/skeepers"
)

func TestVendorSamples(t *testing.T) {
	t.Parallel()
	partnertest.RunDoor(t, skeepers.Partner, "testdata/vendor")
}

func TestDoor(t *testing.T) {
	t.Parallel()
	partnertest.RunDoor(t, skeepers.Partner, "testdata/door")
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	partnertest.RunOpenAPI(t, skeepers.Partner)
}

func TestRoute(t *testing.T) {
	t.Parallel()
	partnertest.RunRoute(t, skeepers.Partner, "testdata/route")
}

func TestLoop(t *testing.T) {
	t.Parallel()
	partnertest.RunLoop(t, skeepers.Partner, loopOrders(t, 120)...)
}

// loopOrders makes orders that use all that the dialect can carry.
func loopOrders(t testing.TB, n int) []order.Order {
	t.Helper()
	orders := make([]order.Order, n)
	for i := range orders {
		o := &orders[i]
		o.ID = letter("W-", i) + "ä/ \"\\€"
		o.PlacedAt = mustTime(t, []string{"2098-12-02T15:00:00Z", "2098-12-02T15:00:00+10:00"}[i%2])
		o.Currency = partnertest.Currency
		o.Channel = []string{"online", "offline"}[i%2]
		o.Store = letter("shop-", i)
		o.Customer = &order.Customer{
			Email: "c@mail.example", FirstName: letter("Å", i), LastName: "<&>", Language: "fr", Country: "BE", Hidden: i%3 == 0,
		}
		o.Totals = &order.Totals{Total: mustDecimal(t, []string{"3.00", "0.999", "123456789012345678901234567890.12"}[i%3])}
		o.Review = wishes(i)
		if o.Review.Products != nil {
			o.Lines = loopLines(t, i)
		}
	}
	return orders
}

func wishes(i int) *order.Review {
	r := &order.Review{}
	if i%3 != 2 {
		r.Shop = &order.Invitation{}
		if i%2 == 0 {
			r.Shop.Delay = &i
		}
	}
	if i%3 != 1 {
		r.Products = &order.Invitation{Delay: new(int)}
	}
	return r
}

func loopLines(t testing.TB, i int) []order.Line {
	lines := make([]order.Line, i%5+1)
	for j := range lines {
		lines[j] = order.Line{
			Product: order.Product{
				Code: letter("P-", j), SKU: "S", GTIN: "4006381333931", UPC: "012345678905", ISBN: "9783161484100", MPN: "M",
				Name: letter("Mug ", j), Brand: "Nord", Category: "Kitchen", URL: "https://shop.example/p", ImageURL: "https://shop.example/i",
			},
			UnitPrice: mustDecimal(t, "12.50"), NotReceived: j%2 == 1,
		}
		if j%2 == 0 {
			lines[j].ReviewDelay = &j
		}
	}
	return lines
}

func letter(before string, i int) string {
	return before + string(rune('a'+i%26)) + string(rune('a'+i/26))
}

func mustTime(t testing.TB, text string) order.Time {
	t.Helper()
	at, err := order.ParseTime(text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func mustDecimal(t testing.TB, text string) order.Decimal {
	t.Helper()
	d, err := order.ParseDecimal(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
