package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

const aDay = 24 * time.Hour

// cut removes what is older than some days, and returns where the log begins.
func (b *bench) cut(days int) (at ledger.Checkpoint, need ledger.Need) {
	b.Helper()
	for more := true; more; {
		var err error
		if at, need, more, err = b.ledger.CutStep(b.Context(), shop, b.clock.now().Add(-time.Duration(days)*aDay), nil); err != nil {
			b.Fatal(err)
		}
	}
	return at, need
}

// ids returns the orders of the log's events from its beginning on.
func (b *bench) ids() (warm, cold []string) {
	b.Helper()
	for i, l := range []*ledger.Ledger{b.ledger, b.cold()} {
		items, err := l.Read(b.Context(), shop, 0, 1000)
		if err != nil {
			b.Fatal(err)
		}
		for _, it := range items {
			if i == 0 {
				warm = append(warm, it.Event.Subject.ID)
			} else {
				cold = append(cold, it.Event.Subject.ID)
			}
		}
	}
	return warm, cold
}

func (b *bench) reads(want ...string) {
	b.Helper()
	if warm, cold := b.ids(); !slices.Equal(warm, want) || !slices.Equal(cold, want) {
		b.Errorf("the log is of %v, from the store %v, want %v", warm, cold, want)
	}
}

func testCut(b *bench) {
	told := sale("A-1")
	told.References = []order.Reference{{Kind: "hub", Value: "H-1"}}
	b.one(statement(door, told))
	b.one(statement(door, sale("A-2")))
	b.one(happening(door, "A-1", order.Happening{Kind: order.KindShipped, Note: "to Anna"}))
	b.one(statement(api, sale("A-1")))
	b.clock.move(10 * aDay)
	b.one(happening(door, "A-2", order.Happening{Kind: order.KindDelivered}))
	b.one(statement(door, sale("A-3")))

	at, need := b.cut(5)
	if at.Seq != 1 || need != (ledger.Need{Seq: 2, Why: ledger.NeedRecent}) {
		b.Fatalf("the log begins behind %d, and needs %+v", at.Seq, need)
	}
	for range 2 {
		b.verifies()
		b.reads("A-2", "A-2", "A-3")
		if b.state("A-1") != nil {
			b.Error("the order is still there")
		}
		if _, err := b.ledger.Events(b.Context(), shop, "A-1"); !errors.Is(err, order.ErrNotFound) {
			b.Errorf("events of a removed order: %v", err)
		}
		if id, ok, err := b.ledger.Resolve(b.Context(), shop, door.Name, "H-1"); ok || err != nil {
			b.Errorf("its reference leads to %q, %v", id, err)
		}
		if r, err := b.ledger.Verify(b.Context(), shop); err != nil || r.Start != 1 || r.Events != 6 {
			b.Errorf("verified: %+v, %v", r, err)
		}
		b.reopen()
	}
	// What comes late of a removed order is news.
	if r := b.one(statement(door, told)); r.Known || r.Seq != 7 || b.state("A-1").Row.First != 7 {
		b.Errorf("a late statement: %+v", r)
	}
	b.reads("A-2", "A-2", "A-3", "A-1")
	b.verifies()
}

func testCutAll(b *bench) {
	const n = 700 // several steps, and blocks of the lists by source
	var entries []order.Entry
	for i := range n {
		entries = append(entries, statement(door, sale(fmt.Sprint("A-", i))))
	}
	b.append(entries...)
	b.clock.move(10 * aDay)
	if at, need := b.cut(20); at.Seq != 0 || need.Seq != 0 {
		b.Errorf("cut at %d, needs %+v", at.Seq, need)
	}
	if at, _ := b.cut(5); at.Seq != n || b.head() != n {
		b.Errorf("cut at %d, the head is %d", at.Seq, b.head())
	}
	b.reads()
	b.verifies()
	if list, err := b.ledger.ListLayers(b.Context(), shop, door.Name, 0, 10); err != nil || len(list) != 0 {
		b.Errorf("orders of the source: %d, %v", len(list), err)
	}
	b.reopen()
	b.verifies()
	if seq, err := b.ledger.SeqAt(b.Context(), shop, b.clock.now()); err != nil || seq != n {
		b.Errorf("the newest seq is %d, %v", seq, err)
	}
	if r := b.one(statement(door, sale("B-1"))); r.Seq != n+1 {
		b.Errorf("receipt: %+v", r)
	}
	b.verifies()
	b.reads("B-1")
}

// meddled is a store in which something happens between reading and writing.
type meddled struct {
	Store
	meddle func()
}

func (m meddled) Cut(ctx context.Context, c *ledger.Cut) error {
	m.meddle()
	return m.Store.Cut(ctx, c)
}

