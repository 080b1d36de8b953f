package storetest

import (
	"errors"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/ordermux/ordermux/internal/delivery"
)

func testRoutes(d *desk) {
	rows, err := d.rows.OpenRoutes(d.Context(), shop, 0, []delivery.RouteRow{
		{Shop: shop, Route: "ads", Partner: "citrusad", Position: 7, Start: 7, Personal: true, Revision: "r1"},
	})
	if err != nil {
		d.Fatal(err)
	}
	want := delivery.RouteRow{
		Shop: shop, Route: "ads", Partner: "citrusad", Position: 7, Start: 7, Personal: true, Revision: "r1", Epoch: 1,
		Idle: true,
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
	rows, err = d.rows.OpenRoutes(d.Context(), shop, 0, []delivery.RouteRow{{Shop: shop, Route: "ads", Position: 100}})
	if err != nil || !cmp.Equal(rows[0], want) {
		d.Errorf("opened again: %s %v", cmp.Diff(rows[0], want), err)
	}
	all, err := d.rows.Routes(d.Context(), shop)
	if len(all) > 0 {
		want.Idle = all[0].Idle // told by OpenRoutes only
	}
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
