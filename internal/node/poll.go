package node

import (
	"context"
	"time"
)

const (
	// openTime is longer than any transaction that appends is open: heads
	// carry the time at which theirs began.
	openTime = 10 * time.Second
	// wholePoll and reporting are how many polls lie between two that ask for
	// all heads, and between two reports.
	wholePoll = 60
	reporting = 5
)

// polls asks, once per beat, where the logs of the owned shops end.
func (n *Node) polls(ctx context.Context) {
	t := time.NewTicker(n.opts.Beat)
	defer t.Stop()
	var after time.Time
	for i := 1; ; i++ {
		if i%reporting == 0 {
			n.report()
		}
		if i%wholePoll == 0 {
			after = time.Time{}
		}
		if next, ok := n.poll(ctx, after); ok {
			after = next
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// poll asks once and returns from when the next one must ask.
func (n *Node) poll(ctx context.Context, after time.Time) (next time.Time, ok bool) {
	n.mu.RLock()
	id, now, held := n.id, n.view.Now, len(n.held)
	n.mu.RUnlock()
	if !n.lease.Valid() || held == 0 {
		return time.Time{}, true // opening a shop asks for its head
	}
	ctx, cancel := context.WithTimeout(ctx, n.opts.Span)
	defer cancel()
	heads, err := n.store.Heads(ctx, id, after)
	if ctx.Err() == nil {
		n.trouble("poll", err)
	}
	if err != nil {
		return time.Time{}, false
	}
	for _, h := range heads {
		n.grown(h.Shop, h.Head)
	}
	return now.Add(-openTime), true
}

// grown tells the engine that an owned shop's log has grown. It reports whether
// the shop is owned here.
func (n *Node) grown(shop string, head int64) bool {
	n.mu.RLock()
	h := n.held[shop]
	if h == nil {
		n.mu.RUnlock()
		return false
	}
	// What is being opened is told afterwards.
	news, opened := raise(h, head), h.open != 0
	n.mu.RUnlock()
	if news && opened {
		n.opts.Engine.Notify(shop, head)
	}
	return true
}

// raise keeps the highest head; false: it was known.
func raise(h *holding, head int64) bool {
	for {
		was := h.head.Load()
		if head <= was {
			return false
		}
		if h.head.CompareAndSwap(was, head) {
			return true
		}
	}
}

// Appended tells that this program has appended to a shop's log; any thread may
// say so, in any sequence. The shop's owner is told, wherever it is.
func (n *Node) Appended(shop string, head int64) {
	if !n.grown(shop, head) {
		n.hints.grow(shop, head)
	}
}

// report asks what this node tells about itself. It has no place in the
// heartbeat: it may take long.
func (n *Node) report() {
	r := n.opts.Report()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.config = r.Config
	if len(r.Totals) > 0 && len(r.Totals) <= mostTotals {
		n.totals = r.Totals
	}
}

const mostTotals = 64 << 10
