package storetest

import (
	"fmt"
	"slices"

	"github.com/ordermux/ordermux/internal/delivery"
)

// What does not go on is told by state, route and code; what has no code, has
// arrived or is closed is not.
func testStuck(d *desk) {
	var ids []string
	for i := range 12 {
		ids = append(ids, fmt.Sprint("A-", i))
	}
	n := d.orders(ids...)
	put := func(i int, s delivery.State, code string) {
		r := d.in(d.sending(n[i]), s)
		r.Code, r.Planned = code, d.clock.now()
		d.commit(delivery.Change{Row: r})
	}
	put(0, delivery.Failed, "timeout")
	put(1, delivery.Failed, "timeout")
	put(2, delivery.Failed, "http_503")
	put(3, delivery.Retrying, "timeout")
	put(4, delivery.Held, "needs")
	put(5, delivery.Held, "")
	put(6, delivery.Delivered, "known")
	put(7, delivery.Dropped, "timeout")
	put(8, delivery.Sending, "timeout")
	put(9, delivery.AwaitingPartner, "read_back")
	d.route = d.openRoute("mail")
	put(10, delivery.Refused, "refused")
	kinds, err := d.rows.Stuck(d.Context(), shop)
	if err != nil {
		d.Fatal(err)
	}
	var got []string
	for _, k := range kinds {
		got = append(got, fmt.Sprintf("%s %s %s %d", k.State, k.Route, k.Code, k.Count))
		if k.Oldest.IsZero() || k.Newest.Before(k.Oldest) {
			d.Errorf("%s: from %v to %v", k.Code, k.Oldest, k.Newest)
		}
	}
	want := []string{"held hook needs 1", "retrying hook timeout 1", "failed hook http_503 1", "failed hook timeout 2", "refused mail refused 1"}
	if !slices.Equal(got, want) {
		d.Errorf("%q, want %q", got, want)
	}
	if kinds, err := d.rows.Stuck(d.Context(), "elsewhere"); err != nil || len(kinds) != 0 {
		d.Errorf("of another shop: %v %v", kinds, err)
	}
	q := delivery.Query{Shop: shop, Route: "hook", States: []delivery.State{delivery.Failed}, Code: "timeout", Limit: 1}
	first, next, err := d.rows.List(d.Context(), q)
	if err != nil || len(first) != 1 || first[0].Order != n[0] || next == "" {
		d.Fatalf("%v %q %v", first, next, err)
	}
	q.Cursor = next
	second, next, err := d.rows.List(d.Context(), q)
	if err != nil || len(second) != 1 || second[0].Order != n[1] || next != "" {
		d.Errorf("%v %q %v", second, next, err)
	}
}
