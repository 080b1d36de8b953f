package storetest

import (
	"slices"

	"github.com/ordermux/ordermux/internal/delivery"
)

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
	if err := d.rows.SaveNote(d.Context(), shop, "hook", d.route.Epoch, sent.Key(), []byte("anna")); err != nil {
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
	if err := d.rows.SaveNote(d.Context(), shop, "hook", d.route.Epoch, sent.Key(), []byte("note-of-anna")); err != nil {
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
