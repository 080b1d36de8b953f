package delivery_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// What must be shown of deliveries, one test each; more in outage_test.go and
// commands_test.go.

func TestLateRetryAfterCancellation(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		side := f.side(partner.Once)
		h.routes(delivery.Route{Name: "mail", Side: side, Rules: delivery.Rules{After: time.Hour}})
		h.place("1")
		h.pass(time.Minute)
		h.is("mail", "ready:1")
		h.happens("1", order.KindCancelled)
		h.pass(time.Minute)
		o := sold("1") // the shop's system says again what it said before, in other words
		o.Channel = "web"
		h.accept(order.Event{Subject: order.Subject{ID: "1"}, Statement: o})
		h.pass(2 * time.Hour)
		h.is("mail", "cancelled:1")
		if f.orders() != "" {
			t.Errorf("sent: %s", f.orders())
		}
	})
}

func TestCompletedBySecondSource(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		side := f.side(partner.Once)
		side.Needs = []partner.Need{partner.NeedEmail, partner.NeedLines}
		h.routes(delivery.Route{Name: "reviews", Side: side})
		bare := sold("1")
		bare.Customer = nil
		h.accept(order.Event{Subject: order.Subject{ID: "1"}, Statement: bare, Source: order.Source{Name: "citrusad:default", Rank: order.RankDoor}})
		h.pass(time.Second)
		h.is("reviews", "held:1")
		list, _, err := h.engine.Deliveries(ctx, shop, delivery.Filter{States: []delivery.State{delivery.Held}})
		if err != nil || len(list) != 1 || list[0].Code != "needs" || list[0].Reason != "lacks: e-mail address" || list[0].OrderID != "1" {
			t.Errorf("held: %+v %v", list, err)
		}
		h.accept(order.Event{Subject: order.Subject{ID: "1"}, Statement: sold("1")})
		h.pass(time.Second)
		h.is("reviews", "delivered:1")
		// What comes later sends it no second time.
		h.happens("1", order.KindShipped)
		h.accept(order.Event{Subject: order.Subject{ID: "1"}, Statement: sold("1")})
		h.pass(time.Hour)
		if f.orders() != "1" {
			t.Errorf("sent: %s", f.orders())
		}
	})
}

func TestRefundWhileRouteIsPaused(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		h.routes(delivery.Route{Name: "reviews", Side: f.side(partner.Once), Rules: delivery.Rules{After: time.Hour}})
		h.place("1", "2")
		h.pass(time.Second)
		h.must(h.engine.Pause(ctx, shop, "reviews", "holiday"))
		h.pass(2 * time.Hour)
		h.happens("1", order.KindRefunded)
		h.must(h.engine.Resume(ctx, shop, "reviews"))
		h.pass(time.Second)
		h.is("reviews", "cancelled:1 delivered:1")
		if f.orders() != "2" {
			t.Errorf("sent: %s", f.orders())
		}
	})
}

// A refund that is receipted between judging and the commit of sending wins.
func TestRefundBetweenJudgingAndSending(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		h.routes(delivery.Route{Name: "reviews", Side: f.side(partner.Once)})
		once := false
		h.store.fail = func(b *delivery.Bundle) (error, error) {
			for _, c := range b.Changes {
				if c.Row.State == delivery.Sending && !once {
					once = true
					h.log.add(order.Event{
						Subject: order.Subject{ID: "1"}, Kind: order.KindRefunded,
						Happening: &order.Happening{Kind: order.KindRefunded},
					})
				}
			}
			return nil, nil
		}
		h.place("1")
		h.pass(time.Second)
		h.is("reviews", "cancelled:1")
		if f.orders() != "" {
			t.Errorf("sent: %s", f.orders())
		}
	})
}

