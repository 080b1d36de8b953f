package ledger

import (
	"cmp"
	"context"
	"slices"

	"github.com/ordermux/ordermux/internal/order"
)

// Foresee returns the state that an order would have with events that are not
// stored, all of it, in their sequence; it keeps nothing.
func (l *Ledger) Foresee(ctx context.Context, shop, id string, more []order.Event) (*State, error) {
	known, err := l.StatesByID(ctx, shop, []string{id})
	if err != nil {
		return nil, err
	}
	st := &State{Row: Row{Subject: order.Subject{Kind: order.SubjectOrder, ID: id}}}
	var all []order.Event
	if known[0] != nil {
		st.Row = known[0].Row
		if all, err = l.Events(ctx, shop, id); err != nil {
			return nil, err
		}
	}
	for _, e := range more {
		if st.Row.Erased {
			e = withoutPerson(e)
		}
		if st.Row.First == 0 {
			st.Row.First, st.Row.History = e.Seq, e.History
		}
		st.Row.add(&e)
		all = append(all, e)
	}
	st.Layers = order.Layers(all)
	st.Merged = order.Merge(st.Layers)
	return st, nil
}

// withoutPerson is an event as an erased order takes it.
func withoutPerson(e order.Event) order.Event {
	if e.Statement != nil {
		public, _ := e.Statement.Split()
		e.Statement = &public
	}
	if e.Happening != nil {
		public, _ := e.Happening.Split()
		e.Happening = &public
	}
	return e
}

// add takes an event in, as a decision does with an index row.
func (r *Row) add(e *order.Event) {
	r.Newest = max(r.Newest, e.Seq)
	r.Kinds |= bitOf(e.Kind, e.Happening)
	r.Layers = slices.Clone(r.Layers)
	i := slices.IndexFunc(r.Layers, func(l LayerRow) bool { return l.Source.Name == e.Source.Name })
	if i < 0 {
		i = len(r.Layers)
		r.Layers = append(r.Layers, LayerRow{Source: e.Source})
	}
	if e.Statement == nil {
		return
	}
	l := &r.Layers[i]
	l.Source.Rank = max(l.Source.Rank, e.Source.Rank)
	l.First, l.Seq = cmp.Or(l.First, e.Seq), e.Seq
	r.Stated = true
	r.Public = !slices.ContainsFunc(r.Layers, func(l LayerRow) bool { return l.Seq != 0 && !l.Source.Public() })
}
