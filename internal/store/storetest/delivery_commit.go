package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ordermux/ordermux/internal/delivery"
)

func testPlanAndSettle(d *desk) {
	numbers := d.orders("A-1", "A-2", "A-3")
	changes := make([]delivery.Change, len(numbers))
	for i, n := range numbers {
		changes[i] = delivery.Change{Row: d.sending(n), Version: n}
		changes[i].Row.Digest = []byte{1, 2, 3}
	}
	d.route.Position = numbers[2]
	d.commit(changes...)
	sending, err := d.rows.Sending(d.Context(), shop, "hook")
	if err != nil || len(sending) != 3 || !cmp.Equal(sending[0], changes[0].Row) {
		d.Errorf("sending: %v\n%s", err, cmp.Diff(sending, changes))
	}
	for i := range changes {
		row := d.in(changes[i].Row, delivery.Delivered)
		row.Ref, row.Call, row.Place = "r", 5, i
		changes[i] = delivery.Change{Row: row, From: delivery.Sending}
	}
	d.route.LastCall = 5
	d.commit(changes...)
	if got := d.row(numbers[1]); !cmp.Equal(got, changes[1].Row) {
		d.Error(cmp.Diff(got, changes[1].Row))
	}
	if rows, err := d.rows.Routes(d.Context(), shop); err != nil || rows[0].Position != numbers[2] || rows[0].LastCall != 5 {
		d.Errorf("route: %+v %v", rows, err)
	}
}

func testStale(d *desk) {
	numbers := d.orders("A-1", "A-2")
	o := sale("A-2")
	o.Channel = "offline"
	if _, err := d.ledger.Append(d.Context(), shop, oneStatement(o)); err != nil {
		d.Fatal(err)
	}
	b := d.commit(
		delivery.Change{Row: d.sending(numbers[0]), Version: numbers[0]},
		delivery.Change{Row: d.sending(numbers[1]), Version: numbers[1]},
	)
	if b.Changes[0].Answer != delivery.Done || b.Changes[1].Answer != delivery.Stale {
		d.Errorf("answers: %v %v", b.Changes[0].Answer, b.Changes[1].Answer)
	}
	d.has(numbers[0], delivery.Sending)
	row := d.row(numbers[1])
	if row.State != delivery.Ready || row.Attempt != 0 || !row.Due.Equal(d.clock.now()) {
		d.Errorf("stale: %+v", row)
	}
	// A stored row stands as it was.
	claim := delivery.Change{Row: d.sending(numbers[1]), From: delivery.Ready, Version: numbers[1]}
	if b := d.commit(claim); b.Changes[0].Answer != delivery.Stale {
		d.Errorf("answer: %v", b.Changes[0].Answer)
	}
	d.has(numbers[1], delivery.Ready)
	claim.Version = 3
	if b := d.commit(claim); b.Changes[0].Answer != delivery.Done {
		d.Errorf("answer: %v", b.Changes[0].Answer)
	}
	d.has(numbers[1], delivery.Sending)
}

func testMoved(d *desk) {
	n := d.orders("A-1", "A-2", "A-3")
	d.commit(delivery.Change{Row: d.sending(n[0])}, delivery.Change{Row: d.in(d.sending(n[1]), delivery.Held)})
	// Exists already; is in another state; is not there at all. The others of
	// the bundle are written all the same.
	b := d.commit(
		delivery.Change{Row: d.sending(n[0])},
		delivery.Change{Row: d.in(d.sending(n[1]), delivery.Delivered), From: delivery.Sending},
		delivery.Change{Row: d.in(d.sending(n[0]), delivery.Delivered), From: delivery.Sending},
		delivery.Change{Row: d.sending(n[2])},
	)
	var got []delivery.Answer
	for _, c := range b.Changes {
		got = append(got, c.Answer)
	}
	if want := []delivery.Answer{delivery.Moved, delivery.Moved, delivery.Done, delivery.Done}; !slices.Equal(got, want) {
		d.Errorf("answers: %v", got)
	}
	d.has(n[0], delivery.Delivered)
	d.has(n[1], delivery.Held)
	d.has(n[2], delivery.Sending)
	d.counted(map[delivery.State]int64{delivery.Delivered: 1, delivery.Held: 1, delivery.Sending: 1})
}

// The changes of one row in a bundle take effect in their sequence.
func testChangedTwice(d *desk) {
	n := d.orders("A-1", "A-2")
	first, second := d.sending(n[0]), d.in(d.sending(n[1]), delivery.Ready)
	d.commit(delivery.Change{Row: first}, delivery.Change{Row: second}, delivery.Change{Row: d.in(second, delivery.Held), From: delivery.Ready})
	again := d.in(first, delivery.Retrying)
	d.commit(
		delivery.Change{Row: again, From: delivery.Sending},
		delivery.Change{Row: d.sendingAgain(again), From: delivery.Retrying},
		delivery.Change{Row: d.in(second, delivery.Ready), From: delivery.Held},
		delivery.Change{Row: d.sendingAgain(second), From: delivery.Ready},
	)
	d.has(n[0], delivery.Sending)
	d.has(n[1], delivery.Sending)
	if got := d.row(n[0]).Attempt; got != 2 {
		d.Errorf("attempt %d", got)
	}
	d.counted(map[delivery.State]int64{delivery.Sending: 2})
}

