package storetest

import (
	"fmt"
	"sync"

	"github.com/ordermux/ordermux/internal/delivery"
)

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
