package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/search"
	"github.com/ordermux/ordermux/internal/store"
)

// RunSearch holds a store to what search.Store promises, with the finder and the
// follower over it.
func RunSearch(t *testing.T, open OpenStore) {
	cases := map[string]func(*finding){
		"by everything":          testFindByEverything,
		"by how they stand":      testFindByState,
		"pages":                  testFindPages,
		"erased":                 testFindErased,
		"erased under way":       testFindErasedUnderWay,
		"removed":                testFindRemoved,
		"two followers":          testTwoFollowers,
		"in pieces, shops apart": testFollowInPieces,
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, func(t testing.TB, _ string, now func() time.Time) DeliveryStore { return open(t, now) })
			f(newFinding(d, d.store.(store.Store)))
		})
	}
}

// finding is one test's store with its index.
type finding struct {
	*desk
	index    search.Store
	key      func(context.Context, string) ([]byte, error)
	finder   *search.Finder
	follower *search.Follower
}

func newFinding(d *desk, s store.Store) *finding {
	return &finding{
		desk: d, index: s.Search(), key: s.Key,
		finder:   &search.Finder{Store: s.Search(), Log: d.ledger, Deliveries: d.rows, Key: s.Key},
		follower: &search.Follower{Store: s.Search(), Log: d.ledger, Key: s.Key},
	}
}

func (f *finding) follow() {
	f.Helper()
	for more := true; more; {
		var err error
		if more, err = f.follower.Step(f.Context(), shop); err != nil {
			f.Fatal(err)
		}
	}
}

func (f *finding) accept(entries ...order.Entry) {
	f.Helper()
	f.clock.move(time.Minute)
	if _, err := f.ledger.Append(f.Context(), shop, entries); err != nil {
		f.Fatal(err)
	}
}

// find returns the ids that a query selects.
func (f *finding) find(q search.Query) (ids []string) {
	f.Helper()
	ids, _ = f.page(q, 100)
	return ids
}

func (f *finding) page(q search.Query, limit int) (ids []string, before int64) {
	f.Helper()
	w, err := f.finder.Walk(f.Context(), shop, q)
	if err != nil {
		f.Fatal(err)
	}
	hits, err := w.Next(f.Context(), limit)
	if err != nil {
		f.Fatal(err)
	}
	numbers := make([]int64, len(hits))
	for i, h := range hits {
		numbers[i] = h.Number
	}
	states, err := f.ledger.States(f.Context(), shop, numbers)
	if err != nil {
		f.Fatal(err)
	}
	for i, s := range states {
		ids = append(ids, s.Row.Subject.ID)
		if hits[i].Accepted.IsZero() {
			f.Errorf("%s has no time", s.Row.Subject.ID)
		}
	}
	return ids, w.Before()
}

func (f *finding) wants(q search.Query, want ...string) {
	f.Helper()
	if d := cmp.Diff(want, f.find(q), cmpopts.EquateEmpty()); d != "" {
		f.Errorf("%+v (-want +got):\n%s", q, d)
	}
}

func by(kind search.Kind, text string) search.Query {
	return search.Query{Texts: map[search.Kind]string{kind: text}}
}

func testFindByEverything(f *finding) {
	a, b := sale("A-1"), sale("A-2")
	a.References = []order.Reference{{Kind: "external_order_id", Value: "Ext-7"}}
	a.Recipient = &order.Party{Email: "gift@nordlys.example"}
	a.Channel, a.Account = "dropshipping", "sklep-abc"
	b.Lines = append(b.Lines, order.Line{Product: order.Product{Code: "P-3", GTIN: "7310000000017"}, Quantity: dec("1")})
	f.accept(statement(door, a), statement(door, b))
	f.accept(happening(api, "A-1", order.Happening{Kind: order.KindShipped, Parcel: &order.Parcel{Number: "PK 12 34"}}))
	f.wants(by(search.Email, "person.a-1@nordlys.example")) // not yet
	w, err := f.finder.Walk(f.Context(), shop, by(search.Email, "x"))
	if err != nil || w.Behind != 3 {
		f.Errorf("behind %d, %v", w.Behind, err)
	}
	f.follow()
	f.wants(search.Query{}, "A-2", "A-1")
	f.wants(by(search.Email, " Person.A-1@nordlys.example "), "A-1")
	f.wants(by(search.Email, "gift@nordlys.example"), "A-1")
	f.wants(by(search.Email, "person"))
	f.wants(by(search.Reference, "ext-7"), "A-1")
	f.wants(by(search.Product, "P-1"), "A-2", "A-1")
	f.wants(by(search.Product, "7310000000017"), "A-2")
	f.wants(by(search.Parcel, "PK1234"), "A-1")
	f.wants(by(search.Parcel, "Ext-7"))
	f.wants(by(search.Account, "Sklep-ABC"), "A-1")
	f.wants(by(search.Channel, "dropshipping"), "A-1")
	f.wants(search.Query{Text: "sklep-abc"})
	f.wants(search.Query{ID: "A-2"}, "A-2")
	f.wants(search.Query{ID: "Ext-7"})
	for _, text := range []string{"A-1", "Ext-7", "gift@nordlys.example", "PK 1234"} {
		f.wants(search.Query{Text: text}, "A-1")
	}
	f.wants(search.Query{Text: "P-2"}, "A-2", "A-1")
	f.wants(search.Query{Text: "P-2", Above: 1}, "A-2")
	f.wants(search.Query{Text: "P-2", Below: 2}, "A-1")
	f.wants(search.Query{Texts: map[search.Kind]string{search.Product: "P-3", search.Email: "person.a-2@nordlys.example"}}, "A-2")
	f.wants(search.Query{Texts: map[search.Kind]string{search.Product: "P-3", search.Email: "person.a-1@nordlys.example"}})

	// Another address is found as well as the one before.
	a.Customer.Email = "new@nordlys.example"
	f.accept(statement(door, a))
	f.follow()
	f.wants(by(search.Email, "new@nordlys.example"), "A-1")
	f.wants(by(search.Email, "person.a-1@nordlys.example"), "A-1")
}

