package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
		"after what was seen":           testAfter,
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
		"what is undone":                testUndone,
		"what is foreseen":              testForesee,
		"personal part kept once":       testPersonalOnce,
		"erase":                         testErase,
		"erase happenings":              testEraseHappenings,
		"the oldest events removed":     testCut,
		"a log cut to nothing":          testCutAll,
		"a cut that comes too late":     testCutLate,
		"orders that were quiet":        testQuiet,
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

// An entry that was made of what its caller saw is refused once that is not
// the newest any more, with everything that comes in its call.
func testAfter(b *bench) {
	placed := b.one(statement(door, sale("A-1")))
	newest := func() int64 {
		seqs, err := b.ledger.Newest(b.Context(), shop, []string{"A-1", "none"})
		if err != nil || len(seqs) != 2 || seqs[1] != 0 {
			b.Fatalf("newest: %v, %v", seqs, err)
		}
		return seqs[0]
	}
	if newest() != placed.Seq {
		b.Errorf("newest: %d", newest())
	}
	o := sale("A-1")
	o.Currency = "NOK"
	e := statement(door, o)
	e.After = newest()
	shipped := b.one(happening(door, "A-1", order.Happening{Kind: order.KindShipped, Ref: "s-1"}))
	if newest() != shipped.Seq {
		b.Errorf("newest: %d", newest())
	}
	if err := b.fails(statement(door, sale("A-2")), e); !errors.Is(err, order.ErrChanged) {
		b.Errorf("error %v", err)
	}
	if head := b.head(); head != shipped.Seq {
		b.Errorf("something of a refused call was stored: head %d", head)
	}
	e.After = newest()
	if r := b.one(e); r.Known || r.Kind != order.KindUpdated {
		b.Errorf("receipt: %+v", r)
	}
	unknown := statement(door, sale("A-3"))
	unknown.After = 1
	if err := b.fails(unknown); !errors.Is(err, order.ErrChanged) {
		b.Errorf("error %v", err)
	}
	b.verifies()
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
