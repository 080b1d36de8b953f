package delivery_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/partner"
)

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
