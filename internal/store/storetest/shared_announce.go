package storetest

import (
	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/delivery"
)

// A route begins where the log ended when a node had it first, however much
// later an owner opens it; one that is there stands as it was.
func testAnnounced(d *desk, s SharedDelivery) {
	store := d.rows.(delivery.Announcer)
	announce := func(revision string) {
		d.Helper()
		err := store.AddRoutes(d.Context(), []delivery.RouteRow{
			{Shop: shop, Route: "early", Partner: "webhook", Revision: revision, Personal: true, Position: 70, Start: 70, Epoch: 7},
			{Shop: "other", Route: "early", Partner: "webhook", Revision: revision},
		})
		if err != nil {
			d.Fatal(err)
		}
	}
	head := d.orders("A-1", "A-2")[1]
	announce("r-1")
	d.orders("A-3")
	announce("r-2")
	d.own(s, "early")
	d.orders("A-4")
	announce("r-3")
	d.own(s, "early")
	want := delivery.RouteRow{
		Shop: shop, Route: "early", Partner: "webhook", Position: head, Start: head, Epoch: d.route.Epoch,
		Revision: "r-1", Personal: true, Idle: true,
	}
	if diff := cmp.Diff(want, d.route); diff != "" {
		d.Error(diff)
	}
	rows, err := d.rows.Routes(d.Context(), "other")
	if err != nil || len(rows) != 1 || rows[0].Start != 0 {
		d.Errorf("the other shop has %+v, %v", rows, err)
	}
}
