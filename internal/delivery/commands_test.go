package delivery_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

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
		h.is("mail", "delivered:1 superseded:1")
		return
	}
	h.is("mail", "refused:1")
	dry, err := h.engine.Retry(ctx, shop, delivery.Filter{Code: "http_400_invalid_address"}, true)
	if err != nil || dry.Count != 1 {
		t.Errorf("dry: %+v %v", dry, err)
	}
	done, err := h.engine.Retry(ctx, shop, delivery.Filter{Code: "http_400_invalid_address"}, false)
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
