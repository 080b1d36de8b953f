package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// RunShared runs what the ledger promises of a store that several nodes have
// open at once: Open is called twice with the same place.
func RunShared(t *testing.T, open Open) {
	cases := map[string]func(*pair){
		"both append at once":             testBothAppend,
		"one order at both at once":       testOneOrderTwice,
		"one happening at both at once":   testOneHappeningTwice,
		"updates of one order at both":    testUpdatesAtBoth,
		"taking turns":                    testTurns,
		"what one appended the other has": testSeenAtOnce,
		"erased by the other":             testErasedByOther,
		"erasing while the other appends": testEraseAmongAppends,
		"clocks that differ":              testClocksDiffer,
		"a shop new to both":              testShopNewToBoth,
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(setupPair(t, open))
		})
	}
}

// pair is two nodes over one store.
type pair struct {
	*testing.T
	clocks  [2]*clock
	stores  [2]Store
	ledgers [2]*ledger.Ledger
}

func setupPair(t *testing.T, open Open) *pair {
	t.Helper()
	p, place := &pair{T: t}, t.TempDir()
	for i := range p.stores {
		p.clocks[i] = newClock()
		p.stores[i] = open(t, place, p.clocks[i].now)
		p.ledgers[i] = ledger.New(p.stores[i], ledger.Options{Shared: true})
		t.Cleanup(func() {
			if err := p.stores[i].Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return p
}

// append appends at a node.
func (p *pair) append(node int, entries ...order.Entry) []order.Receipt {
	p.Helper()
	receipts, err := p.ledgers[node].Append(p.Context(), shop, entries)
	if err != nil {
		p.Errorf("append at node %d: %v", node, err)
		return make([]order.Receipt, len(entries))
	}
	return receipts
}

// atBoth runs f at both nodes at once.
func (p *pair) atBoth(f func(node int)) {
	var wg sync.WaitGroup
	for node := range p.ledgers {
		wg.Go(func() { f(node) })
	}
	wg.Wait()
}

// verifies checks that the chain is whole and has so many events, wherever one
// asks.
func (p *pair) verifies(events int64) {
	p.Helper()
	for node, l := range p.ledgers {
		r, err := l.Verify(p.Context(), shop)
		if err != nil || r.Faults != nil || r.Events != events {
			p.Errorf("verify at node %d: %+v, %v; want %d events", node, r, err, events)
		}
	}
}

func testBothAppend(p *pair) {
	const rounds = 25
	var mu sync.Mutex
	var seqs []int64
	p.atBoth(func(node int) {
		var wg sync.WaitGroup
		for c := range 3 {
			wg.Go(func() {
				for i := range rounds {
					id := fmt.Sprintf("A-%d-%d-%d", node, c, i)
					for _, r := range p.append(node, statement(door, sale(id)), statement(door, sale(id+"-b"))) {
						mu.Lock()
						seqs = append(seqs, r.Seq)
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
	})
	slices.Sort(seqs)
	for i, s := range seqs {
		if s != int64(i+1) {
			p.Fatalf("seqs are not gapless and unique: %d at place %d", s, i+1)
		}
	}
	p.verifies(2 * 3 * rounds * 2)
}

func testOneOrderTwice(p *pair) {
	const rounds = 30
	for i := range rounds {
		var got [2]order.Receipt
		p.atBoth(func(node int) { got[node] = p.append(node, statement(door, sale(fmt.Sprint("A-", i))))[0] })
		if got[0].Seq != int64(i+1) || got[1].Seq != got[0].Seq || got[0].Known == got[1].Known || got[0].Hash != got[1].Hash {
			p.Fatalf("round %d: %+v", i, got)
		}
	}
	p.verifies(rounds)
}

func testOneHappeningTwice(p *pair) {
	p.append(0, statement(door, sale("A-1")))
	for i := range 10 {
		var got [2]order.Receipt
		h := order.Happening{Kind: order.KindRefunded, Ref: fmt.Sprint("r-", i)}
		p.atBoth(func(node int) { got[node] = p.append(node, happening(door, "A-1", h))[0] })
		if got[0].Seq != got[1].Seq || got[0].Known == got[1].Known {
			p.Fatalf("round %d: %+v", i, got)
		}
	}
	p.verifies(11)
}

func testUpdatesAtBoth(p *pair) {
	const rounds = 10
	p.append(0, statement(door, sale("A-1")))
	p.atBoth(func(node int) {
		for i := range rounds {
			o := sale("A-1")
			o.Channel = fmt.Sprint("channel-", node, "-", i)
			if r := p.append(node, statement(door, o))[0]; r.Known || r.Kind != order.KindUpdated {
				p.Errorf("node %d, update %d: %+v", node, i, r)
			}
		}
	})
	p.verifies(1 + 2*rounds)
	events, err := p.ledgers[0].Events(p.Context(), shop, "A-1")
	if err != nil || len(events) != 1+2*rounds {
		p.Errorf("%d events, %v", len(events), err)
	}
}

// testTurns lets each node find the other's news where its memory of the log
// says otherwise.
func testTurns(p *pair) {
	for i := range 40 {
		node, id := i%2, fmt.Sprint("A-", i)
		if i > 20 {
			node = i / 5 % 2 // turns of several calls
		}
		if r := p.append(node, statement(door, sale(id)))[0]; r.Known || r.Seq != int64(i+1) {
			p.Fatalf("%s: %+v", id, r)
		}
		if r := p.append(1-node, statement(door, sale(id)))[0]; !r.Known || r.Seq != int64(i+1) {
			p.Fatalf("%s again, at the other: %+v", id, r)
		}
	}
	p.verifies(40)
}

func testSeenAtOnce(p *pair) {
	ctx := p.Context()
	for i := range 10 {
		id := fmt.Sprint("A-", i)
		first := p.append(i%2, statement(door, sale(id)))[0]
		// The other node has it in mind, if a node had anything in mind.
		if _, err := p.ledgers[1-i%2].States(ctx, shop, []int64{first.Seq}); err != nil {
			p.Fatal(err)
		}
		refund := p.append(i%2, happening(door, id, order.Happening{Kind: order.KindRefunded, Ref: "r"}))[0]
		states, err := p.ledgers[1-i%2].States(ctx, shop, []int64{first.Seq})
		if err != nil || states[0] == nil || !states[0].Row.Kinds.Has(order.KindRefunded) || states[0].Row.Newest != refund.Seq {
			p.Fatalf("%s: %+v, %v", id, states[0], err)
		}
		head, err := p.ledgers[1-i%2].Head(ctx, shop)
		if err != nil || head != refund.Seq {
			p.Errorf("head %d, %v", head, err)
		}
		items, err := p.ledgers[1-i%2].Read(ctx, shop, refund.Seq-1, 10)
		if err != nil || len(items) != 1 || items[0].Event.Kind != order.KindRefunded {
			p.Errorf("%s: %d items, %v", id, len(items), err)
		}
	}
}

func testErasedByOther(p *pair) {
	ctx := p.Context()
	p.append(0, statement(door, sale("A-1")), statement(door, sale("A-2")))
	note := order.Happening{Kind: order.KindNote, Note: "Anna called"}
	p.append(0, happening(anna, "A-1", note))
	if err := p.ledgers[1].Erase(ctx, shop, "A-1"); err != nil {
		p.Fatal(err)
	}
	b := &bench{T: p.T, store: p.stores[0], ledger: p.ledgers[0], clock: p.clocks[0]}
	erased(b, "A-1")
	if r := p.append(0, statement(door, sale("A-1")))[0]; !r.Known {
		p.Errorf("again, at the node that had it: %+v", r)
	}
	if r := p.append(0, happening(anna, "A-1", note))[0]; !r.Known {
		p.Errorf("the note again: %+v", r)
	}
	o := sale("A-1")
	o.Currency = "NOK"
	if r := p.append(0, statement(door, o))[0]; r.Known {
		p.Errorf("news: %+v", r)
	}
	erased(b, "A-1")
	if s := b.state("A-2"); s.Row.Erased || s.Merged.Order.Customer == nil {
		p.Error("another order was erased too")
	}
	p.verifies(5)
}

func testEraseAmongAppends(p *pair) {
	const rounds = 8
	for i := range rounds {
		id := fmt.Sprint("A-", i)
		p.append(0, statement(door, sale(id)))
		p.atBoth(func(node int) {
			if node == 1 {
				if err := p.ledgers[1].Erase(p.Context(), shop, id); err != nil {
					p.Error(err)
				}
				return
			}
			for j := range 3 {
				o := sale(id)
				o.Currency = []string{"NOK", "DKK", "EUR"}[j]
				p.append(0, statement(door, o))
			}
		})
		b := &bench{T: p.T, store: p.stores[0], ledger: p.ledgers[0], clock: p.clocks[0]}
		erased(b, id)
	}
	p.verifies(rounds * 5)
}

func testClocksDiffer(p *pair) {
	p.clocks[1].move(-time.Minute)
	var last time.Time
	for i := range 10 {
		p.clocks[i%2].move(time.Second)
		r := p.append(i%2, statement(door, sale(fmt.Sprint("A-", i))))[0]
		if r.At.Before(last) {
			p.Errorf("accepted at %v after %v", r.At, last)
		}
		last = r.At
	}
	p.verifies(10)
}

func testShopNewToBoth(p *pair) {
	for i := range 10 {
		name := fmt.Sprint("shop-", i)
		var keys [2][]byte
		p.atBoth(func(node int) {
			var err error
			if keys[node], err = p.stores[node].Key(p.Context(), name); err != nil {
				p.Error(err)
			}
		})
		if len(keys[0]) != 32 || !bytes.Equal(keys[0], keys[1]) {
			p.Errorf("%s: the nodes have different keys", name)
		}
	}
}
