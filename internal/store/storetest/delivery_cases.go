package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ordermux/ordermux/internal/delivery"
)

func testRoutes(d *desk) {
	rows, err := d.rows.OpenRoutes(d.Context(), shop, []delivery.RouteRow{
		{Shop: shop, Route: "ads", Partner: "citrusad", Position: 7, Start: 7, Personal: true, Revision: "r1"},
	})
	if err != nil {
		d.Fatal(err)
	}
	want := delivery.RouteRow{
		Shop: shop, Route: "ads", Partner: "citrusad", Position: 7, Start: 7, Personal: true, Revision: "r1", Epoch: 1,
	}
	if len(rows) != 2 || !cmp.Equal(rows[0], want) {
		d.Errorf("opened: %+v", rows)
	}
	// Saved whole, opened again: what is stored stands, the epoch rises.
	want.Position, want.Ahead, want.LastCall = 9, 12, 3
	want.Status, want.Reason, want.Revision = delivery.Paused, "by hand", "r2"
	want.Backfilled = []delivery.Range{{From: 1, To: 5}, {From: 8, To: 8}}
	d.write(&delivery.Bundle{Route: want, Save: true, Now: d.clock.now()})
	want.Epoch = 2
	rows, err = d.rows.OpenRoutes(d.Context(), shop, []delivery.RouteRow{{Shop: shop, Route: "ads", Position: 100}})
	if err != nil || !cmp.Equal(rows[0], want) {
		d.Errorf("opened again: %s %v", cmp.Diff(rows[0], want), err)
	}
	all, err := d.rows.Routes(d.Context(), shop)
	if err != nil || len(all) != 2 || !cmp.Equal(all[0], want) {
		d.Errorf("routes: %+v %v", all, err)
	}
	shops, err := d.rows.Shops(d.Context())
	if err != nil || !slices.Equal(shops, []string{shop}) {
		d.Errorf("shops: %v %v", shops, err)
	}
}

func testEpoch(d *desk) {
	n := d.orders("A-1")[0]
	old := d.route
	d.openRoute("hook")
	b := &delivery.Bundle{Route: old, Changes: []delivery.Change{{Row: d.sending(n)}}, Now: d.clock.now()}
	if err := d.rows.Commit(d.Context(), b); !errors.Is(err, delivery.ErrLost) {
		d.Errorf("an old owner wrote: %v", err)
	}
	if list, err := d.rows.OfOrders(d.Context(), shop, "", []int64{n}); err != nil || len(list) != 0 {
		d.Errorf("left: %+v %v", list, err)
	}
}

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

func testClaims(d *desk) {
	n := d.orders("A-1", "A-2")
	first, second := d.route, d.openRoute("mail")
	d.commit(delivery.Change{Row: d.sending(n[0]), Claims: []string{"shop", "products"}})
	d.route = second
	b := d.commit(
		delivery.Change{Row: d.sending(n[0]), Claims: []string{"products"}},
		delivery.Change{Row: d.sending(n[1]), Claims: []string{"products"}},
	)
	if b.Changes[0].Answer != delivery.Taken || b.Changes[0].Owner != first.Route || b.Changes[1].Answer != delivery.Done {
		d.Errorf("answers: %+v", b.Changes)
	}
	d.counted(map[delivery.State]int64{delivery.Sending: 1})
	// One's own claim is no obstacle.
	again := d.sending(n[1])
	again.Run = 1
	if b := d.commit(delivery.Change{Row: again, Claims: []string{"products"}}); b.Changes[0].Answer != delivery.Done {
		d.Errorf("own claim: %+v", b.Changes[0])
	}
}

