package delivery

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// Reconcile lists the orders of a range that a route lacks, and why. The
// range's events count by their orders' first one.
func (e *Engine) Reconcile(ctx context.Context, shop, route string, f Filter) (missing []Verdict, next string, err error) {
	s, err := e.seen(ctx, shop)
	if err != nil {
		return nil, "", err
	}
	r, err := s.route(route)
	if err != nil {
		return nil, "", err
	}
	c := r.setup.Load()
	if c == nil {
		return nil, "", errNotConfigured(r)
	}
	from, to, err := e.seqs(ctx, shop, &f)
	if err != nil || to < 0 {
		return nil, "", err
	}
	head, err := e.log.Head(ctx, shop)
	if err != nil {
		return nil, "", err
	}
	if to == 0 || to > head {
		to = head
	}
	after := max(from-1, 0)
	if f.Cursor != "" {
		if after, err = strconv.ParseInt(f.Cursor, 10, 64); err != nil {
			return nil, "", &order.Invalid{Faults: []order.Fault{{Path: "cursor", Code: order.Malformed, Reason: "not a cursor of ours"}}}
		}
	}
	numbers, err := e.numbers(ctx, shop, &f)
	if err != nil {
		return nil, "", err
	}
	limit := f.Limit
	if limit <= 0 || limit > page {
		limit = mostVerdicts
	}
	err = e.eachEvent(ctx, shop, after, to, func(items []ledger.Item) (bool, error) {
		found, err := e.lacking(ctx, r, c, items, numbers)
		missing = append(missing, found...)
		if len(missing) >= limit {
			next = strconv.FormatInt(items[len(items)-1].Event.Seq, 10)
			if len(missing) > limit {
				missing = missing[:limit]
				next = strconv.FormatInt(missing[limit-1].Seq, 10)
			}
		}
		return next == "", err
	})
	return missing, next, err
}

// lacking returns verdicts on the orders that begin in the page and are not
// delivered; the partner has what its route brought. Seq is the order's first event.
func (e *Engine) lacking(ctx context.Context, r *runner, c *setup, items []ledger.Item, only []int64) ([]Verdict, error) {
	var orders []int64
	brought := map[int64]bool{} // by the route itself
	for i := range items {
		it := &items[i]
		if it.Row.Subject.Kind != order.SubjectOrder || it.Event.Seq != it.Row.First {
			continue
		}
		if _, ok := slices.BinarySearch(only, it.Row.First); only == nil || ok {
			orders = append(orders, it.Row.First)
			brought[it.Row.First] = cameFrom(&it.Event, r.name)
		}
	}
	if len(orders) == 0 {
		return nil, nil
	}
	rows, err := e.store.OfOrders(ctx, r.shop.id, r.name, orders)
	if err != nil {
		return nil, err
	}
	byOrder := map[int64][]Delivery{}
	for _, d := range rows {
		byOrder[d.Order] = append(byOrder[d.Order], d)
	}
	orders = slices.DeleteFunc(orders, func(o int64) bool { return find(byOrder[o], Delivered) != nil })
	states, err := e.log.States(ctx, r.shop.id, orders)
	if err != nil {
		return nil, err
	}
	var found []Verdict
	for i, st := range states {
		if st == nil || brought[orders[i]] && len(byOrder[orders[i]]) == 0 {
			continue
		}
		found = append(found, r.lacks(ctx, c, st, byOrder[orders[i]]))
	}
	return found, nil
}

func (r *runner) lacks(ctx context.Context, c *setup, st *ledger.State, rows []Delivery) Verdict {
	v := Verdict{Route: r.name, OrderID: st.Row.Subject.ID, Seq: st.Row.First}
	if len(rows) == 0 {
		v = r.whyNot(ctx, c, v.OrderID, &candidate{row: &st.Row, order: st.Merged.Order})
		v.Seq = st.Row.First
		return v
	}
	d := &rows[len(rows)-1]
	v.Action, v.Code, v.Reason = string(d.State), d.Code, d.Reason
	return v
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
