package rehearsal

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// state reads what is kept, and keeps what is written for this rehearsal.
type state struct {
	partner.State
	r    *Rehearsal
	shop string
}

var _ partner.State = state{}

// Over returns a state over another one: what is written is read again, and is
// gone with it.
func Over(s partner.State) partner.State { return state{s, New(partner.Deps{}, nil), ""} }

func (s state) own(key string) (kept, bool) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	k, ok := s.r.kept[[2]string{s.shop, key}]
	return k, ok
}

func (s state) keep(key string, value []byte) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.kept[[2]string{s.shop, key}] = kept{bytes.Clone(value)}
}

func (s state) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if k, ok := s.own(key); ok {
		return bytes.Clone(k.value), k.value != nil, nil
	}
	return s.State.Get(ctx, key)
}

func (s state) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	s.keep(key, append([]byte{}, value...))
	return nil
}

func (s state) Delete(_ context.Context, key string) error {
	s.keep(key, nil)
	return nil
}

func (s state) List(ctx context.Context, prefix, after string, limit int) (keys []string, values [][]byte, err error) {
	own := s.listed(prefix, after)
	// Those that would be deleted or written anew take places of others.
	keys, values, err = s.State.List(ctx, prefix, after, limit+len(own))
	if err != nil {
		return nil, nil, err
	}
	all := map[string][]byte{}
	for i, key := range keys {
		all[key] = values[i]
	}
	for key, k := range own {
		if all[key] = k.value; k.value == nil {
			delete(all, key)
		}
	}
	keys = slices.Sorted(maps.Keys(all))
	keys = keys[:min(len(keys), limit)]
	values = make([][]byte, len(keys))
	for i, key := range keys {
		values[i] = all[key]
	}
	return keys, values, nil
}

func (s state) listed(prefix, after string) map[string]kept {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	own := map[string]kept{}
	for at, k := range s.r.kept {
		if at[0] == s.shop && strings.HasPrefix(at[1], prefix) && at[1] > after {
			own[at[1]] = k
		}
	}
	return own
}

func (s state) Change(ctx context.Context, edits ...partner.Edit) (bool, error) {
	for _, e := range edits {
		now, ok, err := s.Get(ctx, e.Key)
		if err != nil {
			return false, err
		}
		if ok != (e.Old != nil) || !bytes.Equal(now, e.Old) {
			return false, nil
		}
	}
	for _, e := range edits {
		s.keep(e.Key, e.New)
	}
	return true, nil
}

// Changing implements partner.State: keys that this rehearsal wrote are looked
// at here, the others by the store, in the transaction that is undone.
func (s state) Changing(edits ...partner.Edit) order.Effect {
	p := &pending{of: s, edits: edits}
	var rest []partner.Edit
	for _, e := range edits {
		if _, ok := s.own(e.Key); ok {
			p.own = append(p.own, e)
			continue
		}
		rest = append(rest, e)
	}
	return &pendingEffect{real: s.State.Changing(rest...), pending: p}
}

// pending are edits of a call that may be refused yet.
type pending struct {
	of    state
	edits []partner.Edit
	own   []partner.Edit // of keys that the rehearsal wrote before
}

// hold makes the edits, unless the rehearsal itself wrote something else.
func (p *pending) hold() bool {
	for _, e := range p.own {
		if k, _ := p.of.own(e.Key); !bytes.Equal(k.value, e.Old) || (k.value == nil) != (e.Old == nil) {
			return false
		}
	}
	for _, e := range p.edits {
		p.of.keep(e.Key, e.New)
	}
	return true
}

// pendingEffect is a real effect with what follows from it here.
type pendingEffect struct {
	real order.Effect
	*pending
}

// Apply implements order.Effect.
func (p *pendingEffect) Apply(ctx context.Context, tx any) error { return p.real.Apply(ctx, tx) }
