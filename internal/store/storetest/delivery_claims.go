package storetest

import (
	"github.com/ordermux/ordermux/internal/delivery"
)

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

// Where another route has one of two invitations, the other one is not taken
// either, and a third route gets it.
func testClaimedInPart(d *desk) {
	n := d.orders("A-1", "A-2")
	first, second, third := d.route, d.openRoute("mail"), d.openRoute("sms")
	d.route = first
	d.commit(delivery.Change{Row: d.sending(n[0]), Claims: []string{"shop"}})
	d.route = second
	b := d.commit(
		delivery.Change{Row: d.sending(n[0]), Claims: []string{"products", "shop"}},
		delivery.Change{Row: d.sending(n[1]), Claims: []string{"products", "shop"}},
	)
	if b.Changes[0].Answer != delivery.Taken || b.Changes[0].Owner != first.Route || b.Changes[1].Answer != delivery.Done {
		d.Errorf("answers: %+v", b.Changes)
	}
	d.route = third
	b = d.commit(
		delivery.Change{Row: d.sending(n[0]), Claims: []string{"products"}},
		delivery.Change{Row: d.sending(n[1]), Claims: []string{"products"}},
	)
	if b.Changes[0].Answer != delivery.Done || b.Changes[1].Answer != delivery.Taken || b.Changes[1].Owner != second.Route {
		d.Errorf("answers: %+v", b.Changes)
	}
	d.counted(map[delivery.State]int64{delivery.Sending: 1})
}
