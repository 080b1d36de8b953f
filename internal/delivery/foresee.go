package delivery

import (
	"context"
	"errors"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// Foresee tells, for each route of a shop that delivers, what it would do by
// itself if an order came to stand as st by events that are not stored; see
// ledger.Foresee. Of several events the verdict is on the last that the route
// would do something for. Nothing is stored or sent. Any node answers.
func (e *Engine) Foresee(ctx context.Context, shop string, st *ledger.State, events []order.Event) ([]Verdict, error) {
	s, err := e.seen(ctx, shop)
	if errors.Is(err, order.ErrNotFound) || len(events) == 0 {
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
		out = append(out, pl.foresee(st, events, of[r.name]))
	}
	return out, nil
}

func (pl *planner) foresee(st *ledger.State, events []order.Event, rows []Delivery) (v Verdict) {
	n := &candidate{row: &st.Row, order: st.Merged.Order, rows: rows, own: len(rows) > 0 || pl.r.backfilled(st.Row.First)}
	for i := range events {
		n.event = &events[i]
		j := pl.weigh(n)
		if i > 0 && j.action == skip && v.Action != skip.String() {
			continue
		}
		v = pl.verdict(n, j, true)
		if pl.c.rules.mode == partner.Once && j.action != skip {
			break // the others find it there
		}
	}
	return v
}
