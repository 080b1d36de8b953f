package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/outbound"
)

// Shops implements delivery.Store. It is of no shop: it is asked once, at the
// start.
func (d deliveries) Shops(ctx context.Context) (shops []string, err error) {
	err = d.store.View(ctx, func(v *View) error {
		shops, err = texts(v, "SELECT DISTINCT shop FROM routes ORDER BY shop")
		return err
	})
	return shops, err
}

// OpenRoutes implements delivery.Store.
func (d deliveries) OpenRoutes(ctx context.Context, shop string, epoch int64, routes []delivery.RouteRow) (all []delivery.RouteRow, err error) {
	const create = `INSERT INTO routes (shop, route, partner, position, start, epoch, status, reason, revision, personal)
		VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?)
		ON CONFLICT (shop, route) DO UPDATE SET epoch = epoch + 1`
	err = d.store.Do(ctx, func(tx *Tx) error {
		if err := overtaken(tx, shop, epoch); err != nil {
			return err
		}
		for i := range routes {
			r := &routes[i]
			if _, err := tx.Exec(create, shop, r.Route, r.Partner, r.Position, r.Start,
				string(r.Status), r.Reason, r.Revision, r.Personal); err != nil {
				return err
			}
		}
		if err := fence(tx, shop, epoch); err != nil {
			return err
		}
		all, err = readRoutes(tx, shop)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open routes: %w", err)
	}
	return all, nil
}

// overtaken answers ErrLost if the epoch with which somebody owned the shop is
// over. A file has one node, and so no rows that say who owns a shop: the
// highest epoch that was seen stands for them.
func overtaken(tx *Tx, shop string, epoch int64) error {
	const newest = `SELECT coalesce(max(epoch), 0) FROM routes WHERE shop = ?`
	if epoch == 0 {
		return nil
	}
	var highest int64
	if err := tx.QueryRow(newest, shop).Scan(&highest); err != nil {
		return err
	}
	if highest > epoch {
		return delivery.ErrLost
	}
	return nil
}

// fence gives all routes of a shop the epoch of their owner; 0: they keep
// their own ones.
func fence(tx *Tx, shop string, epoch int64) error {
	const take = `UPDATE routes SET epoch = ? WHERE shop = ?`
	if epoch == 0 {
		return nil
	}
	_, err := tx.Exec(take, epoch, shop)
	return err
}

// Routes implements delivery.Store.
func (d deliveries) Routes(ctx context.Context, shop string) (all []delivery.RouteRow, err error) {
	err = d.store.View(ctx, func(v *View) error {
		all, err = readRoutes(v, shop)
		return err
	})
	return all, err
}

func readRoutes(q querier, shop string) ([]delivery.RouteRow, error) {
	const query = `SELECT route, partner, position, start, ahead, last_call, epoch, status, reason, revision,
		personal, backfilled, NOT EXISTS (SELECT 1 FROM route_counts c
			WHERE c.shop = r.shop AND c.route = r.route AND c.state BETWEEN 1 AND 6 AND c.n > 0)
		FROM routes r WHERE shop = ? ORDER BY route`
	rows, err := q.Query(query, shop)
	if err != nil {
		return nil, err
	}
	var all []delivery.RouteRow
	err = eachRow(rows, func() error {
		r := delivery.RouteRow{Shop: shop}
		var backfilled string
		err := rows.Scan(&r.Route, &r.Partner, &r.Position, &r.Start, &r.Ahead, &r.LastCall, &r.Epoch,
			&r.Status, &r.Reason, &r.Revision, &r.Personal, &backfilled, &r.Idle)
		if err == nil {
			r.Backfilled, err = readRanges(backfilled)
		}
		all = append(all, r)
		return err
	})
	return all, err
}

const rowOfDelivery = `d.route, d.ord, d.seq, d.run, d.state, d.act, d.attempt, d.due, d.base, d.planned,
	d.settled, d.ref, d.code, d.reason, d.call, d.place, d.note, d.digest, d.looks, d.absent`

func scanDelivery(rows *sql.Rows, shop string) (delivery.Delivery, error) {
	d := delivery.Delivery{Shop: shop}
	var due, base, planned, settled int64
	err := rows.Scan(&d.Route, &d.Order, &d.Seq, &d.Run, stateOf{&d.State}, &d.Act, &d.Attempt, &due, &base, &planned,
		&settled, &d.Ref, &d.Code, &d.Reason, &d.Call, &d.Place, &d.Note, &d.Digest, &d.Looks, &d.Absent)
	d.Due, d.Base, d.Planned, d.Settled = fromMicros(due), fromMicros(base), fromMicros(planned), fromMicros(settled)
	d.Reason = strings.Trim(d.Reason, "\x00") // erased in place
	return d, err
}

// read runs a query for deliveries.
func (d deliveries) read(ctx context.Context, shop, query string, args ...any) (list []delivery.Delivery, err error) {
	err = d.store.View(ctx, func(v *View) error {
		rows, err := v.Query(query, args...)
		if err != nil {
			return err
		}
		return eachRow(rows, func() error {
			row, err := scanDelivery(rows, shop)
			list = append(list, row)
			return err
		})
	})
	return list, err
}

// Sending implements delivery.Store.
func (d deliveries) Sending(ctx context.Context, shop, route string) ([]delivery.Delivery, error) {
	const query = `SELECT ` + rowOfDelivery + ` FROM deliveries d INDEXED BY deliveries_due
		WHERE d.shop = ? AND d.route = ? AND d.lane = 2 AND d.due > 0 ORDER BY d.due`
	return d.read(ctx, shop, query, shop, route)
}

// Due implements delivery.Store.
func (d deliveries) Due(ctx context.Context, shop, route string, bulk bool, limit int) ([]delivery.Delivery, error) {
	const query = `SELECT ` + rowOfDelivery + ` FROM deliveries d INDEXED BY deliveries_due
		WHERE d.shop = ? AND d.route = ? AND d.lane = ? AND d.due > 0 ORDER BY d.due LIMIT ?`
	lane := laneLive
	if bulk {
		lane = laneBulk
	}
	return d.read(ctx, shop, query, shop, route, lane, limit)
}

// Blocked implements delivery.Store.
func (d deliveries) Blocked(ctx context.Context, shop, route string, after int64, limit int) (orders []int64, err error) {
	const query = `SELECT DISTINCT d.ord FROM deliveries d INDEXED BY deliveries_blocked
		WHERE d.shop = ? AND d.route = ? AND d.ord > ? AND d.state = 1 AND d.due = 0 ORDER BY d.ord LIMIT ?`
	err = d.store.View(ctx, func(v *View) error {
		rows, err := v.Query(query, shop, route, after, limit)
		if err != nil {
			return err
		}
		return eachRow(rows, func() error {
			var o int64
			err := rows.Scan(&o)
			orders = append(orders, o)
			return err
		})
	})
	return orders, err
}

// ofOrderQueries read all deliveries of orders, route by route (CROSS JOIN keeps
// the sequence), so that each look-up starts with shop, route and order.
var (
	ofOrderQueries = listQueries(`SELECT `+rowOfDelivery+` FROM routes r CROSS JOIN deliveries d ON d.shop = r.shop AND d.route = r.route
		WHERE r.shop = ? AND d.ord IN (%s)`, "")
	// ofRouteQueries do so within one route.
	ofRouteQueries = listQueries(`SELECT `+rowOfDelivery+` FROM deliveries d
		WHERE d.shop = ? AND d.route = ? AND d.ord IN (%s)`, "")
)

// OfOrders implements delivery.Store.
func (d deliveries) OfOrders(ctx context.Context, shop, route string, orders []int64) (list []delivery.Delivery, err error) {
	err = d.store.View(ctx, func(v *View) error {
		scan := func(rows *sql.Rows) error {
			row, err := scanDelivery(rows, shop)
			list = append(list, row)
			return err
		}
		if route == "" {
			return inChunks(v, shop, orders, ofOrderQueries, scan)
		}
		return inChunksOf(v, []any{shop, route}, orders, ofRouteQueries, scan)
	})
	slices.SortFunc(list, func(a, b delivery.Delivery) int {
		for _, n := range [...]int64{a.Order - b.Order, int64(strings.Compare(a.Route, b.Route)), a.Seq - b.Seq, int64(a.Run - b.Run)} {
			if n != 0 {
				return int(max(min(n, 1), -1))
			}
		}
		return 0
	})
	return list, err
}

// Counts implements delivery.Store.
func (d deliveries) Counts(ctx context.Context, shop string) (map[string]map[delivery.State]int64, error) {
	const query = `SELECT route, state, n FROM route_counts WHERE shop = ? AND n != 0`
	counts := map[string]map[delivery.State]int64{}
	err := d.store.View(ctx, func(v *View) error {
		rows, err := v.Query(query, shop)
		if err != nil {
			return err
		}
		return eachRow(rows, func() error {
			var route string
			var state delivery.State
			var n int64
			err := rows.Scan(&route, stateOf{&state}, &n)
			if counts[route] == nil {
				counts[route] = map[delivery.State]int64{}
			}
			counts[route][state] = n
			return err
		})
	})
	return counts, err
}

// Oldest implements delivery.Store.
func (d deliveries) Oldest(ctx context.Context, shop, route string, states []delivery.State) (oldest int64, err error) {
	const listed = `SELECT d.seq FROM deliveries d INDEXED BY deliveries_listed
		WHERE d.shop = ? AND d.state = ? AND d.state != 3 AND d.state != 9 AND d.route = ? ORDER BY d.seq LIMIT 1`
	const sending = `SELECT coalesce(min(d.seq), 0) FROM deliveries d INDEXED BY deliveries_due
		WHERE d.shop = ? AND d.route = ? AND d.lane = 2 AND d.due > 0`
	err = d.store.View(ctx, func(v *View) error {
		for _, state := range states {
			var seq int64
			var err error
			if state == delivery.Sending {
				err = v.QueryRow(sending, shop, route).Scan(&seq)
			} else {
				err = v.QueryRow(listed, shop, stateCode(state), route).Scan(&seq)
			}
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if seq > 0 && (oldest == 0 || seq < oldest) {
				oldest = seq
			}
		}
		return nil
	})
	return oldest, err
}

// Usage implements delivery.Store.
func (d deliveries) Usage(ctx context.Context, shop, connection, day string) (n int, err error) {
	const query = `SELECT calls FROM call_days WHERE shop = ? AND connection = ? AND day = ?`
	err = d.store.View(ctx, func(v *View) error {
		err := v.QueryRow(query, shop, connection, day).Scan(&n)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return n, err
}

// Calls implements delivery.Store.
func (d deliveries) Calls(ctx context.Context, of delivery.Delivery) (list []delivery.Call, err error) {
	const ids = `SELECT e.call FROM earlier_calls e
		WHERE e.shop = ?1 AND e.route = ?2 AND e.ord = ?3 AND e.seq = ?4 AND e.run = ?5
		UNION SELECT d.call FROM deliveries d
		WHERE d.shop = ?1 AND d.route = ?2 AND d.ord = ?3 AND d.seq = ?4 AND d.run = ?5 AND d.call > 0 ORDER BY 1`
	const query = `SELECT id, tasks, at, duration, method, url, request_head, request_body, request_size, status,
		response_head, response_body, response_size, error FROM calls
		WHERE shop = ? AND route = ? AND id = ? AND erased = 0 ORDER BY n`
	err = d.store.View(ctx, func(v *View) error {
		rows, err := v.Query(ids, of.Shop, of.Route, of.Order, of.Seq, of.Run)
		if err != nil {
			return err
		}
		var calls []int64
		err = eachRow(rows, func() error {
			var id int64
			err := rows.Scan(&id)
			calls = append(calls, id)
			return err
		})
		if err != nil {
			return err
		}
		for _, id := range calls {
			rows, err := v.Query(query, of.Shop, of.Route, id)
			if err != nil {
				return err
			}
			call := delivery.Call{Shop: of.Shop, Route: of.Route, ID: id}
			err = eachRow(rows, func() error { return scanExchange(rows, &call) })
			if err != nil {
				return err
			}
			list = append(list, call)
		}
		return nil
	})
	return list, err
}

func scanExchange(rows *sql.Rows, call *delivery.Call) error {
	var x outbound.Exchange
	var at, duration int64
	err := rows.Scan(&call.ID, &call.Tasks, &at, &duration, &x.Method, &x.URL, &x.RequestHead, &x.RequestBody,
		&x.RequestSize, &x.Status, &x.ResponseHead, &x.ResponseBody, &x.ResponseSize, &x.Error)
	x.At, x.Duration = fromMicros(at), time.Duration(duration)
	call.Exchanges = append(call.Exchanges, x)
	return err
}