func testFindByState(f *finding) {
	n := f.orders("A-1", "A-2", "A-3", "A-4")
	f.follow()
	put := func(number int64, seq int64, s delivery.State) {
		f.Helper()
		row := f.sending(number)
		row.Seq = seq
		f.commit(delivery.Change{Row: row})
		if s != delivery.Sending {
			f.commit(delivery.Change{Row: f.in(row, s), From: delivery.Sending})
		}
	}
	put(n[0], n[0], delivery.Failed)
	put(n[1], n[1], delivery.Delivered)
	put(n[2], n[2], delivery.Failed)
	put(n[3], n[3], delivery.Sending)
	in := func(states ...delivery.State) search.Query { return search.Query{Route: "hook", States: states} }
	f.wants(in(delivery.Failed), "A-3", "A-1")
	f.wants(in(delivery.Delivered), "A-2")
	f.wants(in(delivery.Sending), "A-4")
	f.wants(in(delivery.Failed, delivery.Sending), "A-4", "A-3", "A-1")
	f.wants(in(delivery.Failed, delivery.Delivered), "A-3", "A-2", "A-1")
	f.wants(search.Query{States: []delivery.State{delivery.Failed}}, "A-3", "A-1")
	f.wants(search.Query{Route: "hook"}, "A-4", "A-3", "A-2", "A-1")
	f.wants(search.Query{Route: "other", States: []delivery.State{delivery.Failed}})
	f.wants(search.Query{ID: "A-2", States: []delivery.State{delivery.Failed}})
	f.wants(search.Query{Texts: map[search.Kind]string{search.Product: "P-1"}, States: []delivery.State{delivery.Failed}, Above: n[0]}, "A-3")

	// The newest delivery counts: A-1 went through in the end, A-2 failed, and
	// stands where its event does.
	f.accept(statement(door, changedSale("A-1")), statement(door, changedSale("A-2")))
	put(n[0], n[3]+1, delivery.Delivered)
	put(n[1], n[3]+2, delivery.Failed)
	f.wants(in(delivery.Failed), "A-2", "A-3")
	f.wants(in(delivery.Delivered), "A-1")
	f.wants(in(delivery.Parked))

	// Two routes: an order stands once in the list of what failed anywhere.
	f.route = f.openRoute("second")
	put(n[2], n[2], delivery.Failed)
	f.wants(search.Query{States: []delivery.State{delivery.Failed}}, "A-2", "A-3")
}

// changedSale is a sale with another note.
func changedSale(id string) order.Order {
	o := sale(id)
	o.Store = "elsewhere"
	return o
}

func testFindPages(f *finding) {
	var want []string
	for i := range 7 {
		id := fmt.Sprint("A-", i)
		f.accept(statement(door, sale(id)))
		want = append([]string{id}, want...)
	}
	f.follow()
	for _, q := range []search.Query{{}, by(search.Product, "P-1"), {Text: "P-1"}} {
		var got []string
		for {
			ids, before := f.page(q, 3)
			got = append(got, ids...)
			if before == 0 {
				break
			}
			if q.Before = before; len(got) > 2*len(want) {
				f.Fatal("no end")
			}
		}
		if !slices.Equal(got, want) {
			f.Errorf("%v", got)
		}
	}
}

func testFindErased(f *finding) {
	f.accept(statement(door, sale("A-1")), statement(door, sale("A-2")))
	f.follow()
	email := by(search.Email, "person.A-1@nordlys.example")
	f.wants(email, "A-1")
	if err := f.ledger.Erase(f.Context(), shop, "A-1"); err != nil {
		f.Fatal(err)
	}
	f.wants(email)
	f.follow()
	f.accept(statement(door, changedSale("A-1")))
	f.follow()
	f.wants(email)
	f.wants(by(search.Email, "person.A-2@nordlys.example"), "A-2")
	f.wants(by(search.Product, "P-1"), "A-2", "A-1")
}

