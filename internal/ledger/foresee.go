package ledger

import (
	"context"

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
		st.Row.Newest = max(st.Row.Newest, e.Seq)
		st.Row.Kinds |= bitOf(e.Kind, e.Happening)
		all = append(all, e)
	}
	st.Layers = order.Layers(all)
	st.Merged = order.Merge(st.Layers)
	st.Row.setLayers(st.Layers)
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

// setLayers says in the row what the layers say.
func (r *Row) setLayers(layers []order.Layer) {
	r.Layers = make([]LayerRow, len(layers))
	r.Stated, r.Public = false, true
	for i, l := range layers {
		r.Layers[i] = LayerRow{Source: l.Source, First: l.First, Seq: l.Seq}
		if l.Statement != nil {
			r.Stated = true
			r.Public = r.Public && l.Source.Public()
		}
	}
	r.Public = r.Public && r.Stated
}
