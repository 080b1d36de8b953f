package delivery_test

import (
	"context"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

func TestNoCallWithoutLease(t *testing.T) {
	f := &fake{took: 5 * time.Second}
	side := f.side(partner.Each)
	side.Deliver = f.slowly
	runNodes(t, func(c *cluster, a, b *node) {
		c.place("1")
		a.pass(time.Second)
		a.lease.over()
		a.pass(0)
		a.is("hook", "retrying:1") // cut, and nothing is known; the shop is its own still
		if d := c.store.row("hook", 1); d.Attempt != 0 || d.Code != "cut" || d.Reason != "the node's lease is over" {
			t.Errorf("%+v", d)
		}
		c.place("2")
		a.pass(time.Hour)
		a.is("hook", "retrying:1")
		if calls, _ := f.count(); calls != 1 {
			t.Errorf("%d calls", calls)
		}
		// It comes back before anybody took the shop: all goes on by itself.
		a.lease.begin()
		a.pass(30 * time.Second)
		a.is("hook", "delivered:2")
		a.told("")
		a.state("hook", "flowing")
	}, hook(side))
}

// The lease ends between the commit that claims a delivery and its call: it is
// not sent, and no attempt is counted.
func TestLeaseEndsBeforeTheCall(t *testing.T) {
	f := &fake{}
	runNodes(t, func(c *cluster, a, b *node) {
		c.store.set(func(b *delivery.Bundle) (error, error) {
			if len(b.Changes) > 0 && b.Changes[0].Row.State == delivery.Sending {
				a.lease.over()
			}
			return nil, nil
		})
		c.place("1")
		a.pass(time.Minute)
		a.is("hook", "ready:1")
		if d := c.store.row("hook", 1); d.Attempt != 0 {
			t.Errorf("%+v", d)
		}
		if calls, _ := f.count(); calls != 0 {
			t.Errorf("%d calls", calls)
		}
		c.store.set(nil)
		a.lease.begin()
		a.pass(10 * time.Second)
		a.is("hook", "delivered:1")
	}, hook(f.side(partner.Each)))
}

// A partner is not held to be down because we did not send.
func TestGateIsNoFailure(t *testing.T) {
	f := &fake{}
	side := f.side(partner.Each)
	side.Slots = 50
	n := 0
	side.Deliver = func(ctx context.Context, tasks []partner.Task) []partner.Outcome {
		time.Sleep(time.Second) // a login first
		if !outbound.MayLeave(ctx) {
			f.set(func(*fake) { n++ })
			return []partner.Outcome{partner.Later(0, "no_answer_gate", "not sent")}
		}
		return f.deliver(ctx, tasks)
	}
	runNodes(t, func(c *cluster, a, b *node) {
		for range 6 { // opens the connection's window
			c.place("w" + time.Now().String())
			a.pass(5 * time.Second)
		}
		for range 20 {
			c.place("n" + time.Now().String())
			time.Sleep(time.Millisecond)
		}
		a.pass(100 * time.Millisecond)
		a.lease.over()
		a.pass(time.Minute)
		if n < 10 {
			t.Errorf("%d were kept from leaving", n)
		}
		a.lease.begin()
		a.state("hook", "flowing")
		a.pass(time.Minute)
		a.is("hook", "delivered:26")
	}, hook(side))
}
