package node

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// openLimit bounds the opening of one shop.
	openLimit = 30 * time.Second
	// giving is how many shops are asked to yield at a time. They mostly wait.
	giving = 64
)

// holding is a shop that is this node's, or that its engine still has. All
// fields but head are guarded by Node.mu.
type holding struct {
	shop   string
	open   int64     // the epoch under which the engine has it; 0: it has not
	stale  bool      // the engine dropped it by itself
	busy   bool      // somebody works on it
	gift   *gift     // it shall go to another node
	after  time.Time // it is not opened before
	tries  int       // how often that failed
	balked time.Time // when it last did not yield
	refuse int       // how often it did not
	head   atomic.Int64
}

// gift is where a shop shall go; "": to nobody.
type gift struct {
	to     string
	within time.Duration
	last   bool // this node leaves and nobody else can have it: no row is written
}

// step is what a shop needs next.
type step int8

const (
	rest step = iota
	lose
	open
	give
)

// next says what a shop needs, and under which epoch. The caller holds n.mu.
func (n *Node) next(h *holding) (step, int64) {
	mine := n.mine(h.shop)
	switch {
	case h.open != 0 && (h.open != mine || h.stale):
		return lose, mine
	case mine == 0:
		h.gift = nil
		return rest, 0
	case h.gift != nil:
		return give, mine
	case h.open == 0 && !n.leaving && n.known[h.shop] && !time.Now().Before(h.after):
		return open, mine
	}
	return rest, mine
}

// mine returns the epoch under which a shop is this node's; 0: it is not. The
// caller holds n.mu.
func (n *Node) mine(shop string) int64 {
	o := n.table[shop]
	if n.id == "" || o.Node != n.id || !n.lapsed.IsZero() {
		return 0
	}
	return o.Epoch
}

// learn keeps who owns a shop, if it is news, and does what follows. The caller
// holds n.mu.
func (n *Node) learn(o Owner) {
	if !n.lapsed.IsZero() {
		return // it would be too old when the lease begins
	}
	if was, ok := n.table[o.Shop]; !ok || was.Epoch < o.Epoch {
		n.table[o.Shop] = o
	}
	h := n.held[o.Shop]
	if h == nil && n.mine(o.Shop) != 0 {
		h = &holding{shop: o.Shop}
		n.held[o.Shop] = h
	}
	if h != nil {
		n.kick(h)
	}
}

// kick has somebody look at what a shop needs. The caller holds n.mu.
func (n *Node) kick(h *holding) {
	if h.busy {
		return
	}
	s, mine := n.next(h)
	if s == rest {
		n.settle(h, mine)
		return
	}
	h.busy = true
	c := n.crewOf(s)
	c.do(func() { n.work(h, c) })
}

// settle forgets a shop that is not this node's any more. The caller holds
// n.mu.
func (n *Node) settle(h *holding, mine int64) {
	if mine != 0 || h.open != 0 || n.held[h.shop] != h {
		return
	}
	delete(n.held, h.shop)
	if len(n.held) == 0 {
		n.empty.ring()
		if !n.lapsed.IsZero() {
			n.beatNow.ring()
		}
	}
}

// crewOf keeps those that may wait long apart from those that open.
func (n *Node) crewOf(s step) *crew {
	if s == give {
		return n.giving
	}
	return n.opening
}

// work does what a shop needs until it needs nothing.
func (n *Node) work(h *holding, on *crew) {
	for {
		n.mu.Lock()
		s, mine := n.next(h)
		if s == rest {
			h.busy = false
			n.settle(h, mine)
			n.mu.Unlock()
			return
		}
		g := h.gift
		n.mu.Unlock()
		if c := n.crewOf(s); c != on {
			c.do(func() { n.work(h, c) })
			return
		}
		switch s {
		case lose:
			n.drop(h)
		case open:
			n.open(h, mine)
		case give:
			n.give(h, g, mine)
		}
	}
}

// drop takes a shop out of the engine at once.
func (n *Node) drop(h *holding) {
	n.opts.Engine.Lose(h.shop)
	n.mu.Lock()
	defer n.mu.Unlock()
	if h.stale {
		n.later(h) // it must not be opened and dropped in a circle
	}
	h.open, h.stale = 0, false
}

// open takes a shop into the engine; if that fails, again later, after another
// look at whose it is.
func (n *Node) open(h *holding, epoch int64) {
	ctx, cancel := context.WithTimeout(n.lease.Context(), openLimit)
	defer cancel()
	n.mu.Lock()
	h.stale = false
	n.mu.Unlock()
	if err := n.opts.Engine.Own(ctx, h.shop, epoch); err != nil {
		n.unopened(h, err)
		return
	}
	n.mu.Lock()
	h.open, h.tries, h.refuse = epoch, 0, 0
	n.mu.Unlock()
	if head := h.head.Load(); head > 0 {
		n.opts.Engine.Notify(h.shop, head)
	}
}

func (n *Node) unopened(h *holding, err error) {
	n.mu.Lock()
	n.later(h)
	first := h.tries == 1 && n.mine(h.shop) != 0
	n.mu.Unlock()
	if first {
		n.opts.Observe(Event{Kind: Stuck, Shop: h.shop, Err: err})
	}
	n.lookNow.ring()
}

// later has a shop wait before it is opened again, the longer the more often
// that failed. The caller holds n.mu.
func (n *Node) later(h *holding) {
	pause := min(n.opts.Beat/10<<min(h.tries, 10), 5*n.opts.Beat)
	h.tries++
	h.after = time.Now().Add(pause)
	time.AfterFunc(pause, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.held[h.shop] == h {
			n.kick(h)
		}
	})
}

// Lost tells that the engine dropped a shop because another owner's epoch is in
// force.
func (n *Node) Lost(shop string) {
	n.mu.Lock()
	if h := n.held[shop]; h != nil {
		h.stale = true
		n.kick(h)
	}
	n.mu.Unlock()
	n.lookNow.ring()
}

// give brings a shop to another node: the engine yields it, then it changes
// hands. If it does not yield in time it stays and is asked again later.
func (n *Node) give(h *holding, g *gift, epoch int64) {
	n.mu.Lock()
	opened := h.open != 0
	n.mu.Unlock()
	if opened {
		done, err := n.opts.Engine.Yield(n.lease.Context(), h.shop, g.within)
		n.mu.Lock()
		if !done || err != nil {
			h.gift, h.balked = nil, time.Now()
			h.refuse++
			n.mu.Unlock()
			return
		}
		h.open = 0
		n.mu.Unlock()
	}
	if g.last {
		n.mu.Lock()
		n.table[h.shop] = Owner{Shop: h.shop, Epoch: epoch}
		n.mu.Unlock()
		return
	}
	moved := n.moves.do(n, Move{Shop: h.shop, To: g.to, Epoch: epoch})
	n.mu.Lock()
	defer n.mu.Unlock()
	h.gift = nil
	if moved {
		if n.table[h.shop].Epoch == epoch {
			n.table[h.shop] = Owner{Shop: h.shop, Node: g.to, Epoch: epoch + 1}
		}
		return
	}
	n.later(h)
	n.lookNow.ring()
}
