package node_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/node"
	"github.com/ordermux/ordermux/internal/order"
)

var (
	errElsewhere = errors.New("another node owns the shop")
	errOdd       = errors.New("odd")
)

// with gives nodes what the commands' tests need.
func with(o *node.Options, _ *engine) {
	o.Elsewhere = errElsewhere
	o.Errors = map[string]error{"odd": errOdd}
}

// two starts two nodes and returns one's shop: owner first.
func (w *world) two() (owner, other *host, shop string) {
	owner, other = w.start("a", with), w.start("b", with)
	w.within(20*time.Second, "two", w.even(owner, other))
	w.pass(2 * time.Second)
	for _, shop := range w.shops {
		if owner.engine.has(shop) {
			return owner, other, shop
		}
	}
	w.Fatal("the first one owns nothing")
	return nil, nil, ""
}

func answer(text string) node.Handler {
	return func(_ context.Context, shop string, args []byte) ([]byte, error) {
		return []byte(text + " " + shop + " " + string(args)), nil
	}
}

func TestAskRunsWhereTheShopIs(t *testing.T) {
	t.Parallel()
	inBubble(t, 10, func(w *world) {
		a, b, shop := w.two()
		a.Handle("do", answer("a"))
		b.Handle("do", answer("b"))
		for _, h := range []*host{a, b} {
			begun := time.Now()
			out, err := h.Ask(w.Context(), shop, "do", []byte("x"))
			if err != nil || string(out) != "a "+shop+" x" {
				t.Errorf("%s: %q, %v", h.name, out, err)
			}
			if took := time.Since(begun); took > 100*time.Millisecond {
				t.Errorf("%s: took %v", h.name, took)
			}
		}
		if w.base.waiting() > 0 {
			t.Error("commands are left")
		}
	})
}

func TestErrorsKeepTheirKind(t *testing.T) {
	t.Parallel()
	inBubble(t, 10, func(w *world) {
		a, b, shop := w.two()
		var fail error
		a.Handle("do", func(context.Context, string, []byte) ([]byte, error) { return nil, fail })
		a.Handle("panic", func(context.Context, string, []byte) ([]byte, error) { panic("at the disco") })
		for _, kind := range []error{order.ErrNotFound, order.ErrBusy, order.ErrConflict, order.ErrReadOnly, errOdd} {
			fail = fmt.Errorf("here: %w", kind)
			if _, err := b.Ask(w.Context(), shop, "do", nil); !errors.Is(err, kind) || err.Error() != fail.Error() {
				t.Errorf("%v became %v", fail, err)
			}
		}
		fail = order.Refuse("a.b", order.Required, "is missing")
		var refused *order.Invalid
		if _, err := b.Ask(w.Context(), shop, "do", nil); !errors.As(err, &refused) || refused.Faults[0].Path != "a.b" {
			t.Errorf("a refusal became %v", err)
		}
		for _, kind := range []string{"panic", "nobody knows"} {
			if _, err := b.Ask(w.Context(), shop, kind, nil); err == nil || errors.Is(err, node.ErrUnknown) {
				t.Errorf("%s: %v", kind, err)
			}
		}
	})
}

// TestNobodyTakesIt: the owner is dead and not yet replaced. Nothing is done
// later.
func TestNobodyTakesIt(t *testing.T) {
	t.Parallel()
	inBubble(t, 10, func(w *world) {
		a, b, shop := w.two()
		done := 0
		do := func(context.Context, string, []byte) ([]byte, error) { done++; return nil, nil }
		a.Handle("do", do)
		b.Handle("do", do)
		w.kill(a)
		_, err := b.Ask(w.Context(), shop, "do", nil)
		if !errors.Is(err, node.ErrNobody) || !errors.Is(err, order.ErrBusy) {
			t.Errorf("%v", err)
		}
		short, cancel := context.WithTimeout(w.Context(), 500*time.Millisecond)
		defer cancel()
		if _, err := b.Ask(short, shop, "do", nil); !errors.Is(err, node.ErrNobody) {
			t.Errorf("%v", err)
		}
		w.within(10*time.Second, "b has all", w.even(b))
		w.pass(10 * time.Second)
		if done != 0 || w.base.waiting() > 0 {
			t.Errorf("done %d times, left %d", done, w.base.waiting())
		}
		if _, err := b.Ask(w.Context(), shop, "do", nil); err != nil || done != 1 {
			t.Errorf("%v, done %d times", err, done)
		}
	})
}