func testCutLate(b *bench) {
	b.one(statement(door, sale("A-1")))
	b.one(statement(door, sale("A-2")))
	b.clock.move(10 * aDay)
	before := b.clock.now().Add(-5 * aDay)
	late := ledger.New(meddled{b.store, func() { b.one(happening(door, "A-2", order.Happening{Kind: order.KindShipped})) }}, ledger.Options{})
	if _, _, _, err := late.CutStep(b.Context(), shop, before, nil); !errors.Is(err, ledger.ErrNeeded) {
		b.Errorf("cut although an order had news: %v", err)
	}
	b.reads("A-1", "A-2", "A-2")
	twice := ledger.New(meddled{b.store, func() { b.cut(5) }}, ledger.Options{})
	if _, _, _, err := twice.CutStep(b.Context(), shop, before, nil); !errors.Is(err, order.ErrChanged) {
		b.Errorf("cut twice: %v", err)
	}
	b.reads("A-2", "A-2")
	b.verifies()
}

func testQuiet(b *bench) {
	b.one(statement(door, sale("A-1")))
	b.one(statement(door, sale("A-2")))
	b.one(happening(door, "A-1", order.Happening{Kind: order.KindShipped}))
	b.one(statement(door, sale("A-3")))
	if err := b.ledger.Erase(b.Context(), shop, "A-3"); err != nil {
		b.Fatal(err)
	}
	b.clock.move(aDay)
	b.one(statement(door, sale("A-4")))
	f := func(after, to int64, looked int64, want ...string) {
		b.Helper()
		ids, at, err := b.ledger.Quiet(b.Context(), shop, after, to, 100)
		if err != nil || at != looked || !slices.Equal(ids, want) {
			b.Errorf("quiet behind %d up to %d: %v, looked up to %d, %v", after, to, ids, at, err)
		}
	}
	f(0, 5, 5, "A-2", "A-1")
	f(0, 2, 2, "A-2")
	f(2, 6, 6, "A-1", "A-4")
	f(6, 6, 6)
	persons, all, err := b.ledger.CountQuiet(b.Context(), shop, b.clock.now().Add(-time.Hour))
	if err != nil || persons != 2 || all != 3 {
		b.Errorf("%d of %d, %v", persons, all, err)
	}
}

// cutAt runs one step over all that the clock has left behind.
func (d *desk) cutAt() (at ledger.Checkpoint, need ledger.Need) {
	d.Helper()
	at, need, _, err := d.ledger.CutStep(d.Context(), shop, d.clock.now().Add(-aDay), nil)
	if err != nil {
		d.Fatal(err)
	}
	return at, need
}

// read tells the store that the route considered all up to an event.
func (d *desk) considered(seq int64) {
	d.route.Position = seq
	d.write(&delivery.Bundle{Route: d.route, Now: d.clock.now()})
}

func testCutNeeded(d *desk) {
	n := d.orders("A-1", "A-2", "A-3")
	d.clock.move(10 * aDay)
	d.considered(0)
	if at, need := d.cutAt(); at.Seq != 0 || need != (ledger.Need{Seq: 1, Why: ledger.NeedRoute}) {
		d.Errorf("cut at %d, needs %+v", at.Seq, need)
	}
	d.considered(n[2])
	row := d.sending(n[1])
	d.commit(delivery.Change{Row: row})
	if at, need := d.cutAt(); at.Seq != n[0] || need != (ledger.Need{Seq: n[1], Why: ledger.NeedOpen}) {
		d.Errorf("cut at %d, needs %+v", at.Seq, need)
	}
	d.commit(delivery.Change{Row: d.in(row, delivery.Delivered), From: delivery.Sending})
	if at, _ := d.cutAt(); at.Seq != n[2] {
		d.Errorf("cut at %d", at.Seq)
	}
}

// testCutErased: that an order was erased keeps it no longer than its news do, but
// until every route has heard of it.
func testCutErased(d *desk) {
	n := d.orders("A-1", "A-2", "A-3")
	d.considered(n[2])
	d.clock.move(10 * aDay)
	erase := func(id string) {
		d.Helper()
		if err := d.ledger.Erase(d.Context(), shop, id); err != nil {
			d.Fatal(err)
		}
	}
	erase("A-1")
	if at, need := d.cutAt(); at.Seq != 0 || need != (ledger.Need{Seq: n[0], Why: ledger.NeedRoute}) {
		d.Errorf("cut at %d, needs %+v", at.Seq, need)
	}
	d.considered(n[2] + 1)
	if err := d.ledger.EraseQuiet(d.Context(), shop, "A-3", n[2]); err != nil {
		d.Fatal(err)
	}
	d.considered(n[2] + 2)
	if _, err := d.ledger.Append(d.Context(), shop, []order.Entry{happening(door, "A-2", order.Happening{Kind: order.KindShipped})}); err != nil {
		d.Fatal(err)
	}
	erase("A-2")
	d.considered(n[2] + 4)
	if at, need := d.cutAt(); at.Seq != n[0] || need != (ledger.Need{Seq: n[1], Why: ledger.NeedRecent}) {
		d.Errorf("cut at %d, needs %+v", at.Seq, need)
	}
	d.clock.move(10 * aDay)
	if at, need := d.cutAt(); at.Seq != n[2]+4 {
		d.Errorf("cut at %d, needs %+v", at.Seq, need)
	}
	if r, err := d.ledger.Verify(d.Context(), shop); err != nil || len(r.Faults) > 0 {
		d.Errorf("verify: %+v, %v", r, err)
	}
}

