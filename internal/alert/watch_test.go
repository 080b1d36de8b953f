package alert_test

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/delivery"
)

// wrong is what is wrong, by shop.
type wrong struct {
	mu    sync.Mutex
	shops map[string][]alert.Trouble
	asked int
}

func (w *wrong) set(shop string, list ...alert.Trouble) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shops == nil {
		w.shops = map[string][]alert.Trouble{}
	}
	w.shops[shop] = list
}

func (w *wrong) gather(_ context.Context, shop string) ([]alert.Trouble, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	if shop == "elsewhere" {
		return nil, delivery.ErrElsewhere
	}
	return w.shops[shop], nil
}

// books keeps the books of all nodes.
type books struct {
	mu   sync.Mutex
	kept map[string]memory
	ops  int
}

type bookState struct {
	of   *books
	shop string
}

func (b *books) state(shop string) alert.State { return bookState{b, shop} }

func (s bookState) Get(ctx context.Context, key string) ([]byte, bool, error) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.ops++
	return s.of.kept[s.shop].Get(ctx, key)
}

func (s bookState) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	s.of.ops++
	if s.of.kept == nil {
		s.of.kept = map[string]memory{}
	}
	if s.of.kept[s.shop] == nil {
		s.of.kept[s.shop] = memory{}
	}
	return s.of.kept[s.shop].Put(ctx, key, value, ttl)
}

func newWatcher(w *wrong, b *books, channels ...alert.Channel) *alert.Watcher {
	watcher := alert.NewWatcher(alert.WatcherOptions{
		State: b.state, Gather: w.gather, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	watcher.Use(channels...)
	return watcher
}

// runWatcher runs one until the test ends.
func runWatcher(t *testing.T, w *alert.Watcher) {
	ctx, cancel := context.WithCancel(t.Context())
	go w.Run(ctx, 30*time.Second)
	t.Cleanup(cancel)
	synctest.Wait()
}

func TestWatcher(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, now := &ear{name: "mail"}, &wrong{}
		w := newWatcher(now, &books{}, e)
		w.Keep("nordlys", alert.Hub)
		runWatcher(t, w)
		now.set("nordlys", blocked)
		time.Sleep(29 * time.Second)
		synctest.Wait()
		e.expect(t)
		time.Sleep(time.Second)
		synctest.Wait()
		e.expect(t, "route_blocked nordlys/ads raised")
		now.set("nordlys")
		w.Nudge("nordlys")
		w.Nudge("nordlys")
		synctest.Wait()
		e.expect(t, "route_blocked nordlys/ads ended")
		now.set(alert.Hub, full)
		w.Nudge("nordlys")
		synctest.Wait()
		e.expect(t)
		w.Nudge()
		synctest.Wait()
		e.expect(t, "disk_full / raised")
		if open := w.Open(); len(open) != 1 || open[0].Trouble.Kind != alert.DiskFull {
			t.Errorf("%+v", open)
		}
	})
}

// TestIdleShopsCostNothing counts what many shops without a trouble ask of the
// state: each book is read once, ever.
func TestIdleShopsCostNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &books{}
		w := newWatcher(&wrong{}, b)
		for _, shop := range []string{"a", "b", "c", "elsewhere"} {
			w.Keep(shop)
		}
		runWatcher(t, w)
		time.Sleep(time.Hour)
		synctest.Wait()
		if b.ops != 3 {
			t.Errorf("%d", b.ops)
		}
	})
}

// TestAHandOver gives a book to another watcher: nothing is told twice, and the
// end is told by the other.
func TestAHandOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first, second, b, now := &ear{name: "mail"}, &ear{name: "mail"}, &books{}, &wrong{}
		one, two := newWatcher(now, b, first), newWatcher(now, b, second)
		now.set("nordlys", blocked)
		one.Keep("nordlys")
		runWatcher(t, one)
		runWatcher(t, two)
		first.expect(t, "route_blocked nordlys/ads raised")
		if !one.Release("nordlys", time.Second) {
			t.Error("not released")
		}
		two.Keep("nordlys")
		time.Sleep(time.Minute)
		synctest.Wait()
		now.set("nordlys")
		time.Sleep(time.Minute)
		synctest.Wait()
		first.expect(t)
		second.expect(t, "route_blocked nordlys/ads ended")
	})
}

// slowEar hears slowly, unless it is broken off.
type slowEar struct{ ear }

func (s *slowEar) Tell(ctx context.Context, n alert.Notice) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(10 * time.Second):
		return s.ear.Tell(ctx, n)
	}
}

func TestABookIsGivenUpWhileItIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, b, now := &slowEar{ear{name: "mail"}}, &books{}, &wrong{}
		now.set("nordlys", blocked)
		w := newWatcher(now, b, e)
		w.Keep("nordlys")
		runWatcher(t, w)
		if w.Release("nordlys", time.Second) {
			t.Error("released while it was told")
		}
		if !w.Release("nordlys", time.Minute) {
			t.Error("not released afterwards")
		}
		e.expect(t, "route_blocked nordlys/ads raised")

		// At once: nothing is told or written any more.
		now.set("nordlys")
		w.Keep("nordlys")
		synctest.Wait()
		kept := maps.Clone(b.kept["nordlys"])
		w.Drop("nordlys")
		time.Sleep(time.Hour)
		synctest.Wait()
		e.expect(t)
		if string(kept["alerts/open"]) != string(b.kept["nordlys"]["alerts/open"]) {
			t.Error("the book was written after it was given up")
		}
	})
}