func testClaimGivenUp(d *desk) {
	n := d.orders("A-1", "A-2")
	first, second, third := d.route, d.openRoute("mail"), d.openRoute("late")
	d.commit(delivery.Change{Row: d.sending(n[0]), Claims: []string{"shop"}}, delivery.Change{Row: d.sending(n[1]), Claims: []string{"shop"}})
	d.route, second.Position = second, n[1] // it has passed both; the third has not
	d.commit()
	d.route = first
	refused := d.in(d.sending(n[0]), delivery.Refused)
	d.commit(delivery.Change{Row: refused, From: delivery.Sending, Release: true, Plant: []string{second.Route, third.Route}})
	d.route = second
	if list, err := d.rows.OfOrders(d.Context(), shop, "", []int64{n[0]}); err != nil || len(list) != 1 {
		d.Errorf("planted at a position of 0: %+v %v", list, err)
	}
	second.Position = n[1]
	d.route = second
	d.commit()
	d.route = first
	refused = d.in(d.sending(n[1]), delivery.Refused)
	d.commit(delivery.Change{Row: refused, From: delivery.Sending, Release: true, Plant: []string{second.Route, third.Route}})
	d.route = second
	row := d.row(n[1])
	if row.State != delivery.Held || row.Code != "claim_free" || !row.Due.Equal(d.clock.now()) {
		d.Errorf("planted: %+v", row)
	}
	d.counted(map[delivery.State]int64{delivery.Held: 1})
	if b := d.commit(delivery.Change{Row: d.sending(n[1]), From: delivery.Held, Claims: []string{"shop"}}); b.Changes[0].Answer != delivery.Done {
		d.Errorf("claim: %+v", b.Changes[0])
	}
	d.route = third
	if list, err := d.rows.OfOrders(d.Context(), shop, third.Route, n); err != nil || len(list) != 0 {
		d.Errorf("planted for a route that has not come to it: %+v %v", list, err)
	}
}

func testDue(d *desk) {
	n := d.orders("A-1", "A-2", "A-3", "A-4", "A-5")
	at := func(i int, s delivery.State, act delivery.Act, in time.Duration) delivery.Change {
		r := d.in(d.sending(n[i]), s)
		r.Due, r.Act = d.clock.now().Add(in), act
		return delivery.Change{Row: r}
	}
	d.commit(
		at(0, delivery.Retrying, delivery.ActLive, time.Hour), at(1, delivery.Ready, delivery.ActRetry, time.Minute),
		at(2, delivery.Ready, delivery.ActBackfill, 0), at(3, delivery.Sending, delivery.ActLive, 0),
		delivery.Change{Row: d.in(d.sending(n[4]), delivery.Held)},
	)
	for bulk, want := range map[bool][]int64{false: {n[1], n[0]}, true: {n[2]}} {
		list, err := d.rows.Due(d.Context(), shop, "hook", bulk, 10)
		if err != nil {
			d.Fatal(err)
		}
		if got := ordersOf(list); !slices.Equal(got, want) {
			d.Errorf("bulk %v: %v, want %v", bulk, got, want)
		}
	}
	if list, err := d.rows.Due(d.Context(), shop, "hook", false, 1); err != nil || len(list) != 1 {
		d.Errorf("limit: %v %v", list, err)
	}
}

func ordersOf(list []delivery.Delivery) []int64 {
	var orders []int64
	for i := range list {
		orders = append(orders, list[i].Order)
	}
	return orders
}

func testBlocked(d *desk) {
	n := d.orders("A-1", "A-2", "A-3", "A-4")
	for _, o := range n[:3] {
		d.commit(delivery.Change{Row: d.in(d.sending(o), delivery.Ready)})
	}
	d.commit(delivery.Change{Row: d.in(d.sending(n[3]), delivery.Held)})
	got, err := d.rows.Blocked(d.Context(), shop, "hook", 0, 2)
	if err != nil || !slices.Equal(got, n[:2]) {
		d.Errorf("%v %v", got, err)
	}
	got, err = d.rows.Blocked(d.Context(), shop, "hook", n[1], 2)
	if err != nil || !slices.Equal(got, n[2:3]) {
		d.Errorf("%v %v", got, err)
	}
}

