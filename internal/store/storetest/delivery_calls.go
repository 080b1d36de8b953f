package storetest

import (
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/ordermux/ordermux/internal/delivery"
)

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
	if err := d.rows.SaveNote(d.Context(), shop, "hook", d.route.Epoch, row.Key(), []byte("step 2")); err != nil {
		d.Fatal(err)
	}
	d.commit(delivery.Change{Row: d.in(row, delivery.Retrying), From: delivery.Sending})
	if got := d.row(n); string(got.Note) != "step 2" || got.State != delivery.Retrying {
		d.Errorf("%+v", got)
	}
}

// Texts that partners send need not be texts.
func testOddBytes(d *desk) {
	n := d.orders("A-1")[0]
	d.commit(delivery.Change{Row: d.sending(n)})
	const odd = "caf\xe9\x00 closed"
	x := exchange("one")
	x.ResponseHead, x.Error, x.ResponseBody = odd, odd, []byte(odd)
	row := d.in(d.sending(n), delivery.Failed)
	row.Call, row.Ref, row.Code, row.Reason = 1, odd, odd, odd
	d.write(&delivery.Bundle{
		Route: d.route, Now: d.clock.now(), Changes: []delivery.Change{{Row: row, From: delivery.Sending}},
		Calls: []delivery.Call{{Shop: shop, Route: "hook", ID: 1, Tasks: 1, Exchanges: []exchanged{x}}},
	})
	got := d.row(n)
	calls, err := d.rows.Calls(d.Context(), got)
	if err != nil || len(calls) != 1 || len(calls[0].Exchanges) != 1 {
		d.Fatalf("%+v %v", calls, err)
	}
	for _, text := range []string{got.Ref, got.Code, got.Reason, calls[0].Exchanges[0].ResponseHead, calls[0].Exchanges[0].Error} {
		if !strings.HasPrefix(text, "caf") || !strings.HasSuffix(text, " closed") {
			d.Errorf("kept: %q", text)
		}
	}
	if body := calls[0].Exchanges[0].ResponseBody; string(body) != odd {
		d.Errorf("body: %q", body)
	}
}
