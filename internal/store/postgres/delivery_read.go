package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/outbound"
)

const rowOfDelivery = `d.route, d.ord, d.seq, d.run, d.state, d.act, d.attempt, d.due, d.base, d.planned,
	d.settled, d.ref, d.code, d.reason, d.call, d.place, d.note, d.digest, d.looks, d.absent`

func scanDelivery(shop string) pgx.RowToFunc[delivery.Delivery] {
	return func(row pgx.CollectableRow) (delivery.Delivery, error) {
		d := delivery.Delivery{Shop: shop}
		var state, act int16
		var due, base, planned, settled int64
		err := row.Scan(&d.Route, &d.Order, &d.Seq, &d.Run, &state, &act, &d.Attempt, &due, &base, &planned,
			&settled, &d.Ref, &d.Code, &d.Reason, &d.Call, &d.Place, &d.Note, &d.Digest, &d.Looks, &d.Absent)
		if err != nil {
			return d, err
		}
		d.Act = delivery.Act(act)
		d.Due, d.Base, d.Planned, d.Settled = fromMicros(due), fromMicros(base), fromMicros(planned), fromMicros(settled)
		d.State, err = stateOf(state)
		return d, err
	}
}

// read runs a query for deliveries.
func (d deliveries) read(ctx context.Context, shop, query string, args ...any) ([]delivery.Delivery, error) {
	all, err := list(ctx, d.store, scanDelivery(shop), query, args...)
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	return all, nil
}

// Sending implements delivery.Store.
func (d deliveries) Sending(ctx context.Context, shop, route string) ([]delivery.Delivery, error) {
	const query = `SELECT ` + rowOfDelivery + ` FROM deliveries d
		WHERE d.shop = $1 AND d.route = $2 AND d.lane = 2 AND d.due > 0 ORDER BY d.due`
	return d.read(ctx, shop, query, shop, route)
}

// Due implements delivery.Store.
func (d deliveries) Due(ctx context.Context, shop, route string, bulk bool, limit int) ([]delivery.Delivery, error) {
	const query = `SELECT ` + rowOfDelivery + ` FROM deliveries d
		WHERE d.shop = $1 AND d.route = $2 AND d.lane = $3 AND d.due > 0 ORDER BY d.due LIMIT $4`
	lane := laneLive
	if bulk {
		lane = laneBulk
	}
	return d.read(ctx, shop, query, shop, route, lane, limit)
}