func testLists(d *desk) {
	var ids []string
	for i := range 20 {
		ids = append(ids, fmt.Sprint("A-", i))
	}
	n := d.orders(ids...)
	states := []delivery.State{delivery.Delivered, delivery.Failed, delivery.Held, delivery.Refused, delivery.Sending}
	for _, route := range []delivery.RouteRow{d.route, d.openRoute("mail")} {
		d.route = route
		for i, o := range n {
			r := d.in(d.sending(o), states[i%len(states)])
			r.Code = fmt.Sprint("c", i%2)
			d.commit(delivery.Change{Row: r})
		}
	}
	listed := func(name string, q delivery.Query, want int) {
		d.Helper()
		q.Shop = shop
		seen := map[string]bool{}
		for pages := 0; ; pages++ {
			list, next, err := d.rows.List(d.Context(), q)
			if err != nil || len(list) > q.Limit || pages > 100 {
				d.Fatalf("%s: page %d of %d, %v", name, pages, len(list), err)
			}
			for _, r := range list {
				k := fmt.Sprint(r.Route, r.Key())
				if seen[k] {
					d.Errorf("%s: %s twice", name, k)
				}
				seen[k] = true
			}
			if next == "" {
				break
			}
			q.Cursor = next
		}
		if len(seen) != want {
			d.Errorf("%s: %d, want %d", name, len(seen), want)
		}
	}
	for _, limit := range []int{1, 3, 100} {
		listed("all", delivery.Query{Limit: limit}, 40)
		listed("of a route", delivery.Query{Route: "mail", Limit: limit}, 20)
		listed("failed", delivery.Query{States: []delivery.State{delivery.Failed}, Limit: limit}, 8)
		listed("failed or held here", delivery.Query{Route: "hook", States: []delivery.State{delivery.Held, delivery.Failed}, Limit: limit}, 8)
		listed("delivered", delivery.Query{States: []delivery.State{delivery.Delivered, delivery.Held}, Limit: limit}, 16)
		listed("by code", delivery.Query{States: []delivery.State{delivery.Failed}, Code: "c1", Limit: limit}, 4)
		listed("by event", delivery.Query{FromSeq: n[5], ToSeq: n[9], Limit: limit}, 10)
		listed("failed by event", delivery.Query{States: []delivery.State{delivery.Failed}, FromSeq: n[5], ToSeq: n[9], Limit: limit}, 2)
		listed("of orders", delivery.Query{Orders: n[:4], Limit: limit}, 8)
		listed("of orders in a route", delivery.Query{Route: "hook", Orders: n[:4], Limit: limit}, 4)
		listed("none", delivery.Query{Route: "none", Limit: limit}, 0)
	}
	if _, _, err := d.rows.List(d.Context(), delivery.Query{Shop: shop, Cursor: "?"}); err == nil {
		d.Error("a bad cursor is taken")
	}
}

func testCounts(d *desk) {
	n := d.orders("A-1", "A-2", "A-3")
	for _, o := range n {
		d.commit(delivery.Change{Row: d.sending(o)})
	}
	d.commit(
		delivery.Change{Row: d.in(d.sending(n[0]), delivery.Delivered), From: delivery.Sending},
		delivery.Change{Row: d.in(d.sending(n[2]), delivery.Retrying), From: delivery.Sending},
	)
	d.counted(map[delivery.State]int64{delivery.Delivered: 1, delivery.Sending: 1, delivery.Retrying: 1})
	for want, states := range map[int64][]delivery.State{
		n[1]: {delivery.Sending, delivery.Retrying, delivery.Held}, n[2]: {delivery.Retrying}, 0: {delivery.Parked},
	} {
		if got, err := d.rows.Oldest(d.Context(), shop, "hook", states); err != nil || got != want {
			d.Errorf("oldest of %v: %d %v", states, got, err)
		}
	}
}

