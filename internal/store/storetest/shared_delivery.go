package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
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
	next := d.node()
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

// A node appends a refund while another one claims the order. If the refund
// had its receipt before the claim could be seen by anybody, the claim must be
// Stale; and whenever it is, nothing leaves: the row is not in Sending.
func testRefundWins(d *desk, _ SharedDelivery) {
	const rounds = 150
	var ids []string
	for i := range rounds {
		ids = append(ids, fmt.Sprint("A-", i))
	}
	numbers := d.orders(ids...)
	other := d.node()
	answers := map[delivery.Answer]int{}
	for i, n := range numbers {
		row := d.sending(n)
		change := delivery.Change{Row: row, Version: n}
		if i%3 == 0 { // a stored row is claimed
			waiting := d.in(row, delivery.Held)
			d.commit(delivery.Change{Row: waiting})
			change.From = delivery.Held
		}
		receipt, must := make(chan struct{}), make(chan bool, 1)
		go func() {
			defer close(receipt)
			refund := order.Happening{Kind: order.KindRefunded, Ref: fmt.Sprint(i)}
			if _, err := other.ledger.Append(d.Context(), shop, []order.Entry{happening(api, ids[i], refund)}); err != nil {
				d.Error(err)
			}
			rows, err := other.rows.OfOrders(d.Context(), shop, "hook", []int64{n})
			if err != nil {
				d.Error(err)
			}
			must <- len(rows) == 0 || rows[0].State != delivery.Sending
		}()
		if i%5 == 0 {
			<-receipt
		}
		b := d.commit(change)
		answer := b.Changes[0].Answer
		answers[answer]++
		<-receipt
		if <-must && answer != delivery.Stale {
			d.Errorf("round %d: refunded before it was claimed, and yet %v", i, answer)
		}
		got := d.row(n)
		if (got.State == delivery.Sending) != (answer == delivery.Done) {
			d.Errorf("round %d: %v, and the row is %s", i, answer, got.State)
		}
		if answer == delivery.Stale && (got.Due.IsZero() && change.From == "" || got.Attempt > 1) {
			d.Errorf("round %d: %+v", i, got)
		}
	}
	d.Logf("answers (0 done, 1 stale): %v", answers)
	d.recount(numbers)
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

// Routes of one shop take the same invitations, settle, and give them up to
// each other, all at the same time, each over a store of its own: nothing hangs,
// each invitation is one route's, and the counts are right.
func testSideBySide(d *desk, _ SharedDelivery) {
	var ids []string
	for i := range 60 {
		ids = append(ids, fmt.Sprint("A-", i))
	}
	n := d.orders(ids...)
	names := []string{"hook", "mail", "sms", "ads"}
	var desks []*desk
	for _, name := range names {
		node := d.node()
		node.route = node.openRoute(name)
		desks = append(desks, node)
	}
	var wg sync.WaitGroup
	for _, node := range desks {
		wg.Go(func() { node.work(n, names) })
	}
	wg.Wait()
	d.recount(n)
	rows, err := d.rows.OfOrders(d.Context(), shop, "", n)
	if err != nil {
		d.Fatal(err)
	}
	invited := map[int64]string{}
	for _, r := range rows {
		if r.State != delivery.Delivered {
			continue
		}
		if other := invited[r.Order]; other != "" && other != r.Route {
			d.Errorf("order %d: invited by %s and %s", r.Order, other, r.Route)
		}
		invited[r.Order] = r.Route
	}
	if used, err := d.rows.Usage(d.Context(), shop, "shared", "2026-05-31"); err != nil || used != len(names)*len(n)/5 {
		d.Errorf("%d calls counted, %v", used, err)
	}
}

// work claims orders in any sequence, five at a time, and settles some as
// delivered; the rest give their claims up.
func (d *desk) work(orders []int64, names []string) {
	orders = slices.Clone(orders)
	rand.Shuffle(len(orders), func(i, j int) { orders[i], orders[j] = orders[j], orders[i] })
	for five := range slices.Chunk(orders, 5) {
		d.route.Position = max(d.route.Position, slices.Max(five))
		var claim, settle []delivery.Change
		for _, o := range five {
			claim = append(claim, delivery.Change{Row: d.sending(o), Version: o, Claims: []string{"shop", "products"}})
		}
		b := &delivery.Bundle{Route: d.route, Changes: claim, Now: d.clock.now(), Connection: "shared", Day: "2026-05-31", Used: 1}
		if err := d.rows.Commit(d.Context(), b); err != nil {
			d.Error(err)
			return
		}
		for i := range claim {
			if claim[i].Answer != delivery.Done {
				continue
			}
			change := delivery.Change{Row: d.in(claim[i].Row, delivery.Delivered), From: delivery.Sending}
			if i%2 == 1 {
				change = delivery.Change{Row: d.in(claim[i].Row, delivery.Refused), From: delivery.Sending, Release: true, Plant: names}
			}
			settle = append(settle, change)
		}
		if err := d.rows.Commit(d.Context(), &delivery.Bundle{Route: d.route, Changes: settle, Now: d.clock.now()}); err != nil {
			d.Error(err)
			return
		}
	}
}

// A route gives an invitation up while another one comes to the order: either
// the other one finds it free, or it is planted there.
func testGivenUpBesides(d *desk, _ SharedDelivery) {
	var ids []string
	for i := range 60 {
		ids = append(ids, fmt.Sprint("A-", i))
	}
	numbers := d.orders(ids...)
	other := d.node()
	other.route = other.openRoute("mail")
	for _, n := range numbers {
		d.commit(delivery.Change{Row: d.sending(n), Claims: []string{"shop"}})
		var wg sync.WaitGroup
		wg.Go(func() {
			refused := d.in(d.sending(n), delivery.Refused)
			d.commit(delivery.Change{Row: refused, From: delivery.Sending, Release: true, Plant: []string{"mail"}})
		})
		var answer delivery.Answer
		wg.Go(func() {
			other.route.Position = n
			b := other.commit(delivery.Change{Row: other.sending(n), Claims: []string{"shop"}})
			answer = b.Changes[0].Answer
		})
		wg.Wait()
		rows, err := d.rows.OfOrders(d.Context(), shop, "mail", []int64{n})
		if err != nil || len(rows) != 1 {
			d.Fatalf("order %d: answered %v, and mail has %+v, %v", n, answer, rows, err)
		}
		if want := map[delivery.Answer]delivery.State{delivery.Done: delivery.Sending, delivery.Taken: delivery.Held}[answer]; rows[0].State != want {
			d.Errorf("order %d: answered %v, and it is %s", n, answer, rows[0].State)
		}
	}
	d.recount(numbers)
}

// Orders are erased by one node while another one settles them, with evidence
// and notes: of the person nothing is left.
func testErasedBesides(d *desk, s SharedDelivery) {
	const secret = "anna.of.the.hill"
	var ids []string
	for i := range 36 {
		ids = append(ids, fmt.Sprint("A-", i))
	}
	numbers := d.orders(ids...)
	d.route.Personal = true
	d.write(&delivery.Bundle{Route: d.route, Save: true, Now: d.clock.now()})
	d.commit(allSending(d, numbers)...)
	other, third := d.node(), d.node()
	for i, n := range numbers {
		var wg sync.WaitGroup
		wg.Go(func() {
			d.dawdle(i % 8)
			d.settleOf(int64(i+1), n, secret)
		})
		wg.Go(func() {
			third.dawdle(i % 9)
			row := d.sending(n)
			if err := third.rows.SaveNote(d.Context(), shop, "hook", d.route.Epoch, row.Key(), []byte(secret)); err != nil {
				d.Error(err)
			}
		})
		wg.Go(func() {
			if err := other.ledger.Erase(d.Context(), shop, ids[i]); err != nil {
				d.Error(err)
			}
		})
		wg.Wait()
	}
	if tables := s.Search(d.T, d.place, secret); len(tables) != 0 {
		d.Errorf("it still stands in %v", tables)
	}
	d.recount(numbers)
	if rows, err := d.rows.Sending(d.Context(), shop, "hook"); err != nil || len(rows) != 0 {
		d.Errorf("%d still sending, %v", len(rows), err)
	}
}

// dawdle lets others go first, by some round trips.
func (d *desk) dawdle(trips int) {
	for range trips {
		if _, err := d.rows.Usage(d.Context(), shop, "none", ""); err != nil {
			d.Error(err)
		}
	}
}

// settleOf settles a delivery: every second one fails, and waits for somebody.
func (d *desk) settleOf(call, n int64, said string) {
	row := d.in(d.sending(n), delivery.Delivered)
	if call%2 == 0 {
		row = d.in(d.sending(n), delivery.Retrying)
	}
	row.Call, row.Reason = call, said
	x := exchange(said)
	err := d.rows.Commit(d.Context(), &delivery.Bundle{
		Route: d.route, Now: d.clock.now(), Changes: []delivery.Change{{Row: row, From: delivery.Sending}},
		Calls: []delivery.Call{{Shop: shop, Route: "hook", ID: call, Tasks: 1, Exchanges: []exchanged{x}}},
	})
	if err != nil {
		d.Error(err)
	}
}
