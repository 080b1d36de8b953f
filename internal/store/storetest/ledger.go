package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// RunLedger runs all that the ledger promises over a store.
func RunLedger(t *testing.T, open Open) {
	cases := map[string]func(*bench){
		"receipts":                      testReceipts,
		"a retry is known":              testRetry,
		"other words, same meaning":     testSameMeaning,
		"an update shows what changed":  testUpdate,
		"a refused update":              testRefuseUpdate,
		"an older statement":            testOlder,
		"sources do not fight":          testSources,
		"happenings":                    testHappenings,
		"a happening before its order":  testHappeningFirst,
		"one order twice in a call":     testTwiceInCall,
		"all or nothing":                testAllOrNothing,
		"invalid entries":               testInvalid,
		"shops are apart":               testShops,
		"the clock runs back":           testClock,
		"a time is a seq":               testSeqAt,
		"memory and store read alike":   testReadAlike,
		"pages":                         testPages,
		"what a reopened store answers": testReopen,
		"history and origin":            testHistory,
		"references":                    testReferences,
		"states":                        testStates,
		"layers by source":              testLayers,
		"lists of a source's orders":    testList,
		"corrections":                   testCorrection,
		"effects":                       testEffects,
		"personal part kept once":       testPersonalOnce,
		"erase":                         testErase,
		"erase happenings":              testEraseHappenings,
		"a cancelled caller":            testCancelled,
		"many callers":                  testManyCallers,
		"random orders":                 testRandomOrders,
		"random calls":                  testRandomCalls,
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(setup(t, open))
		})
	}
}

func testReceipts(b *bench) {
	list := b.append(statement(door, sale("A-1")), statement(door, sale("A-2")))
	for i, r := range list {
		if r.Seq != int64(i+1) || r.Kind != order.KindPlaced || r.Known || len(r.Hash) != 64 {
			b.Errorf("receipt %d: %+v", i, r)
		}
		if !r.At.Equal(b.clock.now()) {
			b.Errorf("receipt %d: accepted at %v", i, r.At)
		}
	}
	if list[0].Hash == list[1].Hash {
		b.Error("two events with one hash")
	}
	if head := b.head(); head != 2 {
		b.Errorf("head %d", head)
	}
	b.verifies()
}

func testRetry(b *bench) {
	first := b.append(statement(door, sale("A-1")), statement(door, sale("A-2")))
	b.clock.move(time.Hour)
	again := b.append(statement(door, sale("A-2")), statement(door, sale("A-1")))
	for i, r := range again {
		want := first[1-i]
		want.Known = true
		if diff := cmp.Diff(want, r); diff != "" {
			b.Errorf("receipt %d: %s", i, diff)
		}
	}
	// Whatever happened since: a late retry never un-cancels.
	b.one(happening(door, "A-1", order.Happening{Kind: order.KindCancelled}))
	if r := b.one(statement(door, sale("A-1"))); !r.Known || r.Seq != first[0].Seq {
		b.Errorf("late retry: %+v", r)
	}
	if s := b.state("A-1"); s.Merged.Order.Status != order.StatusCancelled {
		b.Errorf("status %s", s.Merged.Order.Status)
	}
}

func testSameMeaning(b *bench) {
	e := statement(door, sale("A-1"))
	e.Statement.Wire = []byte(`{"id":"A-1","total":25.00}`)
	b.one(e)
	o := sale("A-1")
	o.Lines[0].Total = dec("25")
	again := statement(door, o)
	again.Statement.Wire = []byte(`{"total":25,"id":"A-1"}`)
	if r := b.one(again); !r.Known || r.Seq != 1 {
		b.Errorf("the same in other words: %+v", r)
	}
	if head := b.head(); head != 1 {
		b.Errorf("head %d", head)
	}
}

