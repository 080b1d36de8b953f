package node_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/node"
)

func TestOneNodeTakesAllAtOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, 300, func(w *world) {
		a := w.start("a")
		took := w.within(3*time.Second, "a has all", w.even(a))
		t.Logf("after %v", took)
		if m, here := a.Owner(w.shops[7]); !here || m.Name != "a" {
			t.Errorf("the owner is %q, here %v", m.Name, here)
		}
		a.stop()
		if err := <-a.done; err != nil {
			t.Fatal(err)
		}
		a.done <- nil
		if n := a.engine.count(); n != 0 {
			t.Errorf("%d shops are open after the end", n)
		}
		if a.lease.Valid() || a.lease.Context().Err() == nil {
			t.Error("the lease holds after the end")
		}
		if len(w.base.rows) != 0 {
			t.Errorf("rows of nodes are left: %v", w.base.rows)
		}
	})
}

// TestJoinSpreads: who joins gets an even share, and no shop is without an
// owner for more than a second.
func TestJoinSpreads(t *testing.T) {
	t.Parallel()
	inBubble(t, 300, func(w *world) {
		a := w.start("a")
		w.within(3*time.Second, "a has all", w.even(a))
		b := w.start("b")
		w.noPause(time.Second, func() { w.within(10*time.Second, "a and b", w.even(a, b)) })
		c := w.start("c")
		w.noPause(time.Second, func() { w.within(10*time.Second, "three", w.even(a, b, c)) })
		epochs := w.base.epochs()
		w.pass(time.Minute)
		if !maps.Equal(epochs, w.base.epochs()) {
			t.Error("shops move though they are spread evenly")
		}
	})
}

// noPause fails if a shop is open nowhere for longer than most.
func (w *world) noPause(most time.Duration, f func()) {
	w.Helper()
	quit, done := make(chan struct{}), make(chan time.Duration)
	go func() {
		last, worst := map[string]time.Time{}, time.Duration(0)
		for {
			select {
			case <-quit:
				done <- worst
				return
			case <-time.After(20 * time.Millisecond):
			}
			now := time.Now()
			w.mu.Lock()
			hosts := slices.Clone(w.hosts)
			w.mu.Unlock()
			for _, h := range hosts {
				h.engine.mu.Lock()
				for shop := range h.engine.open {
					last[shop] = now
				}
				h.engine.mu.Unlock()
			}
			for _, at := range last {
				worst = max(worst, now.Sub(at))
			}
		}
	}()
	f()
	close(quit)
	worst := <-done
	w.Logf("longest pause %v", worst)
	if worst > most {
		w.Errorf("a shop was owned by nobody for %v", worst)
	}
}

// TestKilledNodeIsTakenOver within 10 s.
func TestKilledNodeIsTakenOver(t *testing.T) {
	t.Parallel()
	inBubble(t, 300, func(w *world) {
		a, b, c := w.start("a"), w.start("b"), w.start("c")
		w.within(20*time.Second, "three", w.even(a, b, c))
		w.pass(300 * time.Millisecond)
		w.kill(b)
		took := w.within(10*time.Second, "a and c have all", w.even(a, c))
		t.Logf("taken over after %v", took)
		if took < 4*time.Second {
			t.Errorf("taken over after %v, before the lease could be over", took)
		}
		if a.events.count(node.Declared)+c.events.count(node.Declared) != 1 {
			t.Error("who is dead was not told once")
		}
		// The cut-off one finds its way back under another name.
		id := b.ID()
		w.set(b, func(p *port) { p.cut = false })
		w.within(30*time.Second, "three again", w.even(a, b, c))
		if b.ID() == id {
			t.Error("it has the same id again")
		}
	})
}

// TestGracefulStopHandsOver at once, without a pause.
func TestGracefulStopHandsOver(t *testing.T) {
	t.Parallel()
	inBubble(t, 300, func(w *world) {
		a, b, c := w.start("a"), w.start("b"), w.start("c")
		w.within(20*time.Second, "three", w.even(a, b, c))
		w.pass(time.Second)
		w.noPause(time.Second, func() {
			a.stop()
			w.within(3*time.Second, "b and c have all", w.even(b, c))
		})
		w.within(time.Second, "a has left", func() bool { return len(a.done) == 1 })
	})
}

// TestCutOffNodeStopsBeforeItsLeaseEnds: its lease is over before anybody else
// may take its shops, and its engine has dropped them.
func TestCutOffNodeStopsBeforeItsLeaseEnds(t *testing.T) {
	t.Parallel()
	inBubble(t, 10, func(w *world) {
		a, b := w.start("a"), w.start("b")
		w.within(20*time.Second, "two", w.even(a, b))
		w.pass(time.Second)
		lease := a.lease.Context()
		w.kill(a)
		took := w.within(6*time.Second, "a has stopped", func() bool { return !a.lease.Valid() && a.engine.count() == 0 })
		if took < 3*time.Second || took > 4600*time.Millisecond {
			t.Errorf("stopped after %v", took)
		}
		if lease.Err() == nil {
			t.Error("its calls are not cut")
		}
	})
}

