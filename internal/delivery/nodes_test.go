package delivery_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// cluster is several engines over one log and one store, in virtual time.
type cluster struct {
	t      *testing.T
	log    *fakeLog
	store  *fakeStore
	nodes  []*node
	agreed atomic.Bool // all nodes have the same configuration
}

// node is one of them.
type node struct {
	*hub
	c     *cluster
	lease lease
	mu    sync.Mutex
	lost  []string
}

// lease is a node's leave to make calls.
type lease struct {
	mu  sync.Mutex
	ctx context.Context
	end context.CancelFunc
}

func (l *lease) Context() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ctx
}

func (l *lease) Valid() bool { return l.Context().Err() == nil }

func (l *lease) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ctx, l.end = context.WithCancel(ctx)
}

func (l *lease) over() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end()
}

func newCluster(t *testing.T, n int) *cluster {
	c := &cluster{t: t, log: newLog()}
	c.agreed.Store(true)
	c.store = newStore(c.log)
	for range n {
		c.add()
	}
	return c
}

// add starts one more node; it owns nothing.
func (c *cluster) add() *node {
	n := &node{hub: &hub{t: c.t, log: c.log, store: c.store}, c: c}
	n.lease.begin()
	n.tune = func(o *delivery.Options) {
		o.Shared, o.Lease = true, &n.lease
		o.Agreed = func() bool { return c.agreed.Load() }
		o.Lost = func(shop string) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.lost = append(n.lost, shop)
		}
	}
	n.start()
	c.nodes = append(c.nodes, n)
	return n
}

// runNodes runs f with two nodes; the first one owns the shop.
func runNodes(t *testing.T, f func(c *cluster, a, b *node), routes ...delivery.Route) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2)
		defer c.halt()
		for _, n := range c.nodes {
			n.routes(routes...)
		}
		c.own(c.nodes[0])
		f(c, c.nodes[0], c.nodes[1])
	})
}

func (c *cluster) engines() (all []*delivery.Engine) {
	for _, n := range c.nodes {
		all = append(all, n.engine)
	}
	return all
}

func (c *cluster) halt() {
	for _, n := range c.nodes {
		n.halt()
	}
}

// own gives the shop to a node, with the next epoch.
func (c *cluster) own(n *node) {
	c.t.Helper()
	if err := n.engine.Own(ctx, shop, c.next()); err != nil {
		c.t.Fatal(err)
	}
}

// next changes the owner where the nodes look it up.
func (c *cluster) next() int64 {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	c.store.owner++
	return c.store.owner
}

// place accepts orders, at any node, and tells all.
func (c *cluster) place(ids ...string) {
	for _, id := range ids {
		c.tell(c.log.add(order.Event{Subject: order.Subject{ID: id}, Statement: sold(id)}))
	}
}

func (c *cluster) tell(head int64) {
	for _, n := range c.nodes {
		n.engine.Notify(shop, head)
	}
}

// yields checks whether a node gives the shop up in time.
func (n *node) yields(within time.Duration, want bool) {
	n.t.Helper()
	ok, err := n.engine.Yield(ctx, shop, within)
	if err != nil || ok != want || n.engine.Owns(shop) == want {
		n.t.Errorf("yields: %v %v, owns it: %v", ok, err, n.engine.Owns(shop))
	}
	synctest.Wait()
}

// told checks which shops the node heard to have lost.
func (n *node) told(want string) {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if got := strings.Join(n.lost, " "); got != want {
		n.t.Errorf("lost: %q, want %q", got, want)
	}
}

// hook is a route that takes all events.
func hook(side partner.Side) delivery.Route {
	return delivery.Route{Name: "hook", Side: side, Revision: "1"}
}
