package storetest

import (
	"context"
	"errors"
	"strconv"

	"github.com/google/go-cmp/cmp"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// undone is the effect of a rehearsal.
type undone struct{}

func (undone) Apply(context.Context, any) error { return order.ErrUndone }

// What is undone on purpose leaves nothing, and nobody is told that there may be
// something.
func testUndone(b *bench) {
	told := 0
	b.ledger = ledger.New(b.store, ledger.Options{Appended: func(string, int64) { told++ }})
	b.one(statement(door, sale("A-1")))
	e := statement(door, sale("A-2"))
	e.Effects = []order.Effect{undone{}}
	if err := b.fails(statement(api, sale("A-1")), e); !errors.Is(err, order.ErrUndone) {
		b.Errorf("error %v", err)
	}
	if head := b.head(); head != 1 || told != 1 {
		b.Errorf("head %d, told %d times", head, told)
	}
	if b.state("A-2") != nil || len(b.state("A-1").Row.Layers) != 1 {
		b.Error("something of the call is there")
	}
	if r := b.one(statement(door, sale("A-2"))); r.Seq != 2 || r.Known {
		b.Errorf("receipt: %+v", r)
	}
	b.verifies()
}

// A state that is foreseen is the one that comes, however much of the order was
// stored before, and if its person was erased.
func testForesee(b *bench) {
	corrected := sale("A-1")
	corrected.Currency = "NOK"
	entries := []order.Entry{
		happening(door, "A-1", order.Happening{Kind: order.KindAccepted, Ref: "r-1"}),
		statement(public, sale("A-1")),
		statement(door, sale("A-1")),
		statement(api, corrected),
		statement(anna, order.Order{ID: "A-1", Customer: &order.Customer{Name: "Bo Example", Email: "bo@nordlys.example"}}),
		happening(door, "A-1", order.Happening{Kind: order.KindCancelled, Cancellation: &order.Cancellation{AfterPickedUp: true}}),
		happening(route, "A-1", order.Happening{Kind: order.KindShipped, Parcel: &order.Parcel{Number: "PK-1"}}),
	}
	for n := range entries {
		b.foresees("new"+strconv.Itoa(n), entries, n, false)
		if n > 0 {
			b.foresees("erased"+strconv.Itoa(n), entries, n, true)
		}
	}
}

// foresees compares what is foreseen with what comes: of one order, of which the
// first n entries are stored.
func (b *bench) foresees(place string, entries []order.Entry, n int, erased bool) {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatalf("%s: %v", place, err)
		}
	}
	_, err := b.ledger.Append(b.Context(), place, entries[:n])
	must(err)
	if erased {
		must(b.ledger.Erase(b.Context(), place, "A-1"))
	}
	head, err := b.ledger.Head(b.Context(), place)
	must(err)
	coming := make([]order.Event, len(entries)-n)
	for i, e := range entries[n:] {
		coming[i] = order.Event{Seq: head + int64(i) + 1, Subject: e.Subject, Source: e.Source, Kind: order.KindUpdated, Happening: e.Happening}
		switch {
		case e.Happening != nil:
			coming[i].Kind = e.Happening.Kind
		case n+i <= 1:
			coming[i].Kind = order.KindPlaced // nobody had stated it
		}
		if e.Statement != nil {
			coming[i].Statement = &e.Statement.Order
		}
	}
	foreseen, err := b.ledger.Foresee(b.Context(), place, "A-1", coming)
	must(err)
	after, err := b.ledger.Head(b.Context(), place)
	must(err)
	if after != head {
		b.Errorf("%s: the head moved from %d to %d", place, head, after)
	}
	_, err = b.ledger.Append(b.Context(), place, entries[n:])
	must(err)
	list, err := b.ledger.StatesByID(b.Context(), place, []string{"A-1"})
	must(err)
	if d := cmp.Diff(list[0].Row, foreseen.Row); d != "" {
		b.Errorf("%s: row (-came +foreseen):\n%s", place, d)
	}
	if d := order.Diff(list[0].Merged.Order, foreseen.Merged.Order); len(d) > 0 || foreseen.Merged.Order.Status != list[0].Merged.Order.Status {
		b.Errorf("%s: differ: %v", place, d)
	}
}
