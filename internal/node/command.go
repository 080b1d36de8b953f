package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

var (
	// ErrNobody: no node took the command in time; nothing was done. It is an
	// order.ErrBusy: to be tried again.
	ErrNobody = fmt.Errorf("no node owns the shop right now: %w", order.ErrBusy)
	// ErrSilent is the same for a certain node.
	ErrSilent = fmt.Errorf("the node does not answer: %w", order.ErrBusy)
	// ErrUnknown: the node that took the command did not answer.
	ErrUnknown = errors.New("the node that was asked ended or does not answer: it is not known whether it was done")
)

// Handler does what a command asks for. ctx ends with the lease and when nobody
// waits any more.
type Handler func(ctx context.Context, shop string, args []byte) ([]byte, error)

// keeping is how long a command is kept whose asker sets no deadline.
const keeping = time.Minute

// serving is how many commands of others are worked on at a time.
const serving = 16

// desk is where commands come and go.
type desk struct {
	mu       sync.Mutex
	handlers map[string]Handler
	expected map[string]bell // of the commands that somebody here waits for
	now      bell            // there may be commands
	deaf     atomic.Bool     // no hints are heard
	slots    chan struct{}
	running  sync.WaitGroup
}

func newDesk() desk {
	return desk{handlers: map[string]Handler{}, expected: map[string]bell{}, now: newBell(), slots: make(chan struct{}, serving)}
}

// Handle says what is done for commands of a kind; before Run.
func (n *Node) Handle(kind string, h Handler) {
	n.commands.mu.Lock()
	defer n.commands.mu.Unlock()
	n.commands.handlers[kind] = h
}

// Ask has the owner of a shop do something and returns its answer. See the
// package's comment for the errors.
func (n *Node) Ask(ctx context.Context, shop, kind string, args []byte) ([]byte, error) {
	if _, here := n.Owner(shop); here {
		out, err := n.perform(ctx, shop, kind, args)
		if !n.elsewhere(err) {
			return out, err
		}
	}
	c := n.command(ctx, shop, kind, args)
	answered := n.commands.expect(c.ID)
	defer n.commands.forget(c.ID)
	if err := n.store.Put(ctx, []Command{c}); err != nil {
		return nil, err
	}
	return n.await(ctx, c, answered)
}

// Reply is what one node answered.
type Reply struct {
	Node   Member
	Answer []byte
	Err    error
}

// AskAll has every living node do something, this one too, and returns what
// each said, by name and start. The handlers get Hub as their shop.
func (n *Node) AskAll(ctx context.Context, kind string, args []byte) ([]Reply, error) {
	replies, here, err := n.roll(ctx)
	if err != nil {
		return nil, err
	}
	asked := make([]Command, len(replies))
	var put []Command
	for i, r := range replies {
		asked[i] = n.command(ctx, Hub, kind, args)
		asked[i].Node = r.Node.ID
		if i != here {
			put = append(put, asked[i])
			defer n.commands.forget(asked[i].ID)
		}
	}
	if len(put) > 0 {
		if err := n.store.Put(ctx, put); err != nil {
			return nil, err
		}
	}
	var all sync.WaitGroup
	for i := range replies {
		all.Go(func() {
			r := &replies[i]
			if i == here {
				r.Answer, r.Err = n.perform(ctx, Hub, kind, args)
				return
			}
			r.Answer, r.Err = n.await(ctx, asked[i], n.commands.expect(asked[i].ID))
		})
	}
	all.Wait()
	return replies, nil
}

// roll lists the living nodes, by name and start, and the place of this one. It
// asks the store: who joined a moment ago must be told too.
func (n *Node) roll(ctx context.Context) (replies []Reply, here int, err error) {
	v, err := n.store.Members(ctx)
	if err != nil {
		return nil, 0, err
	}
	me := Member{ID: n.ID(), Name: n.opts.Name, Version: n.opts.Version}
	for _, m := range v.Nodes {
		switch {
		case m.ID == me.ID:
			me = m
		case m.Ended.IsZero():
			replies = append(replies, Reply{Node: m})
		}
	}
	replies = append(replies, Reply{Node: me})
	slices.SortFunc(replies, func(a, b Reply) int {
		if c := strings.Compare(a.Node.Name, b.Node.Name); c != 0 {
			return c
		}
		return a.Node.Started.Compare(b.Node.Started)
	})
	return replies, slices.IndexFunc(replies, func(r Reply) bool { return r.Node.ID == me.ID }), nil
}

