package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// A batch of which one is bad is halved down to it; all others arrive.
func TestHalving(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{took: time.Millisecond}
		f.batch = func(tasks []partner.Task) []partner.Outcome {
			bad := slices.ContainsFunc(tasks, func(task partner.Task) bool { return id(task) == "37" })
			outcomes := make([]partner.Outcome, len(tasks))
			for i := range tasks {
				outcomes[i] = partner.Delivered("")
				if bad {
					outcomes[i] = partner.Refused("http_400", "one of them").Of(partner.ScopeBatch)
				}
			}
			return outcomes
		}
		side := f.side(partner.Latest)
		side.Batch = 100
		h.routes(delivery.Route{Name: "ads", Side: side})
		h.must(h.engine.Pause(ctx, shop, "ads", ""))
		for i := range 100 {
			h.place(fmt.Sprint(i))
		}
		h.must(h.engine.Resume(ctx, shop, "ads"))
		h.pass(time.Minute)
		h.is("ads", "delivered:99 refused:1")
		if calls, _ := f.count(); calls > 15 {
			t.Errorf("%d calls", calls)
		}
		rows, _, err := h.engine.Deliveries(ctx, shop, delivery.Filter{States: []delivery.State{delivery.Refused}})
		if err != nil || len(rows) != 1 || rows[0].OrderID != "37" || rows[0].Attempt != 1 {
			t.Errorf("refused: %+v %v", rows, err)
		}
	})
}

func TestRetriesUntilFailed(t *testing.T) {
	run(t, func(h *hub) {
		bad, good := &fake{}, &fake{}
		var at []time.Time
		bad.answer = func(task partner.Task) partner.Outcome {
			if id(task) != "bad" {
				return partner.Delivered("")
			}
			at = append(at, time.Now())
			if task.Attempt == 2 {
				return partner.Later(time.Hour, "http_429", "slow down")
			}
			return partner.Later(0, "http_503", "busy")
		}
		h.routes(
			delivery.Route{Name: "hook", Side: bad.side(partner.Each), Rules: delivery.Rules{
				Retry: delivery.RetryRules{First: 10 * time.Second, Max: time.Minute, Attempts: 5},
			}},
			delivery.Route{Name: "fine", Side: good.side(partner.Each)},
		)
		h.place("bad")
		for i := range 300 {
			h.place(fmt.Sprint(i))
			h.pass(30 * time.Second)
		}
		h.is("hook", "delivered:300 failed:1")
		if len(at) != 5 || at[2].Sub(at[1]) < time.Hour {
			t.Errorf("attempts at %v", at)
		}
		for i, want := range []time.Duration{10 * time.Second, time.Hour, 40 * time.Second, time.Minute} {
			if got := at[i+1].Sub(at[i]); got < want*8/10 || got > want*12/10 {
				t.Errorf("attempt %d after %v, want about %v", i+2, got, want)
			}
		}
		done, err := h.engine.Retry(ctx, shop, delivery.Filter{Route: "hook"}, false)
		if err != nil || done.Count != 1 {
			t.Errorf("retry: %+v %v", done, err)
		}
		bad.set(func(f *fake) { f.answer = nil })
		h.pass(time.Minute)
		h.is("hook", "delivered:301 superseded:1")
	})
}

// Delivery Hero's kind: a fixed schedule that ends dropped.
func TestFixedScheduleEndsDropped(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		f.answer = func(task partner.Task) partner.Outcome {
			if id(task) == "1" {
				return partner.Later(0, "http_503", "")
			}
			return partner.Delivered("")
		}
		side := f.side(partner.Each)
		side.Retry = []time.Duration{time.Second, 2 * time.Second}
		h.routes(delivery.Route{Name: "callback", Side: side})
		h.place("1")
		h.pass(time.Minute)
		h.is("callback", "dropped:1")
		if calls, _ := f.count(); calls != 3 {
			t.Errorf("%d calls", calls)
		}
	})
}

