package delivery_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// What issue 2 asks to be shown of deliveries, one test each.

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

func TestRevokedKey(t *testing.T) {
	run(t, func(h *hub) {
		revoked := true
		f := &fake{took: 50 * time.Millisecond}
		f.answer = func(partner.Task) partner.Outcome {
			if revoked {
				return partner.Refused("wrong_key", "401 Unauthorized").Of(partner.ScopeRoute)
			}
			return partner.Delivered("")
		}
		side := f.side(partner.Latest)
		side.Batch = 100
		h.routes(delivery.Route{Name: "ads", Side: side, Revision: "1"})
		var ids []string
		for i := range 1000 {
			ids = append(ids, fmt.Sprint(i))
		}
		h.place(ids...)
		h.pass(time.Hour)
		h.state("ads", "blocked")
		if s := h.seen.last["ads"]; s.State != "blocked" || s.Reason != "401 Unauthorized" {
			t.Errorf("alert: %+v", s)
		}
		if calls, tasks := f.count(); calls != 1 || tasks > 100 {
			t.Errorf("%d calls with %d orders", calls, tasks)
		}
		for s, n := range h.counts("ads") {
			if s != delivery.Ready {
				t.Errorf("%d are %s", n, s)
			}
		}
		// An unchanged configuration does not try again; a changed one does.
		h.routes(delivery.Route{Name: "ads", Side: side, Revision: "1"})
		h.pass(time.Minute)
		h.state("ads", "blocked")
		f.set(func(*fake) { revoked = false })
		h.routes(delivery.Route{Name: "ads", Side: side, Revision: "2"})
		h.pass(time.Minute)
		h.is("ads", "delivered:1000")
		list, _, err := h.engine.Deliveries(ctx, shop, delivery.Filter{Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			if d.Attempt != 1 {
				t.Errorf("order %d: attempt %d", d.Order, d.Attempt)
			}
		}
	})
}

// However a route went before, a login that no longer holds costs one batch.
func TestKeyRevokedLater(t *testing.T) {
	const first, then = 400, 1000
	for name, again := range map[string]func(h *hub, r delivery.Route){
		"resumed": func(h *hub, r delivery.Route) {
			h.must(h.engine.Pause(ctx, shop, "ads", ""))
			h.several("b", then)
			h.pass(time.Hour)
			h.must(h.engine.Resume(ctx, shop, "ads"))
		},
		"resumed at once": func(h *hub, r delivery.Route) {
			h.must(h.engine.Pause(ctx, shop, "ads", ""))
			h.several("b", then)
			h.must(h.engine.Resume(ctx, shop, "ads"))
		},
		"changed": func(h *hub, r delivery.Route) {
			h.must(h.engine.Pause(ctx, shop, "ads", ""))
			h.several("b", then)
			r.Revision = "2"
			h.routes(r)
			h.must(h.engine.Resume(ctx, shop, "ads"))
		},
		"changed while it flows": func(h *hub, r delivery.Route) {
			r.Revision = "2"
			h.routes(r)
			h.several("b", then)
		},
		"rested": func(h *hub, r delivery.Route) {
			h.pass(11 * time.Second)
			h.several("b", then)
		},
		"restarted": func(h *hub, r delivery.Route) {
			h.halt()
			h.several("b", then)
			h.start()
			h.routes(r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(h *hub) {
				r, f, revoked := revocable()
				h.routes(r)
				h.several("a", first)
				h.pass(time.Second) // no rest
				h.is("ads", "delivered:400")
				before, _ := f.count()
				revoked.Store(true)
				again(h, r)
				h.pass(time.Minute)
				h.state("ads", "blocked")
				if after, _ := f.count(); after != before+1 {
					t.Errorf("%d batches tried", after-before)
				}
				counts := h.counts("ads")
				if delete(counts, delivery.Ready); len(counts) != 1 || counts[delivery.Delivered] != first {
					t.Errorf("the rest should wait, as ready or not planned: %v", counts)
				}
				revoked.Store(false)
				h.must(h.engine.Resume(ctx, shop, "ads"))
				h.pass(time.Minute)
				h.is("ads", "delivered:1400")
			})
		})
	}
}

