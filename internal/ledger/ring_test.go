package ledger

import (
	"fmt"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
)

// pushed pushes n items that follow seq from.
func pushed(r *ring, shop string, from, n int64, size int) {
	c := &Call{Shop: shop, size: size * int(n)}
	for i := range n {
		seq := from + i + 1
		c.items = append(c.items, Item{Event: order.Event{Shop: shop, Seq: seq, Order: seq % 7}})
	}
	r.push(c)
}

func TestRing(t *testing.T) {
	t.Parallel()
	r := newRing(10)
	f := func(after int64, limit int, first, n int64, ok bool) {
		t.Helper()
		items, got := r.read("a", after, limit)
		if got != ok || int64(len(items)) != n || n > 0 && items[0].Event.Seq != first {
			t.Errorf("read after %d: %d items, %v", after, len(items), got)
		}
	}
	f(0, 5, 0, 0, false)
	for i := range int64(30) {
		pushed(r, "a", i*3, 3, 100)
	}
	if r.head("a") != 90 || r.events != 10 {
		t.Errorf("head %d, %d events", r.head("a"), r.events)
	}
	f(79, 5, 0, 0, false) // 80 is not there any more
	f(80, 5, 81, 5, true)
	f(88, 5, 89, 2, true)
	f(90, 5, 0, 0, true) // nothing new
	f(91, 5, 0, 0, false)
	pushed(r, "a", 95, 2, 100) // a gap
	f(90, 5, 0, 0, false)
	f(95, 5, 96, 2, true)
}

func TestRingOrders(t *testing.T) {
	t.Parallel()
	r := newRing(5)
	for seq, number := range []int64{0, 1, 2, 1, 4, 2, 1, 7, 4} { // by seq
		if number != 0 {
			e := order.Event{Shop: "a", Seq: int64(seq), Order: number}
			r.push(&Call{Shop: "a", items: []Item{{Event: e, Row: Row{Newest: int64(seq)}}}})
		}
	}
	// 4 to 8 are here.
	list := r.orders("a", []int64{7, 4, 2, 1, 6, 9})
	if w := list[0]; w == nil || len(w.events) != 1 || w.row.Newest != 7 {
		t.Errorf("order 7: %+v", w)
	}
	if w := list[1]; w == nil || len(w.events) != 2 || w.row.Newest != 8 {
		t.Errorf("order 4: %+v", w)
	}
	for i, w := range list[2:] {
		if w != nil {
			t.Errorf("place %d: %+v", i, w)
		}
	}
	if len(r.shops["a"].later) != 1 {
		t.Errorf("kept of orders that are gone: %v", r.shops["a"].later)
	}
}

func TestRingIsBounded(t *testing.T) {
	t.Parallel()
	r := newRing(10)
	for i := range int64(100) {
		pushed(r, fmt.Sprint("shop", i), 0, 8, 100)
	}
	if r.events > r.total || len(r.shops) > 6 {
		t.Errorf("%d events of %d shops", r.events, len(r.shops))
	}
	if r.head("shop99") != 8 || r.head("shop0") != 0 {
		t.Error("the wrong shop gave way")
	}
	pushed(r, "big", 0, 10, 20<<20)
	if r.bytes > r.totalBytes && r.events > 1 {
		t.Errorf("%d bytes", r.bytes)
	}
}

func TestRingForgets(t *testing.T) {
	t.Parallel()
	r := newRing(100)
	pushed(r, "a", 0, 20, 100)
	r.forget("a", 3) // newest: 17
	if items, ok := r.read("a", 17, 10); !ok || len(items) != 3 {
		t.Errorf("%d items, %v", len(items), ok)
	}
	if _, ok := r.read("a", 16, 10); ok {
		t.Error("still there")
	}
	r.forget("a", 99)
	r.forget("b", 1)
}
