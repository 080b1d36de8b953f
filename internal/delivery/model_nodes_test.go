package delivery_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/ordermux/ordermux/internal/delivery"
)

// TestModelOfNodes is TestModel with two engines over one store, between which
// the shop goes to and fro: given up in time or not, lost with calls in flight,
// taken from a node that does not hear of it and writes on. What must hold is
// the same.
func TestModelOfNodes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(drawNodeStep), 5, 60).Draw(rt, "steps")
		seed := rapid.Uint64().Draw(rt, "seed")
		var w *world
		synctest.Test(t, func(t *testing.T) {
			w = newWorld(t, seed)
			w.runNodes(steps)
		})
		if len(w.faults) > 0 {
			rt.Fatalf("%s", strings.Join(w.faults[:min(len(w.faults), 10)], "\n"))
		}
	})
}

var nodeDoings = []string{"yield", "yield", "yield", "lose", "take", "take", "lease", "lease", "reload"}

func drawNodeStep(rt *rapid.T) step {
	s := drawStep(rt)
	if s.Do == "crash" || s.Do == "restart" || rapid.IntRange(0, 2).Draw(rt, "node") == 0 {
		s.Do = rapid.SampledFrom(nodeDoings).Draw(rt, "node does")
	}
	return s
}

// runNodes is run for two nodes.
func (w *world) runNodes(steps []step) {
	w.c = newCluster(w.t, 0)
	w.c.log, w.c.store = w.log, w.store
	w.c.add()
	w.c.add()
	w.owner(w.c.nodes[0])
	w.routes()
	for i := range steps {
		if !w.nodes(&steps[i]) {
			w.take(&steps[i])
		}
		w.h.engine.Notify(shop, w.head())
	}
	for _, n := range w.c.nodes {
		n.lease.begin()
	}
	w.clear()
	w.c.halt()
	w.judge()
}

func (w *world) head() int64 {
	head, _ := w.log.Head(ctx, shop)
	return head
}

// owner gives the shop to a node.
func (w *world) owner(n *node) {
	if !n.lease.Valid() {
		n.lease.begin()
	}
	w.c.own(n)
	w.h = n.hub
}

// nodes does what only nodes do.
func (w *world) nodes(s *step) bool {
	mine, other := w.c.nodes[0], w.c.nodes[1]
	if w.h == other.hub {
		mine, other = other, mine
	}
	switch s.Do {
	case "yield":
		owned := mine.engine.Owns(shop) // else it has lost the shop by itself
		if ok, _ := mine.engine.Yield(ctx, shop, s.Pause); ok {
			sending := w.store.where("", func(d *delivery.Delivery) bool { return d.State == delivery.Sending })
			if owned && len(sending) > 0 {
				w.fault("given up with %d deliveries under way", len(sending))
			}
			w.owner(other)
		} else if !mine.engine.Owns(shop) {
			w.fault("a shop that was not given up is not owned")
		}
	case "lose":
		mine.engine.Lose(shop)
		time.Sleep(s.Pause / 10)
		w.owner([]*node{mine, other}[s.Order%2])
	case "take": // its lease is over, and somebody else takes the shop
		mine.lease.over()
		time.Sleep(s.Pause / 10)
		w.owner(other)
		if s.Order%2 == 0 {
			mine.lease.begin() // and it goes on as if the shop were its own
			mine.engine.Notify(shop, w.head())
		}
	case "lease":
		mine.lease.over()
		time.Sleep(s.Pause / 10)
		mine.lease.begin()
	case "reload":
		w.routes()
	default:
		return false
	}
	time.Sleep(s.Pause / 10)
	return true
}