// A login revoked at full speed costs what is in flight, and no call more.
func TestKeyRevokedAtFullSpeed(t *testing.T) {
	run(t, func(h *hub) {
		r, f, revoked := revocable()
		h.routes(r)
		h.several("a", 5000)
		h.pass(325 * time.Millisecond) // 1, 2, 4, 4 … calls at a time, 50 ms each
		before, _ := f.count()
		if before < 15 {
			t.Errorf("%d calls: not at full speed", before)
		}
		revoked.Store(true)
		h.pass(time.Hour)
		h.state("ads", "blocked")
		if after, _ := f.count(); after != before {
			t.Errorf("%d calls more", after-before)
		}
		if n := h.counts("ads")[delivery.Refused]; n != 0 {
			t.Errorf("%d refused", n)
		}
		revoked.Store(false)
		h.must(h.engine.Resume(ctx, shop, "ads"))
		h.pass(time.Minute)
		h.is("ads", "delivered:5000")
	})
}

// revocable is a route whose partner, in the end of a call, refuses a revoked key.
func revocable() (delivery.Route, *fake, *atomic.Bool) {
	var revoked atomic.Bool
	f := &fake{took: 50 * time.Millisecond}
	f.answer = func(partner.Task) partner.Outcome {
		if revoked.Load() {
			return partner.Refused("wrong_key", "401 Unauthorized").Of(partner.ScopeRoute)
		}
		return partner.Delivered("")
	}
	side := f.side(partner.Latest)
	side.Batch = 100
	return delivery.Route{Name: "ads", Side: side, Revision: "1"}, f, &revoked
}

// several places n orders.
func (h *hub) several(prefix string, n int) {
	for i := range n {
		h.place(fmt.Sprint(prefix, i))
	}
}

func TestWeekendOutage(t *testing.T) {
	for name, down := range map[string]partner.Outcome{
		"no connection": partner.Later(0, "dial", "connection refused"),
		"503":           partner.Later(0, "http_503", "maintenance"),
		"500":           partner.Unknown("http_500", "oops"),
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(h *hub) { weekend(t, h, down) })
		})
	}
}

