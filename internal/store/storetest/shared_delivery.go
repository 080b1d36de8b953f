package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
)

// SharedDelivery is a store that several nodes share.
type SharedDelivery struct {
	// Open opens the store of a place once more, for another node.
	Open OpenDelivery
	// Own makes somebody else the owner of a shop and returns the new epoch.
	Own func(t testing.TB, place, shop string) int64
	// Search returns the tables of a place in which a text stands.
	Search func(t testing.TB, place, text string) []string
}

// RunSharedDelivery holds a store that nodes share to what deliveries need of
// it beside RunDelivery.
func RunSharedDelivery(t *testing.T, s SharedDelivery) {
	cases := map[string]func(*desk, SharedDelivery){
		"an earlier owner":                 testEarlierOwner,
		"an owner that does not know":      testTakenOver,
		"a refund while it is claimed":     testRefundWins,
		"routes commit side by side":       testSideBySide,
		"erased while others settle":       testErasedBesides,
		"given up while another passes by": testGivenUpBesides,
		"announced before it is owned":     testAnnounced,
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(newDesk(t, s.Open), s)
		})
	}
}

// node is the desk of another node over the same store.
func (d *desk) node() *desk {
	d.Helper()
	n := &desk{T: d.T, open: d.open, place: d.place, clock: d.clock, route: d.route}
	n.store = d.open(d.T, d.place, d.clock.now)
	n.rows = n.store.Deliveries()
	n.ledger = ledger.New(n.store, ledger.Options{Shared: true})
	d.Cleanup(func() { _ = n.store.Close() })
	return n
}

// own opens the route as the shop's new owner.
func (d *desk) own(s SharedDelivery, name string) int64 {
	d.Helper()
	epoch := s.Own(d.T, d.place, shop)
	d.route = d.openAs(epoch, name)
	return epoch
}

func (d *desk) openAs(epoch int64, name string) delivery.RouteRow {
	d.Helper()
	rows, err := d.rows.OpenRoutes(d.Context(), shop, epoch, []delivery.RouteRow{{Shop: shop, Route: name, Partner: "webhook"}})
	if err != nil {
		d.Fatal(err)
	}
	for _, r := range rows {
		if r.Epoch != epoch {
			d.Errorf("route %s has epoch %d, want %d", r.Route, r.Epoch, epoch)
		}
		if r.Route == name {
			return r
		}
	}
	d.Fatalf("no route %s", name)
	return delivery.RouteRow{}
}

// stored is all that is known of some orders and the shop's routes.
type stored struct {
	Routes []delivery.RouteRow
	Rows   []delivery.Delivery
	Counts map[string]map[delivery.State]int64
	Calls  [][]delivery.Call
}

func (d *desk) stored(orders []int64) (s stored) {
	d.Helper()
	var err [3]error
	s.Routes, err[0] = d.rows.Routes(d.Context(), shop)
	s.Rows, err[1] = d.rows.OfOrders(d.Context(), shop, "", orders)
	s.Counts, err[2] = d.rows.Counts(d.Context(), shop)
	if err := errors.Join(err[:]...); err != nil {
		d.Fatal(err)
	}
	for _, row := range s.Rows {
		calls, err := d.rows.Calls(d.Context(), row)
		if err != nil {
			d.Fatal(err)
		}
		s.Calls = append(s.Calls, calls)
	}
	return s
}

func (d *desk) lost(err error) {
	d.Helper()
	if !errors.Is(err, delivery.ErrLost) {
		d.Errorf("an earlier owner: %v", err)
	}
}

// Whatever an earlier owner writes after its successor has opened the shop is
// refused and changes nothing. Before that it can open it no more.
func testEarlierOwner(d *desk, s SharedDelivery) {
	n := d.orders("A-1", "A-2")
	first := d.own(s, "hook")
	sent := d.sending(n[0])
	d.commit(delivery.Change{Row: sent})
	next := d.node()
	epoch := s.Own(d.T, d.place, shop)
	_, err := d.rows.OpenRoutes(d.Context(), shop, first, []delivery.RouteRow{{Shop: shop, Route: "new"}})
	d.lost(err)
	next.route = next.openAs(epoch, "hook")
	before := d.stored(n)
	done := d.in(sent, delivery.Delivered)
	done.Call = 1
	d.lost(d.rows.Commit(d.Context(), &delivery.Bundle{
		Route: d.route, Now: d.clock.now(), Connection: "c", Day: "2026-05-31", Used: 1,
		Changes: []delivery.Change{{Row: done, From: delivery.Sending, Release: true}, {Row: d.sending(n[1]), Claims: []string{"shop"}}},
		Calls:   []delivery.Call{{Shop: shop, Route: "hook", ID: 1, Tasks: 1, Exchanges: []exchanged{exchange("late")}}},
	}))
	d.lost(d.rows.Commit(d.Context(), &delivery.Bundle{Route: d.route, Save: true, Now: d.clock.now()}))
	d.lost(d.rows.SaveNote(d.Context(), shop, "hook", d.route.Epoch, sent.Key(), []byte("late")))
	_, err = d.rows.OpenRoutes(d.Context(), shop, first, []delivery.RouteRow{{Shop: shop, Route: "new"}})
	d.lost(err)
	if diff := cmp.Diff(before, d.stored(n)); diff != "" {
		d.Errorf("it changed: %s", diff)
	}
	if used, err := d.rows.Usage(d.Context(), shop, "c", "2026-05-31"); err != nil || used != 0 {
		d.Errorf("it counted %d calls, %v", used, err)
	}
	next.commit(delivery.Change{Row: next.in(sent, delivery.Retrying), From: delivery.Sending})
	next.has(n[0], delivery.Retrying)
}

// An owner that writes on and on does not notice that the shop is taken over:
// what the successor is told when it opens the shop is all that there is.
func testTakenOver(d *desk, s SharedDelivery) {
	var ids []string
	for i := range 300 {
		ids = append(ids, fmt.Sprint("A-", i))
	}
	n := d.orders(ids...)
	d.own(s, "hook")
	next := d.node()
	begun, over := make(chan struct{}), make(chan int, 1)
	go func() {
		for i, o := range n {
			d.route.Position = o
			b := &delivery.Bundle{Route: d.route, Changes: []delivery.Change{{Row: d.sending(o)}}, Now: d.clock.now()}
			if err := d.rows.Commit(d.Context(), b); err != nil {
				d.lost(err)
				over <- i
				return
			}
			if i == 5 {
				close(begun)
			}
		}
		over <- len(n)
	}()
	<-begun
	epoch := next.own(s, "hook")
	told := next.stored(n)
	written := <-over
	if diff := cmp.Diff(told, next.stored(n)); diff != "" {
		d.Errorf("written after the shop was opened: %s", diff)
	}
	if next.route.Position != n[written-1] || next.route.Epoch != epoch || len(told.Rows) != written {
		d.Errorf("told of %+v and %d rows after %d commits", next.route, len(told.Rows), written)
	}
	if next.route.Idle {
		d.Error("idle, with deliveries in sending")
	}
}

// recount compares the counts with the rows.
func (d *desk) recount(orders []int64) {
	d.Helper()
	rows, err := d.rows.OfOrders(d.Context(), shop, "", orders)
	if err != nil {
		d.Fatal(err)
	}
	want := map[string]map[delivery.State]int64{}
	for _, r := range rows {
		if want[r.Route] == nil {
			want[r.Route] = map[delivery.State]int64{}
		}
		want[r.Route][r.State]++
	}
	got, err := d.rows.Counts(d.Context(), shop)
	if err != nil {
		d.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		d.Errorf("counts: %s", diff)
	}
}
