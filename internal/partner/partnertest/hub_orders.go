package partnertest

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

type stored struct {
	first  int64
	layers []order.Layer
	wires  map[string][]byte
}

func (o *stored) clone() *stored {
	if o == nil {
		return nil
	}
	c := &stored{o.first, slices.Clone(o.layers), maps.Clone(o.wires)}
	for i := range c.layers {
		c.layers[i].Happenings = slices.Clone(c.layers[i].Happenings)
	}
	return c
}

func (o *stored) layer(s order.Source) *order.Layer {
	for i := range o.layers {
		if o.layers[i].Source.Name == s.Name {
			return &o.layers[i]
		}
	}
	return nil
}

func (h *Hub) accept(e order.Entry) order.Receipt {
	o := h.orders[e.Subject.ID]
	if o == nil {
		o = &stored{first: h.seq + 1, wires: map[string][]byte{}}
		h.orders[e.Subject.ID] = o
	}
	l := o.layer(e.Source)
	if l == nil {
		o.layers = append(o.layers, order.Layer{Source: e.Source, First: h.seq + 1})
		l = &o.layers[len(o.layers)-1]
	}
	r := order.Receipt{Subject: e.Subject, At: h.now()}
	if e.Happening != nil {
		r.Known, r.Seq, r.Kind = h.happen(l, e.Happening)
	} else {
		r.Known, r.Seq, r.Kind = h.restate(o, l, e.Statement)
	}
	if !r.Known {
		h.entries = append(h.entries, e)
		h.record(o, &e, r)
	}
	return r
}

func (h *Hub) restate(o *stored, l *order.Layer, s *order.Statement) (bool, int64, order.Kind) {
	kind := order.KindPlaced
	if l.Statement != nil {
		kind = order.KindUpdated
		same := s.Wire != nil && bytes.Equal(o.wires[l.Source.Name], s.Wire)
		if same || len(order.Diff(l.Statement, &s.Order)) == 0 {
			return true, l.Seq, kind
		}
	}
	h.seq++
	l.Statement, l.Seq = s.Order.Clone(), h.seq
	o.wires[l.Source.Name] = bytes.Clone(s.Wire)
	return false, h.seq, kind
}

func (h *Hub) happen(l *order.Layer, new *order.Happening) (bool, int64, order.Kind) {
	for _, old := range l.Happenings {
		if old.Kind == new.Kind && old.Ref == new.Ref && bytes.Equal(old.Wire, new.Wire) {
			return true, old.Seq, new.Kind
		}
	}
	h.seq++
	l.Happenings = append(l.Happenings, order.Happened{Seq: h.seq, Happening: *new})
	return false, h.seq, new.Kind
}

// Layers answers as partner.Orders says.
func (h *Hub) Layers(_ context.Context, _, prefix string, ids []string) ([]*order.Order, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]*order.Order, len(ids))
	for i, id := range ids {
		list[i] = h.merged(id, prefix)
	}
	return list, nil
}

// ListLayers answers as partner.Orders says.
func (h *Hub) ListLayers(_ context.Context, _, prefix string, skip, limit int) ([]*order.Order, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var ids []string
	for id := range h.orders {
		if h.merged(id, prefix) != nil {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return int(h.orders[b].first - h.orders[a].first) })
	ids = ids[min(skip, len(ids)):]
	list := []*order.Order{}
	for _, id := range ids[:min(limit, len(ids))] {
		list = append(list, h.merged(id, prefix))
	}
	return list, nil
}

// Merged answers as partner.Orders says.
func (h *Hub) Merged(ctx context.Context, shop string, ids []string) ([]*order.Order, error) {
	return h.Layers(ctx, shop, "", ids)
}

// Newest answers as partner.Orders says.
func (h *Hub) Newest(_ context.Context, _ string, ids []string) ([]int64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	seqs := make([]int64, len(ids))
	for i, id := range ids {
		seqs[i] = h.orders[id].newest()
	}
	return seqs, nil
}

// newest is the place of the order's last event; 0: nobody knows it.
func (o *stored) newest() (seq int64) {
	if o == nil {
		return 0
	}
	for _, l := range o.layers {
		seq = max(seq, l.Seq)
		for _, h := range l.Happenings {
			seq = max(seq, h.Seq)
		}
	}
	return seq
}

func (h *Hub) merged(id, prefix string) *order.Order {
	o := h.orders[id]
	if o == nil {
		return nil
	}
	var layers []order.Layer
	for _, l := range o.layers {
		if prefix == "" || l.Source.Name == prefix || strings.HasPrefix(l.Source.Name, prefix+"/") {
			layers = append(layers, l)
		}
	}
	return order.Merge(layers).Order
}

// Forget removes the personal part of an order, as erasing does.
func (h *Hub) Forget(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.orders[id].layers {
		if l := &h.orders[id].layers[i]; l.Statement != nil {
			public, _ := l.Statement.Split()
			l.Statement = &public
		}
	}
}
