package node

import (
	"context"
	"slices"
	"sync"
	"time"
)

// moveLimit bounds one round of moves.
const moveLimit = 5 * time.Second

// mover gathers moves of single shops: those that come while a round is under
// way go together with the next one.
type mover struct {
	mu      sync.Mutex
	busy    bool
	waiting []*asked
}

type asked struct {
	move Move
	done chan bool
}

// do moves a shop and reports whether it has moved. False: it has not, or
// nobody knows.
func (v *mover) do(n *Node, m Move) bool {
	a := &asked{m, make(chan bool, 1)}
	v.mu.Lock()
	v.waiting = append(v.waiting, a)
	if !v.busy {
		v.busy = true
		go v.run(n)
	}
	v.mu.Unlock()
	return <-a.done
}

func (v *mover) run(n *Node) {
	for {
		v.mu.Lock()
		batch := v.waiting
		v.waiting = nil
		if len(batch) == 0 {
			v.busy = false
			v.mu.Unlock()
			return
		}
		v.mu.Unlock()
		moves := make([]Move, len(batch))
		for i, a := range batch {
			moves[i] = a.move
		}
		moved := n.hand(moves)
		for i, a := range batch {
			a.done <- moved[i]
		}
	}
}

// hand moves shops from this node to others and tells those.
func (n *Node) hand(moves []Move) []bool {
	ctx, cancel := context.WithTimeout(n.lease.Context(), moveLimit)
	defer cancel()
	moved, err := n.store.Move(ctx, moves)
	n.trouble("look", err)
	if err != nil {
		return make([]bool, len(moves))
	}
	count := map[string]int{}
	for i, m := range moves {
		if moved[i] {
			count[m.To]++
			n.hints.own(m.To, m.Shop, m.Epoch+1)
		}
	}
	var told []string
	for to, k := range count {
		n.opts.Observe(Event{Kind: Gave, Shops: k, Node: n.name(to)})
		told = append(told, to)
	}
	if _, dropped := count[""]; dropped {
		told = n.others() // anybody may take them
	}
	slices.Sort(told)
	if len(told) > 0 {
		// Should the hints be lost, the next beats see the counters.
		n.trouble("hint", n.store.Tell(ctx, told))
	}
	return moved
}

// name returns a member's name for people.
func (n *Node) name(id string) string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.members[id].Name
}

// others returns the living members but this one.
func (n *Node) others() []string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	var ids []string
	for id, m := range n.members {
		if m.Ended.IsZero() && id != n.id {
			ids = append(ids, id)
		}
	}
	return ids
}
