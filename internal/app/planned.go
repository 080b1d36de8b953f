package app

import (
	"context"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
)

// plannedFor says what each route would do with events of one order that are not
// stored.
func (a *App) plannedFor(ctx context.Context, shop string, events []order.Event) ([]api.Verdict, error) {
	if len(events) == 0 {
		return nil, nil // nothing new is said
	}
	last := &events[len(events)-1]
	st, err := a.ledger.Foresee(ctx, shop, last.Subject.ID, events)
	if err != nil {
		return nil, err
	}
	list, err := a.engine.Foresee(ctx, shop, st, last)
	if err != nil {
		return nil, err
	}
	out := make([]api.Verdict, len(list))
	for i, v := range list {
		out[i] = api.VerdictOf(v)
	}
	return out, nil
}