// TestOneReceiverDown lets one of many receivers of a callback be down: the
// others are told at once, and the breaker stays closed.
func TestOneReceiverDown(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		f.answer = func(task partner.Task) partner.Outcome {
			if id(task) < "2" {
				return partner.Later(0, "http_503", "").Of(partner.ScopeReceiver)
			}
			return partner.Delivered("")
		}
		h.routes(delivery.Route{Name: "callback", Side: f.side(partner.Each), Rules: delivery.Rules{
			Retry: delivery.RetryRules{First: time.Second, Max: time.Minute, GiveUp: time.Hour, Attempts: 30},
		}})
		for i := range 10 {
			h.place(fmt.Sprintf("1%d", i))
		}
		h.pass(2 * time.Minute)
		h.state("callback", "flowing")
		h.place("2")
		h.pass(time.Second)
		if n := h.counts("callback")[delivery.Delivered]; n != 1 {
			t.Errorf("%d were told", n)
		}
	})
}

func TestUnknownIsNeverRepeated(t *testing.T) {
	for name, deliver := range map[string]func(context.Context, []partner.Task) []partner.Outcome{
		"no answer": func(context.Context, []partner.Task) []partner.Outcome {
			return []partner.Outcome{partner.Unknown("timeout", "")}
		},
		"a panic":      func(context.Context, []partner.Task) []partner.Outcome { panic("oops") },
		"no outcome":   func(context.Context, []partner.Task) []partner.Outcome { return nil },
		"two outcomes": func(context.Context, []partner.Task) []partner.Outcome { return make([]partner.Outcome, 2) },
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(h *hub) {
				side := partner.Side{Deliver: deliver, Mode: partner.Once, Repeat: partner.RepeatNever}
				h.routes(delivery.Route{Name: "mail", Side: side})
				h.place("1")
				h.pass(time.Hour)
				h.is("mail", "parked:1")
				h.happens("1", order.KindShipped)
				h.pass(time.Hour)
				h.is("mail", "parked:1")
				// A person may.
				if done, err := h.engine.Retry(ctx, shop, delivery.Filter{States: []delivery.State{delivery.Parked}}, false); err != nil || done.Count != 1 {
					t.Errorf("%+v %v", done, err)
				}
				h.pass(time.Hour)
				h.is("mail", "parked:1 superseded:1")
			})
		})
	}
}

func TestPendingIsLookedAt(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		f.answer = func(partner.Task) partner.Outcome { return partner.Pending("job-1", time.Minute) }
		asked := 0
		f.look = func(task partner.Task) partner.Outcome {
			if asked++; asked < 3 {
				return partner.Pending("", time.Hour)
			}
			if task.Ref != "job-1" {
				return partner.Refused("ref", "lost the reference")
			}
			return partner.Delivered("order-1")
		}
		h.routes(delivery.Route{Name: "b2b", Side: f.side(partner.Once)})
		h.place("1")
		h.pass(time.Second)
		h.is("b2b", "pending:1")
		h.pass(2*time.Hour + 2*time.Minute)
		h.is("b2b", "delivered:1")
		rows, _, err := h.engine.OfOrder(ctx, shop, "1")
		if err != nil || rows[0].Ref != "order-1" || rows[0].Attempt != 1 || rows[0].Code+rows[0].Reason != "" {
			t.Errorf("%+v %v", rows, err)
		}
	})
}

// Nobody can tell: in the end a person is asked.
func TestLookThatCanNotTell(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		f.answer = func(task partner.Task) partner.Outcome {
			if id(task) == "1" {
				return partner.Unknown("timeout", "")
			}
			return partner.Delivered("")
		}
		f.look = func(partner.Task) partner.Outcome { return partner.Later(0, "http_503", "not now") }
		h.routes(delivery.Route{Name: "b2b", Side: f.side(partner.Once), Rules: delivery.Rules{
			Retry: delivery.RetryRules{First: time.Minute, Max: time.Hour, GiveUp: 6 * time.Hour},
		}})
		h.place("1")
		for i := range 100 {
			h.pass(10 * time.Minute)
			h.place(fmt.Sprint("n", i))
		}
		h.pass(time.Second)
		h.is("b2b", "delivered:100 parked:1")
	})
}

