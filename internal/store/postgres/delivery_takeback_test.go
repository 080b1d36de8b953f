package postgres

import (
	"errors"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

// TestTakeBack lets orders change in the moment between the commit of a claim
// and the look that follows it.
func TestTakeBack(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	d, ctx := deliveries{s}, t.Context()
	l := openLedger(s)
	var n []int64
	for _, r := range mustAppend(t, l, testEntry("A-1", "a"), testEntry("A-2", "b"), testEntry("A-3", "c"), testEntry("A-4", "d")) {
		n = append(n, r.Seq)
	}
	routes, err := d.OpenRoutes(ctx, testShop, 0, []delivery.RouteRow{{Route: "hook"}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 5, 31, 9, 0, 0, 0, time.UTC)
	row := func(i int, state delivery.State, attempt int) delivery.Delivery {
		r := delivery.Delivery{Order: n[i], Seq: n[i], State: state, Attempt: attempt, Planned: now, Base: now}
		if state != delivery.Held {
			r.Due = now
		}
		return r
	}
	bundle := func(changes ...delivery.Change) *delivery.Bundle {
		routes[0].Shop = testShop
		return &delivery.Bundle{Route: routes[0], Changes: changes, Now: now.Add(time.Minute)}
	}
	if err := d.Commit(ctx, bundle(delivery.Change{Row: row(1, delivery.Retrying, 3)}, delivery.Change{Row: row(2, delivery.Held, 0)})); err != nil {
		t.Fatal(err)
	}
	c := newCommit(bundle(
		delivery.Change{Row: row(0, delivery.Sending, 1), Version: n[0]},
		delivery.Change{Row: row(1, delivery.Sending, 4), From: delivery.Retrying, Version: n[1]},
		delivery.Change{Row: row(2, delivery.Sending, 1), From: delivery.Held, Version: n[2], Claims: []string{"shop"}},
		delivery.Change{Row: row(3, delivery.Sending, 1), Version: n[3]},
	))
	if err := s.do(ctx, c.atOnce); err != nil {
		t.Fatal(err)
	}
	if len(c.newest) != 4 {
		t.Errorf("seen behind the commit: %v", c.newest)
	}
	refund := func(id string) order.Entry {
		e := testEntry(id, "")
		e.Statement, e.Happening = nil, &order.Happening{Kind: order.KindRefunded, Ref: "r"}
		return e
	}
	mustAppend(t, l, refund("A-1"), refund("A-2"), refund("A-3"))
	c.newest = nil // as if the connection had broken before the look
	if err := d.takeBack(ctx, c); err != nil {
		t.Fatal(err)
	}
	rows, err := d.OfOrders(ctx, testShop, "hook", n)
	if err != nil || len(rows) != 4 {
		t.Fatal(rows, err)
	}
	want := []struct {
		answer  delivery.Answer
		state   delivery.State
		attempt int
		code    string
	}{
		{delivery.Stale, delivery.Ready, 0, ""}, {delivery.Stale, delivery.Retrying, 3, ""},
		{delivery.Stale, delivery.Held, 0, "claim_free"}, {delivery.Done, delivery.Sending, 1, ""},
	}
	for i, w := range want {
		r := &rows[i]
		if c.b.Changes[i].Answer != w.answer || r.State != w.state || r.Attempt != w.attempt || r.Code != w.code {
			t.Errorf("answered %v: %+v", c.b.Changes[i].Answer, r)
		}
		if w.answer == delivery.Stale && !r.Due.Equal(now.Add(time.Minute)) {
			t.Errorf("due %v", r.Due)
		}
	}
	counts, err := d.Counts(ctx, testShop)
	if c := counts["hook"]; err != nil || len(c) != 4 || c[delivery.Ready] != 1 || c[delivery.Sending] != 1 {
		t.Errorf("counts: %v %v", counts, err)
	}

	// Who lost the shop meanwhile leaves the rows to the next owner, and sends
	// nothing.
	c = newCommit(bundle(delivery.Change{Row: row(0, delivery.Sending, 1), From: delivery.Ready, Version: n[3] + 1}))
	if err := s.do(ctx, c.atOnce); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, order.Entry{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: "A-1"}, Source: testEntry("A-1", "").Source,
		Happening: &order.Happening{Kind: order.KindCancelled, Ref: "r"},
	})
	if _, err := d.OpenRoutes(ctx, testShop, 0, []delivery.RouteRow{{Route: "hook"}}); err != nil {
		t.Fatal(err)
	}
	c.newest = nil
	if err := d.takeBack(ctx, c); !errors.Is(err, delivery.ErrLost) {
		t.Errorf("an earlier owner took back: %v", err)
	}
}
