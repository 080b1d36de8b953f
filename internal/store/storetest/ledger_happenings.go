package storetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

func testHappenings(b *bench) {
	b.one(statement(door, sale("A-1")))
	byRef := order.Happening{Kind: order.KindShipped, Ref: "ship-1", Note: "left at the door"}
	first := b.one(happening(door, "A-1", byRef))
	if first.Kind != order.KindShipped || first.Seq != 2 {
		b.Errorf("receipt: %+v", first)
	}
	byRef.Note = "other words"
	if r := b.one(happening(door, "A-1", byRef)); !r.Known || r.Seq != 2 || r.Hash != first.Hash {
		b.Errorf("same reference: %+v", r)
	}
	if r := b.one(happening(api, "A-1", byRef)); r.Known {
		b.Errorf("same reference of another source: %+v", r)
	}
	byRef.Kind = order.KindDelivered
	if r := b.one(happening(door, "A-1", byRef)); r.Known {
		b.Errorf("same reference, other kind: %+v", r)
	}
	b.clock.move(time.Minute)
	wire := order.Happening{Kind: order.KindRefunded, Amount: dec("5.00"), Wire: []byte(`{"refund":5}`)}
	b.one(happening(door, "A-1", wire))
	if r := b.one(happening(door, "A-1", wire)); !r.Known {
		b.Errorf("same wire: %+v", r)
	}
	wire.Wire = []byte(`{"refund":6}`)
	if r := b.one(happening(door, "A-1", wire)); r.Known {
		b.Errorf("other wire: %+v", r)
	}
	plain := order.Happening{Kind: order.KindNote, Reason: "called back"}
	b.one(happening(anna, "A-1", plain))
	if r := b.one(happening(anna, "A-1", plain)); !r.Known {
		b.Errorf("same content: %+v", r)
	}
	row := b.state("A-1").Row
	for _, k := range []order.Kind{order.KindPlaced, order.KindShipped, order.KindDelivered, order.KindRefunded, order.KindNote} {
		if !row.Kinds.Has(k) {
			b.Errorf("kind %s is not in the row", k)
		}
	}
	if row.Kinds.Has(order.KindCancelled) || row.Kinds.Has(order.KindUpdated) {
		b.Error("a kind in the row that was not seen")
	}
	b.cancelledAfterItLeft()
	b.verifies()
}

// cancelledAfterItLeft: an order that remains a sale is none of those that rules
// call cancelled.
func (b *bench) cancelledAfterItLeft() {
	b.Helper()
	b.one(happening(door, "A-1", order.Happening{Kind: order.KindCancelled, Ref: "late", Cancellation: &order.Cancellation{AfterPickedUp: true}}))
	if kinds := b.state("A-1").Row.Kinds; kinds.Has(order.KindCancelled) || !kinds.Saw(order.KindCancelled) {
		b.Error("an order that was cancelled after it had left counts as cancelled, or was not seen to be")
	}
	b.one(happening(door, "A-1", order.Happening{Kind: order.KindCancelled, Ref: "all"}))
	if !b.state("A-1").Row.Kinds.Has(order.KindCancelled) {
		b.Error("a cancellation does not count")
	}
}

func testHappeningFirst(b *bench) {
	b.one(happening(route, "A-1", order.Happening{Kind: order.KindCancelled, Ref: "c-1"}))
	s := b.state("A-1")
	if s.Merged.Order != nil || s.Row.Stated || s.Row.First != 1 {
		b.Errorf("before its order: %+v", s.Row)
	}
	if r := b.one(statement(door, sale("A-1"))); r.Kind != order.KindPlaced || r.Seq != 2 {
		b.Errorf("receipt: %+v", r)
	}
	s = b.state("A-1")
	if s.Row.First != 1 || !s.Row.Stated || s.Merged.Order.Status != order.StatusCancelled {
		b.Errorf("after its order: %+v, status %s", s.Row, s.Merged.Order.Status)
	}
}