// What was being sent when the hub was killed has an unknown outcome.
func TestCrashWhileSending(t *testing.T) {
	for repeat, want := range map[partner.Repeat]string{
		partner.RepeatSafe: "delivered:1", partner.AskFirst: "delivered:1", partner.RepeatNever: "parked:1",
	} {
		t.Run(string(repeat), func(t *testing.T) {
			run(t, func(h *hub) {
				f := &fake{took: 5 * time.Second}
				f.look = func(partner.Task) partner.Outcome { return partner.Delivered("") }
				side := f.side(partner.Once)
				side.Repeat = repeat
				route := delivery.Route{Name: "r", Side: side}
				h.routes(route)
				h.place("1")
				h.pass(time.Second)
				h.is("r", "sending:1")
				old := h.halt
				stop := h.stop
				done := h.done
				h.start() // a second engine: the first one lives on, as a killed process would not
				h.routes(route)
				h.pass(time.Hour)
				h.is("r", want)
				_ = old
				stop()
				<-done
			})
		})
	}
}

// A commit that fails loses nothing, be it written or not.
func TestFailingCommits(t *testing.T) {
	for name, fault := range map[string]func(error) (error, error){
		"not written":          func(err error) (error, error) { return err, nil },
		"written all the same": func(err error) (error, error) { return nil, err },
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(h *hub) {
				n := 0
				h.store.fail = func(*delivery.Bundle) (error, error) {
					if n++; n%3 == 0 {
						return fault(errors.New("disk full"))
					}
					return nil, nil
				}
				f := &fake{took: 20 * time.Millisecond}
				h.routes(delivery.Route{Name: "hook", Side: f.side(partner.Each)})
				for i := range 50 {
					h.place(fmt.Sprint(i))
					h.pass(7 * time.Millisecond)
				}
				h.pass(time.Hour)
				h.is("hook", "delivered:50")
				if calls, _ := f.count(); calls != 50 {
					t.Errorf("%d calls for 50 orders", calls)
				}
				h.store.fail = nil
			})
		})
	}
}

// What is due already when it is settled goes on: nothing else may come to wake
// the route.
func TestDueWhenSettled(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{took: time.Second}
		f.answer = func(task partner.Task) partner.Outcome {
			if task.Attempt == 1 {
				return partner.Later(0, "http_503", "busy")
			}
			return partner.Delivered("")
		}
		n := 0
		h.store.fail = func(*delivery.Bundle) (error, error) {
			if n++; n == 2 { // the one that settles; the next try is later than the retry is due
				return errors.New("disk full"), nil
			}
			return nil, nil
		}
		h.routes(delivery.Route{Name: "hook", Side: f.side(partner.Each), Rules: delivery.Rules{
			Retry: delivery.RetryRules{First: time.Millisecond, Max: time.Millisecond},
		}})
		h.place("1")
		h.pass(time.Hour)
		h.is("hook", "delivered:1")
	})
}