// TestOutageMovesNothing: after the database was away for any time, nobody is
// declared dead.
func TestOutageMovesNothing(t *testing.T) {
	t.Parallel()
	for _, away := range []time.Duration{time.Second, 3 * time.Second, 5 * time.Second, 7 * time.Second, 5 * time.Minute} {
		inBubble(t, 30, func(w *world) {
			hosts := []*host{w.start("a"), w.start("b"), w.start("c")}
			w.within(20*time.Second, "three", w.even(hosts...))
			w.pass(10 * time.Second)
			before := w.base.names()
			w.outage(away)
			// One of them comes back late.
			w.set(hosts[1], func(p *port) { p.cut = true })
			w.pass(2 * time.Second)
			w.set(hosts[1], func(p *port) { p.cut = false })
			w.within(20*time.Second, "three again", w.even(hosts...))
			w.pass(20 * time.Second)
			if !maps.Equal(before, w.base.names()) {
				t.Errorf("shops moved after the database was away for %v", away)
			}
			for _, h := range hosts {
				if h.events.count(node.Declared) > 0 {
					t.Errorf("away for %v: somebody was declared dead: %s", away, &h.events)
				}
			}
		})
	}
}

func (w *world) outage(d time.Duration) {
	w.base.mu.Lock()
	w.base.down = true
	w.base.mu.Unlock()
	w.pass(d)
	w.base.mu.Lock()
	w.base.down = false
	w.base.mu.Unlock()
}

// TestDatabaseClockIsSet: whoever compares times would declare everybody dead.
func TestDatabaseClockIsSet(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{time.Minute, -time.Minute, time.Hour} {
		inBubble(t, 30, func(w *world) {
			a, b, c := w.start("a"), w.start("b"), w.start("c")
			w.within(20*time.Second, "three", w.even(a, b, c))
			w.pass(10 * time.Second)
			before := w.base.names()
			w.base.mu.Lock()
			w.base.skew = by
			w.base.mu.Unlock()
			w.pass(time.Minute)
			if !maps.Equal(before, w.base.names()) {
				t.Errorf("shops moved when the clock was set by %v", by)
			}
			w.kill(c)
			w.base.mu.Lock()
			w.base.skew -= by // and back, at the worst moment
			w.base.mu.Unlock()
			w.within(10*time.Second, "c is taken over", w.even(a, b))
		})
	}
}

// TestSlowShopStaysAndIsTriedAgain: it holds nobody up.
func TestSlowShopStaysAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	inBubble(t, 100, func(w *world) {
		busy := time.Now().Add(20 * time.Second)
		a := w.start("a", func(_ *node.Options, e *engine) {
			e.slow = func(shop string) time.Duration {
				if time.Now().Before(busy) && shop < "shop-00060" {
					return time.Hour
				}
				return 10 * time.Millisecond
			}
		})
		w.within(3*time.Second, "a has all", w.even(a))
		b := w.start("b")
		w.within(3*time.Second, "those that can go have gone", func() bool { return b.engine.count() > 35 })
		w.pass(10 * time.Second)
		for _, shop := range w.shops[:60] {
			if !a.engine.has(shop) {
				t.Fatalf("%s did not stay", shop)
			}
		}
		w.within(30*time.Second, "evenly spread when they can", w.even(a, b))
		if a.events.count(node.LeaseLost)+b.events.count(node.LeaseLost) > 0 {
			t.Error("a lease was lost")
		}
	})
}

// TestStopWithSlowShops waits for calls in flight, not for ever.
func TestStopWithSlowShops(t *testing.T) {
	t.Parallel()
	inBubble(t, 20, func(w *world) {
		a := w.start("a", func(_ *node.Options, e *engine) {
			e.slow = func(shop string) time.Duration {
				switch shop {
				case "shop-00003":
					return time.Hour
				case "shop-00004":
					return 5 * time.Second
				}
				return 0
			}
		})
		w.within(3*time.Second, "a has all", w.even(a))
		w.pass(2 * time.Second)
		b := w.start("b", func(o *node.Options, e *engine) {})
		w.pass(2 * time.Second)
		a.stop()
		w.within(2*time.Second, "the others go at once", func() bool { return b.engine.count() >= 19 })
		w.within(18*time.Second, "the slow one goes when it can", func() bool { return b.engine.has("shop-00004") })
		w.within(25*time.Second, "the last one is cut", w.even(b))
		w.within(time.Second, "a has left", func() bool { return len(a.done) == 1 })
	})
}

// TestIdleNodeAsksLittle: however many shops it has.
func TestIdleNodeAsksLittle(t *testing.T) {
	t.Parallel()
	inBubble(t, 300, func(w *world) {
		a, b := w.start("a"), w.start("b")
		w.within(20*time.Second, "two", w.even(a, b))
		w.pass(20 * time.Second)
		w.base.mu.Lock()
		before := w.base.calls
		w.base.mu.Unlock()
		w.pass(time.Minute)
		w.base.mu.Lock()
		defer w.base.mu.Unlock()
		if perSecond := float64(w.base.calls-before) / 60 / 2; perSecond > 3 {
			t.Errorf("%.1f statements per second and node", perSecond)
		}
	})
}
