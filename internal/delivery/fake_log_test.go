package delivery_test

import (
	"context"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// fakeLog is a ledger in memory: what the engine needs of it.
type fakeLog struct {
	mu     sync.Mutex
	events []order.Event
	kinds  map[int64]ledger.Kinds
	byID   map[string]int64
	reads  int           // of States
	fault  error         // of Read
	pause  time.Duration // that Head takes
}

func newLog() *fakeLog {
	return &fakeLog{kinds: map[int64]ledger.Kinds{}, byID: map[string]int64{}}
}

// add appends an event and returns the new head.
func (l *fakeLog) add(e order.Event) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Seq = int64(len(l.events)) + 1
	if e.Subject.Kind == "" {
		e.Subject.Kind = order.SubjectOrder
	}
	if _, ok := l.byID[e.Subject.ID]; !ok {
		l.byID[e.Subject.ID] = e.Seq
	}
	e.Order = l.byID[e.Subject.ID]
	if e.Kind == "" {
		e.Kind = order.KindPlaced
		if e.Order != e.Seq {
			e.Kind = order.KindUpdated
		}
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	if e.Source.Name == "" {
		e.Source = order.Source{Name: "api:erp", Rank: order.RankShop}
	}
	l.kinds[e.Order] |= ledger.KindsOf(e.Kind)
	l.events = append(l.events, e)
	return e.Seq
}

func (l *fakeLog) row(ord int64) ledger.Row {
	r := ledger.Row{First: ord, Kinds: l.kinds[ord], Public: true}
	for i := range l.events {
		e := &l.events[i]
		if e.Order != ord {
			continue
		}
		if e.Seq == ord {
			r.Subject, r.History = e.Subject, e.History
		}
		r.Newest = e.Seq
		r.Erased = r.Erased || e.Kind == order.KindErased
		if e.Statement != nil {
			r.Stated = true
			r.Public = r.Public && e.Source.Public()
		}
	}
	r.Public = r.Public && r.Stated
	return r
}

func (l *fakeLog) newest(ord int64) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.events) - 1; i >= 0; i-- {
		if l.events[i].Order == ord {
			return l.events[i].Seq
		}
	}
	return 0
}

func (l *fakeLog) Read(_ context.Context, _ string, after int64, limit int) ([]ledger.Item, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault != nil {
		return nil, l.fault
	}
	var items []ledger.Item
	for i := max(after, 0); i < int64(len(l.events)) && len(items) < limit; i++ {
		items = append(items, ledger.Item{Event: l.events[i], Row: l.row(l.events[i].Order)})
	}
	return items, nil
}

// slow lets Head take its time.
func (l *fakeLog) slow(pause time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pause = pause
}

func (l *fakeLog) Head(context.Context, string) (int64, error) {
	l.mu.Lock()
	pause := l.pause
	l.mu.Unlock()
	time.Sleep(pause)
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(len(l.events)), nil
}

func (l *fakeLog) SeqAt(_ context.Context, _ string, t time.Time) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var seq int64
	for i := range l.events {
		if !l.events[i].At.After(t) {
			seq = l.events[i].Seq
		}
	}
	return seq, nil
}

func (l *fakeLog) States(_ context.Context, _ string, numbers []int64) ([]*ledger.State, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	states := make([]*ledger.State, len(numbers))
	for i, n := range numbers {
		var events []order.Event
		for _, e := range l.events {
			if e.Order == n {
				events = append(events, e)
			}
		}
		if len(events) == 0 {
			continue
		}
		layers := order.Layers(events)
		row := l.row(n)
		merged := order.Merge(layers)
		if row.Erased && merged.Order != nil {
			public, _ := merged.Order.Split()
			merged.Order = &public
		}
		states[i] = &ledger.State{Row: row, Merged: merged, Layers: layers}
	}
	return states, nil
}

func (l *fakeLog) StatesByID(ctx context.Context, shop string, ids []string) ([]*ledger.State, error) {
	states := make([]*ledger.State, len(ids))
	for i, id := range ids {
		l.mu.Lock()
		n, ok := l.byID[id]
		l.mu.Unlock()
		if ok {
			one, err := l.States(ctx, shop, []int64{n})
			if err != nil {
				return nil, err
			}
			states[i] = one[0]
		}
	}
	return states, nil
}
