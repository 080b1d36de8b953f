package delivery_test

import (
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// A route that is new starts at the head once, whoever opens it.
func TestNewRouteStartsOnce(t *testing.T) {
	f, g := &fake{}, &fake{}
	old, added := hook(f.side(partner.Each)), delivery.Route{Name: "added", Side: g.side(partner.Each), Revision: "1"}
	runNodes(t, func(c *cluster, a, b *node) {
		c.place("1")
		a.pass(time.Second)
		b.routes(old, added) // not the owner's: nothing starts
		c.place("2")
		a.pass(time.Second)
		if c.store.route("added").Route != "" {
			t.Error("opened by a node that does not own the shop")
		}
		b.state("added", "flowing")
		// The log has grown, and the owner has not heard of it yet.
		c.log.add(order.Event{Subject: order.Subject{ID: "3"}, Statement: sold("3")})
		a.routes(old, added)
		c.place("4")
		a.pass(time.Second)
		if row := c.store.route("added"); row.Start != 3 || g.orders() != "4" {
			t.Errorf("started at %d, sent %s", row.Start, g.orders())
		}
		a.yields(time.Second, true)
		c.place("5")
		c.own(b)
		b.pass(time.Second)
		if row := c.store.route("added"); row.Start != 3 || g.orders() != "4 5" || f.orders() != "1 2 3 4 5" {
			t.Errorf("started at %d, sent %s and %s", row.Start, f.orders(), g.orders())
		}
	}, old)
}

// Nodes get a new configuration one after the other, and the shop goes to and
// fro meanwhile: nobody pauses what another node has begun.
func TestRollingReload(t *testing.T) {
	f, g := &fake{}, &fake{}
	old, added := hook(f.side(partner.Each)), delivery.Route{Name: "added", Side: g.side(partner.Each), Revision: "1"}
	runNodes(t, func(c *cluster, a, b *node) {
		c.agreed.Store(false)
		a.routes(old, added)
		for i, n := range []*node{b, a, b, a} {
			c.place(string(rune('a' + i)))
			c.nodes[i%2].pass(time.Minute)
			c.nodes[i%2].yields(time.Second, true)
			c.own(n)
		}
		if row := c.store.route("added"); row.Status != delivery.Flowing {
			t.Errorf("%+v", row)
		}
		b.routes(old, added)
		c.agreed.Store(true)
		a.pass(time.Minute)
		if g.orders() != "a b c d" {
			t.Errorf("sent: %q", g.orders())
		}
		// Taken out again: gone only when no node has it.
		c.agreed.Store(false)
		a.routes(old)
		a.pass(time.Hour)
		a.state("added", "gone")
		if row := c.store.route("added"); row.Status != delivery.Flowing {
			t.Errorf("%+v", row)
		}
		b.routes(old)
		c.agreed.Store(true)
		a.pass(10 * time.Second)
		if row := c.store.route("added"); row.Status != delivery.Gone {
			t.Errorf("%+v", row)
		}
		a.routes(old, added)
		a.state("added", "paused")
	}, old)
}

// A door's callback that was gone for a while, because a node had the shop
// before it heard of the first credential, goes on where it stood: no person
// has taken it out.
func TestCallbackComesBack(t *testing.T) {
	f, g := &fake{}, &fake{}
	old, added := hook(f.side(partner.Each)), delivery.Route{Name: "depot:callback", Door: "depot:", Side: g.side(partner.Each), Revision: "1"}
	runNodes(t, func(c *cluster, a, b *node) {
		a.routes(old, added)
		c.place("1")
		a.pass(time.Second)
		a.yields(time.Second, true)
		c.own(b)
		c.place("2")
		b.pass(time.Minute)
		if row := c.store.route("depot:callback"); row.Status != delivery.Gone {
			t.Errorf("%+v", row)
		}
		b.routes(old, added)
		b.pass(time.Minute)
		if row := c.store.route("depot:callback"); row.Status != delivery.Flowing || g.orders() != "1 2" {
			t.Errorf("%+v, sent %s", row, g.orders())
		}
	}, old)
}
