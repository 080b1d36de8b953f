package node

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// gathering is how long heads wait for others to go with them.
	gathering = 25 * time.Millisecond
	hintLimit = 2 * time.Second
	mostHint  = 7900 // bytes of one hint's text
)

// hints gathers what other nodes should be told at once. A hint is some lines:
//
//	h SHOP HEAD    the log of your shop has grown
//	o SHOP EPOCH   the shop is yours now
//	c              there is a command for you
//	r ID           there is an answer to your command
type hints struct {
	mu    sync.Mutex
	heads map[string]int64
	lines map[string][]string // by node
	now   bell
	soon  bell
}

func newHints() hints {
	return hints{heads: map[string]int64{}, lines: map[string][]string{}, now: newBell(), soon: newBell()}
}

// grow tells the owner of a shop about its head, soon.
func (h *hints) grow(shop string, head int64) {
	h.mu.Lock()
	h.heads[shop] = max(h.heads[shop], head)
	h.mu.Unlock()
	h.soon.ring()
}

func (h *hints) own(to, shop string, epoch int64) {
	h.line(to, "o "+shop+" "+strconv.FormatInt(epoch, 10))
}

// line tells a node something at once.
func (h *hints) line(to, text string) {
	if to == "" {
		return
	}
	h.mu.Lock()
	h.lines[to] = append(h.lines[to], text)
	h.mu.Unlock()
	h.now.ring()
}

// sendHints sends what has been gathered. What can not be sent is forgotten.
func (n *Node) sendHints(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.hints.now:
		case <-n.hints.soon:
			n.hints.now.wait(ctx, gathering)
		}
		batch := n.hints.take(n.ownerOf)
		if len(batch) == 0 {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, hintLimit)
		err := n.store.Hint(limited, batch)
		cancel()
		if ctx.Err() == nil {
			n.trouble("hint", err)
		}
	}
}

// ownerOf returns who should be told about a shop; "": nobody else.
func (n *Node) ownerOf(shop string) string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if o := n.table[shop]; o.Node != n.id {
		return o.Node
	}
	return ""
}

// take empties the gathered hints.
func (h *hints) take(ownerOf func(shop string) string) []Hint {
	h.mu.Lock()
	heads, lines := h.heads, h.lines
	h.heads, h.lines = map[string]int64{}, map[string][]string{}
	h.mu.Unlock()
	for shop, head := range heads {
		if to := ownerOf(shop); to != "" {
			lines[to] = append(lines[to], "h "+shop+" "+strconv.FormatInt(head, 10))
		}
	}
	var out []Hint
	for to, list := range lines {
		var b strings.Builder
		for _, line := range list {
			if b.Len()+len(line) >= mostHint {
				out = append(out, Hint{to, b.String()})
				b.Reset()
			}
			b.WriteString(line)
			b.WriteByte('\n')
		}
		out = append(out, Hint{to, b.String()})
	}
	return out
}

// listens hears what others tell. A lost connection is replaced; what was
// missed meanwhile is looked up.
func (n *Node) listens(ctx context.Context) {
	for {
		id := n.ID()
		if id == "" || !n.lease.Valid() {
			if !n.pause(ctx, n.opts.Beat/4) {
				return
			}
			continue
		}
		listening, cancel := context.WithCancel(ctx)
		// Who is declared dead has another name afterwards.
		unhook := context.AfterFunc(n.lease.Context(), cancel)
		err := n.store.Listen(listening, id, n.listening, func(text string) { n.hear(id, text) })
		over := listening.Err() != nil
		unhook()
		cancel()
		n.commands.deaf.Store(true)
		if !over {
			n.trouble("listen", err)
		}
		if !n.pause(ctx, n.opts.Beat/4) {
			return
		}
	}
}

// pause waits; false: ctx has ended.
func (n *Node) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// listening is called when hints are heard (again).
func (n *Node) listening() {
	n.trouble("listen", nil)
	n.commands.deaf.Store(false)
	n.commands.now.ring()
	n.lookNow.ring()
}

// hear takes one hint in. Words that it does not know are a newer program's.
func (n *Node) hear(id, text string) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		switch {
		case len(f) == 3 && f[0] == "h":
			if head, err := strconv.ParseInt(f[2], 10, 64); err == nil {
				n.grown(f[1], head)
			}
		case len(f) == 3 && f[0] == "o":
			if epoch, err := strconv.ParseInt(f[2], 10, 64); err == nil {
				n.mu.Lock()
				n.learn(Owner{Shop: f[1], Node: id, Epoch: epoch})
				n.mu.Unlock()
			}
		case len(f) == 1 && f[0] == "c":
			n.commands.now.ring()
		case len(f) == 2 && f[0] == "r":
			n.commands.answered(f[1])
		}
	}
}
