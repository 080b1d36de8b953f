package delivery_test

import (
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// TestSidePlans: a side says when an order goes, what it invites to, and that
// it wants none of it.
func TestSidePlans(t *testing.T) {
	run(t, func(h *hub) {
		shopOnly, both := &fake{}, &fake{}
		first := shopOnly.side(partner.Once)
		first.Invites = []string{partner.InviteShop, partner.InviteProducts}
		first.Plan = func(o *order.Order, base, received time.Time) partner.Plan {
			if o.Channel == "offline" {
				return partner.Plan{Skip: "nothing is asked of it", Code: "nothing_asked"}
			}
			if received.IsZero() {
				t.Error("nobody says when the event was accepted")
			}
			return partner.Plan{At: received.Add(48 * time.Hour), Invites: []string{partner.InviteShop}}
		}
		second := both.side(partner.Once)
		second.Invites = []string{partner.InviteProducts}
		h.routes(delivery.Route{Name: "shop", Side: first}, delivery.Route{Name: "products", Side: second})
		h.place("1")
		offline := sold("2")
		offline.Channel = "offline"
		h.accept(order.Event{Subject: order.Subject{ID: "2"}, Statement: offline})
		h.pass(47 * time.Hour)
		h.is("shop", "ready:1")
		h.is("products", "delivered:2") // the first claims what it asks, no more
		_, why, err := h.engine.OfOrder(ctx, shop, "2")
		if err != nil || len(why) == 0 || why[0].Code != "nothing_asked" {
			t.Errorf("why: %+v %v", why, err)
		}
		h.pass(2 * time.Hour)
		h.is("shop", "delivered:1")
	})
}

// TestPlannedInvitationIsCancelled: a refund before its time ends it.
func TestPlannedInvitationIsCancelled(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		side := f.side(partner.Once)
		side.Invites = []string{partner.InviteShop}
		side.Plan = func(_ *order.Order, base, _ time.Time) partner.Plan {
			return partner.Plan{At: base.Add(7 * 24 * time.Hour)}
		}
		h.routes(delivery.Route{Name: "mail", Side: side, Rules: delivery.Rules{On: []order.Kind{order.KindDelivered}}})
		h.place("1", "2")
		h.pass(24 * time.Hour)
		h.is("mail", "")
		h.happens("1", order.KindDelivered)
		h.happens("2", order.KindDelivered)
		h.pass(24 * time.Hour)
		h.is("mail", "ready:2")
		h.happens("1", order.KindRefunded)
		h.pass(time.Minute)
		h.is("mail", "cancelled:1 ready:1") // at once, not when its time comes
		h.pass(7 * 24 * time.Hour)
		h.is("mail", "cancelled:1 delivered:1")
		if f.orders() != "2" {
			t.Errorf("invited %q", f.orders())
		}
	})
}

// TestPlannedInvitationFollowsTheWish: who says another time while it waits is
// heard.
func TestPlannedInvitationFollowsTheWish(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		side := f.side(partner.Once)
		side.Invites = []string{partner.InviteShop, partner.InviteProducts}
		side.Plan = func(o *order.Order, _, _ time.Time) (p partner.Plan) {
			p.At = o.Review.Products.SendAt.Time()
			p.Invites = []string{partner.InviteProducts}
			if o.Review.Shop != nil {
				p.At, p.Invites = o.Review.Shop.SendAt.Time(), append(p.Invites, partner.InviteShop)
			}
			return p
		}
		h.routes(delivery.Route{Name: "both", Side: side})
		say := func(id string, shop time.Duration) {
			o := sold(id)
			in := func(d time.Duration) *order.Invitation {
				return &order.Invitation{SendAt: order.At(time.Now().Add(d).UTC())}
			}
			o.Review = &order.Review{Products: in(14 * 24 * time.Hour)}
			if shop != 0 {
				o.Review.Shop = in(shop)
			}
			h.accept(order.Event{Subject: order.Subject{ID: id}, Statement: o})
		}
		for _, id := range []string{"earlier", "later", "now"} {
			say(id, 0)
		}
		h.pass(time.Hour)
		h.is("both", "ready:3")
		say("earlier", 7*24*time.Hour)
		say("later", 20*24*time.Hour)
		say("now", -time.Hour)
		h.pass(time.Hour)
		h.is("both", "delivered:1 ready:2")
		h.pass(7 * 24 * time.Hour)
		h.is("both", "delivered:2 ready:1")
		h.pass(10 * 24 * time.Hour)
		h.is("both", "delivered:2 ready:1")
		h.pass(4 * 24 * time.Hour)
		h.is("both", "delivered:3")
		if f.orders() != "now earlier later" {
			t.Errorf("went %q", f.orders())
		}
	})
}

// TestDeclinedKeepsItsClaim: who wants no mail gets none by another route.
func TestDeclinedKeepsItsClaim(t *testing.T) {
	run(t, func(h *hub) {
		first, second := &fake{}, &fake{}
		first.answer = func(partner.Task) partner.Outcome { return partner.Declined("opted_out", "wants no such mail") }
		side := func(f *fake) partner.Side {
			s := f.side(partner.Once)
			s.Invites = []string{partner.InviteShop}
			return s
		}
		h.routes(delivery.Route{Name: "mail", Side: side(first)}, delivery.Route{Name: "trustpilot", Side: side(second)})
		h.place("1")
		h.pass(time.Minute)
		h.is("mail", "cancelled:1")
		h.is("trustpilot", "")
		if len(first.sent()) != 1 || len(second.sent()) != 0 {
			t.Errorf("first %v, second %v", first.sent(), second.sent())
		}
	})
}
