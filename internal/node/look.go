package node

import (
	"context"
	"slices"
	"time"
)

// spreads looks at who owns what, and does this node's part of the spread:
// whenever there is news, and now and then.
func (n *Node) spreads(ctx context.Context) {
	for {
		begun := time.Now()
		busy, err := n.look(ctx)
		pause := 15 * n.opts.Beat
		if busy || err != nil {
			pause = n.opts.Beat / 2
		}
		n.trouble("look", err)
		if !n.lookNow.wait(ctx, pause) {
			return
		}
		// News come in bursts.
		if early := n.opts.Beat/4 - time.Since(begun); early > 0 && !n.pause(ctx, early) {
			return
		}
	}
}

// look does one round. It reports whether there will be more to do soon.
func (n *Node) look(ctx context.Context) (busy bool, err error) {
	n.mu.RLock()
	id, silent := n.id, slices.Clone(n.silent)
	n.mu.RUnlock()
	if !n.lease.Valid() {
		return false, nil // its begin rings
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(n.lease.Context(), cancel)()
	if err := n.bury(ctx, silent); err != nil {
		return true, err
	}
	owners, members, err := n.ask(ctx)
	if err != nil {
		return true, err
	}
	p := n.consider(id, owners, members)
	missed, err := n.take(ctx, id, p.take)
	n.retaken(id, err)
	return n.present(p) || missed || p.more, err
}

// bury marks those members as ended that are silent.
func (n *Node) bury(ctx context.Context, silent []Member) error {
	ctx, cancel := context.WithTimeout(ctx, n.opts.Span)
	defer cancel()
	for _, m := range silent {
		ended, err := n.store.End(ctx, m.ID, m.Beats)
		if err != nil {
			return err
		}
		if ended {
			n.opts.Observe(Event{Kind: Declared, Node: m.Name})
		}
	}
	return nil
}

// ask reads who owns what, after the rows of all known shops have been made.
func (n *Node) ask(ctx context.Context) ([]Owner, []Member, error) {
	owners, members, err := n.read(ctx)
	if err != nil {
		return nil, nil, err
	}
	there := make(map[string]bool, len(owners))
	for _, o := range owners {
		there[o.Shop] = true
	}
	var missing []string
	n.mu.RLock()
	for shop := range n.known {
		if !there[shop] {
			missing = append(missing, shop)
		}
	}
	n.mu.RUnlock()
	if len(missing) == 0 {
		return owners, members, nil
	}
	slices.Sort(missing)
	for chunk := range slices.Chunk(missing, taking) {
		limited, cancel := context.WithTimeout(ctx, n.opts.Span)
		err := n.store.AddShops(limited, chunk)
		cancel()
		if err != nil {
			return nil, nil, err
		}
	}
	return n.read(ctx)
}

// read asks within a bounded time: a connection may be dead without a word.
func (n *Node) read(ctx context.Context) ([]Owner, []Member, error) {
	ctx, cancel := context.WithTimeout(ctx, n.opts.Span)
	defer cancel()
	return n.store.Look(ctx)
}

// consider takes in what a look found and plans.
func (n *Node) consider(id string, owners []Owner, members []Member) plan {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.id != id || !n.lapsed.IsZero() {
		return plan{}
	}
	var again []Owner
	for _, o := range owners {
		if _, seen := n.table[o.Shop]; n.retake && o.Node == id && !seen && n.known[o.Shop] && !n.leaving {
			again = append(again, o)
			continue
		}
		n.learn(o)
	}
	if len(again) > 0 {
		return plan{take: again, more: true}
	}
	me := Member{ID: n.id, Leaving: n.leaving, Set: n.set}
	return spread(situation{me: me, members: members, table: n.table, known: func(shop string) bool { return n.known[shop] }})
}

// retaken ends the taking anew of what was owned before the lease was lost.
func (n *Node) retaken(id string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err == nil && n.id == id && n.lapsed.IsZero() {
		n.retake = false
	}
}

// taking is how many shops are taken before the first of them are opened.
const taking = 2048

// take takes shops, and reports whether others were quicker.
func (n *Node) take(ctx context.Context, id string, owners []Owner) (missed bool, err error) {
	count := 0
	defer func() {
		if count > 0 {
			n.opts.Observe(Event{Kind: Took, Shops: count})
		}
	}()
	for chunk := range slices.Chunk(owners, taking) {
		moves := make([]Move, len(chunk))
		for i, o := range chunk {
			moves[i] = Move{Shop: o.Shop, To: id, Epoch: o.Epoch}
		}
		limited, cancel := context.WithTimeout(ctx, n.opts.Span)
		moved, err := n.store.Move(limited, moves)
		cancel()
		if err != nil {
			return true, err
		}
		n.mu.Lock()
		for i, m := range moves {
			if moved[i] {
				count++
				n.learn(Owner{Shop: m.Shop, Node: id, Epoch: m.Epoch + 1})
			}
			missed = missed || !moved[i]
		}
		n.mu.Unlock()
	}
	return missed, nil
}

// moving is how many shops per second may come to one node, from all others
// together: so many it can open without anyone waiting for long. Those of a node
// that leaves may come twice as fast.
const moving = 600

// present has shops brought to the nodes that lack some, a bounded number at a
// time. It reports whether any are under way.
func (n *Node) present(p plan) (busy bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	coming := map[string]int{}
	for _, h := range n.held {
		if h.gift != nil {
			coming[h.gift.to]++
		}
	}
	for _, shop := range p.drop {
		if h := n.held[shop]; h != nil {
			n.bestow(h, gift{within: n.opts.Yield})
		}
	}
	pace := int(moving * n.opts.Beat / 2 / time.Second)
	if n.leaving {
		pace *= 2
	}
	pace = max(1, pace/max(1, p.givers))
	for to, k := range p.give {
		n.bestowSome(to, min(k-coming[to], pace))
	}
	for _, h := range n.held {
		if p.alone {
			n.bestow(h, gift{within: n.patience(h), last: true})
		}
		busy = busy || n.leaving || h.gift != nil
	}
	return busy
}

// bestowSome has k shops brought to a node. The caller holds n.mu.
func (n *Node) bestowSome(to string, k int) {
	for _, h := range n.held {
		if k <= 0 {
			return
		}
		if n.known[h.shop] && n.bestow(h, gift{to: to, within: n.patience(h)}) {
			k--
		}
	}
}

// bestow has a shop brought away, unless it is on its way or did not yield not
// long ago. The caller holds n.mu.
func (n *Node) bestow(h *holding, g gift) bool {
	pause := 10 * n.opts.Beat
	if n.leaving {
		pause = n.opts.Beat / 5
	}
	if h.gift != nil || n.mine(h.shop) == 0 || h.refuse > 0 && time.Since(h.balked) < pause {
		return false
	}
	h.gift = &g
	n.kick(h)
	return true
}

// patience is how long a shop may take to yield: longer each time when this
// node leaves, for then it is needed. The caller holds n.mu.
func (n *Node) patience(h *holding) time.Duration {
	if !n.leaving {
		return n.opts.Yield
	}
	return min(n.opts.Yield<<min(h.refuse, 10), n.opts.Drain)
}
