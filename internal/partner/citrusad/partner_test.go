package citrusad_test

import (
	"testing"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner/citrusad"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

func TestVendorSamples(t *testing.T) {
	t.Parallel()
	partnertest.RunDoor(t, citrusad.Partner, "testdata/vendor")
}

func TestDoor(t *testing.T) {
	t.Parallel()
	partnertest.RunDoor(t, citrusad.Partner, "testdata/door")
}

func TestRoute(t *testing.T) {
	t.Parallel()
	partnertest.RunRoute(t, citrusad.Partner, "testdata/route")
}

func TestLoop(t *testing.T) {
	t.Parallel()
	partnertest.RunLoop(t, citrusad.Partner, loopOrders(t, 230)...)
}

// loopOrders makes orders that use all that the dialect can carry.
func loopOrders(t testing.TB, n int) []order.Order {
	t.Helper()
	orders := make([]order.Order, n)
	for i := range orders {
		o := &orders[i]
		o.ID = newText(i, "o-", "ä/ \"\\€", "")
		o.PlacedAt = mustTime(t, []string{"2021-12-02T15:00:00Z", "2021-12-02T15:00:00.5+10:00"}[i%2])
		o.Currency = partnertest.Currency
		o.Session = newText(i, "s-", "<&>")
		if i%3 > 0 {
			o.Customer = &order.Customer{ID: newText(i, "c-")}
		}
		o.Media = &order.Media{Team: "team-1", Catalog: newText(i, "cat-")}
		if i%4 == 0 {
			o.Media.AdIDs = []string{"display_a==", "display_b=="}
		}
		for j := range i%5 + 1 {
			o.Lines = append(o.Lines, order.Line{
				Product: order.Product{Code: newText(j, "A")}, Quantity: order.FromInt(int64(j+1), 0),
				UnitPrice: mustDecimal(t, "1.00"), Total: mustDecimal(t, []string{"3.00", "0.999", "123456789012345678901234567890.12"}[j%3]),
				AdDiscount: mustDecimal(t, "0.10"), Seller: newText(j, "sel-"), AdID: "display_a==",
				SubstitutedFor: order.Raw(`{"gtin":"Z9","quantity":1.50}`),
			})
		}
	}
	return orders
}

func newText(i int, parts ...string) string {
	s := ""
	for _, p := range parts {
		s += p
	}
	return s + string(rune('a'+i%26)) + string(rune('a'+i/26))
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

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	partnertest.RunOpenAPI(t, citrusad.Partner)
}
