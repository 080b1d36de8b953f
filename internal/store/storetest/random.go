package storetest

import (
	"fmt"
	"slices"
	"sync"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/order/ordertest"
	"pgregory.net/rapid"
)

// testManyCallers lets many goroutines append the same few orders at once.
func testManyCallers(b *bench) {
	const callers, rounds, ids = 16, 30, 40
	receipts := make([][]order.Receipt, callers)
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for r := range rounds {
				var entries []order.Entry
				for i := range 1 + (c+r)%3 {
					o := sale(fmt.Sprint("A-", (c*7+r*3+i)%ids))
					if (c+r)%5 == 0 {
						o.Channel = "other"
					}
					entries = append(entries, statement(door, o))
				}
				list, err := b.ledger.Append(b.Context(), shop, entries)
				if err != nil {
					b.Error(err)
					return
				}
				receipts[c] = append(receipts[c], list...)
			}
		})
	}
	wg.Wait()
	var seqs []int64
	hashes := map[int64]string{}
	for _, list := range receipts {
		for _, r := range list {
			if !r.Known {
				seqs = append(seqs, r.Seq)
			}
			if h, ok := hashes[r.Seq]; ok && h != r.Hash {
				b.Errorf("seq %d has two hashes", r.Seq)
			}
			hashes[r.Seq] = r.Hash
		}
	}
	slices.Sort(seqs)
	for i, s := range seqs {
		if s != int64(i+1) {
			b.Fatalf("new seqs are not gapless and unique: %d at place %d", s, i+1)
		}
	}
	if head := b.head(); head != int64(len(seqs)) {
		b.Errorf("head %d after %d new events", head, len(seqs))
	}
	warm, err := b.ledger.Read(b.Context(), shop, 0, 1000)
	if err != nil || len(warm) != min(len(seqs), 1000) {
		b.Errorf("ring holds %d, %v", len(warm), err)
	}
	b.verifies()
}

// testRandomOrders appends arbitrary orders and compares what comes back.
func testRandomOrders(b *bench) {
	n := 0
	rapid.Check(b.T, func(t *rapid.T) {
		n++
		o := *ordertest.Order().Draw(t, "order")
		o.ID = fmt.Sprint("R-", n)
		h := *ordertest.Happening().Draw(t, "happening")
		entries := []order.Entry{statement(door, o), happening(api, o.ID, h)}
		if order.Validate(&o) != nil || order.ValidateHappening(&h) != nil || h.Kind == order.KindErased {
			return // the generator is wider than what is accepted
		}
		first, err := b.ledger.Append(b.Context(), shop, entries)
		if err != nil {
			t.Fatal(err)
		}
		again, err := b.cold().Append(b.Context(), shop, entries)
		if err != nil || !again[0].Known || !again[1].Known || again[0].Hash != first[0].Hash {
			t.Fatalf("again: %+v, %v", again, err)
		}
		events, err := b.cold().Events(b.Context(), shop, o.ID)
		if err != nil || len(events) != 2 {
			t.Fatalf("%d events, %v", len(events), err)
		}
		if d := order.Diff(&o, events[0].Statement); len(d) > 0 {
			t.Fatalf("read back, differs in %v", d)
		}
		if got := events[1].Happening; got.Note != h.Note || got.Ref != h.Ref || got.Kind != h.Kind || len(got.Extra) != len(h.Extra) {
			t.Fatalf("happening %+v instead of %+v", got, h)
		}
	})
	b.verifies()
}

// model is what random calls must come to: per order and source the last
// statement.
type model struct {
	head  int64
	last  map[string]string // order and source → currency
	first map[string]int64  // order → number
}

// testRandomCalls compares random calls of several sources with the model.
func testRandomCalls(b *bench) {
	sources := []order.Source{door, public, api}
	run := 0
	rapid.Check(b.T, func(t *rapid.T) {
		run++
		shop := fmt.Sprint("shop-", run)
		m := model{last: map[string]string{}, first: map[string]int64{}}
		for range rapid.IntRange(1, 8).Draw(t, "calls") {
			var entries []order.Entry
			for range rapid.IntRange(1, 4).Draw(t, "entries") {
				o := sale(rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "id"))
				o.Currency = rapid.SampledFrom([]string{"SEK", "NOK"}).Draw(t, "currency")
				entries = append(entries, statement(rapid.SampledFrom(sources).Draw(t, "source"), o))
			}
			receipts, err := b.ledger.Append(b.Context(), shop, entries)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range receipts {
				m.step(t, &entries[i], r)
			}
		}
		m.compare(t, b, shop)
	})
}

// step moves the model on and compares a receipt with it.
func (m *model) step(t *rapid.T, e *order.Entry, r order.Receipt) {
	id, currency := e.Subject.ID, e.Statement.Order.Currency
	key := id + " " + e.Source.Name
	if m.last[key] == currency {
		if !r.Known {
			t.Fatalf("%s %s: news instead of known: %+v", key, currency, r)
		}
		return
	}
	m.head++
	kind := order.KindUpdated
	if m.first[id] == 0 {
		m.first[id], kind = m.head, order.KindPlaced
	}
	if r.Known || r.Seq != m.head || r.Kind != kind {
		t.Fatalf("%s %s: %+v instead of %s at %d", key, currency, r, kind, m.head)
	}
	m.last[key] = currency
}

func (m *model) compare(t *rapid.T, b *bench, shop string) {
	for _, l := range []*ledger.Ledger{b.ledger, b.cold()} {
		for id, number := range m.first {
			states, err := l.StatesByID(b.Context(), shop, []string{id})
			if err != nil || states[0].Row.First != number {
				t.Fatalf("%s: %+v, %v", id, states[0], err)
			}
			for _, layer := range states[0].Layers {
				if want := m.last[id+" "+layer.Source.Name]; layer.Statement.Currency != want {
					t.Fatalf("%s of %s: %s instead of %s", id, layer.Source.Name, layer.Statement.Currency, want)
				}
			}
		}
		r, err := l.Verify(b.Context(), shop)
		if err != nil || r.Faults != nil || r.Events != m.head {
			t.Fatalf("verify: %+v, %v", r, err)
		}
	}
}