func TestLostAnswerAtAskFirst(t *testing.T) {
	run(t, func(h *hub) {
		stored := map[string]int{}
		f := &fake{}
		f.answer = func(task partner.Task) partner.Outcome {
			stored[id(task)]++
			return partner.Unknown("timeout", "no answer") // it has it, and we do not know
		}
		f.look = func(task partner.Task) partner.Outcome {
			if stored[id(task)] > 0 {
				return partner.Delivered("found")
			}
			return partner.NotThere()
		}
		h.routes(delivery.Route{Name: "ads", Side: f.side(partner.Latest)})
		h.place("1", "2")
		h.pass(time.Second)
		h.is("ads", "asking:2")
		h.pass(18 * time.Second)
		if f.looked() != 0 {
			t.Error("asked before twice the call limit had passed")
		}
		h.pass(3 * time.Second)
		h.is("ads", "delivered:2")
		if rows, _, err := h.engine.OfOrder(ctx, shop, "1"); err != nil || rows[0].Code+rows[0].Reason != "" {
			t.Errorf("delivered, and says why it was asked about: %+v %v", rows, err)
		}
		if stored["1"] != 1 || stored["2"] != 1 {
			t.Errorf("stored %v", stored)
		}
	})
}

// What was really lost is sent again, but only when "not there" was said twice.
func TestNotThereTwice(t *testing.T) {
	run(t, func(h *hub) {
		lost := true
		f := &fake{}
		f.answer = func(partner.Task) partner.Outcome {
			if lost {
				lost = false
				return partner.Unknown("timeout", "no answer")
			}
			return partner.Delivered("")
		}
		f.look = func(partner.Task) partner.Outcome { return partner.NotThere() }
		h.routes(delivery.Route{Name: "ads", Side: f.side(partner.Latest)})
		h.place("1")
		h.pass(39 * time.Second)
		h.is("ads", "asking:1")
		if calls, _ := f.count(); calls != 1 || f.looked() != 1 {
			t.Errorf("%d calls, %d looks", calls, f.looked())
		}
		h.pass(time.Minute)
		h.is("ads", "delivered:1")
		if calls, _ := f.count(); calls != 2 || f.looked() != 2 {
			t.Errorf("%d calls, %d looks", calls, f.looked())
		}
	})
}

func TestTwentyRoutes(t *testing.T) {
	run(t, func(h *hub) {
		fakes := make([]*fake, 20)
		var routes []delivery.Route
		for i := range fakes {
			fakes[i] = &fake{took: time.Millisecond}
			routes = append(routes, delivery.Route{Name: fmt.Sprintf("r%02d", i), Side: fakes[i].side(partner.Each)})
		}
		h.routes(routes...)
		for _, r := range routes[1:] {
			h.must(h.engine.Pause(ctx, shop, r.Name, "by hand"))
		}
		for i := range 100 {
			h.place(fmt.Sprint(i))
		}
		h.pass(time.Second)
		h.is("r00", "delivered:100")
		for _, r := range routes[1:] {
			h.is(r.Name, "")
		}
		h.must(h.engine.Resume(ctx, shop, "r07"))
		h.pass(time.Second)
		h.is("r07", "delivered:100")
	})
}

// A dead partner and one that answers after 5 s do not slow the others.
func TestSlowAndDeadBesideHealthy(t *testing.T) {
	run(t, func(h *hub) {
		dead, slow, healthy := &fake{}, &fake{took: 5 * time.Second}, &fake{took: 10 * time.Millisecond}
		dead.answer = func(partner.Task) partner.Outcome { return partner.Later(0, "dial", "refused") }
		h.routes(
			delivery.Route{Name: "dead", Side: dead.side(partner.Each)},
			delivery.Route{Name: "slow", Side: slow.side(partner.Each)},
			delivery.Route{Name: "fine", Side: healthy.side(partner.Each)},
		)
		for i := range 200 {
			h.place(fmt.Sprint(i))
			h.pass(10 * time.Millisecond)
		}
		h.pass(50 * time.Millisecond)
		h.is("fine", "delivered:200")
		h.state("dead", "breaker_open")
	})
}

func TestStopWaitsForCalls(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{took: 8 * time.Second}
		cancelled := false
		side := f.side(partner.Each)
		side.Deliver = func(ctx context.Context, tasks []partner.Task) []partner.Outcome {
			outcomes := f.deliver(ctx, tasks)
			cancelled = ctx.Err() != nil
			return outcomes
		}
		h.routes(delivery.Route{Name: "hook", Side: side})
		h.place("1", "2", "3")
		h.pass(time.Second)
		h.halt()
		if cancelled {
			t.Error("a request that had left was cancelled")
		}
		h.is("hook", "delivered:1") // those without a slot had not left
		h.start()
		h.routes(delivery.Route{Name: "hook", Side: side})
		h.pass(time.Minute)
		h.is("hook", "delivered:3")
	})
}