// Many kinds of change in one bundle, some of which can not be: the others are
// written, and the counts are right.
func testMixed(d *desk) {
	n := d.orders("A-1", "A-2", "A-3", "A-4", "A-5", "A-6")
	d.commit(
		delivery.Change{Row: d.sending(n[0])},
		delivery.Change{Row: d.in(d.sending(n[1]), delivery.Held)},
		delivery.Change{Row: d.in(d.sending(n[2]), delivery.Retrying)},
		delivery.Change{Row: d.in(d.sending(n[3]), delivery.Ready)},
	)
	b := d.commit(
		delivery.Change{Row: d.in(d.sending(n[0]), delivery.AwaitingPartner), From: delivery.Sending},
		delivery.Change{Row: d.in(d.sending(n[1]), delivery.Dropped), From: delivery.Held},
		delivery.Change{Row: d.sendingAgain(d.sending(n[2])), From: delivery.Retrying, Version: n[5]},
		delivery.Change{Row: d.sendingAgain(d.sending(n[3])), From: delivery.Held},
		delivery.Change{Row: d.sending(n[4]), Version: n[4]},
		delivery.Change{Row: d.sending(n[4]), Version: n[4]},
		delivery.Change{Row: d.sending(n[5]), Version: n[4]},
	)
	want := []delivery.Answer{
		delivery.Done, delivery.Done, delivery.Stale, delivery.Moved, delivery.Done, delivery.Moved, delivery.Stale,
	}
	for i := range want {
		if got := b.Changes[i].Answer; got != want[i] {
			d.Errorf("change %d: %v, want %v", i, got, want[i])
		}
	}
	d.counted(map[delivery.State]int64{
		delivery.AwaitingPartner: 1, delivery.Dropped: 1, delivery.Retrying: 1, delivery.Ready: 2, delivery.Sending: 1,
	})
}

func (d *desk) counted(want map[delivery.State]int64) {
	d.Helper()
	counts, err := d.rows.Counts(d.Context(), shop)
	if err != nil {
		d.Fatal(err)
	}
	if diff := cmp.Diff(want, counts[d.route.Route]); diff != "" {
		d.Errorf("counts: %s", diff)
	}
}

func testImpossible(d *desk) {
	n := d.orders("A-1")[0]
	refused := func(name string, change func(*delivery.Delivery)) {
		d.Helper()
		row := d.sending(n)
		change(&row)
		b := &delivery.Bundle{Route: d.route, Changes: []delivery.Change{{Row: row}}, Now: d.clock.now()}
		if err := d.rows.Commit(d.Context(), b); err == nil {
			d.Errorf("%s: stored", name)
		}
	}
	refused("an unknown state", func(r *delivery.Delivery) { r.State = "lost" })
	refused("delivered, but never settled", func(r *delivery.Delivery) { r.State = delivery.Delivered })
	refused("settled, and due", func(r *delivery.Delivery) { r.State, r.Settled = delivery.Delivered, r.Due })
	refused("sending, but no attempt", func(r *delivery.Delivery) { r.Attempt = 0 })
	refused("retrying, but never", func(r *delivery.Delivery) { r.State, r.Due = delivery.Retrying, time.Time{} })
	if list, err := d.rows.OfOrders(d.Context(), shop, "", []int64{n}); err != nil || len(list) != 0 {
		d.Errorf("left: %v %v", list, err)
	}
}

func testManyRows(d *desk) {
	const many = 333
	var ids []string
	for i := range many {
		ids = append(ids, fmt.Sprint("A-", i))
	}
	n := d.orders(ids...)
	insert := make([]delivery.Change, many)
	settle := make([]delivery.Change, many)
	for i, o := range n {
		insert[i] = delivery.Change{Row: d.sending(o), Version: o}
		settle[i] = delivery.Change{Row: d.in(d.sending(o), delivery.Delivered), From: delivery.Sending}
	}
	d.commit(insert...)
	d.counted(map[delivery.State]int64{delivery.Sending: many})
	d.commit(settle...)
	d.counted(map[delivery.State]int64{delivery.Delivered: many})
	list, err := d.rows.OfOrders(d.Context(), shop, "hook", n)
	if err != nil || len(list) != many {
		d.Errorf("%d rows, %v", len(list), err)
	}
}

func allSending(d *desk, n []int64) []delivery.Change {
	changes := make([]delivery.Change, len(n))
	for i, o := range n {
		changes[i] = delivery.Change{Row: d.sending(o), Version: o}
	}
	return changes
}

func testReopenDeliveries(d *desk) {
	n := d.orders("A-1")[0]
	d.commit(delivery.Change{Row: d.sending(n)})
	d.reopen()
	d.has(n, delivery.Sending)
	d.counted(map[delivery.State]int64{delivery.Sending: 1})
}
