package storetest

import (
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
)

// DeliveryStore is what the suite of the deliveries needs: ledger and
// deliveries in one store.
type DeliveryStore interface {
	Store
	Deliveries() delivery.Store
}

// OpenDelivery opens a store for RunDelivery.
type OpenDelivery func(t testing.TB, place string, now func() time.Time) DeliveryStore

// RunDelivery runs all that the delivery engine relies on over a store.
func RunDelivery(t *testing.T, open OpenDelivery) {
	cases := map[string]func(*desk){
		"routes":                         testRoutes,
		"another owner":                  testEpoch,
		"plan and settle":                testPlanAndSettle,
		"an order that changed is stale": testStale,
		"a row that moved":               testMoved,
		"one row changed twice":          testChangedTwice,
		"a bundle of everything":         testMixed,
		"claims":                         testClaims,
		"claims taken in part":           testClaimedInPart,
		"a claim given up":               testClaimGivenUp,
		"due in lanes":                   testDue,
		"blocked":                        testBlocked,
		"lists":                          testLists,
		"counts and the oldest":          testCounts,
		"what is stuck":                  testStuck,
		"calls":                          testCalls,
		"notes":                          testNotes,
		"whatever a partner says":        testOddBytes,
		"calls per day":                  testUsage,
		"erase":                          testEraseDeliveries,
		"erased in flight":               testErasedInFlight,
		"what keeps a log from a cut":    testCutNeeded,
		"a cut behind an erasing":        testCutErased,
		"deliveries removed":             testCutDeliveries,
		"evidence forgotten":             testForgetCalls,
		"reopened":                       testReopenDeliveries,
		"impossible rows":                testImpossible,
		"many rows":                      testManyRows,
		"rows of so many orders":         testOfOrders,
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(newDesk(t, open))
		})
	}
}

// desk is one test's store, with a ledger that gives orders to deliver.
type desk struct {
	*testing.T
	open   OpenDelivery
	place  string
	clock  *clock
	store  DeliveryStore
	rows   delivery.Store
	ledger *ledger.Ledger
	route  delivery.RouteRow
}

func newDesk(t *testing.T, open OpenDelivery) *desk {
	d := &desk{T: t, open: open, place: t.TempDir(), clock: newClock()}
	d.reopen()
	t.Cleanup(func() { _ = d.store.Close() })
	d.route = d.openRoute("hook")
	return d
}

func (d *desk) reopen() {
	d.Helper()
	if d.store != nil {
		if err := d.store.Close(); err != nil {
			d.Fatal(err)
		}
	}
	d.store = d.open(d.T, d.place, d.clock.now)
	d.rows = d.store.Deliveries()
	d.ledger = ledger.New(d.store, ledger.Options{})
}

func (d *desk) openRoute(name string) delivery.RouteRow {
	d.Helper()
	rows, err := d.rows.OpenRoutes(d.Context(), shop, 0, []delivery.RouteRow{{Shop: shop, Route: name, Partner: "webhook"}})
	if err != nil {
		d.Fatal(err)
	}
	for _, r := range rows {
		if r.Route == name {
			return r
		}
	}
	d.Fatalf("no route %s", name)
	return delivery.RouteRow{}
}

// orders accepts n orders and returns their numbers.
func (d *desk) orders(ids ...string) []int64 {
	d.Helper()
	entries := make([]order.Entry, len(ids))
	for i, id := range ids {
		entries[i] = statement(door, sale(id))
	}
	receipts, err := d.ledger.Append(d.Context(), shop, entries)
	if err != nil {
		d.Fatal(err)
	}
	numbers := make([]int64, len(receipts))
	for i, r := range receipts {
		numbers[i] = r.Seq
	}
	return numbers
}

// sending is a row as the engine plans it.
func (d *desk) sending(n int64) delivery.Delivery {
	return delivery.Delivery{
		Shop: shop, Route: d.route.Route, Order: n, Seq: n, State: delivery.Sending, Attempt: 1,
		Due: d.clock.now(), Planned: d.clock.now(), Base: d.clock.now(),
	}
}

// in is the row in another state.
func (d *desk) in(r delivery.Delivery, s delivery.State) delivery.Delivery {
	r.State, r.Due, r.Settled = s, time.Time{}, time.Time{}
	switch s {
	case delivery.Ready, delivery.Held:
	case delivery.Sending, delivery.Retrying, delivery.Asking, delivery.AwaitingPartner:
		r.Due = d.clock.now()
	default:
		r.Settled = d.clock.now()
	}
	return r
}

// commit writes changes of the route.
func (d *desk) commit(changes ...delivery.Change) *delivery.Bundle {
	d.Helper()
	b := &delivery.Bundle{Route: d.route, Changes: changes, Now: d.clock.now()}
	d.write(b)
	return b
}

func (d *desk) write(b *delivery.Bundle) {
	d.Helper()
	if err := d.rows.Commit(d.Context(), b); err != nil {
		d.Fatal(err)
	}
}

// row reads one delivery of an order.
func (d *desk) row(n int64) delivery.Delivery {
	d.Helper()
	list, err := d.rows.OfOrders(d.Context(), shop, d.route.Route, []int64{n})
	if err != nil || len(list) == 0 {
		d.Fatalf("order %d: %d deliveries, %v", n, len(list), err)
	}
	return list[0]
}

func (d *desk) has(n int64, want delivery.State) {
	d.Helper()
	if got := d.row(n).State; got != want {
		d.Errorf("order %d is %s, want %s", n, got, want)
	}
}

func exchange(text string) outbound.Exchange {
	return outbound.Exchange{
		At: time.Date(2026, 5, 31, 9, 0, 0, 0, time.UTC), Duration: time.Millisecond, Method: "POST",
		URL: "https://partner.example/" + text, RequestHead: "X: " + text, RequestBody: []byte(text),
		RequestSize: len(text), Status: 200, ResponseHead: "Y: " + text, ResponseBody: []byte("ok " + text),
		ResponseSize: 3, Error: "none of " + text,
	}
}

type exchanged = outbound.Exchange

func oneStatement(o order.Order) []order.Entry { return []order.Entry{statement(door, o)} }