func (n *Node) command(ctx context.Context, shop, kind string, args []byte) Command {
	c := Command{Shop: shop, ID: newID() + newID(), Asker: n.ID(), Kind: kind, Args: args, Within: n.opts.Patience, Keep: keeping}
	if end, ok := ctx.Deadline(); ok {
		c.Keep = max(0, time.Until(end))
		c.Within = min(c.Within, c.Keep)
	}
	return c
}

// await waits for what becomes of a command.
func (n *Node) await(ctx context.Context, c Command, answered bell) ([]byte, error) {
	w := waiting{node: n, c: c, begun: time.Now()}
	for {
		out, err, over := w.look(ctx)
		if over {
			return out, err
		}
		if !answered.wait(ctx, n.opts.Beat/4) {
			return nil, w.giveUp(ctx)
		}
	}
}

// waiting is somebody who waits for an answer.
type waiting struct {
	node  *Node
	c     Command
	begun time.Time
	told  string    // whom we told of it
	taken string    // who took it
	since time.Time // when we saw that
}

// look asks how the command stands, and reports whether that is final.
func (w *waiting) look(ctx context.Context) (out []byte, err error, over bool) {
	w.nudge()
	gone := w.gone() // asked first: who leaves answers first
	st, err := w.node.store.Collect(ctx, w.c)
	switch {
	case err != nil:
		return nil, nil, false // the next look may succeed, until ctx ends
	case st.Done:
		out, err = w.node.unpack(st.Answer)
		return out, err, true
	case !st.Known && w.taken == "":
		return nil, w.nobody(), true
	case !st.Known || gone:
		return nil, ErrUnknown, true
	case st.Taken != "":
		if w.taken != st.Taken {
			w.taken, w.since = st.Taken, time.Now()
		}
		return nil, nil, false
	}
	w.taken = ""
	if time.Since(w.begun) >= w.c.Within {
		if done, err := w.node.store.Withdraw(ctx, w.c); err == nil && done {
			return nil, w.nobody(), true
		}
	}
	return nil, nil, false
}

func (w *waiting) nobody() error {
	if w.c.Node != "" {
		return ErrSilent
	}
	return ErrNobody
}

// nudge tells the one who shall take the command, again if it is another one by
// now.
func (w *waiting) nudge() {
	to := w.c.Node
	if to == "" {
		w.node.mu.RLock()
		to = w.node.table[w.c.Shop].Node
		w.node.mu.RUnlock()
	}
	if to == w.told || to == "" {
		return
	}
	w.told = to
	if to == w.node.ID() {
		w.node.commands.now.ring()
		return
	}
	w.node.hints.line(to, "c")
}

// gone reports whether the node that took the command is no more. One that has
// just joined may not be known yet.
func (w *waiting) gone() bool {
	if w.taken == "" {
		return false
	}
	w.node.mu.RLock()
	defer w.node.mu.RUnlock()
	m, ok := w.node.members[w.taken]
	return ok && !m.Ended.IsZero() || !ok && time.Since(w.since) > 5*w.node.opts.Beat/2
}

// giveUp is the error for an asker who waits no longer.
func (w *waiting) giveUp(ctx context.Context) error {
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), hintLimit)
	defer cancel()
	if done, err := w.node.store.Withdraw(late, w.c); err == nil && done {
		return fmt.Errorf("%w: %w", w.nobody(), ctx.Err())
	}
	return fmt.Errorf("%w: %w", ErrUnknown, ctx.Err())
}

func (d *desk) expect(id string) bell {
	b := newBell()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.expected[id] = b
	return b
}

func (d *desk) forget(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.expected, id)
}

func (d *desk) answered(id string) {
	d.mu.Lock()
	b := d.expected[id]
	d.mu.Unlock()
	if b != nil {
		b.ring()
	}
}
