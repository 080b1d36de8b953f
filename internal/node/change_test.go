package node_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/node"
)

// TestAppendsReachTheOwner: at once here, by a hint elsewhere, by the poll if
// the hint is lost.
func TestAppendsReachTheOwner(t *testing.T) {
	t.Parallel()
	inBubble(t, 10, func(w *world) {
		a, b, shop := w.two()
		a.Appended(shop, w.base.append(shop))
		if a.engine.head(shop) != 1 {
			t.Error("the owner does not hear itself at once")
		}
		for range 100 {
			b.Appended(shop, w.base.append(shop))
		}
		w.within(60*time.Millisecond, "the hint", func() bool { return a.engine.head(shop) == 101 })
		w.base.append(shop)
		w.within(1100*time.Millisecond, "the poll", func() bool { return a.engine.head(shop) == 102 })
		if b.engine.head(shop) != 0 {
			t.Error("another one heard of it")
		}
	})
}

// TestAppendWhileShopMoves is not lost.
func TestAppendWhileShopMoves(t *testing.T) {
	t.Parallel()
	inBubble(t, 10, func(w *world) {
		a, b, shop := w.two()
		var appends sync.WaitGroup
		defer appends.Wait()
		appends.Go(func() {
			for range 50 {
				b.Appended(shop, w.base.append(shop))
				time.Sleep(10 * time.Millisecond)
			}
		})
		a.stop()
		w.within(5*time.Second, "b has all", w.even(b))
		w.within(2*time.Second, "all appends", func() bool { return b.engine.head(shop) == 50 })
	})
}

// TestNewConfiguration goes round: what is new is taken, what is gone is left,
// and nodes that know different shops do not push them to and fro.
func TestNewConfiguration(t *testing.T) {
	t.Parallel()
	inBubble(t, 20, func(w *world) {
		a, b, gone := w.two()
		later := append(slices.Clone(w.shops), "new-1", "new-2")
		later = slices.DeleteFunc(later, func(s string) bool { return s == gone })
		a.SetShops(later)
		w.pass(30 * time.Second)
		moved := w.base.epochs()
		w.pass(30 * time.Second)
		if !maps.Equal(moved, w.base.epochs()) {
			t.Error("shops move to and fro")
		}
		if !a.engine.has("new-1") || !b.engine.has(gone) {
			t.Error("new and old shops are not where they are known")
		}
		w.shops = later
		b.SetShops(later)
		w.within(20*time.Second, "even again", w.even(a, b))
		w.within(15*time.Second, "what is gone is nobody's", func() bool { return w.base.owner(gone) == "" })
		w.shops = append(w.shops, gone)
		a.SetShops(w.shops)
		b.SetShops(w.shops)
		w.within(20*time.Second, "it is back", w.even(a, b))
	})
}

// TestOpeningIsTriedAgain: trouble of the database, told once.
func TestOpeningIsTriedAgain(t *testing.T) {
	t.Parallel()
	inBubble(t, 20, func(w *world) {
		var good atomic.Bool
		var tries atomic.Int64
		a := w.start("a", func(_ *node.Options, e *engine) {
			e.fails = func(ctx context.Context, shop string) error {
				if shop != "shop-00003" || good.Load() {
					return nil
				}
				tries.Add(1)
				return errors.New("no luck")
			}
		})
		w.within(5*time.Second, "the others", func() bool { return a.engine.count() == 20 })
		w.pass(20 * time.Second)
		if n := tries.Load(); n < 5 || n > 20 {
			t.Errorf("tried %d times", n)
		}
		if n := a.events.count(node.Stuck); n != 1 {
			t.Errorf("told %d times", n)
		}
		good.Store(true)
		w.within(6*time.Second, "all", w.even(a))
	})
}

// TestSlowOpeningHoldsNobodyUp: the beats go on, and other shops are opened.
func TestSlowOpeningHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	inBubble(t, 50, func(w *world) {
		a := w.start("a", func(_ *node.Options, e *engine) {
			e.fails = func(ctx context.Context, shop string) error {
				if shop != node.Hub && shop < "shop-00010" {
					<-ctx.Done()
					return ctx.Err()
				}
				return nil
			}
		})
		w.within(5*time.Second, "the others", func() bool { return a.engine.count() == 41 })
		w.pass(time.Minute)
		if a.events.count(node.LeaseLost) > 0 {
			t.Errorf("the lease was lost: %s", &a.events)
		}
	})
}

// TestLostShopIsLookedAt: taken from under us it is dropped; if it is still
// ours it is opened again.
func TestLostShopIsLookedAt(t *testing.T) {
	t.Parallel()
	inBubble(t, 10, func(w *world) {
		a, b, shop := w.two()
		w.base.mu.Lock()
		o := w.base.owners[shop]
		o.Node, o.Epoch = b.ID(), o.Epoch+1
		w.base.owners[shop] = o
		w.base.mu.Unlock()
		a.engine.Lose(shop)
		a.Lost(shop)
		w.within(20*time.Second, "b has it", func() bool { return b.engine.has(shop) || a.engine.has(shop) })
		w.within(30*time.Second, "even", w.even(a, b))
		for _, h := range []*host{a, b} {
			if h.engine.has(shop) {
				h.engine.Lose(shop)
				h.Lost(shop)
				w.within(2*time.Second, "opened again", func() bool { return h.engine.has(shop) })
				break
			}
		}
	})
}

// TestShopTakenFromUnderUs is noticed by a look, even if nobody says so.
func TestShopTakenFromUnderUs(t *testing.T) {
	t.Parallel()
	inBubble(t, 10, func(w *world) {
		a, b, shop := w.two()
		w.base.mu.Lock()
		o := w.base.owners[shop]
		old := o.Epoch
		o.Node, o.Epoch = b.ID(), old+1
		w.base.owners[shop] = o
		w.base.mu.Unlock()
		// Until then the epoch is what keeps the first one from writing.
		w.within(20*time.Second, "the new epoch is in force", func() bool { return a.engine.epoch(shop) != old })
		w.within(20*time.Second, "even", w.even(a, b))
	})
}

// TestDifferentConfigurations are seen by all.
func TestDifferentConfigurations(t *testing.T) {
	t.Parallel()
	inBubble(t, 5, func(w *world) {
		var other atomic.Bool
		a := w.start("a")
		b := w.start("b", func(o *node.Options, _ *engine) {
			o.Report = func() node.Report {
				if other.Load() {
					return node.Report{Config: "other", Totals: []byte("{}")}
				}
				return node.Report{Config: "c"}
			}
		})
		w.within(20*time.Second, "two", w.even(a, b))
		w.pass(2 * time.Second)
		if !a.Agreed() || !b.Agreed() {
			t.Error("they do not agree")
		}
		other.Store(true)
		b.SetShops(w.shops)
		w.pass(2 * time.Second)
		if a.Agreed() || b.Agreed() {
			t.Error("they agree")
		}
		list, err := a.Nodes(w.Context())
		if err != nil || len(list) != 2 {
			t.Fatal(list, err)
		}
		for _, s := range list {
			if s.State != node.Living || s.Here != (s.Name == "a") || s.Name == "b" && (s.Config != "other" || string(s.Totals) != "{}") {
				t.Errorf("%+v", s)
			}
		}
	})
}
