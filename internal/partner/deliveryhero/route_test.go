package deliveryhero_test

import (
	"context"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

const (
	routeChain  = "c0de0000-0000-4000-8000-000000000001"
	routeSecret = "s3cret-of-the-hook"
)

func TestRoute(t *testing.T) {
	t.Parallel()
	partnertest.RunRoute(t, deliveryhero.Partner, "testdata/route")
}

// TestWebhook runs the receiver as if it were a door: what it answers, and what
// it accepts.
func TestWebhook(t *testing.T) {
	t.Parallel()
	receiver := deliveryhero.Partner
	receiver.Door = func(deps partner.Deps) (partner.Side, error) {
		return deliveryhero.Partner.Route(deps, partnertest.Settings(t, deliveryhero.Partner, false, map[string]json.Value{
			"base_url": json.Value(`"https://uy.dh.example"`), "chain_id": json.Value(`"` + routeChain + `"`), "token": json.Value(`"tok"`),
			"webhook_secret": json.Value(`"` + routeSecret + `"`), "vendors": json.Value(`["CENTRO=290056"]`), "currency": json.Value(`"UYU"`),
		}))
	}
	partnertest.RunDoor(t, receiver, "testdata/webhook")
}

func sampleOrder() order.Order {
	return order.Order{
		ID: "0f5a6c1e-3b0d-4e55-9d4e-1d2f6f0a7b11", Currency: "UYU", Customer: &order.Customer{FirstName: "Ana", LastName: "Quiroga"},
		Lines:      []order.Line{{ID: "l1", Product: order.Product{SKU: "779001"}, Quantity: order.FromInt(2, 0)}},
		References: []order.Reference{{Kind: "chain_id", Value: routeChain}},
	}
}

func contextOf(t *testing.T, most time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), most)
}
