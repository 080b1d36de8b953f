package ledger

import (
	"context"

	"github.com/ordermux/ordermux/internal/order"
)

// Foresee returns the state that an order would have with events that are not
// stored, all of it, in their sequence; it keeps nothing.
func (l *Ledger) Foresee(ctx context.Context, shop string, id string, more []order.Event) (*State, error) {
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
	for i := range more {
		e := &more[i]
		if st.Row.First == 0 {
			st.Row.First, st.Row.History = e.Seq, e.History
		}
		st.Row.Newest = max(st.Row.Newest, e.Seq)
		st.Row.Kinds |= kindBit(e.Kind)
	}
	st.Layers = order.Layers(append(all, more...))
	st.Row.Layers = nil
	st.Row.Stated, st.Row.Public = false, true
	for _, layer := range st.Layers {
		st.Row.Layers = append(st.Row.Layers, LayerRow{Source: layer.Source, First: layer.First, Seq: layer.Seq})
		if layer.Statement != nil {
			st.Row.Stated = true
			st.Row.Public = st.Row.Public && layer.Source.Public()
		}
	}
	st.Row.Public = st.Row.Public && st.Row.Stated
	st.Merged = order.Merge(st.Layers)
	return st, nil
}
