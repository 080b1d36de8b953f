package delivery_test

import (
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// TestDropThatKeepsItsClaim: an invitation that a person cancels is not made by
// the next route in its place, whatever happens to the order later; one that is
// merely dropped is.
func TestDropThatKeepsItsClaim(t *testing.T) {
	run(t, func(h *hub) {
		side := func(f *fake) partner.Side {
			s := f.side(partner.Once)
			s.Invites = []string{partner.InviteShop}
			s.Plan = func(_ *order.Order, base, _ time.Time) partner.Plan {
				return partner.Plan{At: base.Add(24 * time.Hour)}
			}
			return s
		}
		first, second := &fake{}, &fake{}
		h.routes(delivery.Route{Name: "first", Side: side(first)}, delivery.Route{Name: "second", Side: side(second)})
		h.place("1", "2")
		h.pass(time.Hour)
		for id, keep := range map[string]bool{"1": true, "2": false} {
			acted, err := h.engine.Drop(ctx, shop, delivery.Filter{OrderIDs: []string{id}, Keep: keep}, false)
			if err != nil || acted.Count != 1 {
				t.Fatal(acted, err)
			}
		}
		h.happens("1", order.KindShipped)
		h.pass(48 * time.Hour)
		h.is("first", "dropped:2")
		h.is("second", "delivered:1")
		if second.orders() != "2" {
			t.Errorf("invited %q", second.orders())
		}
	})
}
