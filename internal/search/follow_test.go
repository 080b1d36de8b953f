package search_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/search"
)

// wide is a log of orders with very many lines, and an index that counts.
type wide struct {
	search.Store
	search.Log
	events, lines int

	mu               sync.Mutex
	at               int64
	entries          int // since the index moved
	most, now, crowd int
}

func (w *wide) Read(_ context.Context, shop string, after int64, limit int) (items []ledger.Item, err error) {
	for n := after + 1; n <= int64(w.events) && len(items) < min(limit, 5); n++ {
		o := &order.Order{ID: fmt.Sprint(n), Lines: make([]order.Line, w.lines)}
		for i := range o.Lines {
			o.Lines[i].Product.Code = fmt.Sprint("P-", n, "-", i)
		}
		items = append(items, ledger.Item{Event: order.Event{
			Shop: shop, Seq: n, Order: n, Subject: order.Subject{Kind: order.SubjectOrder, ID: o.ID}, Statement: o,
		}})
	}
	return items, nil
}

func (w *wide) Indexed(context.Context, string) (int64, error) { return w.at, nil }

func (w *wide) Index(_ context.Context, _ string, p search.Piece) (bool, error) {
	w.mu.Lock()
	w.now++
	w.crowd = max(w.crowd, w.now)
	w.entries += len(p.Entries)
	w.most = max(w.most, w.entries)
	if p.To > p.After {
		w.at, w.entries = p.To, 0
	}
	w.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now--
	return true, nil
}

// TestFollowerIsBounded: what a step holds does not grow with the orders' lines,
// and no more pieces wait for the store than are said to.
func TestFollowerIsBounded(t *testing.T) {
	t.Parallel()
	w := &wide{events: 12, lines: 10_000}
	f := search.Follower{Store: w, Log: w, Key: func(context.Context, string) ([]byte, error) { return []byte("key"), nil }, Together: func() int { return 3 }}
	steps := 0
	for more := true; more; steps++ {
		var err error
		if more, err = f.Step(t.Context(), "nordlys"); err != nil {
			t.Fatal(err)
		}
	}
	if w.at != 12 || steps < 2 || w.most > 110_000 || w.crowd > 3 {
		t.Errorf("at %d after %d steps, %d entries at most, %d at a time", w.at, steps, w.most, w.crowd)
	}
}
