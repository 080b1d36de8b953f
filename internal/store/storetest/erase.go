package storetest

import (
	"errors"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

func testErase(b *bench) {
	ctx := b.Context()
	b.one(statement(door, sale("A-1")))
	b.one(statement(door, sale("A-2")))
	o := sale("A-1")
	o.Customer = &order.Customer{Name: "Second Name", Email: "second@nordlys.example"}
	o.Lines[1].Attachments = []order.Attachment{{Name: "face.png", Data: []byte("a face")}}
	b.one(statement(door, o))
	if files := b.state("A-1").Merged.Order.Lines[1].Attachments; len(files) != 1 || string(files[0].Data) != "a face" {
		b.Errorf("the files of a line: %+v", files)
	}
	b.one(statement(api, sale("A-1")))
	if err := b.ledger.Erase(ctx, shop, "none"); !errors.Is(err, order.ErrNotFound) {
		b.Errorf("erase of an unknown order: %v", err)
	}
	if err := b.ledger.Erase(ctx, shop, "A-1"); err != nil {
		b.Fatal(err)
	}
	erased(b, "A-1")
	if s := b.state("A-2"); s.Merged.Order.Customer == nil || s.Row.Erased {
		b.Error("another order was erased too")
	}
	b.verifies()
	if err := b.ledger.Erase(ctx, shop, "A-1"); err != nil {
		b.Errorf("erase again: %v", err)
	}
	if head := b.head(); head != 5 {
		b.Errorf("head %d", head)
	}
	// A re-import brings nothing back: known by its public part.
	for _, s := range []order.Source{door, api} {
		e := statement(s, o)
		if s == api {
			e = statement(s, sale("A-1"))
		}
		if r := b.one(e); !r.Known {
			b.Errorf("re-import by %s: %+v", s.Name, r)
		}
	}
	// News of the order loses its personal part.
	o.Currency = "NOK"
	if r := b.one(statement(door, o)); r.Known || len(r.Changed) != 1 || r.Changed[0] != "currency" {
		b.Errorf("update after erase: %+v", r)
	}
	if r := b.one(statement(door, o)); !r.Known {
		b.Errorf("retry after erase: %+v", r)
	}
	b.one(statement(anna, sale("A-1")))
	erased(b, "A-1")
	b.reopen()
	erased(b, "A-1")
	b.verifies()
}

// erased checks that nothing personal of an order can be read, from memory or
// from the store.
func erased(b *bench, id string) {
	b.Helper()
	s := b.state(id)
	if !s.Row.Erased || !s.Row.Kinds.Has(order.KindErased) {
		b.Errorf("row: %+v", s.Row)
	}
	if o := s.Merged.Order; o.Customer != nil || o.Session != "" || o.Extra != nil || len(o.Lines) != 2 {
		b.Errorf("merged: %+v", o)
	}
	events, err := b.ledger.Events(b.Context(), shop, id)
	if err != nil {
		b.Fatal(err)
	}
	items, err := b.ledger.Read(b.Context(), shop, 0, 1000)
	if err != nil {
		b.Fatal(err)
	}
	for _, it := range items {
		if it.Event.Subject.ID == id {
			events = append(events, it.Event)
		}
	}
	for _, e := range events {
		if e.Statement != nil && (e.Statement.Customer != nil || e.Statement.Session != "" || e.Statement.Lines[1].Attachments != nil) {
			b.Errorf("event %d has a person", e.Seq)
		}
		if e.Happening != nil && (e.Happening.Note != "" || e.Happening.Extra != nil) {
			b.Errorf("event %d has a note", e.Seq)
		}
	}
}

func testEraseHappenings(b *bench) {
	ref := order.Happening{Kind: order.KindShipped, Ref: "s-1", Note: "to Anna"}
	wire := order.Happening{Kind: order.KindRefunded, Amount: dec("5.00"), Note: "Anna called", Wire: []byte(`{"note":"Anna"}`)}
	plain := order.Happening{Kind: order.KindNote, Note: "Anna is angry"}
	other := order.Happening{Kind: order.KindNote, Note: "Anna is happy again"}
	all := []order.Happening{ref, wire, plain, other}
	b.one(statement(door, sale("A-1")))
	for _, h := range all {
		if r := b.one(happening(door, "A-1", h)); r.Known {
			b.Fatalf("receipt: %+v", r)
		}
	}
	if err := b.ledger.Erase(b.Context(), shop, "A-1"); err != nil {
		b.Fatal(err)
	}
	erased(b, "A-1")
	for _, h := range all {
		if r := b.one(happening(door, "A-1", h)); !r.Known || strings.Contains(string(r.Kind), "erased") {
			b.Errorf("re-import of %s: %+v", h.Kind, r)
		}
	}
	h := order.Happening{Kind: order.KindDelivered, Note: "by Anna herself"}
	if r := b.one(happening(door, "A-1", h)); r.Known {
		b.Errorf("news: %+v", r)
	}
	if r := b.one(happening(door, "A-1", h)); !r.Known {
		b.Errorf("retry: %+v", r)
	}
	erased(b, "A-1")
	b.verifies()
}
