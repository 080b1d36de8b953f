package delivery

import (
	"context"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// Retry plans failed, parked or refused deliveries again as a new run.
func (e *Engine) Retry(ctx context.Context, shop string, f Filter, dry bool) (Acted, error) {
	if len(f.States) == 0 {
		f.States = []State{Failed, Parked, Refused}
	}
	for _, s := range f.States {
		if !s.Listed() && s != Dropped && s != Cancelled {
			return Acted{}, &order.Invalid{Faults: []order.Fault{{
				Path: "states", Code: order.Malformed, Reason: "deliveries in state " + string(s) + " can not be retried",
			}}}
		}
	}
	s, finished, err := e.command(shop)
	if err != nil {
		return Acted{}, err
	}
	defer finished()
	byRoute, err := e.byRoute(ctx, shop, &f)
	if err != nil {
		return Acted{}, err
	}
	var sum Acted
	for _, g := range byRoute {
		r, err := s.route(g.route)
		if err != nil {
			return sum, err
		}
		all := make([]wanted, len(g.rows))
		for i := range g.rows {
			d := &g.rows[i]
			all[i] = wanted{order: d.Order, seq: d.Seq, old: d}
		}
		done, err := e.askAll(ctx, r, &command{act: ActRetry, dry: dry, mine: map[int64]bool{}}, all)
		sum.Count += done.Count
		sum.Verdicts = append(sum.Verdicts, done.Verdicts...)
		if err != nil {
			return sum, halfway(err, !dry && sum.Count > 0)
		}
	}
	return sum, nil
}

type ofRoute struct {
	route string
	rows  []Delivery
}

// byRoute collects the deliveries that match, oldest event first.
func (e *Engine) byRoute(ctx context.Context, shop string, f *Filter) ([]ofRoute, error) {
	q, none, err := e.query(ctx, shop, f)
	if err != nil || none {
		return nil, err
	}
	rows := map[string][]Delivery{}
	err = e.eachDelivery(ctx, q, func(list []Delivery) error {
		for _, d := range list {
			rows[d.Route] = append(rows[d.Route], d)
		}
		return nil
	})
	var all []ofRoute
	for route, list := range rows {
		slices.SortFunc(list, func(a, b Delivery) int {
			if before(&a, &b) {
				return -1
			}
			return 1
		})
		all = append(all, ofRoute{route, list})
	}
	slices.SortFunc(all, func(a, b ofRoute) int { return strings.Compare(a.route, b.route) })
	return all, err
}

// Drop closes open or listed deliveries; what is being sent is left alone.
func (e *Engine) Drop(ctx context.Context, shop string, f Filter, dry bool) (Acted, error) {
	if len(f.States) == 0 {
		f.States = []State{Ready, Held, AwaitingPartner, Retrying, Asking, Failed, Parked, Refused}
	}
	s, finished, err := e.command(shop)
	if err != nil {
		return Acted{}, err
	}
	defer finished()
	byRoute, err := e.byRoute(ctx, shop, &f)
	if err != nil {
		return Acted{}, err
	}
	var sum Acted
	for _, g := range byRoute {
		r, err := s.route(g.route)
		if err != nil {
			return sum, err
		}
		if err := e.nameOrders(ctx, shop, g.rows[:min(len(g.rows), mostVerdicts)]); err != nil {
			return sum, err
		}
		for chunk := range slices.Chunk(g.rows, page) {
			if err := r.drop(ctx, chunk, f.Keep, dry, &sum); err != nil {
				return sum, err // a drop does nothing twice
			}
		}
	}
	return sum, nil
}

func (r *runner) drop(ctx context.Context, rows []Delivery, keep, dry bool, sum *Acted) error {
	return r.do(ctx, func() error {
		b := r.bundle()
		c := r.setup.Load()
		for i := range rows {
			d := &rows[i]
			if d.State == Sending || d.State.Closed() && d.State != Refused {
				continue
			}
			v := Verdict{Route: r.name, OrderID: d.OrderID, Seq: d.Seq, Action: "drop", Code: d.Code, Reason: d.Reason}
			if dry {
				sum.add(v, true)
				continue
			}
			row := d.close(Dropped, b.Now)
			row.OrderID = ""
			if row.Code == "" {
				row.Code = "dropped"
			}
			change := Change{Row: row, From: d.State, Release: c == nil && !keep}
			if c != nil && !keep {
				r.giveUp(c, &change)
			}
			b.change(change)
		}
		n := len(b.Changes)
		if err := r.commit(b); err != nil {
			return err
		}
		for i := range b.Changes[:n] {
			if b.Changes[i].Answer == Done {
				sum.Count++
			}
		}
		return nil
	})
}