// testFindErasedUnderWay: what a follower read before the erasing, and writes
// after it, is gone when it comes to the erasing.
func testFindErasedUnderWay(f *finding) {
	f.accept(statement(door, sale("A-1")))
	secret, err := f.key(f.Context(), shop)
	if err != nil {
		f.Fatal(err)
	}
	read := search.Piece{To: 1, Entries: []search.Entry{{Key: search.KeyOf(secret, search.Email, "person.A-1@nordlys.example"), Number: 1}}}
	if err := f.ledger.Erase(f.Context(), shop, "A-1"); err != nil {
		f.Fatal(err)
	}
	if ok, err := f.index.Index(f.Context(), shop, read); err != nil || !ok {
		f.Fatal(ok, err)
	}
	email := by(search.Email, "person.A-1@nordlys.example")
	f.wants(email, "A-1")
	f.follow()
	f.wants(email)
}

// testFindRemoved: what orders were found by that went with the beginning of the
// log goes, too, and a follower that was under way brings none of it back.
func testFindRemoved(f *finding) {
	f.accept(statement(door, sale("A-1")), statement(door, sale("A-2")))
	f.clock.move(10 * aDay)
	f.accept(statement(door, sale("A-3")))
	secret, err := f.key(f.Context(), shop)
	if err != nil {
		f.Fatal(err)
	}
	f.follow()
	f.considered(3)
	if at, need := f.cutAt(); at.Seq != 2 {
		f.Fatalf("cut at %d, needs %+v", at.Seq, need)
	}
	keys := map[search.Kind]string{search.Product: "P-1", search.Email: "person.A-1@nordlys.example"}
	have := func(want map[search.Kind][]int64) {
		f.Helper()
		for kind, text := range keys {
			got, err := f.index.WithKey(f.Context(), shop, search.KeyOf(secret, kind, text), 0, 100, 10)
			if err != nil || !slices.Equal(got, want[kind]) {
				f.Errorf("kind %d: %v, %v", kind, got, err)
			}
		}
	}
	have(map[search.Kind][]int64{search.Product: {3, 2, 1}})
	var last search.Entry
	for met := 2; met == 2; {
		if last, met, err = f.retention().ForgetKeys(f.Context(), shop, last, 2); err != nil {
			f.Fatal(err)
		}
	}
	have(map[search.Kind][]int64{search.Product: {3}})
	var late []search.Entry
	for kind, text := range keys {
		late = append(late, search.Entry{Key: search.KeyOf(secret, kind, text), Number: 1})
	}
	if ok, err := f.index.Index(f.Context(), shop, search.Piece{After: 3, To: 3, Entries: late}); err != nil || !ok {
		f.Error(ok, err)
	}
	have(map[search.Kind][]int64{search.Product: {3}})
	f.wants(by(search.Product, "P-1"), "A-3")
}

func testTwoFollowers(f *finding) {
	f.accept(statement(door, sale("A-1")))
	entry := search.Entry{Key: search.Key{Kind: search.Parcel, Digest: 7}, Number: 1}
	steps := []struct {
		p  search.Piece
		ok bool
	}{
		{search.Piece{After: 0, To: 0, Entries: []search.Entry{entry}}, true},
		{search.Piece{After: 0, To: 5, Entries: []search.Entry{entry}}, true}, // known by now
		{search.Piece{After: 0, To: 9, Entries: []search.Entry{{Key: entry.Key, Number: 2}}}, false},
		{search.Piece{After: 4, To: 9}, false},
		{search.Piece{After: 5, To: 6}, true},
	}
	for i, s := range steps {
		if ok, err := f.index.Index(f.Context(), shop, s.p); err != nil || ok != s.ok {
			f.Errorf("step %d: %t, %v", i, ok, err)
		}
	}
	if at, err := f.index.Indexed(f.Context(), shop); err != nil || at != 6 {
		f.Errorf("at %d, %v", at, err)
	}
	if got, err := f.index.WithKey(f.Context(), shop, entry.Key, 0, 100, 10); err != nil || !slices.Equal(got, []int64{1}) {
		f.Errorf("%v, %v", got, err)
	}
	if got, err := f.index.HaveKey(f.Context(), shop, entry.Key, []int64{1, 2, 3}); err != nil || !slices.Equal(got, []int64{1}) {
		f.Errorf("%v, %v", got, err)
	}
}

func testFollowInPieces(f *finding) {
	var entries []order.Entry
	for i := range 400 { // some pieces
		entries = append(entries, statement(door, sale(fmt.Sprint("A-", i))))
	}
	f.accept(entries...)
	rests := 0
	f.follower.Rest = func(context.Context) error { rests++; return nil }
	f.follow()
	if rests == 0 {
		f.Error("all in one piece")
	}
	f.wants(by(search.Email, "person.A-399@nordlys.example"), "A-399")
	if n := len(f.find(by(search.Product, "P-1"))); n != 100 {
		f.Errorf("%d orders", n)
	}
	if at, err := f.index.Indexed(f.Context(), "other"); err != nil || at != 0 {
		f.Errorf("another shop stands at %d, %v", at, err)
	}
	w, err := f.finder.Walk(f.Context(), "other", search.Query{Text: "P-1"})
	if err != nil {
		f.Fatal(err)
	}
	if hits, err := w.Next(f.Context(), 10); err != nil || len(hits) != 0 {
		f.Errorf("another shop finds %v, %v", hits, err)
	}
}