// TestOwnerDiesOverIt: nobody knows whether it was done, and nobody does it
// again.
func TestOwnerDiesOverIt(t *testing.T) {
	t.Parallel()
	inBubble(t, 10, func(w *world) {
		a, b, shop := w.two()
		begun := make(chan struct{})
		a.Handle("do", func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
			close(begun)
			<-ctx.Done()
			return nil, ctx.Err()
		})
		again := 0
		b.Handle("do", func(context.Context, string, []byte) ([]byte, error) { again++; return nil, nil })
		go func() { <-begun; w.kill(a) }()
		if _, err := b.Ask(w.Context(), shop, "do", nil); !errors.Is(err, node.ErrUnknown) {
			t.Errorf("%v", err)
		}
		w.pass(20 * time.Second)
		if again > 0 {
			t.Error("done again")
		}
	})
}

// TestCommandFollowsTheShop: the one that takes it loses the shop just then.
func TestCommandFollowsTheShop(t *testing.T) {
	t.Parallel()
	inBubble(t, 10, func(w *world) {
		a, b, shop := w.two()
		asked := 0
		a.Handle("do", func(context.Context, string, []byte) ([]byte, error) {
			if asked++; asked == 1 {
				a.stop()
			}
			return nil, errElsewhere
		})
		b.Handle("do", answer("b"))
		c := w.start("c", with)
		w.pass(3 * time.Second)
		c.Handle("do", answer("b"))
		out, err := b.Ask(w.Context(), shop, "do", nil)
		if err != nil || string(out) != "b "+shop+" " {
			t.Errorf("%q, %v", out, err)
		}
	})
}

// TestAskWithoutHints: slower, but it works.
func TestAskWithoutHints(t *testing.T) {
	t.Parallel()
	inBubble(t, 10, func(w *world) {
		a, b, shop := w.two()
		a.Handle("do", answer("a"))
		for _, h := range []*host{a, b} {
			w.base.mu.Lock()
			delete(w.base.ears, h.ID())
			w.base.mu.Unlock()
		}
		out, err := b.Ask(w.Context(), shop, "do", nil)
		if err != nil || string(out) != "a "+shop+" " {
			t.Errorf("%q, %v", out, err)
		}
	})
}

func TestAskAll(t *testing.T) {
	t.Parallel()
	inBubble(t, 5, func(w *world) {
		a, b, _ := w.two()
		c := w.start("c", with)
		w.pass(3 * time.Second)
		for _, h := range []*host{a, b, c} {
			h.Handle("do", answer(h.name))
		}
		w.kill(b)
		replies, err := c.AskAll(w.Context(), "do", []byte("x"))
		if err != nil || len(replies) != 3 {
			t.Fatalf("%v, %v", replies, err)
		}
		for i, want := range []string{"a _hub x", "", "c _hub x"} {
			if got := string(replies[i].Answer); got != want {
				t.Errorf("%s answered %q", replies[i].Node.Name, got)
			}
		}
		if !errors.Is(replies[1].Err, node.ErrSilent) {
			t.Errorf("the dead one: %v", replies[1].Err)
		}
	})
}

// TestManyCommands: some are worked on at a time, all are done.
func TestManyCommands(t *testing.T) {
	t.Parallel()
	inBubble(t, 10, func(w *world) {
		a, b, shop := w.two()
		a.Handle("do", func(context.Context, string, []byte) ([]byte, error) {
			time.Sleep(100 * time.Millisecond)
			return []byte("done"), nil
		})
		failed := make(chan error, 200)
		for range cap(failed) {
			go func() {
				out, err := b.Ask(context.Background(), shop, "do", nil)
				if err == nil && string(out) != "done" {
					err = errOdd
				}
				failed <- err
			}()
		}
		for range cap(failed) {
			if err := <-failed; err != nil {
				t.Fatal(err)
			}
		}
	})
}