func testCutDeliveries(d *desk) {
	n := d.orders("A-1", "A-2")
	d.considered(n[1])
	for i, number := range n {
		sent := d.sending(number)
		d.commit(delivery.Change{Row: sent})
		row := d.in(sent, delivery.Delivered)
		if i == 0 {
			row = d.in(sent, delivery.Failed)
		}
		row.Call = int64(i + 1)
		d.write(&delivery.Bundle{
			Route: d.route, Now: d.clock.now(), Changes: []delivery.Change{{Row: row, From: delivery.Sending, Claims: []string{"kind"}}},
			Calls: []delivery.Call{{Shop: shop, Route: "hook", ID: row.Call, Tasks: 1, Exchanges: []exchanged{exchange("anna")}}},
		})
	}
	d.counted(map[delivery.State]int64{delivery.Failed: 1, delivery.Delivered: 1})
	d.clock.move(10 * aDay)
	if at, need := d.cutAt(); at.Seq != n[1] {
		d.Fatalf("cut at %d, needs %+v", at.Seq, need)
	}
	d.counted(nil)
	if rows, err := d.rows.OfOrders(d.Context(), shop, "", n); err != nil || len(rows) != 0 {
		d.Errorf("deliveries: %+v, %v", rows, err)
	}
	calls, err := d.rows.Calls(d.Context(), delivery.Delivery{Shop: shop, Route: "hook", Order: n[0], Seq: n[0], Call: 1})
	if err != nil {
		d.Fatal(err)
	}
	for _, c := range calls {
		if len(c.Exchanges) > 0 {
			d.Errorf("evidence: %+v", c)
		}
	}
	if _, err := d.retention().Reclaim(d.Context(), shop); err != nil {
		d.Error(err)
	}
	if r, err := d.ledger.Verify(d.Context(), shop); err != nil || len(r.Faults) > 0 {
		d.Errorf("verify: %+v, %v", r, err)
	}
}

// retention is the part of the store that removes what need not be kept.
func (d *desk) retention() store.Retention {
	return d.store.(interface{ Retention() store.Retention }).Retention()
}

func testForgetCalls(d *desk) {
	n := d.orders("A-1", "A-2", "A-3")
	var rows []delivery.Delivery
	for i, number := range n {
		sent := d.sending(number)
		d.commit(delivery.Change{Row: sent})
		row := d.in(sent, delivery.Delivered)
		row.Call = int64(i + 1)
		x := exchange("anna")
		x.At = d.clock.now()
		d.write(&delivery.Bundle{
			Route: d.route, Now: d.clock.now(), Changes: []delivery.Change{{Row: row, From: delivery.Sending}},
			Calls: []delivery.Call{{Shop: shop, Route: "hook", ID: row.Call, Tasks: 1, Exchanges: []exchanged{x}}},
		})
		rows = append(rows, row)
		d.clock.move(aDay)
	}
	before := d.clock.now().Add(-aDay - time.Hour) // between the second one and the third
	count := func(after, want int64) {
		d.Helper()
		if got, err := d.retention().CountCalls(d.Context(), shop, "hook", after, before); err != nil || got != want {
			d.Errorf("behind %d: %d calls, %v", after, got, err)
		}
	}
	count(0, 2)
	last, met, err := d.retention().ForgetCalls(d.Context(), shop, "hook", 0, before, 1)
	if err != nil || last != 1 || met != 1 {
		d.Fatalf("forgot %d up to %d, %v", met, last, err)
	}
	count(1, 1)
	last, met, err = d.retention().ForgetCalls(d.Context(), shop, "hook", 1, before, 10)
	if err != nil || last != 2 || met != 1 {
		d.Fatalf("forgot %d up to %d, %v", met, last, err)
	}
	count(2, 0)
	for i, row := range rows {
		calls, err := d.rows.Calls(d.Context(), row)
		if err != nil || len(calls) != 1 || len(calls[0].Exchanges) > 0 != (i == 2) {
			d.Errorf("evidence of %d: %+v, %v", i, calls, err)
		}
	}
}