// A route whose rounds fail is seen: it says so once, and once that it is over.
func TestFailingRoundsAreSeen(t *testing.T) {
	for name, set := range map[string]func(h *hub, fault error){
		"commits": func(h *hub, fault error) {
			h.store.mu.Lock()
			defer h.store.mu.Unlock()
			h.store.fail = func(*delivery.Bundle) (error, error) { return fault, nil }
		},
		"planning": func(h *hub, fault error) {
			h.log.mu.Lock()
			defer h.log.mu.Unlock()
			h.log.fault = fault
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(h *hub) {
				h.routes(delivery.Route{Name: "hook", Side: (&fake{}).side(partner.Each)})
				set(h, errors.New("read events: disk I/O error"))
				began := time.Now().UTC().Format(time.RFC3339)
				h.place("1")
				h.pass(time.Second)
				h.place("2") // wakes it while it waits to try again
				h.pass(time.Minute)
				h.seen.expect(t, "hook: read events: disk I/O error")
				set(h, nil)
				// The first try that succeeds is seconds away.
				if s := h.status("hook"); s.State != "failing" || s.Reason != "since "+began+": read events: disk I/O error" {
					t.Errorf("%s: %s", s.State, s.Reason)
				}
				h.pass(time.Minute)
				h.seen.expect(t, "hook: read events: disk I/O error, hook: <nil>")
				h.state("hook", "flowing")
				h.is("hook", "delivered:2")
			})
		})
	}
}

// Another owner of a route is seen too.
func TestLostRouteIsSeen(t *testing.T) {
	run(t, func(h *hub) {
		h.routes(delivery.Route{Name: "hook", Side: (&fake{}).side(partner.Each)})
		if _, err := h.store.OpenRoutes(ctx, shop, 0, []delivery.RouteRow{{Shop: shop, Route: "hook"}}); err != nil {
			t.Fatal(err)
		}
		h.place("1")
		h.pass(time.Hour)
		h.seen.expect(t, "hook: "+delivery.ErrLost.Error())
		h.state("hook", "failing")
	})
}

func TestEachKeepsTheSequence(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		failing := true
		f.answer = func(task partner.Task) partner.Outcome {
			if failing && id(task) == "1" {
				return partner.Later(0, "http_503", "")
			}
			return partner.Delivered("")
		}
		h.routes(delivery.Route{Name: "hook", Side: f.side(partner.Each)})
		h.place("1")
		h.happens("1", order.KindShipped)
		h.place("2")
		h.happens("1", order.KindDelivered)
		h.happens("2", order.KindShipped)
		h.pass(time.Second)
		h.is("hook", "delivered:2 ready:2 retrying:1") // another order does not wait
		f.set(func(*fake) { failing = false })
		h.pass(time.Minute)
		h.is("hook", "delivered:5")
		var kinds []string
		for _, c := range f.sent() {
			if id(c[0]) == "1" && c[0].Attempt == 1 {
				kinds = append(kinds, string(c[0].Event.Kind))
			}
		}
		if got := strings.Join(kinds, " "); got != "placed shipped delivered" {
			t.Error(got)
		}
	})
}

func TestRefusedDoesNotBlock(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{}
		f.answer = func(task partner.Task) partner.Outcome {
			if task.Event.Kind == order.KindPlaced {
				return partner.Refused("http_422", "no")
			}
			return partner.Delivered("")
		}
		h.routes(delivery.Route{Name: "hook", Side: f.side(partner.Each)})
		h.place("1")
		h.happens("1", order.KindShipped)
		h.pass(time.Second)
		h.is("hook", "delivered:1 refused:1")
	})
}