// Blocked implements delivery.Store.
func (d deliveries) Blocked(ctx context.Context, shop, route string, after int64, limit int) ([]int64, error) {
	const query = `SELECT DISTINCT d.ord FROM deliveries d
		WHERE d.shop = $1 AND d.route = $2 AND d.ord > $3 AND d.state = 1 AND d.due = 0 ORDER BY d.ord LIMIT $4`
	orders, err := list(ctx, d.store, pgx.RowTo[int64], query, shop, route, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	return orders, nil
}

// OfOrders implements delivery.Store.
func (d deliveries) OfOrders(ctx context.Context, shop, route string, orders []int64) ([]delivery.Delivery, error) {
	const ofRoute = `SELECT ` + rowOfDelivery + ` FROM unnest($3::bigint[]) u (ord)
		CROSS JOIN LATERAL (SELECT * FROM deliveries d
			WHERE d.shop = $1 AND d.route = $2 AND d.ord = u.ord OFFSET 0) d
		ORDER BY d.ord, d.seq, d.run`
	const ofAll = `SELECT ` + rowOfDelivery + ` FROM routes r CROSS JOIN unnest($2::bigint[]) u (ord)
		CROSS JOIN LATERAL (SELECT * FROM deliveries d
			WHERE d.shop = $1 AND d.route = r.route AND d.ord = u.ord OFFSET 0) d
		WHERE r.shop = $1 ORDER BY d.ord, d.route, d.seq, d.run`
	if route == "" {
		return d.read(ctx, shop, ofAll, shop, orders)
	}
	return d.read(ctx, shop, ofRoute, shop, route, orders)
}

// Counts implements delivery.Store.
func (d deliveries) Counts(ctx context.Context, shop string) (counts map[string]map[delivery.State]int64, err error) {
	const query = `SELECT route, state, n FROM route_counts WHERE shop = $1 AND n != 0`
	err = d.store.ask(ctx, func(rows pgx.Rows) error {
		counts = map[string]map[delivery.State]int64{}
		var route string
		var code int16
		var n int64
		_, err := pgx.ForEachRow(rows, []any{&route, &code, &n}, func() error {
			if counts[route] == nil {
				counts[route] = map[delivery.State]int64{}
			}
			state, err := stateOf(code)
			counts[route][state] = n
			return err
		})
		return err
	}, query, shop)
	if err != nil {
		return nil, fmt.Errorf("count deliveries: %w", err)
	}
	return counts, nil
}

// Oldest implements delivery.Store.
func (d deliveries) Oldest(ctx context.Context, shop, route string, states []delivery.State) (int64, error) {
	const query = `SELECT coalesce(min(o.seq), 0) FROM (
			SELECT l.seq FROM unnest($3::smallint[]) u (state) CROSS JOIN LATERAL (SELECT d.seq FROM deliveries d
				WHERE d.shop = $1 AND d.state = u.state AND d.state != 3 AND d.state != 9 AND d.route = $2
				ORDER BY d.seq LIMIT 1) l
			UNION ALL SELECT d.seq FROM deliveries d
				WHERE d.shop = $1 AND d.route = $2 AND d.lane = 2 AND d.due > 0 AND $4::boolean) o`
	codes := make([]int16, len(states))
	sending := false
	for i, s := range states {
		codes[i] = stateCode(s)
		sending = sending || s == delivery.Sending
	}
	oldest, err := list(ctx, d.store, pgx.RowTo[int64], query, shop, route, codes, sending)
	if err != nil {
		return 0, fmt.Errorf("find the oldest delivery: %w", err)
	}
	return oldest[0], nil
}

// Usage implements delivery.Store.
func (d deliveries) Usage(ctx context.Context, shop, connection, day string) (int, error) {
	const query = `SELECT calls FROM call_days WHERE shop = $1 AND connection = $2 AND day = $3`
	calls, err := list(ctx, d.store, pgx.RowTo[int], query, shop, connection, day)
	if err != nil || len(calls) == 0 {
		return 0, err
	}
	return calls[0], nil
}

// Calls implements delivery.Store.
func (d deliveries) Calls(ctx context.Context, of delivery.Delivery) ([]delivery.Call, error) {
	// Every call once, with a row for each exchange: one of which the texts were
	// erased has a row without any.
	const query = `SELECT i.call, c.tasks, c.at, c.duration, c.method, c.url, c.request_head, c.request_body,
			c.request_size, c.status, c.response_head, c.response_body, c.response_size, c.error
		FROM (SELECT e.call FROM earlier_calls e
				WHERE e.shop = $1 AND e.route = $2 AND e.ord = $3 AND e.seq = $4 AND e.run = $5
			UNION SELECT d.call FROM deliveries d
				WHERE d.shop = $1 AND d.route = $2 AND d.ord = $3 AND d.seq = $4 AND d.run = $5 AND d.call > 0) i
		LEFT JOIN LATERAL (SELECT * FROM calls c
			WHERE c.shop = $1 AND c.route = $2 AND c.id = i.call AND NOT c.erased OFFSET 0) c ON true
		ORDER BY i.call, c.n`
	var calls []delivery.Call
	err := d.store.ask(ctx, func(rows pgx.Rows) error {
		calls = nil
		for rows.Next() {
			if err := scanExchange(rows, &of, &calls); err != nil {
				return err
			}
		}
		return rows.Err()
	}, query, of.Shop, of.Route, of.Order, of.Seq, of.Run)
	if err != nil {
		return nil, fmt.Errorf("read the evidence of a delivery: %w", err)
	}
	return calls, nil
}

// scanExchange adds an exchange to its call, which is the last one or a new one.
func scanExchange(rows pgx.Rows, of *delivery.Delivery, calls *[]delivery.Call) error {
	var x outbound.Exchange
	var id int64
	var tasks, requestSize, status, responseSize *int
	var at, duration *int64
	var method, url, requestHead, responseHead, failure *string
	err := rows.Scan(&id, &tasks, &at, &duration, &method, &url, &requestHead, &x.RequestBody,
		&requestSize, &status, &responseHead, &x.ResponseBody, &responseSize, &failure)
	if err != nil {
		return err
	}
	if n := len(*calls); n == 0 || (*calls)[n-1].ID != id {
		*calls = append(*calls, delivery.Call{Shop: of.Shop, Route: of.Route, ID: id})
	}
	if tasks == nil {
		return nil
	}
	x.At, x.Duration, x.Method, x.URL = fromMicros(*at), time.Duration(*duration), *method, *url
	x.RequestHead, x.RequestSize, x.Status = *requestHead, *requestSize, *status
	x.ResponseHead, x.ResponseSize, x.Error = *responseHead, *responseSize, *failure
	call := &(*calls)[len(*calls)-1]
	call.Tasks, call.Exchanges = *tasks, append(call.Exchanges, x)
	return nil
}
