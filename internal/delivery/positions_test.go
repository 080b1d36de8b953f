package delivery_test

import (
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// TestWritePositions: a route that skips everything has read it all the same, and
// the store says so when somebody wants to know.
func TestWritePositions(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		h.routes(delivery.Route{Name: "mail", Side: f.side(partner.Once), Rules: delivery.Rules{On: []order.Kind{order.KindDelivered}}})
		h.place("1", "2", "3")
		h.pass(time.Minute)
		for range 2 {
			if err := h.engine.WritePositions(ctx, shop); err != nil {
				t.Fatal(err)
			}
			rows, err := h.store.Routes(ctx, shop)
			if err != nil || len(rows) != 1 || rows[0].Position != 3 {
				t.Errorf("%+v, %v", rows, err)
			}
		}
		if err := h.engine.WritePositions(ctx, "nobody"); err != nil {
			t.Error(err)
		}
	})
}
