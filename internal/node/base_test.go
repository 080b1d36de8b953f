package node_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/node"
)

// base is a database in memory, as the nodes see it.
type base struct {
	mu       sync.Mutex
	skew     time.Duration // of its clock
	down     bool
	rows     map[string]*row
	owners   map[string]node.Owner
	heads    map[string]moved
	commands map[string]*command
	ears     map[string]func(string)
	calls    int
}

type row struct {
	node.Member
	told int64
}

type moved struct {
	head int64
	at   time.Time
}

type command struct {
	node.Command
	node.Standing
	put time.Time
}

func newBase() *base {
	return &base{
		rows: map[string]*row{}, owners: map[string]node.Owner{}, heads: map[string]moved{},
		commands: map[string]*command{}, ears: map[string]func(string){},
	}
}

func (b *base) now() time.Time { return time.Now().Add(b.skew) }

// counts returns how many shops each node owns, by name, of those that live.
func (b *base) counts() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]int{}
	for _, r := range b.rows {
		if r.Ended.IsZero() {
			out[r.Name] = 0
		}
	}
	for _, o := range b.owners {
		name := "nobody"
		if r := b.rows[o.Node]; r != nil && r.Ended.IsZero() {
			name = r.Name
		}
		out[name]++
	}
	return out
}

// names returns who owns what.
func (b *base) names() map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]string{}
	for shop, o := range b.owners {
		if r := b.rows[o.Node]; r != nil {
			out[shop] = r.Name
		}
	}
	return out
}

func (b *base) owner(shop string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.owners[shop].Node
}

// waiting is how many commands are in the base.
func (b *base) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.commands)
}

func (b *base) epochs() map[string]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]int64{}
	for shop, o := range b.owners {
		out[shop] = o.Epoch
	}
	return out
}

// append moves the head of a shop, as an append does.
func (b *base) append(shop string) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := moved{b.heads[shop].head + 1, b.now()}
	b.heads[shop] = m
	return m.head
}

// port is one node's way to the base.
type port struct {
	*base
	cut  bool          // nothing comes through; guarded by base.mu
	deaf bool          // hints do not
	late time.Duration // every answer is
}

var _ node.Store = (*port)(nil)

var errDown = errors.New("connection refused")

// call does something in the base, as one statement.
func (p *port) call(ctx context.Context, f func() error) error {
	p.mu.Lock()
	late := p.late
	p.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Millisecond):
	}
	p.mu.Lock()
	p.calls++
	switch {
	case p.cut:
		p.mu.Unlock()
		<-ctx.Done()
		return ctx.Err()
	case p.down:
		p.mu.Unlock()
		return errDown
	}
	err := f()
	p.mu.Unlock()
	if late > 0 {
		// As a frozen process does: it sees an answer late, and takes it.
		time.Sleep(late)
		return err
	}
	return errors.Join(err, ctx.Err())
}

func (p *port) Close() error { return nil }

func (p *port) Join(ctx context.Context, m node.Member) error {
	return p.call(ctx, func() error {
		m.Started, m.Beat = p.now(), p.now()
		p.rows[m.ID] = &row{Member: m}
		return nil
	})
}

func (p *port) Beat(ctx context.Context, pulse node.Pulse) (v node.View, err error) {
	err = p.call(ctx, func() error {
		r := p.rows[pulse.ID]
		if r == nil || !r.Ended.IsZero() {
			return node.ErrEnded
		}
		r.Beat, r.Leaving, r.Shops, r.Set, r.Config = p.now(), pulse.Leaving, pulse.Shops, pulse.Set, pulse.Config
		r.Beats++
		if pulse.Totals != nil {
			r.Totals = pulse.Totals
		}
		v = p.view()
		v.Told = r.told
		return nil
	})
	return v, err
}

func (b *base) view() node.View {
	v := node.View{Now: b.now()}
	for _, id := range slices.Sorted(maps.Keys(b.rows)) {
		v.Nodes = append(v.Nodes, b.rows[id].Member)
	}
	return v
}

func (p *port) End(ctx context.Context, id string, beats int64) (done bool, err error) {
	err = p.call(ctx, func() error {
		if r := p.rows[id]; r != nil && r.Ended.IsZero() && r.Beats == beats {
			r.Ended, done = p.now(), true
		}
		return nil
	})
	return done, err
}

func (p *port) Leave(ctx context.Context, id string) error {
	return p.call(ctx, func() error { delete(p.rows, id); return nil })
}

func (p *port) Members(ctx context.Context) (v node.View, err error) {
	err = p.call(ctx, func() error { v = p.view(); return nil })
	return v, err
}