func testCalls(d *desk) {
	n := d.orders("A-1", "A-2")
	d.commit(delivery.Change{Row: d.sending(n[0])}, delivery.Change{Row: d.sending(n[1])})
	row := d.in(d.sending(n[0]), delivery.Retrying)
	row.Call = 1
	first := delivery.Call{Shop: shop, Route: "hook", ID: 1, Tasks: 2}
	first.Exchanges = append(first.Exchanges, exchange("one"), exchange("two"))
	d.write(&delivery.Bundle{
		Route: d.route, Now: d.clock.now(), Calls: []delivery.Call{first},
		Changes: []delivery.Change{{Row: row, From: delivery.Sending}},
	})
	d.commit(delivery.Change{Row: d.sendingAgain(row), From: delivery.Retrying})
	second := delivery.Call{Shop: shop, Route: "hook", ID: 2, Tasks: 1}
	second.Exchanges = append(second.Exchanges, exchange("three"))
	done := d.in(row, delivery.Delivered)
	done.Call = 2
	d.write(&delivery.Bundle{
		Route: d.route, Now: d.clock.now(), Calls: []delivery.Call{second},
		Changes: []delivery.Change{{Row: done, From: delivery.Sending, Earlier: 1}},
	})
	got, err := d.rows.Calls(d.Context(), done)
	if err != nil {
		d.Fatal(err)
	}
	if diff := cmp.Diff([]delivery.Call{first, second}, got); diff != "" {
		d.Error(diff)
	}
	if got, err := d.rows.Calls(d.Context(), d.sending(n[1])); err != nil || len(got) != 0 {
		d.Errorf("calls of another: %v %v", got, err)
	}
}

func (d *desk) sendingAgain(r delivery.Delivery) delivery.Delivery {
	r.State, r.Due, r.Attempt = delivery.Sending, d.clock.now(), r.Attempt+1
	return r
}

func testNotes(d *desk) {
	n := d.orders("A-1")[0]
	row := d.sending(n)
	d.commit(delivery.Change{Row: row})
	if err := d.rows.SaveNote(d.Context(), shop, "hook", row.Key(), []byte("step 2")); err != nil {
		d.Fatal(err)
	}
	d.commit(delivery.Change{Row: d.in(row, delivery.Retrying), From: delivery.Sending})
	if got := d.row(n); string(got.Note) != "step 2" || got.State != delivery.Retrying {
		d.Errorf("%+v", got)
	}
}

func testUsage(d *desk) {
	for _, u := range []struct {
		day  string
		used int
	}{{"2026-05-30", 2}, {"2026-05-31", 3}, {"2026-05-31", 4}} {
		d.write(&delivery.Bundle{Route: d.route, Connection: "mail", Day: u.day, Used: u.used, Now: d.clock.now()})
	}
	for day, want := range map[string]int{"2026-05-30": 0, "2026-05-31": 7, "2026-06-01": 0} {
		if got, err := d.rows.Usage(d.Context(), shop, "mail", day); err != nil || got != want {
			d.Errorf("%s: %d %v", day, got, err)
		}
	}
}

