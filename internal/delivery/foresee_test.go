package delivery_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// TestForesee: what a route would do with events that are not stored is what it
// then does with them.
func TestForesee(t *testing.T) {
	f := &fake{}
	side := func(mode partner.Mode) partner.Side {
		s := f.side(mode)
		s.Render = func(t partner.Task) ([]byte, error) { return []byte(t.Order.ID + " " + t.Order.Currency), nil }
		return s
	}
	run(t, func(h *hub) {
		h.routes(
			delivery.Route{Name: "each", Side: side(partner.Each)},
			delivery.Route{Name: "latest", Side: side(partner.Latest)},
			delivery.Route{Name: "once", Side: side(partner.Once)},
			delivery.Route{Name: "shipped", Side: side(partner.Each), Rules: delivery.Rules{On: []order.Kind{order.KindShipped}}},
			delivery.Route{Name: "later", Side: side(partner.Each), Rules: delivery.Rules{After: time.Hour}},
			delivery.Route{Name: "none", Side: partner.Side{}},
		)
		h.pass(time.Second)
		stated := func(id, currency string) order.Event {
			o := sold(id)
			o.Currency = currency
			return order.Event{Subject: order.Subject{ID: id}, Statement: o}
		}
		shipped := func(id string) order.Event {
			return order.Event{Subject: order.Subject{ID: id}, Kind: order.KindShipped, Happening: &order.Happening{Kind: order.KindShipped}}
		}
		// comes foresees events, and then lets them come.
		comes := func(want string, events ...order.Event) {
			t.Helper()
			before := h.all()
			got := h.foresees(events)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if d := cmp.Diff(before, h.all()); d != "" {
				t.Errorf("foreseeing left something:\n%s", d)
			}
			for _, e := range events {
				h.accept(e)
			}
			h.pass(time.Second)
		}
		comes("each: send 1 SEK, latest: send 1 SEK, once: send 1 SEK, shipped: skip on, later: wait", stated("1", "SEK"))
		h.is("each", "delivered:1")
		h.is("shipped", "")
		h.is("later", "ready:1")
		// It was shipped: once has it, latest would send the same.
		comes("each: send 1 SEK, latest: skip unchanged, once: skip once, shipped: send 1 SEK, later: wait", shipped("1"))
		h.is("each", "delivered:2")
		h.is("latest", "delivered:1")
		h.is("once", "delivered:1")
		h.is("shipped", "delivered:1")
		// That an order was shipped before does not make news of it a shipment.
		comes("each: send 1 NOK, latest: send 1 NOK, once: skip once, shipped: skip on, later: wait", stated("1", "NOK"))
		h.is("shipped", "delivered:1")
		// Of several events of one call each route takes what is for it.
		comes("each: send 2 SEK, latest: send 2 SEK, once: send 2 SEK, shipped: send 2 SEK, later: wait", stated("2", "SEK"), shipped("2"))
		h.is("shipped", "delivered:2")
		h.is("once", "delivered:2")
		history := stated("3", "SEK")
		history.History = true
		comes("each: skip history, latest: skip history, once: skip history, shipped: skip on, later: skip history", history)
		if got, err := h.engine.Foresee(ctx, "nobody", &ledger.State{}, []order.Event{history}); got != nil || err != nil {
			t.Errorf("a shop without routes: %+v %v", got, err)
		}
	})
}

// all are the hub's deliveries.
func (h *hub) all() []delivery.Delivery {
	return h.store.where("", func(*delivery.Delivery) bool { return true })
}

// foresees says what each route would do with events of one order.
func (h *hub) foresees(events []order.Event) (said string) {
	h.t.Helper()
	// The log without and with them: the same that a ledger foresees.
	then := newLog()
	h.log.mu.Lock()
	stored := slices.Clone(h.log.events)
	h.log.mu.Unlock()
	for _, e := range stored {
		then.add(e)
	}
	coming := make([]order.Event, len(events))
	for i, e := range events {
		then.add(e)
		coming[i] = then.events[len(then.events)-1]
	}
	states, err := then.StatesByID(ctx, shop, []string{events[0].Subject.ID})
	h.must(err)
	list, err := h.engine.Foresee(ctx, shop, states[0], coming)
	h.must(err)
	for i, v := range list {
		if i > 0 {
			said += ", "
		}
		said += v.Route + ": " + v.Action
		if v.Action == "skip" {
			said += " " + v.Code
		}
		if len(v.Body) > 0 {
			said += " " + string(v.Body)
		}
	}
	return said
}