func (p *port) Tell(ctx context.Context, ids []string) error {
	return p.call(ctx, func() error {
		for _, id := range ids {
			if r := p.rows[id]; r != nil {
				r.told++
			}
		}
		return nil
	})
}

func (p *port) AddShops(ctx context.Context, shops []string) error {
	return p.call(ctx, func() error {
		for _, s := range shops {
			if _, ok := p.owners[s]; !ok {
				p.owners[s] = node.Owner{Shop: s}
			}
		}
		return nil
	})
}

func (p *port) Look(ctx context.Context) (owners []node.Owner, members []node.Member, err error) {
	err = p.call(ctx, func() error { owners = slices.Collect(maps.Values(p.owners)); return nil })
	if err != nil {
		return nil, nil, err
	}
	err = p.call(ctx, func() error { members = p.view().Nodes; return nil })
	return owners, members, err
}

func (p *port) Move(ctx context.Context, moves []node.Move) ([]bool, error) {
	hit := make([]bool, len(moves))
	err := p.call(ctx, func() error {
		for i, m := range moves {
			if o := p.owners[m.Shop]; o.Epoch == m.Epoch {
				p.owners[m.Shop] = node.Owner{Shop: m.Shop, Node: m.To, Epoch: m.Epoch + 1}
				hit[i] = true
			}
		}
		return nil
	})
	return hit, err
}

func (p *port) Heads(ctx context.Context, id string, after time.Time) (heads []node.Head, err error) {
	err = p.call(ctx, func() error {
		for shop, m := range p.heads {
			if p.owners[shop].Node == id && m.at.After(after) {
				heads = append(heads, node.Head{Shop: shop, Head: m.head})
			}
		}
		return nil
	})
	return heads, err
}

func (p *port) Hint(ctx context.Context, hints []node.Hint) error {
	return p.call(ctx, func() error {
		for _, h := range hints {
			if hear := p.ears[h.Node]; hear != nil {
				go hear(h.Text)
			}
		}
		return nil
	})
}

func (p *port) Listen(ctx context.Context, id string, ready func(), heard func(string)) error {
	limited, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err := p.call(limited, func() error {
		if !p.deaf {
			p.ears[id] = heard
		}
		return nil
	})
	if err != nil {
		return err
	}
	ready()
	<-ctx.Done()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.ears, id)
	return ctx.Err()
}

func (p *port) Put(ctx context.Context, commands []node.Command) error {
	return p.call(ctx, func() error {
		for _, c := range commands {
			p.commands[c.ID] = &command{Command: c, put: p.now()}
		}
		return nil
	})
}

func (p *port) Waiting(ctx context.Context) (list []node.Command, err error) {
	err = p.call(ctx, func() error {
		for _, c := range p.commands {
			if c.Taken == "" && p.now().Before(c.put.Add(c.Within)) {
				light := c.Command
				light.Args = nil
				list = append(list, light)
			}
		}
		return nil
	})
	return list, err
}

func (p *port) Take(ctx context.Context, c node.Command, id string, epoch int64) (args []byte, ok bool, err error) {
	err = p.call(ctx, func() error {
		k := p.commands[c.ID]
		if k == nil || k.Taken != "" || p.now().After(k.put.Add(k.Within)) {
			return nil
		}
		o := p.owners[c.Shop]
		if ok = c.Node == id || c.Node == "" && o.Node == id && o.Epoch == epoch; ok {
			k.Taken, args = id, k.Args
		}
		return nil
	})
	return args, ok, err
}

func (p *port) Return(ctx context.Context, c node.Command, id string) error {
	return p.call(ctx, func() error {
		if k := p.commands[c.ID]; k != nil && k.Taken == id && !k.Done {
			k.Taken = ""
		}
		return nil
	})
}

func (p *port) Finish(ctx context.Context, c node.Command, id string, answer []byte) error {
	return p.call(ctx, func() error {
		if k := p.commands[c.ID]; k != nil && k.Taken == id {
			k.Done, k.Answer, k.Args = true, answer, nil
		}
		return nil
	})
}

func (p *port) Collect(ctx context.Context, c node.Command) (s node.Standing, err error) {
	err = p.call(ctx, func() error {
		if k := p.commands[c.ID]; k != nil {
			s = k.Standing
			s.Known = true
			if s.Done {
				delete(p.commands, c.ID)
			}
		}
		return nil
	})
	return s, err
}

func (p *port) Withdraw(ctx context.Context, c node.Command) (done bool, err error) {
	err = p.call(ctx, func() error {
		if k := p.commands[c.ID]; k != nil && k.Taken == "" {
			delete(p.commands, c.ID)
			done = true
		}
		return nil
	})
	return done, err
}