func weekend(t *testing.T, h *hub, answer partner.Outcome) {
	down := true
	f := &fake{took: 100 * time.Millisecond}
	f.answer = func(partner.Task) partner.Outcome {
		if down {
			return answer
		}
		return partner.Delivered("")
	}
	h.routes(delivery.Route{Name: "hook", Side: f.side(partner.Each), Rules: delivery.Rules{
		Retry: delivery.RetryRules{First: time.Second, Max: 10 * time.Minute, GiveUp: 24 * time.Hour, Attempts: 20},
	}})
	for i := range 64 { // an order an hour, from Friday evening to Monday morning
		h.place(fmt.Sprint(i))
		h.pass(time.Hour)
		if i == 30 { // a restart makes no difference
			h.halt()
			h.start()
			h.routes(delivery.Route{Name: "hook", Side: f.side(partner.Each), Rules: delivery.Rules{
				Retry: delivery.RetryRules{First: time.Second, Max: 10 * time.Minute, GiveUp: 24 * time.Hour, Attempts: 20},
			}})
		}
	}
	h.state("hook", "breaker_open")
	if n := h.counts("hook")[delivery.Failed]; n > 0 {
		t.Errorf("%d failed", n)
	}
	calls, _ := f.count()
	if calls > 1000 {
		t.Errorf("%d calls at a partner that is down", calls)
	}
	f.set(func(*fake) { down = false })
	h.pass(15 * time.Minute)
	h.is("hook", "delivered:64")
	h.state("hook", "flowing")
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

func TestRouteAddedLater(t *testing.T) {
	run(t, func(h *hub) {
		old, late := &fake{}, &fake{}
		first := delivery.Route{Name: "hook", Side: old.side(partner.Each)}
		h.routes(first)
		h.place("1", "2", "3")
		h.pass(time.Second)
		h.routes(first, delivery.Route{Name: "mail", Side: late.side(partner.Once)})
		h.place("4")
		h.happens("2", order.KindShipped) // whatever happens to it later
		h.pass(time.Second)
		h.is("hook", "delivered:5")
		if late.orders() != "4" {
			t.Errorf("the new route sent %q", late.orders())
		}
		_, verdicts, err := h.engine.OfOrder(ctx, shop, "2")
		if err != nil || len(verdicts) != 1 || verdicts[0].Code != "before_start" || verdicts[0].Route != "mail" {
			t.Errorf("verdicts %+v %v", verdicts, err)
		}
	})
}

func TestBackfill(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		h.place("1", "2", "3", "4", "5")
		h.routes(delivery.Route{Name: "mail", Side: f.side(partner.Once), Rules: delivery.Rules{When: `order.id != "3"`}})
		h.pass(time.Hour)
		dry, err := h.engine.Backfill(ctx, shop, "mail", delivery.Filter{FromSeq: 2, ToSeq: 4}, true)
		if err != nil || dry.Count != 2 || len(dry.Verdicts) != 3 || dry.Verdicts[1].Code != "when" {
			t.Errorf("dry: %+v %v", dry, err)
		}
		h.pass(time.Second)
		h.is("mail", "")
		done, err := h.engine.Backfill(ctx, shop, "mail", delivery.Filter{FromSeq: 2, ToSeq: 4}, false)
		if err != nil || done.Count != 2 {
			t.Errorf("done: %+v %v", done, err)
		}
		h.pass(time.Second)
		h.is("mail", "delivered:2")
		// Nothing twice, however often.
		done, err = h.engine.Backfill(ctx, shop, "mail", delivery.Filter{}, false)
		if err != nil || done.Count != 2 {
			t.Errorf("again: %+v %v", done, err)
		}
		h.pass(time.Second)
		if got := strings.Fields(f.orders()); len(got) != 4 || !slices.Contains(got, "5") {
			t.Errorf("sent %v", got)
		}
		// What happens later to a backfilled order counts.
		o := sold("3")
		o.ID = "3b"
		h.accept(order.Event{Subject: order.Subject{ID: "3"}, Statement: o})
		h.pass(time.Second)
		h.is("mail", "delivered:5")
	})
}

func TestBackfillOfEachEvent(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		h.place("1", "2")
		h.happens("1", order.KindShipped)
		h.happens("1", order.KindDelivered)
		h.routes(delivery.Route{Name: "hook", Side: f.side(partner.Each)})
		h.pass(time.Second)
		done, err := h.engine.Backfill(ctx, shop, "hook", delivery.Filter{}, false)
		if err != nil || done.Count != 4 {
			t.Errorf("%+v %v", done, err)
		}
		h.pass(time.Second)
		h.is("hook", "delivered:4")
		var kinds []string
		for _, c := range f.sent() {
			if id(c[0]) == "1" {
				kinds = append(kinds, string(c[0].Event.Kind))
			}
		}
		if strings.Join(kinds, " ") != "placed shipped delivered" {
			t.Errorf("sequence: %v", kinds)
		}
	})
}

func TestReplay(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		h.routes(delivery.Route{Name: "ads", Side: f.side(partner.Latest)})
		h.place("1", "2", "3")
		h.pass(time.Second)
		filter := delivery.Filter{OrderIDs: []string{"1", "3"}}
		dry, err := h.engine.Replay(ctx, shop, "ads", filter, true)
		if err != nil || dry.Count != 2 || len(dry.Verdicts) != 2 || dry.Verdicts[0].Action != "send" {
			t.Errorf("dry: %+v %v", dry, err)
		}
		h.pass(time.Second)
		h.is("ads", "delivered:3")
		done, err := h.engine.Replay(ctx, shop, "ads", filter, false)
		if err != nil || done.Count != 2 {
			t.Errorf("done: %+v %v", done, err)
		}
		h.pass(time.Second)
		h.is("ads", "delivered:5")
		got := strings.Fields(f.orders())
		slices.Sort(got)
		if strings.Join(got, " ") != "1 1 2 3 3" {
			t.Errorf("sent %v", got)
		}
		// The old proof stays.
		rows, _, err := h.engine.OfOrder(ctx, shop, "1")
		if err != nil || len(rows) != 2 || rows[0].Run != 0 || rows[1].Run != 1 {
			t.Errorf("rows %+v %v", rows, err)
		}
	})
}