func testUpdate(b *bench) {
	b.one(statement(door, sale("A-1")))
	o := sale("A-1")
	o.Lines[1].Total = dec("4.95")
	o.Customer = &order.Customer{Name: o.Customer.Name, Email: "new@nordlys.example"}
	r := b.one(statement(door, o))
	if r.Known || r.Kind != order.KindUpdated || r.Seq != 2 {
		b.Errorf("receipt: %+v", r)
	}
	if diff := cmp.Diff([]string{"customer.email", "lines[1].total"}, r.Changed); diff != "" {
		b.Error(diff)
	}
	if r := b.one(statement(door, o)); !r.Known || r.Seq != 2 {
		b.Errorf("retry of the update: %+v", r)
	}
	// Back to what it was is news again.
	if r := b.one(statement(door, sale("A-1"))); r.Known || r.Seq != 3 {
		b.Errorf("back: %+v", r)
	}
	b.verifies()
}

func testRefuseUpdate(b *bench) {
	e := statement(door, sale("A-1"))
	e.RefuseUpdate = true
	b.one(e)
	if r := b.one(e); !r.Known {
		b.Errorf("a retry is no conflict: %+v", r)
	}
	o := sale("A-1")
	o.Currency = "NOK"
	other := statement(door, o)
	other.RefuseUpdate = true
	if err := b.fails(statement(door, sale("A-2")), other); !errors.Is(err, order.ErrConflict) {
		b.Errorf("error %v", err)
	}
	if head := b.head(); head != 1 {
		b.Errorf("something of a refused call was stored: head %d", head)
	}
}

func testOlder(b *bench) {
	at := time.Date(2026, 5, 31, 10, 0, 0, 0, time.UTC)
	version := func(currency string, v time.Time) order.Entry {
		o := sale("A-1")
		o.Currency = currency
		e := statement(door, o)
		e.Statement.Version = v
		return e
	}
	b.one(version("SEK", at))
	if r := b.one(version("NOK", at.Add(-time.Second))); !r.Known || r.Seq != 1 {
		b.Errorf("older: %+v", r)
	}
	if r := b.one(version("DKK", at.Add(time.Second))); r.Known {
		b.Errorf("newer: %+v", r)
	}
	if s := b.state("A-1"); s.Merged.Order.Currency != "DKK" {
		b.Errorf("currency %s", s.Merged.Order.Currency)
	}
}

func testSources(b *bench) {
	b.one(statement(door, sale("A-1")))
	o := sale("A-1")
	o.Currency = "NOK"
	if r := b.one(statement(api, o)); r.Known || r.Kind != order.KindUpdated {
		b.Errorf("first statement of a second source: %+v", r)
	}
	// Each source's retry is known, whatever the other said since.
	if r := b.one(statement(door, sale("A-1"))); !r.Known || r.Seq != 1 {
		b.Errorf("retry of the first: %+v", r)
	}
	if r := b.one(statement(api, o)); !r.Known || r.Seq != 2 {
		b.Errorf("retry of the second: %+v", r)
	}
	s := b.state("A-1")
	if s.Merged.Order.Currency != "NOK" || s.Merged.From[order.GroupCurrency] != api.Name {
		b.Errorf("merged: %s from %s", s.Merged.Order.Currency, s.Merged.From[order.GroupCurrency])
	}
	if len(s.Row.Layers) != 2 || s.Row.Newest != 2 || s.Row.First != 1 {
		b.Errorf("row: %+v", s.Row)
	}
}

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
	b.verifies()
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

