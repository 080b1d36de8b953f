package api

import (
	"encoding/hex"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// state returns the state of one order; order.ErrNotFound if unknown.
func (a *API) state(r *request, id string) (*ledger.State, error) {
	states, err := a.Ledger.StatesByID(r.Context(), r.shop, []string{id})
	if err != nil {
		return nil, err
	}
	if len(states) == 0 || states[0] == nil {
		return nil, order.ErrNotFound
	}
	return states[0], nil
}

// showOrder tells all about one order: who said what, and what became of it.
func (a *API) showOrder(r *request) (any, error) {
	id := r.PathValue("id")
	s, err := a.state(r, id)
	if err != nil {
		return nil, err
	}
	events, err := a.Ledger.Events(r.Context(), r.shop, id)
	if err != nil {
		return nil, err
	}
	out := OrderState{
		OrderSummary: summaryOf(s.Row.First, time.Time{}, s), Order: s.Merged.Order,
		From: s.Merged.From, Differ: s.Merged.Differ,
		Events: make([]Event, len(events)), Deliveries: []Delivery{},
	}
	for i := range events {
		out.Events[i] = eventOf(&events[i])
	}
	if len(events) > 0 {
		out.Accepted = events[0].At
	}
	return out, a.addDeliveries(r, &out)
}

func (a *API) addDeliveries(r *request, out *OrderState) error {
	list, skipped, err := a.Engine.OfOrder(r.Context(), r.shop, out.ID)
	if err != nil {
		return err
	}
	out.Skipped = verdictsOf(skipped)
	for _, d := range list {
		d.OrderID = out.ID
		view := deliveryOf(d)
		calls, err := a.Engine.Calls(r.Context(), d)
		if err != nil {
			return err
		}
		for _, c := range calls {
			view.Calls = append(view.Calls, callOf(c))
		}
		out.Deliveries = append(out.Deliveries, view)
	}
	return nil
}

func eventOf(e *order.Event) Event {
	return Event{
		Seq: e.Seq, At: e.At, Kind: e.Kind, Source: e.Source.Name, Origin: e.Origin, History: e.History,
		Erased: e.Erased, Hash: hex.EncodeToString(e.Hash[:]), Order: e.Statement, Happening: e.Happening,
	}
}
