package store

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

// Lister is what ListDeliveries needs of a store beside the engine's methods.
type Lister interface {
	OfOrders(ctx context.Context, shop, route string, orders []int64) ([]delivery.Delivery, error)
	Routes(ctx context.Context, shop string) ([]delivery.RouteRow, error)
	// ListState returns deliveries in one state, neither Sending nor Delivered,
	// that match the query and come after a place, by route, seq, order and run.
	ListState(ctx context.Context, q delivery.Query, s delivery.State, after Place, limit int) ([]delivery.Delivery, error)
	// ListRoute returns deliveries of the place's route that match the query and
	// come before the place, by order, seq and run, the highest first, at most
	// q.Limit. It looks at a bounded number of rows, whether they match or not,
	// and says where it stopped; nil: at the end of the route.
	ListRoute(ctx context.Context, q delivery.Query, before Place) ([]delivery.Delivery, *Place, error)
}

// Place is a place among the deliveries of a shop: that of one of them.
type Place struct {
	State           delivery.State // in lists by state only
	Route           string
	Order, Seq, Run int64
}

// end is the place beyond all deliveries of a route.
func end(route string) Place {
	return Place{Route: route, Order: math.MaxInt64, Seq: math.MaxInt64, Run: math.MaxInt64}
}

func placeOf(d *delivery.Delivery) Place {
	return Place{d.State, d.Route, d.Order, d.Seq, int64(d.Run)}
}

// cursor is the place as callers get it.
func (p Place) cursor() string {
	text := fmt.Sprintf("%s %d %d %d %s", p.State, p.Order, p.Seq, p.Run, p.Route)
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

func readCursor(text string) (*Place, error) {
	if text == "" {
		return nil, nil
	}
	bad := &order.Invalid{Faults: []order.Fault{{Path: "cursor", Code: order.Malformed, Reason: "not a cursor of ours"}}}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, bad
	}
	parts := strings.SplitN(string(b), " ", 5)
	if len(parts) != 5 {
		return nil, bad
	}
	p := &Place{State: delivery.State(parts[0]), Route: parts[4]}
	for i, to := range []*int64{&p.Order, &p.Seq, &p.Run} {
		if *to, err = strconv.ParseInt(parts[i+1], 10, 64); err != nil {
			return nil, bad
		}
	}
	return p, nil
}

// ListDeliveries implements delivery.Store's List for a store. Deliveries of
// given orders and of states that have an index are found by it; other lists
// go through the routes' deliveries, newest order first, a bounded piece at a
// time.
func ListDeliveries(ctx context.Context, l Lister, q delivery.Query) (page []delivery.Delivery, next string, err error) {
	at, err := readCursor(q.Cursor)
	if err != nil {
		return nil, "", err
	}
	if q.Limit <= 0 {
		q.Limit = 100
	}
	switch {
	case len(q.Orders) > 0:
		return listOrders(ctx, l, q, at)
	case len(q.States) > 0 && !slices.Contains(q.States, delivery.Sending) && !slices.Contains(q.States, delivery.Delivered):
		return listStates(ctx, l, q, at)
	}
	return listRoutes(ctx, l, q, at)
}

func listOrders(ctx context.Context, l Lister, q delivery.Query, at *Place) ([]delivery.Delivery, string, error) {
	all, err := l.OfOrders(ctx, q.Shop, q.Route, q.Orders)
	if err != nil {
		return nil, "", err
	}
	skip := int64(0)
	if at != nil {
		skip = at.Order
	}
	all = slices.DeleteFunc(all, func(r delivery.Delivery) bool { return !matches(&q, &r) })
	all = all[min(max(skip, 0), int64(len(all))):]
	if len(all) <= q.Limit {
		return all, "", nil
	}
	return all[:q.Limit], Place{Order: skip + int64(q.Limit)}.cursor(), nil
}

func matches(q *delivery.Query, r *delivery.Delivery) bool {
	return (len(q.States) == 0 || slices.Contains(q.States, r.State)) &&
		(q.Code == "" || q.Code == r.Code) && r.Seq >= q.FromSeq && (q.ToSeq == 0 || r.Seq <= q.ToSeq)
}

// listStates goes through the states, each in the sequence of its index.
func listStates(ctx context.Context, l Lister, q delivery.Query, at *Place) ([]delivery.Delivery, string, error) {
	states := slices.Clone(q.States)
	slices.Sort(states)
	var list []delivery.Delivery
	for _, state := range slices.Compact(states) {
		from := Place{Route: q.Route, Seq: -1}
		if at != nil && state < at.State {
			continue
		}
		if at != nil && state == at.State {
			from = *at
		}
		rows, err := l.ListState(ctx, q, state, from, q.Limit-len(list)+1)
		if err != nil {
			return nil, "", err
		}
		list = append(list, rows...)
		if len(list) > q.Limit {
			return list[:q.Limit], placeOf(&list[q.Limit-1]).cursor(), nil
		}
	}
	return list, "", nil
}

// listRoutes goes through a route's deliveries, then the next route's.
func listRoutes(ctx context.Context, l Lister, q delivery.Query, at *Place) ([]delivery.Delivery, string, error) {
	routes := []string{q.Route}
	if q.Route == "" {
		rows, err := l.Routes(ctx, q.Shop)
		if err != nil {
			return nil, "", err
		}
		routes = routes[:0]
		for _, r := range rows {
			routes = append(routes, r.Route)
		}
	}
	for i, route := range routes {
		from := end(route)
		if at != nil && route < at.Route {
			continue
		}
		if at != nil && route == at.Route {
			from = *at
		}
		list, next, err := l.ListRoute(ctx, q, from)
		switch {
		case err != nil:
			return nil, "", err
		case next != nil:
			return list, next.cursor(), nil
		case len(list) > 0 && i+1 < len(routes):
			return list, end(routes[i+1]).cursor(), nil
		case len(list) > 0:
			return list, "", nil
		}
	}
	return nil, "", nil
}