func TestLatest(t *testing.T) {
	run(t, func(h *hub) {
		f := &fake{took: time.Second}
		side := f.side(partner.Latest)
		h.routes(delivery.Route{Name: "ads", Side: side})
		update := func(channel string) {
			o := sold("1")
			o.Channel = channel
			h.accept(order.Event{Subject: order.Subject{ID: "1"}, Statement: o})
		}
		update("a")
		h.pass(100 * time.Millisecond) // on its way
		update("b")
		update("c") // takes b's place
		h.pass(time.Minute)
		h.is("ads", "delivered:2 superseded:1")
		update("c") // nothing new
		h.happens("1", order.KindNote)
		h.pass(time.Minute)
		h.is("ads", "delivered:2 superseded:1")
		var sent []string
		for _, c := range f.sent() {
			sent = append(sent, c[0].Order.Channel)
		}
		if got := strings.Join(sent, " "); got != "a c" {
			t.Errorf("sent %s", got)
		}
		// There and back while it waits: the partner has these bytes.
		h.must(h.engine.Pause(ctx, shop, "ads", ""))
		update("d")
		update("c")
		h.must(h.engine.Resume(ctx, shop, "ads"))
		h.pass(time.Minute)
		if n, _ := f.count(); n != 2 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestEvidence(t *testing.T) {
	run(t, func(h *hub) {
		fails := 1
		side := partner.Side{Mode: partner.Each, Repeat: partner.RepeatSafe, Batch: 10}
		side.Deliver = func(ctx context.Context, tasks []partner.Task) []partner.Outcome {
			outbound.Record(ctx, outbound.Exchange{Method: "POST", Status: 200})
			outcomes := make([]partner.Outcome, len(tasks))
			for i := range tasks {
				outcomes[i] = partner.Delivered("")
				if fails > 0 {
					outcomes[i] = partner.Later(0, "http_503", "")
				}
			}
			fails--
			return outcomes
		}
		h.routes(delivery.Route{Name: "hook", Side: side})
		h.place("1")
		h.pass(time.Minute)
		rows, _, err := h.engine.OfOrder(ctx, shop, "1")
		if err != nil || len(rows) != 1 || rows[0].Call != 2 || rows[0].Attempt != 2 {
			t.Fatalf("%+v %v", rows, err)
		}
		calls, err := h.engine.Calls(ctx, rows[0])
		if err != nil || len(calls) != 2 || calls[0].ID != 1 || len(calls[1].Exchanges) != 1 {
			t.Errorf("%+v %v", calls, err)
		}
		if a := h.seen.attempts; len(a) != 2 || a[0].Results[delivery.Retrying] != 1 || a[1].Status != 200 {
			t.Errorf("%+v", a)
		}
	})
}

func TestNotesAndKeys(t *testing.T) {
	run(t, func(h *hub) {
		keys := map[string]bool{}
		step := 0
		side := partner.Side{Mode: partner.Once, Repeat: partner.RepeatSafe}
		side.Deliver = func(ctx context.Context, tasks []partner.Task) []partner.Outcome {
			task := tasks[0]
			keys[task.Key] = true
			if len(task.Key) > 64 || strings.Trim(task.Key, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
				t.Errorf("key %q", task.Key)
			}
			if step++; step == 1 {
				if err := task.SaveNote(ctx, []byte("basket-1")); err != nil {
					t.Error(err)
				}
				return []partner.Outcome{partner.Later(0, "http_503", "")}
			}
			if string(task.Note) != "basket-1" {
				t.Errorf("note %q", task.Note)
			}
			return []partner.Outcome{partner.Delivered("")}
		}
		h.routes(delivery.Route{Name: "b2b", Side: side})
		h.place("1")
		h.pass(time.Hour)
		if h.is("b2b", "delivered:1"); len(keys) != 1 {
			t.Errorf("keys %v", keys)
		}
	})
}

// A call that never ends gives its slot back, and its tasks are unknown.
func TestOverdueCall(t *testing.T) {
	run(t, func(h *hub) {
		hang := make(chan struct{})
		side := partner.Side{Mode: partner.Each, Repeat: partner.RepeatNever, Timeout: 5 * time.Second, Slots: 1}
		side.Deliver = func(_ context.Context, tasks []partner.Task) []partner.Outcome {
			if id(tasks[0]) == "1" {
				<-hang // deaf to its context
			}
			return []partner.Outcome{partner.Delivered("")}
		}
		h.routes(delivery.Route{Name: "hook", Side: side})
		h.place("1", "2")
		h.pass(time.Minute)
		h.is("hook", "delivered:1 parked:1")
		close(hang)
		h.pass(time.Minute)
		h.is("hook", "delivered:1 parked:1")
	})
}