func TestPausedRouteResumes(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		h.routes(delivery.Route{Name: "hook", Side: f.side(partner.Each)})
		h.place("1", "2")
		h.pass(time.Second)
		h.must(h.engine.Pause(ctx, shop, "hook", "by hand"))
		h.place("3", "4")
		h.pass(time.Hour)
		if s := h.status("hook"); s.State != "paused" || s.Reason != "by hand" || s.Position != 2 || s.Head != 4 || s.Lag < time.Hour {
			t.Errorf("status %+v", s)
		}
		h.halt() // a pause outlives a restart
		h.start()
		h.routes(delivery.Route{Name: "hook", Side: f.side(partner.Each)})
		h.place("5")
		h.pass(time.Second)
		h.is("hook", "delivered:2")
		h.must(h.engine.Resume(ctx, shop, "hook"))
		h.pass(time.Second)
		h.is("hook", "delivered:5")
	})
}

func TestRefusedCorrectedRetried(t *testing.T) {
	for _, mode := range []partner.Mode{partner.Each, partner.Latest, partner.Once} {
		t.Run(string(mode), func(t *testing.T) {
			run(t, func(h *hub) { corrected(t, h, mode) })
		})
	}
}

func corrected(t *testing.T, h *hub, mode partner.Mode) {
	f := &fake{}
	f.answer = func(task partner.Task) partner.Outcome {
		if task.Order.Customer.Email == "anna" {
			return partner.Refused("http_400", "email is malformed")
		}
		return partner.Delivered("")
	}
	h.routes(delivery.Route{Name: "mail", Side: f.side(mode), Rules: delivery.Rules{On: []order.Kind{order.KindPlaced}}})
	bad := sold("1")
	bad.Customer = &order.Customer{Email: "anna"}
	h.accept(order.Event{Subject: order.Subject{ID: "1"}, Statement: bad})
	h.pass(time.Hour)
	h.is("mail", "refused:1")
	fix := &order.Order{ID: "1", Customer: &order.Customer{Email: "anna@nordlys.example"}}
	h.accept(order.Event{Subject: order.Subject{ID: "1"}, Statement: fix, Source: order.Source{Name: "operator:ole", Rank: order.RankOperator}})
	h.pass(time.Second)
	if mode == partner.Once { // it was placed, and is news of an order not yet sent
		h.is("mail", "delivered:1 refused:1")
		return
	}
	h.is("mail", "refused:1")
	dry, err := h.engine.Retry(ctx, shop, delivery.Filter{Code: "http_400"}, true)
	if err != nil || dry.Count != 1 {
		t.Errorf("dry: %+v %v", dry, err)
	}
	done, err := h.engine.Retry(ctx, shop, delivery.Filter{Code: "http_400"}, false)
	if err != nil || done.Count != 1 {
		t.Errorf("done: %+v %v", done, err)
	}
	h.pass(time.Second)
	h.is("mail", "delivered:1 superseded:1")
	if again, err := h.engine.Retry(ctx, shop, delivery.Filter{}, false); err != nil || again.Count != 0 {
		t.Errorf("again: %+v %v", again, err)
	}
}

func TestHistorySendsNothing(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		h.routes(delivery.Route{Name: "hook", Side: f.side(partner.Each)}, delivery.Route{Name: "mail", Side: f.side(partner.Once)})
		for i := range 2000 { // the fake log is slow; TestHistoryOnDisk takes 10,000
			h.log.add(order.Event{Subject: order.Subject{ID: fmt.Sprint(i)}, Statement: sold(fmt.Sprint(i)), History: true})
		}
		h.engine.Notify(shop, 2000)
		h.pass(time.Minute)
		h.happens("7", order.KindShipped) // nor what happens to them later
		h.place("new")
		h.pass(time.Minute)
		if got := f.orders(); got != "new new" {
			t.Errorf("sent %q", got)
		}
		if s := h.status("hook"); s.Position != 2002 {
			t.Errorf("position %d", s.Position)
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
