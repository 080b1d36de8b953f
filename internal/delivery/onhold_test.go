package delivery_test

import (
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// acts sees that an act of Hold or Release concerned n deliveries, dry and not.
func (h *hub) acts(n int64, act func(dry bool) (delivery.Acted, error)) {
	h.t.Helper()
	for _, dry := range []bool{true, false} {
		acted, err := act(dry)
		if err != nil || acted.Count != n {
			h.t.Fatalf("dry %t: %+v %v, want %d", dry, acted, err, n)
		}
	}
}

func (h *hub) holds(n int64, f delivery.Filter) {
	h.t.Helper()
	h.acts(n, func(dry bool) (delivery.Acted, error) {
		return h.engine.Hold(ctx, shop, f, "asked by the customer", dry)
	})
}

func (h *hub) releases(n int64, f delivery.Filter) {
	h.t.Helper()
	h.acts(n, func(dry bool) (delivery.Acted, error) { return h.engine.Release(ctx, shop, f, dry) })
}

// TestHold: what a person holds waits for him, whatever happens to the order,
// and then for its own time; others go.
func TestHold(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		h.routes(delivery.Route{Name: "mail", Side: f.side(partner.Once), Rules: delivery.Rules{After: 2 * time.Hour}})
		h.place("1", "2", "3")
		h.pass(time.Minute)
		one := delivery.Filter{OrderIDs: []string{"1", "3"}}
		h.holds(2, one)
		h.holds(0, one) // it is held already
		h.happens("1", order.KindShipped)
		h.pass(time.Hour)
		h.releases(1, delivery.Filter{OrderIDs: []string{"3"}})
		h.pass(time.Minute)
		if f.orders() != "" {
			t.Errorf("released, %q did not wait for its time", f.orders())
		}
		h.pass(2 * time.Hour)
		h.is("mail", "delivered:2 held:1")
		h.halt() // it outlives a restart
		h.start()
		h.routes(delivery.Route{Name: "mail", Side: f.side(partner.Once), Rules: delivery.Rules{After: 2 * time.Hour}})
		h.pass(time.Hour)
		rows, _, err := h.engine.OfOrder(ctx, shop, "1")
		if err != nil || len(rows) != 1 || !rows[0].OnHold() || rows[0].Reason != "asked by the customer" {
			t.Fatalf("%+v %v", rows, err)
		}
		h.releases(1, one)
		h.pass(time.Second)
		h.is("mail", "delivered:3")
		h.releases(0, one)
	})
}

// TestHoldOfEachAndLatest: what happens later to an order that is held waits
// behind it, or is held in its place.
func TestHoldOfEachAndLatest(t *testing.T) {
	run(t, func(h *hub) {
		hook, ads := &fake{}, &fake{}
		down := func(partner.Task) partner.Outcome { return partner.Later(time.Hour, "http_503", "") }
		hook.answer, ads.answer = down, down
		h.routes(delivery.Route{Name: "hook", Side: hook.side(partner.Each)}, delivery.Route{Name: "ads", Side: ads.side(partner.Latest)})
		h.place("1")
		h.pass(time.Second)
		h.holds(2, delivery.Filter{OrderIDs: []string{"1"}}) // both retry
		hook.set(func(f *fake) { f.answer = nil })
		ads.set(func(f *fake) { f.answer = nil })
		changed := sold("1")
		changed.Channel = "offline"
		h.accept(order.Event{Subject: order.Subject{ID: "1"}, Statement: changed})
		h.pass(24 * time.Hour)
		h.is("hook", "held:1 ready:1")
		h.is("ads", "held:1 superseded:1")
		h.releases(2, delivery.Filter{OrderIDs: []string{"1"}})
		h.pass(time.Second)
		h.is("hook", "delivered:2")
		h.is("ads", "delivered:1 superseded:1")
	})
}

// TestHoldGivesWay: to the rules' no, and to a person who sends or drops.
func TestHoldGivesWay(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		h.routes(delivery.Route{Name: "mail", Side: f.side(partner.Once), Rules: delivery.Rules{After: time.Hour}})
		h.place("1", "2", "3")
		h.pass(time.Second)
		h.holds(3, delivery.Filter{Route: "mail"})
		h.happens("1", order.KindCancelled)
		if v, err := h.engine.Send(ctx, shop, "mail", "2", false); err != nil || v.Action != "send" {
			t.Errorf("%+v %v", v, err)
		}
		if acted, err := h.engine.Drop(ctx, shop, delivery.Filter{OrderIDs: []string{"3"}}, false); err != nil || acted.Count != 1 {
			t.Errorf("%+v %v", acted, err)
		}
		h.pass(24 * time.Hour)
		h.is("mail", "cancelled:1 delivered:1 dropped:1")
	})
}

// TestHoldOfAnHeir: what stands in for another route's invitation is judged as
// new to its route, also after somebody held it.
func TestHoldOfAnHeir(t *testing.T) {
	run(t, func(h *hub) {
		inviting := func(f *fake) partner.Side {
			s := f.side(partner.Once)
			s.Invites = []string{partner.InviteShop}
			return s
		}
		first, second := &fake{}, &fake{}
		first.answer = func(partner.Task) partner.Outcome { return partner.Refused("http_422", "never") }
		routes := []delivery.Route{{Name: "first", Side: inviting(first)}, {Name: "second", Side: inviting(second), Rules: delivery.Rules{On: []order.Kind{order.KindShipped}}}}
		h.routes(routes...)
		h.must(h.engine.Pause(ctx, shop, "first", ""))
		h.place("1")
		h.pass(time.Second)
		h.must(h.engine.Pause(ctx, shop, "second", ""))
		h.must(h.engine.Resume(ctx, shop, "first"))
		h.pass(time.Second)
		h.holds(1, delivery.Filter{Route: "second"})
		h.must(h.engine.Resume(ctx, shop, "second"))
		h.pass(time.Hour)
		h.is("second", "held:1")
		h.releases(1, delivery.Filter{Route: "second"})
		h.pass(time.Hour)
		h.is("second", "cancelled:1")
	})
}
