package delivery

import (
	"context"
	"errors"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// Foresee tells, for each route of a shop that delivers, what it would do by
// itself with an order that would stand as st, its newest event being event;
// see ledger.Foresee. Nothing is stored or sent. Any node answers.
func (e *Engine) Foresee(ctx context.Context, shop string, st *ledger.State, event *order.Event) ([]Verdict, error) {
	s, err := e.seen(ctx, shop)
	if errors.Is(err, order.ErrNotFound) {
		return nil, nil // it has no routes
	}
	if err != nil {
		return nil, err
	}
	rows, err := e.store.OfOrders(ctx, shop, "", []int64{st.Row.First})
	if err != nil {
		return nil, err
	}
	of := map[string][]Delivery{}
	for _, d := range rows {
		of[d.Route] = append(of[d.Route], d)
	}
	var out []Verdict
	for _, r := range s.runners() {
		c := r.setup.Load()
		if c == nil || c.route.Side.Deliver == nil {
			continue
		}
		pl := &planner{r: r, c: c, b: &draft{}, now: e.now()}
		n := &candidate{event: event, row: &st.Row, order: st.Merged.Order, rows: of[r.name]}
		out = append(out, pl.verdict(n, r.verdictOf(ctx, c, n), true))
	}
	return out, nil
}
