// Package storetest is the conformance suite that every store runs: what the
// ledger and the delivery engine rely on, told as tests. A store's own tests
// call it in three lines.
package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// Store is what the suite of the ledger needs.
type Store interface {
	ledger.Store
	Close() error
}

// Open opens a store: a fresh one for each new place, the same data for the
// same place after it was closed.
type Open func(t testing.TB, place string, now func() time.Time) Store

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 5, 31, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// bench is one test's store with a ledger over it.
type bench struct {
	*testing.T
	open   Open
	place  string
	clock  *clock
	store  Store
	ledger *ledger.Ledger
}

func setup(t *testing.T, open Open) *bench {
	t.Helper()
	b := &bench{T: t, open: open, place: t.TempDir(), clock: newClock()}
	b.store = open(t, b.place, b.clock.now)
	b.ledger = ledger.New(b.store, ledger.Options{})
	t.Cleanup(func() {
		if err := b.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// reopen closes the store and opens it again.
func (b *bench) reopen() {
	b.Helper()
	if err := b.store.Close(); err != nil {
		b.Fatal(err)
	}
	b.store = b.open(b.T, b.place, b.clock.now)
	b.ledger = ledger.New(b.store, ledger.Options{})
}

// cold returns a ledger that has nothing in memory.
func (b *bench) cold() *ledger.Ledger { return ledger.New(b.store, ledger.Options{}) }

const shop = "nordlys"

// append appends and fails the test on an error.
func (b *bench) append(entries ...order.Entry) []order.Receipt {
	b.Helper()
	receipts, err := b.ledger.Append(b.Context(), shop, entries)
	if err != nil {
		b.Fatalf("append: %v", err)
	}
	if len(receipts) != len(entries) {
		b.Fatalf("%d receipts for %d entries", len(receipts), len(entries))
	}
	return receipts
}

func (b *bench) one(e order.Entry) order.Receipt {
	b.Helper()
	return b.append(e)[0]
}

// fails appends and returns the error that must come.
func (b *bench) fails(entries ...order.Entry) error {
	b.Helper()
	_, err := b.ledger.Append(b.Context(), shop, entries)
	if err == nil {
		b.Fatal("append: no error")
	}
	return err
}

func (b *bench) head() int64 {
	b.Helper()
	head, err := b.cold().Head(b.Context(), shop)
	if err != nil {
		b.Fatal(err)
	}
	return head
}

// state returns the state of an order, read from the store; what memory makes
// of it must be the same.
func (b *bench) state(id string) *ledger.State {
	b.Helper()
	states, err := b.cold().StatesByID(b.Context(), shop, []string{id})
	if err != nil {
		b.Fatal(err)
	}
	cold := states[0]
	if cold == nil {
		return nil
	}
	warm, err := b.ledger.States(b.Context(), shop, []int64{cold.Row.First})
	if err != nil {
		b.Fatal(err)
	}
	if diff := cmp.Diff(cold.Row, warm[0].Row); diff != "" {
		b.Errorf("row of %s in memory: %s", id, diff)
	}
	x, y := cold.Merged, warm[0].Merged
	if (x.Order == nil) != (y.Order == nil) || x.Order != nil && len(order.Diff(x.Order, y.Order)) > 0 {
		b.Errorf("state of %s in memory: %+v instead of %+v", id, y.Order, x.Order)
	}
	return cold
}

func (b *bench) verifies() {
	b.Helper()
	r, err := b.ledger.Verify(b.Context(), shop)
	if err != nil {
		b.Fatal(err)
	}
	if len(r.Faults) > 0 {
		b.Fatalf("verify: %v", r.Faults)
	}
}

// The sources of the tests.
var (
	door   = order.Source{Name: "citrusad:default", Rank: order.RankDoor}
	public = order.Source{Name: "citrusad:default/public", Rank: order.RankPublic}
	api    = order.Source{Name: "api:erp", Rank: order.RankShop}
	route  = order.Source{Name: "route:hub", Rank: order.RankRoute}
	anna   = order.Source{Name: "operator:anna", Rank: order.RankOperator}
)

func dec(s string) order.Decimal {
	d, err := order.ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return d
}

// sale is an order with two lines and a customer.
func sale(id string) order.Order {
	placed, err := order.ParseTime("2026-05-31T09:30:00+10:00")
	if err != nil {
		panic(err)
	}
	return order.Order{
		ID: id, PlacedAt: placed, Currency: "SEK", Channel: "online",
		Session:  "s-" + id,
		Customer: &order.Customer{Name: "Person of " + id, Email: "person." + id + "@nordlys.example"},
		Lines: []order.Line{
			{Product: order.Product{Code: "P-1", Name: "Coffee"}, Quantity: dec("2"), Total: dec("25.00")},
			{Product: order.Product{Code: "P-2"}, Quantity: dec("1"), Total: dec("3.950")},
		},
	}
}

func statement(s order.Source, o order.Order) order.Entry {
	return order.Entry{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: o.ID}, Source: s,
		Statement: &order.Statement{Order: o},
	}
}

func happening(s order.Source, id string, h order.Happening) order.Entry {
	return order.Entry{Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Source: s, Happening: &h}
}
