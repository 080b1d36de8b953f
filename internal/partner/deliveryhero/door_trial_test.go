package deliveryhero

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

// TestTestOrder lets orders be born in every state, and asks for them.
func TestTestOrder(t *testing.T) {
	t.Parallel()
	b := newOrdersBench(t, "pedidosya")
	b.now = b.now.Add(123456789)
	side, err := newDoor(b.hub.Deps(Partner))
	if err != nil {
		t.Fatal(err)
	}
	f := func(by string, status order.Status, want word, events ...order.Kind) {
		t.Helper()
		receipts, err := side.TestOrder(t.Context(), partnertest.Shop, partner.TestOrder{
			Store: "SHOP-07", By: by, Status: status, Lines: []order.Line{{Product: order.Product{SKU: "SKU-1"}, Quantity: dec("3")}},
		})
		if err != nil {
			t.Errorf("%s %s: %v", by, status, err)
			return
		}
		var kinds []order.Kind
		for _, r := range receipts {
			kinds = append(kinds, r.Kind)
		}
		if !slices.Equal(kinds, events) {
			t.Errorf("%s %s: %v", by, status, kinds)
		}
		o := b.get(receipts[0].Subject.ID)
		if o.Status != want || o.Client.StoreID != testVendor || o.Items[0].SKU != "SKU-1" || o.Payment.OrderTotal.String() != "3.00" ||
			!strings.HasSuffix(o.AcceptedFor.String(), ":00.123Z") {
			t.Errorf("%s %s: %+v", by, status, o)
		}
	}
	const placed = order.KindPlaced
	f("", "", statusReceived, placed)
	f("platform", order.StatusDelivered, statusDelivered, placed, order.KindReady, order.KindShipped, order.KindDelivered)
	f("vendor", order.StatusShipped, statusDispatched, placed, order.KindShipped)
	f("platform", order.StatusCancelled, statusCancelled, placed, order.KindCancelled)
	f("vendor", order.StatusAccepted, statusReceived, placed, order.KindAccepted)
	for _, bad := range []partner.TestOrder{
		{}, {Store: "nope"}, {Store: testVendor, By: "pigeon"}, {Store: testVendor, Status: order.StatusRefunded},
		{Store: testVendor, By: "vendor", Status: order.StatusReady},
		{Store: testVendor, Lines: []order.Line{{}}}, {Store: testVendor, Lines: []order.Line{{Product: order.Product{SKU: "x"}, Quantity: dec("0")}}},
	} {
		_, err := side.TestOrder(t.Context(), partnertest.Shop, bad)
		if _, ok := errors.AsType[*order.Invalid](err); !ok {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if receipts, err := side.TestOrder(t.Context(), partnertest.Shop, partner.TestOrder{Store: "s8ym"}); err != nil || len(b.get(receipts[0].Subject.ID).Items) == 0 {
		t.Errorf("of what nobody sells: %v %v", receipts, err)
	}
}