func testReopenDeliveries(d *desk) {
	n := d.orders("A-1")[0]
	d.commit(delivery.Change{Row: d.sending(n)})
	d.reopen()
	d.has(n, delivery.Sending)
	d.counted(map[delivery.State]int64{delivery.Sending: 1})
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

// However many orders are asked for, with or without a route: each comes once.
func testOfOrders(d *desk) {
	const most = 70
	var ids []string
	for i := range most {
		ids = append(ids, fmt.Sprint("A-", i))
	}
	n := d.orders(ids...)
	d.route = d.openRoute("ads")
	d.commit(allSending(d, n)...)
	d.route = d.openRoute("hook")
	d.commit(allSending(d, n)...)
	for many := 1; many <= most; many++ {
		for route, each := range map[string]int{"hook": 1, "ads": 1, "": 2, "none": 0} {
			list, err := d.rows.OfOrders(d.Context(), shop, route, n[:many])
			if err != nil || len(list) != each*many {
				d.Errorf("%d rows of %d orders on route %q, %v", len(list), many, route, err)
				continue
			}
			for i := range list {
				if list[i].Order != n[i/each] || route != "" && list[i].Route != route {
					d.Errorf("%d orders on route %q: row %d is of order %d on %s", many, route, i, list[i].Order, list[i].Route)
				}
			}
		}
	}
}

func allSending(d *desk, n []int64) []delivery.Change {
	changes := make([]delivery.Change, len(n))
	for i, o := range n {
		changes[i] = delivery.Change{Row: d.sending(o), Version: o}
	}
	return changes
}

// Erased while its call was under way: the evidence that comes later holds
// nothing of it.
func testErasedInFlight(d *desk) {
	n := d.orders("A-1")[0]
	sent := d.sending(n)
	d.commit(delivery.Change{Row: sent})
	if err := d.ledger.Erase(d.Context(), shop, "A-1"); err != nil {
		d.Fatal(err)
	}
	d.has(n, delivery.Sending)
	if err := d.rows.SaveNote(d.Context(), shop, "hook", sent.Key(), []byte("anna")); err != nil {
		d.Fatal(err)
	}
	row := d.in(sent, delivery.Delivered)
	row.Call, row.Reason = 1, "thank you, anna"
	d.write(&delivery.Bundle{
		Route: d.route, Now: d.clock.now(), Changes: []delivery.Change{{Row: row, From: delivery.Sending}},
		Calls: []delivery.Call{{Shop: shop, Route: "hook", ID: 1, Tasks: 1, Exchanges: []exchanged{exchange("anna")}}},
	})
	got := d.row(n)
	if got.State != delivery.Delivered || got.Reason != "" || len(got.Note) > 0 {
		d.Errorf("delivery: %+v", got)
	}
	calls, err := d.rows.Calls(d.Context(), got)
	if err != nil || len(calls) != 1 || len(calls[0].Exchanges) != 1 {
		d.Fatalf("calls: %+v %v", calls, err)
	}
	if x := calls[0].Exchanges[0]; x.URL != "" || x.RequestHead != "" || x.RequestBody != nil || x.ResponseBody != nil || x.Status != 200 {
		d.Errorf("evidence: %+v", x)
	}
}

func testEraseDeliveries(d *desk) {
	n := d.orders("A-1", "A-2", "A-3")
	personal := d.route
	personal.Personal = true
	d.route = personal
	d.write(&delivery.Bundle{Route: personal, Save: true, Now: d.clock.now()})
	sent := d.sending(n[0])
	sent.Digest = []byte("digest-of-anna")
	d.commit(delivery.Change{Row: sent}, delivery.Change{Row: d.sending(n[2])})
	if err := d.rows.SaveNote(d.Context(), shop, "hook", sent.Key(), []byte("note-of-anna")); err != nil {
		d.Fatal(err)
	}
	row := d.in(sent, delivery.Failed)
	row.Call, row.Reason = 1, "anna is unknown"
	other := d.in(d.sending(n[2]), delivery.Delivered)
	other.Call, other.Reason = 2, "welcome"
	d.write(&delivery.Bundle{
		Route: d.route, Now: d.clock.now(),
		Changes: []delivery.Change{{Row: row, From: delivery.Sending}, {Row: other, From: delivery.Sending}},
		Calls: []delivery.Call{
			{Shop: shop, Route: "hook", ID: 1, Tasks: 1, Exchanges: []exchanged{exchange("anna")}},
			{Shop: shop, Route: "hook", ID: 2, Tasks: 1, Exchanges: []exchanged{exchange("berta")}},
		},
	})
	if err := d.ledger.Erase(d.Context(), shop, "A-1"); err != nil {
		d.Fatal(err)
	}
	got := d.row(n[0])
	if got.State != delivery.Cancelled || got.Code != "erased" || got.Reason != "" {
		d.Errorf("open delivery: %+v", got)
	}
	for _, b := range [][]byte{got.Note, got.Digest} {
		if slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) {
			d.Errorf("left: %q", b)
		}
	}
	if calls, err := d.rows.Calls(d.Context(), got); err != nil || len(calls) != 1 || len(calls[0].Exchanges) != 0 {
		d.Errorf("evidence: %+v %v", calls, err)
	}
	if calls, err := d.rows.Calls(d.Context(), other); err != nil || len(calls) != 1 || len(calls[0].Exchanges) != 1 {
		d.Errorf("evidence of another order: %+v %v", calls, err)
	}
	d.has(n[2], delivery.Delivered)
	d.counted(map[delivery.State]int64{delivery.Cancelled: 1, delivery.Delivered: 1})
}
