package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
)

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