func testTwiceInCall(b *bench) {
	o := sale("A-1")
	o.Currency = "NOK"
	refund := order.Happening{Kind: order.KindRefunded, Ref: "r-1"}
	list := b.append(
		statement(door, sale("A-1")), statement(door, sale("A-1")), statement(door, o),
		happening(door, "A-1", refund), happening(door, "A-1", refund), statement(door, sale("A-2")),
	)
	type short struct {
		Seq   int64
		Kind  order.Kind
		Known bool
	}
	var got []short
	for _, r := range list {
		got = append(got, short{r.Seq, r.Kind, r.Known})
	}
	want := []short{
		{1, order.KindPlaced, false}, {1, order.KindPlaced, true}, {2, order.KindUpdated, false},
		{3, order.KindRefunded, false}, {3, order.KindRefunded, true}, {4, order.KindPlaced, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		b.Error(diff)
	}
	if list[0].Hash != list[1].Hash {
		b.Error("a known entry has another hash")
	}
	b.verifies()
}

func testAllOrNothing(b *bench) {
	b.one(statement(door, sale("A-1")))
	o := sale("A-1")
	o.Currency = "NOK"
	bad := statement(door, o)
	bad.RefuseUpdate = true
	err := b.fails(
		statement(door, sale("B-1")), happening(door, "A-1", order.Happening{Kind: order.KindShipped, Ref: "s"}), bad,
	)
	if !errors.Is(err, order.ErrConflict) {
		b.Errorf("error %v", err)
	}
	if s := b.state("B-1"); s != nil {
		b.Errorf("stored of a refused call: %+v", s.Row)
	}
	// The same happening is news: nothing of the refused call is remembered.
	if r := b.one(happening(door, "A-1", order.Happening{Kind: order.KindShipped, Ref: "s"})); r.Known || r.Seq != 2 {
		b.Errorf("receipt: %+v", r)
	}
	b.verifies()
}

func testInvalid(b *bench) {
	bad := sale("A-2")
	bad.Lines[1].Product.GTIN = "1\x002"
	err := b.fails(statement(door, sale("A-1")), statement(door, bad))
	var invalid *order.Invalid
	if !errors.As(err, &invalid) || invalid.Faults[0].Path != "[1].lines[1].product.gtin" {
		b.Errorf("error %v", err)
	}
	if err := b.fails(statement(door, sale(""))); !errors.As(err, &invalid) {
		b.Errorf("no id: %v", err)
	}
	both := statement(door, sale("A-1"))
	both.Happening = &order.Happening{Kind: order.KindShipped}
	b.fails(both)
	b.fails(order.Entry{Subject: both.Subject, Source: door})
	b.fails(happening(door, "A-1", order.Happening{Kind: order.KindErased}))
	b.fails(happening(door, "A-1", order.Happening{Kind: order.KindPlaced}))
	b.fails(statement(order.Source{}, sale("A-1")))
	if head := b.head(); head != 0 {
		b.Errorf("head %d", head)
	}
}

func testShops(b *bench) {
	ctx := b.Context()
	for i := range 3 {
		for _, shop := range []string{"one", "two"} {
			e := statement(door, sale(fmt.Sprint("A-", i)))
			r, err := b.ledger.Append(ctx, shop, []order.Entry{e})
			if err != nil || r[0].Known || r[0].Seq != int64(i+1) {
				b.Fatalf("%s: %+v, %v", shop, r, err)
			}
		}
	}
	shops, err := b.ledger.Shops(ctx)
	if err != nil || !slices.Equal(shops, []string{"one", "two"}) {
		b.Errorf("shops %v, %v", shops, err)
	}
	one, err := b.ledger.Verify(ctx, "one")
	if err != nil || one.Faults != nil || one.Events != 3 {
		b.Errorf("verify: %+v, %v", one, err)
	}
	two, err := b.ledger.Verify(ctx, "two")
	if err != nil || two.Faults != nil || two.Hash == one.Hash {
		b.Errorf("verify: %+v, %v", two, err)
	}
	if r, err := b.ledger.Verify(ctx, "three"); err != nil || r.Faults != nil || r.Events != 0 {
		b.Errorf("verify of a shop without orders: %+v, %v", r, err)
	}
}

func testClock(b *bench) {
	first := b.one(statement(door, sale("A-1")))
	b.clock.move(-time.Hour)
	second := b.one(statement(door, sale("A-2")))
	if second.At.Before(first.At) {
		b.Errorf("accepted at %v after %v", second.At, first.At)
	}
	b.reopen()
	if third := b.one(statement(door, sale("A-3"))); third.At.Before(first.At) {
		b.Errorf("after a restart: accepted at %v after %v", third.At, first.At)
	}
	b.verifies()
}

func testSeqAt(b *bench) {
	start := b.clock.now()
	for i := range 20 {
		b.one(statement(door, sale(fmt.Sprint("A-", i))))
		b.clock.move(time.Minute)
	}
	f := func(at time.Time, want int64) {
		b.Helper()
		got, err := b.ledger.SeqAt(b.Context(), shop, at)
		if err != nil || got != want {
			b.Errorf("seq at %v: %d instead of %d, %v", at.Sub(start), got, want, err)
		}
	}
	f(start.Add(-time.Second), 0)
	f(start, 1)
	f(start.Add(time.Minute-time.Microsecond), 1)
	f(start.Add(7*time.Minute), 8)
	f(start.Add(time.Hour), 20)
}

// sameItems compares what readers see of two lists.
func sameItems(b *bench, a, c []ledger.Item) {
	b.Helper()
	if len(a) != len(c) {
		b.Fatalf("%d items against %d", len(a), len(c))
	}
	for i := range a {
		x, y := a[i], c[i]
		if x.Event.Statement != nil && y.Event.Statement != nil {
			if d := order.Diff(x.Event.Statement, y.Event.Statement); len(d) > 0 {
				b.Errorf("item %d: differs in %v", i, d)
			}
		}
		hx, hy := x.Event.Happening, y.Event.Happening
		if (hx == nil) != (hy == nil) || hx != nil && (hx.Kind != hy.Kind || hx.Note != hy.Note || hx.Ref != hy.Ref) {
			b.Errorf("item %d: happening %+v against %+v", i, hx, hy)
		}
		x.Event.Statement, y.Event.Statement, x.Event.Happening, y.Event.Happening = nil, nil, nil, nil
		if diff := cmp.Diff(x, y); diff != "" {
			b.Errorf("item %d: %s", i, diff)
		}
	}
}

func testReadAlike(b *bench) {
	h := happening(route, "B-1", order.Happening{Kind: order.KindShipped, Ref: "x", Note: "for Anna"})
	h.Origin, h.History = "hub", true
	b.append(statement(door, sale("A-1")), statement(public, sale("A-2")), h)
	warm, err := b.ledger.Read(b.Context(), shop, 0, 100)
	if err != nil {
		b.Fatal(err)
	}
	cold, err := b.cold().Read(b.Context(), shop, 0, 100)
	if err != nil {
		b.Fatal(err)
	}
	sameItems(b, warm, cold)
	if !cold[1].Row.Public || cold[0].Row.Public || cold[2].Event.Origin != "hub" || !cold[2].Row.History {
		b.Errorf("rows: %+v", cold)
	}
}

func testPages(b *bench) {
	for i := range 30 {
		b.append(statement(door, sale(fmt.Sprint("A-", i))), statement(door, sale(fmt.Sprint("B-", i))))
	}
	small := ledger.New(b.store, ledger.Options{Ring: 8})
	for _, l := range []*ledger.Ledger{b.ledger, b.cold(), small} {
		var after int64
		for {
			items, err := l.Read(b.Context(), shop, after, 7)
			if err != nil {
				b.Fatal(err)
			}
			if len(items) == 0 {
				break
			}
			for _, it := range items {
				if it.Event.Seq != after+1 {
					b.Fatalf("seq %d after %d", it.Event.Seq, after)
				}
				after = it.Event.Seq
			}
		}
		if after != 60 {
			b.Errorf("read up to %d", after)
		}
	}
}

func testReopen(b *bench) {
	first := b.append(statement(door, sale("A-1")), happening(door, "A-1", order.Happening{Kind: order.KindShipped, Ref: "s"}))
	b.reopen()
	again := b.append(statement(door, sale("A-1")), happening(door, "A-1", order.Happening{Kind: order.KindShipped, Ref: "s"}))
	for i := range again {
		if !again[i].Known || again[i].Hash != first[i].Hash {
			b.Errorf("receipt %d: %+v", i, again[i])
		}
	}
	if r := b.one(statement(door, sale("A-2"))); r.Seq != 3 {
		b.Errorf("receipt: %+v", r)
	}
	b.verifies()
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

func testStates(b *bench) {
	var entries []order.Entry
	for i := range 150 {
		entries = append(entries, statement(door, sale(fmt.Sprint("A-", i))))
	}
	b.append(entries...)
	for i := 0; i < 150; i += 3 {
		o := sale(fmt.Sprint("A-", i))
		o.Currency = "NOK"
		b.append(statement(api, o), happening(door, o.ID, order.Happening{Kind: order.KindShipped, Ref: "s"}))
	}
	var numbers []int64
	for n := int64(151); n > 0; n-- { // 151 is no order's number
		numbers = append(numbers, n)
	}
	states, err := b.ledger.States(b.Context(), shop, numbers)
	if err != nil {
		b.Fatal(err)
	}
	if states[0] != nil {
		b.Error("a state of a number that is no order's")
	}
	for i, s := range states[1:] {
		n := 149 - i
		id, currency, status := fmt.Sprint("A-", n), "SEK", order.Status("")
		if n%3 == 0 {
			currency, status = "NOK", order.StatusShipped
		}
		o := s.Merged.Order
		if o.ID != id || o.Currency != currency || o.Status != status || o.Customer.Email != "person."+id+"@nordlys.example" {
			b.Fatalf("state %d: %s %s %q", n, o.ID, o.Currency, o.Status)
		}
	}
	byID, err := b.ledger.StatesByID(b.Context(), shop, []string{"none", "A-3", "A-3"})
	if err != nil || byID[0] != nil || byID[1] == nil || byID[2] == nil {
		b.Errorf("by id: %v %v", byID, err)
	}
}

func testLayers(b *bench) {
	o := sale("A-1")
	o.Channel = "public"
	b.one(statement(public, o))
	o.Channel = "erp"
	b.one(statement(api, o))
	f := func(prefix, want string) {
		b.Helper()
		list, err := b.ledger.Layers(b.Context(), shop, prefix, []string{"A-1", "none"})
		if err != nil || list[1] != nil {
			b.Fatalf("layers: %v, %v", list, err)
		}
		got := ""
		if list[0] != nil {
			got = list[0].Channel
		}
		if got != want {
			b.Errorf("layers of %s: %q instead of %q", prefix, got, want)
		}
	}
	f("citrusad:default", "public")
	f("api:", "erp")
	f("skeepers:", "")
	o.Channel = "door"
	b.one(statement(door, o))
	f("citrusad:default", "door") // secret before public
	merged, err := b.ledger.Merged(b.Context(), shop, []string{"none", "A-1"})
	if err != nil || merged[0] != nil || merged[1].Channel != "erp" {
		b.Errorf("merged: %v, %v", merged, err)
	}
}

func testList(b *bench) {
	var want []string
	for i := range 700 {
		id := fmt.Sprint("A-", i)
		switch {
		case i%5 == 0:
			b.one(statement(door, sale(id)))
			want = append(want, id)
		case i%7 == 0:
			b.one(statement(public, sale(id)))
			want = append(want, id)
		default:
			b.one(statement(api, sale(id)))
		}
	}
	b.one(statement(door, sale("A-3"))) // an old order, newly told of
	want = append(want, "A-3")
	slices.SortFunc(want, func(x, y string) int { return number(y) - number(x) })
	f := func(prefix string, skip, limit int, want []string) {
		b.Helper()
		list, err := b.cold().ListLayers(b.Context(), shop, prefix, skip, limit)
		if err != nil {
			b.Fatal(err)
		}
		var got []string
		for _, o := range list {
			got = append(got, o.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			b.Errorf("list %s %d %d: %s", prefix, skip, limit, diff)
		}
	}
	f("citrusad:default", 0, 10, want[:10])
	f("citrusad:default", 95, 30, want[95:125])
	f("citrusad:default", 0, 1000, want)
	f("citrusad:default", len(want), 5, nil)
	f("nobody", 0, 5, nil)
}

func number(id string) (n int) {
	_, _ = fmt.Sscanf(id, "A-%d", &n)
	return n
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

func testCancelled(b *bench) {
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	_, err := b.ledger.Append(ctx, shop, []order.Entry{statement(door, sale("A-1"))})
	// Either it was taken up before the context was looked at, or not at all.
	stored := b.head() == 1
	if stored != (err == nil) {
		b.Errorf("stored %v, error %v", stored, err)
	}
}
