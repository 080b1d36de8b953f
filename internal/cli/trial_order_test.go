package cli_test

import (
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
)

func TestTestOrder(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.answers["POST /api/v1/shops/nordlys/doors/deliveryhero/test-orders"] = api.TestOrdered{Order: "T-1", Receipts: []order.Receipt{{Kind: order.KindPlaced}, {Kind: order.KindReady}}}
	r := h.run(t, "", "test-order", "--partner", "deliveryhero", "--store", "V-1", "--status", "ready", "--line", "779001=2", "--line", "779002")
	if r.code != 0 || r.out != "order T-1: placed, ready\n" {
		t.Errorf("%+v", r)
	}
	if got := h.calls[len(h.calls)-1]; got != `POST /api/v1/shops/nordlys/doors/deliveryhero/test-orders {"store":"V-1","status":"ready","by":"platform","lines":[{"product":{"sku":"779001"},"quantity":"2"},{"product":{"sku":"779002"}}]}` {
		t.Error(got)
	}
	for want, args := range map[string][]string{
		"a SKU is needed":     {"--partner", "deliveryhero", "--line", "=2"},
		"the quantity is":     {"--partner", "deliveryhero", "--line", "779001=many"},
		"nobody has no door":  {"--partner", "nobody"},
		"missing flags":       {},
		"--by must be one of": {"--partner", "deliveryhero", "--by", "pigeon"},
	} {
		if r := h.run(t, "", append([]string{"test-order"}, args...)...); r.code == 0 || !strings.Contains(r.err, want) {
			t.Errorf("%v: %+v", args, r)
		}
	}
}
