package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

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
	f("api:erp", "erp")
	f("api:er", "")
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
	other := order.Source{Name: door.Name + "2", Rank: order.RankDoor} // another credential
	b.one(statement(other, sale("A-1")))
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
	f(other.Name, 0, 5, []string{"A-1"})
}

func number(id string) (n int) {
	_, _ = fmt.Sscanf(id, "A-%d", &n)
	return n
}
