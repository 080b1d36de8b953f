package sqlite

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

// cursor is where a list goes on: after this delivery.
type cursor struct {
	state delivery.State // lists by state only
	route string
	ord   int64
	seq   int64
	run   int64
}

func (c *cursor) String() string {
	if c == nil {
		return ""
	}
	text := fmt.Sprintf("%s %d %d %d %s", c.state, c.ord, c.seq, c.run, c.route)
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

func readCursor(text string) (*cursor, error) {
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
	c := &cursor{state: delivery.State(parts[0]), route: parts[4]}
	for i, to := range []*int64{&c.ord, &c.seq, &c.run} {
		if *to, err = strconv.ParseInt(parts[i+1], 10, 64); err != nil {
			return nil, bad
		}
	}
	return c, nil
}

// List implements delivery.Store. Deliveries of given orders and of states
// that have an index are found by it; other lists go through the routes'
// deliveries, newest order first, a bounded piece at a time.
func (d deliveries) List(ctx context.Context, q delivery.Query) ([]delivery.Delivery, string, error) {
	at, err := readCursor(q.Cursor)
	if err != nil {
		return nil, "", err
	}
	if q.Limit <= 0 {
		q.Limit = 100
	}
	switch {
	case len(q.Orders) > 0:
		return d.listOrders(ctx, q, at)
	case len(q.States) > 0 && !slices.Contains(q.States, delivery.Sending) && !slices.Contains(q.States, delivery.Delivered):
		return d.listStates(ctx, q, at)
	}
	return d.listRoutes(ctx, q, at)
}

func (d deliveries) listOrders(ctx context.Context, q delivery.Query, at *cursor) ([]delivery.Delivery, string, error) {
	all, err := d.OfOrders(ctx, q.Shop, q.Route, q.Orders)
	if err != nil {
		return nil, "", err
	}
	skip := int64(0)
	if at != nil {
		skip = at.ord
	}
	all = slices.DeleteFunc(all, func(r delivery.Delivery) bool { return !matches(&q, &r) })
	all = all[min(skip, int64(len(all))):]
	if len(all) <= q.Limit {
		return all, "", nil
	}
	next := &cursor{ord: skip + int64(q.Limit)}
	return all[:q.Limit], next.String(), nil
}

func matches(q *delivery.Query, r *delivery.Delivery) bool {
	return (len(q.States) == 0 || slices.Contains(q.States, r.State)) &&
		(q.Code == "" || q.Code == r.Code) && r.Seq >= q.FromSeq && (q.ToSeq == 0 || r.Seq <= q.ToSeq)
}

// listStates goes through the states, each in the sequence of its index.
func (d deliveries) listStates(ctx context.Context, q delivery.Query, at *cursor) ([]delivery.Delivery, string, error) {
	states := slices.Clone(q.States)
	slices.Sort(states)
	states = slices.Compact(states)
	var list []delivery.Delivery
	for _, state := range states {
		from := at
		if at != nil && state < at.state {
			continue
		}
		if at == nil || state != at.state {
			from = nil
		}
		rows, err := d.listState(ctx, q, state, from, q.Limit-len(list)+1)
		if err != nil {
			return nil, "", err
		}
		list = append(list, rows...)
		if len(list) > q.Limit {
			last := &list[q.Limit-1]
			next := &cursor{last.State, last.Route, last.Order, last.Seq, int64(last.Run)}
			return list[:q.Limit], next.String(), nil
		}
	}
	return list, "", nil
}

func (d deliveries) listState(ctx context.Context, q delivery.Query, state delivery.State, from *cursor, limit int) ([]delivery.Delivery, error) {
	const start = `SELECT ` + rowOfDelivery + ` FROM deliveries d INDEXED BY deliveries_listed
		WHERE d.shop = ?1 AND d.state = ?2 AND d.state != 3 AND d.state != 9
			AND (?3 = '' OR d.code = ?3) AND d.seq >= ?4 AND (?5 = 0 OR d.seq <= ?5)`
	const ofAll = start + ` AND (d.route, d.seq, d.ord, d.run) > (?6, ?7, ?8, ?9)
		ORDER BY d.route, d.seq, d.ord, d.run LIMIT ?10`
	const ofRoute = start + ` AND d.route = ?6 AND (d.seq, d.ord, d.run) > (?7, ?8, ?9)
		ORDER BY d.seq, d.ord, d.run LIMIT ?10`
	if from == nil {
		from = &cursor{route: q.Route, seq: -1}
	}
	query := ofAll
	if q.Route != "" {
		query = ofRoute
	}
	return d.read(ctx, q.Shop, query, q.Shop, stateCode(state), q.Code, q.FromSeq, q.ToSeq,
		from.route, from.seq, from.ord, from.run, limit)
}

// listPiece is how many deliveries of a route one page looks at, whether they
// match or not: it keeps the reading transaction short.
const listPiece = 20_000

// listRoutes goes through a route's deliveries, then the next route's.
func (d deliveries) listRoutes(ctx context.Context, q delivery.Query, at *cursor) ([]delivery.Delivery, string, error) {
	routes := []string{q.Route}
	if q.Route == "" {
		rows, err := d.Routes(ctx, q.Shop)
		if err != nil {
			return nil, "", err
		}
		routes = routes[:0]
		for _, r := range rows {
			routes = append(routes, r.Route)
		}
	}
	for i, route := range routes {
		from := &cursor{route: route, ord: 1<<63 - 1, seq: 1<<63 - 1, run: 1<<63 - 1}
		if at != nil {
			if route < at.route {
				continue
			}
			if route == at.route {
				from = at
			}
		}
		list, next, err := d.listRoute(ctx, q, from)
		if err != nil || next != nil {
			return list, next.String(), err
		}
		if i+1 < len(routes) && (len(list) > 0 || i == len(routes)-1) {
			next = &cursor{route: routes[i+1], ord: 1<<63 - 1, seq: 1<<63 - 1, run: 1<<63 - 1}
			return list, next.String(), nil
		}
		if i+1 == len(routes) {
			return list, "", nil
		}
	}
	return nil, "", nil
}

func (d deliveries) listRoute(ctx context.Context, q delivery.Query, from *cursor) (list []delivery.Delivery, next *cursor, err error) {
	const end = `SELECT d.ord, d.seq, d.run FROM deliveries d
		WHERE d.shop = ?1 AND d.route = ?2 AND (d.ord, d.seq, d.run) < (?3, ?4, ?5)
		ORDER BY d.ord DESC, d.seq DESC, d.run DESC LIMIT 1 OFFSET ?6`
	const query = `SELECT ` + rowOfDelivery + ` FROM deliveries d
		WHERE d.shop = ?1 AND d.route = ?2 AND (d.ord, d.seq, d.run) < (?3, ?4, ?5) AND (d.ord, d.seq, d.run) >= (?6, ?7, ?8)
			AND (?9 = '' OR instr(?9, ',' || d.state || ',') > 0) AND (?10 = '' OR d.code = ?10)
			AND d.seq >= ?11 AND (?12 = 0 OR d.seq <= ?12)
		ORDER BY d.ord DESC, d.seq DESC, d.run DESC LIMIT ?13`
	states := ""
	for _, s := range q.States {
		states += fmt.Sprintf(",%d,", stateCode(s))
	}
	last := cursor{route: from.route, ord: -1}
	err = d.store.View(ctx, func(v *View) error {
		rows, err := v.Query(end, q.Shop, from.route, from.ord, from.seq, from.run, listPiece-1)
		if err != nil {
			return err
		}
		if err := eachRow(rows, func() error { return rows.Scan(&last.ord, &last.seq, &last.run) }); err != nil {
			return err
		}
		rows, err = v.Query(query, q.Shop, from.route, from.ord, from.seq, from.run, last.ord, last.seq, last.run,
			states, q.Code, q.FromSeq, q.ToSeq, q.Limit+1)
		if err != nil {
			return err
		}
		return eachRow(rows, func() error {
			row, err := scanDelivery(rows, q.Shop)
			list = append(list, row)
			return err
		})
	})
	switch {
	case err != nil:
		return nil, nil, err
	case len(list) > q.Limit:
		l := &list[q.Limit-1]
		return list[:q.Limit], &cursor{"", l.Route, l.Order, l.Seq, int64(l.Run)}, nil
	case last.ord >= 0:
		return list, &last, nil
	}
	return list, nil, nil
}
