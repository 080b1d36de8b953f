package api_test

import (
	"context"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// testOrder is a hub where CitrusAd's door makes test orders of one store.
func testOrder(_ context.Context, _, name string, t partner.TestOrder) ([]order.Receipt, error) {
	switch {
	case name != "citrusad":
		return nil, order.ErrNotFound
	case t.Store != "K-1":
		return nil, order.Refuse("store", order.Malformed, "is no outlet")
	}
	subject := order.Subject{Kind: order.SubjectOrder, ID: "T-1"}
	hash := strings.Repeat("0f", 32)
	return []order.Receipt{
		{Subject: subject, Seq: 1, Hash: hash, Kind: order.KindPlaced, At: now}, {Subject: subject, Seq: 2, Hash: hash, Kind: order.Kind(t.Status), At: now},
	}, nil
}

func TestTestOrder(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	got, err := h.client("nordlys-operate").TestOrder(t.Context(), "nordlys", "citrusad", partner.TestOrder{Store: "K-1", Status: order.StatusReady})
	if err != nil || got.Order != "T-1" || len(got.Receipts) != 2 || got.Receipts[1].Kind != order.KindReady {
		t.Errorf("%+v %v", got, err)
	}
	f := func(name, body string, status int) {
		t.Helper()
		if r := h.call("POST", "/api/v1/shops/nordlys/doors/"+name+"/test-orders", admin, body); r.status != status {
			t.Errorf("%s %s: %d %s", name, body, r.status, r.body)
		}
	}
	f("citrusad", `{"store":"K-2"}`, 400)
	f("citrusad", `{"shop":"K-1"}`, 400)
	f("citrusad", `{"store":"K-1","lines":[{"product":{"sku":"S-1"},"quantity":"many"}]}`, 400)
	f("nobody", `{"store":"K-1"}`, 404)
}
