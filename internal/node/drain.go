package node

import (
	"context"
	"time"
)

// drain brings all shops to other nodes, or has them at least yielded.
func (n *Node) drain() {
	n.mu.Lock()
	n.leaving = true
	n.mu.Unlock()
	n.beatNow.ring()
	n.lookNow.ring()
	n.emptied(n.opts.Drain)
}

// emptied waits until no shop is held any more, at most for some time.
func (n *Node) emptied(most time.Duration) {
	late := time.NewTimer(most)
	defer late.Stop()
	for {
		n.mu.RLock()
		held := len(n.held)
		n.mu.RUnlock()
		if held == 0 {
			return
		}
		select {
		case <-n.empty:
		case <-late.C:
			return
		}
	}
}

// leaveLimit bounds what is done at the very end.
const leaveLimit = 5 * time.Second

// leave ends the lease, waits until the engine has dropped what it still had,
// and removes this node's row: what it owned is anybody's.
func (n *Node) leave(ctx context.Context) error {
	n.lease.end(nil)
	n.emptied(leaveLimit)
	n.commands.running.Wait() // their context ended with the lease
	n.mu.Lock()
	id := n.id
	n.id = ""
	n.mu.Unlock()
	if id == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveLimit)
	defer cancel()
	return n.store.Leave(ctx, id)
}