func testHistory(b *bench) {
	e := statement(api, sale("A-1"))
	e.History = true
	b.one(e)
	o := sale("A-1")
	o.Currency = "NOK"
	b.one(statement(api, o))
	s := b.state("A-1")
	if !s.Row.History {
		b.Error("an order first seen as history stays history")
	}
	events, err := b.ledger.Events(b.Context(), shop, "A-1")
	if err != nil || len(events) != 2 || !events[0].History || events[1].History {
		b.Errorf("events: %+v, %v", events, err)
	}
	if _, err := b.ledger.Events(b.Context(), shop, "none"); !errors.Is(err, order.ErrNotFound) {
		b.Errorf("events of an unknown order: %v", err)
	}
}

func testReferences(b *bench) {
	o := sale("A-1")
	o.References = []order.Reference{{Kind: "external", Value: "X-77"}, {Kind: "other", Value: "Y-1"}}
	b.one(statement(door, o))
	f := func(source, number, want string) {
		b.Helper()
		id, ok, err := b.ledger.Resolve(b.Context(), shop, source, number)
		if err != nil || id != want || ok != (want != "") {
			b.Errorf("resolve %s %s: %q %v %v", source, number, id, ok, err)
		}
	}
	f(door.Name, "X-77", "A-1")
	f(door.Name, "Y-1", "A-1")
	f(api.Name, "X-77", "")
	f(door.Name, "Z", "")
	o2 := sale("A-2")
	o2.References = []order.Reference{{Kind: "external", Value: "X-77"}}
	b.one(statement(door, o2))
	f(door.Name, "X-77", "A-2")
}

func testCorrection(b *bench) {
	b.one(statement(door, sale("A-1")))
	b.one(statement(anna, order.Order{ID: "A-1", Customer: &order.Customer{Email: "right@nordlys.example"}}))
	if s := b.state("A-1"); s.Merged.Order.Customer.Email != "right@nordlys.example" || len(s.Merged.Order.Lines) != 2 {
		b.Errorf("corrected: %+v", s.Merged.Order)
	}
	o := sale("A-1")
	o.Customer = &order.Customer{Email: "newer@nordlys.example"}
	b.one(statement(door, o))
	if s := b.state("A-1"); s.Merged.Order.Customer.Email != "newer@nordlys.example" {
		b.Errorf("after news of its source: %+v", s.Merged.Order.Customer)
	}
}

type effect func(tx any) error

func (f effect) Apply(_ context.Context, tx any) error { return f(tx) }

func testEffects(b *bench) {
	var applied int
	with := func(id string, err error) order.Entry {
		e := statement(door, sale(id))
		e.Effects = []order.Effect{effect(func(tx any) error {
			if tx == nil {
				return errors.New("no transaction")
			}
			applied++
			return err
		})}
		return e
	}
	b.append(with("A-1", nil), with("A-2", nil))
	if applied != 2 {
		b.Errorf("%d effects", applied)
	}
	if r := b.one(with("A-1", nil)); !r.Known || applied != 2 {
		b.Errorf("an effect of a known entry: %+v, %d", r, applied)
	}
	out := errors.New("out of stock")
	if err := b.fails(statement(door, sale("B-1")), with("B-2", out)); !errors.Is(err, out) {
		b.Errorf("error %v", err)
	}
	if head := b.head(); head != 2 {
		b.Errorf("head %d after a refused call", head)
	}
	panicking := statement(door, sale("C-1"))
	panicking.Effects = []order.Effect{effect(func(any) error { panic("a mistake") })}
	b.fails(panicking)
	b.one(statement(door, sale("B-1")))
	b.verifies()
}

func testPersonalOnce(b *bench) {
	b.one(statement(door, sale("A-1")))
	for i := range 3 {
		o := sale("A-1")
		o.Currency = []string{"NOK", "DKK", "EUR"}[i]
		b.one(statement(door, o))
	}
	var with []int64
	err := b.store.Read(b.Context(), shop, func(r ledger.Reader) error {
		events, err := r.After(0, 10)
		for _, e := range events {
			with = append(with, e.Personal)
			if e.PersonalBody == nil {
				b.Errorf("event %d: personal part not joined", e.Seq)
			}
		}
		return err
	})
	if err != nil || !slices.Equal(with, []int64{1, 1, 1, 1}) {
		b.Errorf("personal parts %v, %v", with, err)
	}
	b.verifies()
}
