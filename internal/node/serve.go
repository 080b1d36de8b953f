package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// serve does what other nodes ask of this one.
func (n *Node) serve(ctx context.Context) {
	n.commands.deaf.Store(true)
	for {
		var again bool
		if n.lease.Valid() {
			var err error
			if again, err = n.serveOnce(ctx); ctx.Err() == nil {
				n.trouble("commands", err)
			}
		}
		pause := 2 * n.opts.Beat
		switch {
		case again:
			pause = n.opts.Beat / 4
		case n.commands.deaf.Load():
			pause = n.opts.Beat
		}
		if !n.commands.now.wait(ctx, pause) {
			return
		}
	}
}

// serveOnce starts on the commands that this node shall do. It reports whether
// some of them could not be begun yet.
func (n *Node) serveOnce(ctx context.Context) (again bool, err error) {
	limited, cancel := context.WithTimeout(ctx, n.opts.Span)
	defer cancel()
	list, err := n.store.Waiting(limited)
	if err != nil {
		return false, err
	}
	for _, c := range list {
		epoch, mine, ready := n.concerns(c)
		if !mine {
			continue
		}
		if !ready {
			again = true
			continue
		}
		select {
		case n.commands.slots <- struct{}{}:
		default:
			return true, nil
		}
		n.commands.running.Go(func() {
			defer func() { <-n.commands.slots }()
			n.execute(c, epoch)
		})
	}
	return again, nil
}

// concerns reports whether a command is for this node, and whether the engine
// has its shop already.
func (n *Node) concerns(c Command) (epoch int64, mine, ready bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if c.Node != "" {
		return 0, c.Node == n.id, true
	}
	epoch = n.mine(c.Shop)
	h := n.held[c.Shop]
	return epoch, epoch != 0, h != nil && h.open == epoch
}

// execute takes a command, does it and writes what came of it.
func (n *Node) execute(c Command, epoch int64) {
	id := n.ID()
	ctx, cancel := context.WithTimeout(n.lease.Context(), c.Keep)
	defer cancel()
	args, taken, err := n.store.Take(ctx, c, id, epoch)
	if err != nil || !taken {
		n.trouble("commands", err)
		return
	}
	out, err := n.perform(ctx, c.Shop, c.Kind, args)
	if n.elsewhere(err) {
		n.finish(func(ctx context.Context) error { return n.store.Return(ctx, c, id) })
		return
	}
	answer := n.pack(out, err)
	n.finish(func(ctx context.Context) error { return n.store.Finish(ctx, c, id, answer) })
	if c.Asker == id {
		n.commands.answered(c.ID)
		return
	}
	n.hints.line(c.Asker, "r "+c.ID)
}

// finish writes what came of a command even if the lease is over; an asker
// waits for it.
func (n *Node) finish(write func(context.Context) error) {
	var err error
	for range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), hintLimit)
		err = write(ctx)
		cancel()
		if err == nil {
			break
		}
		n.pause(context.Background(), n.opts.Beat/4)
	}
	n.trouble("commands", err)
}

// perform runs a handler here. Its context ends with the lease too.
func (n *Node) perform(ctx context.Context, shop, kind string, args []byte) (out []byte, err error) {
	n.commands.mu.Lock()
	h := n.commands.handlers[kind]
	n.commands.mu.Unlock()
	if h == nil {
		return nil, fmt.Errorf("this node does not know the command %s", kind)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	lease := n.lease.Context()
	defer context.AfterFunc(lease, func() { cancel(context.Cause(lease)) })()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("command %s panicked: %v", kind, p)
		}
		if err != nil && lease.Err() != nil && errors.Is(err, context.Canceled) {
			err = fmt.Errorf("%w: %w", ErrUnknown, err)
		}
	}()
	return h(ctx, shop, args)
}

func (n *Node) elsewhere(err error) bool {
	return err != nil && n.opts.Elsewhere != nil && errors.Is(err, n.opts.Elsewhere)
}

// failure is an error on its way to another node.
type failure struct {
	Code   string        `json:"code,omitempty"`
	Text   string        `json:"text"`
	Faults []order.Fault `json:"faults,omitempty"`
}

// remote is an error that a handler on another node returned.
type remote struct {
	text string
	kind error
}

func (e *remote) Error() string { return e.text }
func (e *remote) Unwrap() error { return e.kind }

// kinds are the errors that keep their kind on the way.
var kinds = map[string]error{
	"conflict": order.ErrConflict, "not_found": order.ErrNotFound, "busy": order.ErrBusy, "read_only": order.ErrReadOnly,
	"unknown": ErrUnknown,
}

const invalid = "invalid"

// pack writes a handler's result: a letter, then the result or a failure.
func (n *Node) pack(out []byte, err error) []byte {
	if err == nil {
		return append([]byte{'o'}, out...)
	}
	f := failure{Text: err.Error()}
	var refused *order.Invalid
	if errors.As(err, &refused) {
		f.Code, f.Faults = invalid, refused.Faults
	}
	for _, known := range []map[string]error{kinds, n.opts.Errors} {
		for code, kind := range known {
			if errors.Is(err, kind) {
				f.Code = code
			}
		}
	}
	b, err := json.Marshal(f)
	if err != nil {
		b = []byte(`{"text":"an error that can not be told"}`)
	}
	return append([]byte{'e'}, b...)
}

// unpack reads what pack wrote.
func (n *Node) unpack(answer []byte) ([]byte, error) {
	if len(answer) > 0 && answer[0] == 'o' {
		return answer[1:], nil
	}
	var f failure
	if len(answer) == 0 || answer[0] != 'e' || json.Unmarshal(answer[1:], &f) != nil {
		return nil, errors.New("another node's answer can not be read")
	}
	switch kind := n.opts.Errors[f.Code]; {
	case kind != nil:
		return nil, &remote{f.Text, kind}
	case kinds[f.Code] != nil:
		return nil, &remote{f.Text, kinds[f.Code]}
	case f.Code == invalid:
		return nil, &order.Invalid{Faults: f.Faults}
	}
	return nil, &remote{text: f.Text}
}
