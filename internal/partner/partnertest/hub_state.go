package partnertest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

type stateValue struct {
	value   []byte
	expires time.Time
}

type state struct {
	h     *Hub
	scope string
}

// List answers as partner.State says.
func (s state) List(_ context.Context, prefix, after string, limit int) (keys []string, values [][]byte, err error) {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	for key, v := range s.h.state {
		if key, ok := strings.CutPrefix(key, s.scope); ok && strings.HasPrefix(key, prefix) && key > after &&
			(v.expires.IsZero() || !s.h.now().After(v.expires)) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	keys = keys[:min(limit, len(keys))]
	for _, key := range keys {
		values = append(values, bytes.Clone(s.h.state[s.scope+key].value))
	}
	return keys, values, nil
}

// Change answers as partner.State says.
func (s state) Change(_ context.Context, edits ...partner.Edit) (bool, error) {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	return s.change(edits), nil
}

func (s state) change(edits []partner.Edit) bool {
	for _, e := range edits {
		v, ok := s.h.state[s.scope+e.Key]
		ok = ok && (v.expires.IsZero() || s.h.now().Before(v.expires))
		if ok != (e.Old != nil) || !bytes.Equal(v.value, e.Old) && ok {
			return false
		}
	}
	for _, e := range edits {
		delete(s.h.state, s.scope+e.Key)
		if e.New != nil {
			v := stateValue{value: bytes.Clone(e.New)}
			if e.TTL > 0 {
				v.expires = s.h.now().Add(e.TTL)
			}
			s.h.state[s.scope+e.Key] = v
		}
	}
	return true
}

// Changing answers as partner.State says.
func (s state) Changing(edits ...partner.Edit) order.Effect { return changing{s, edits} }

type changing struct {
	state state
	edits []partner.Edit
}

// Apply is called by the hub's Append, which holds its lock.
func (c changing) Apply(context.Context, any) error {
	if !c.state.change(c.edits) {
		return order.ErrChanged
	}
	return nil
}

func (s state) Get(_ context.Context, key string) ([]byte, bool, error) {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	v, ok := s.h.state[s.scope+key]
	if !ok || !v.expires.IsZero() && s.h.now().After(v.expires) {
		return nil, false, nil
	}
	return bytes.Clone(v.value), true, nil
}

func (s state) Put(_ context.Context, key string, value []byte, ttl time.Duration) error {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	v := stateValue{value: bytes.Clone(value)}
	if ttl > 0 {
		v.expires = s.h.now().Add(ttl)
	}
	s.h.state[s.scope+key] = v
	return nil
}

func (s state) Delete(_ context.Context, key string) error {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	delete(s.h.state, s.scope+key)
	return nil
}
