package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

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
