package app

import (
	"context"
	"slices"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
)

// mostPlanned is of how many orders of one call it is said what routes would do.
const mostPlanned = 10

// plannedFor says what each route would do with events that are not stored,
// order by order.
func (a *App) plannedFor(ctx context.Context, shop string, events []order.Event) ([]api.Verdict, error) {
	return a.plannedAfter(ctx, shop, nil, events)
}

// plannedAfter is plannedFor where others, that are not stored either, came
// before.
func (a *App) plannedAfter(ctx context.Context, shop string, before, events []order.Event) (out []api.Verdict, err error) {
	for _, id := range ordersOf(events) {
		own := ofOrder(events, id)
		st, err := a.ledger.Foresee(ctx, shop, id, append(ofOrder(before, id), own...))
		if err != nil {
			return nil, err
		}
		for i := range own {
			own[i].Order = st.Row.First
		}
		list, err := a.engine.Foresee(ctx, shop, st, own)
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			out = append(out, api.VerdictOf(v))
		}
	}
	return out, nil
}

// ordersOf are the first orders that events are about.
func ordersOf(events []order.Event) (ids []string) {
	for i := range events {
		s := &events[i].Subject
		if s.Kind == order.SubjectOrder && len(ids) < mostPlanned && !slices.Contains(ids, s.ID) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// ofOrder are the events of one order.
func ofOrder(events []order.Event, id string) (out []order.Event) {
	for _, e := range events {
		if e.Subject == (order.Subject{Kind: order.SubjectOrder, ID: id}) {
			out = append(out, e)
		}
	}
	return out
}
