package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermux/ordermux/internal/delivery"
)

// ask runs one query outside of a transaction. read may run again: it must set
// anew what it hands out.
func (s *Store) ask(ctx context.Context, read func(pgx.Rows) error, query string, args ...any) error {
	return s.again(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		if err := read(rows); err != nil {
			return err
		}
		rows.Close()
		return rows.Err()
	})
}

// list runs one query outside of a transaction and returns its rows.
func list[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], query string, args ...any) (all []T, err error) {
	err = s.ask(ctx, func(rows pgx.Rows) (err error) {
		all, err = pgx.CollectRows(rows, scan)
		return err
	}, query, args...)
	if len(all) == 0 {
		all = nil
	}
	return all, err
}

// Shops implements delivery.Store. It is of no shop: it is asked once, at the
// start.
func (d deliveries) Shops(ctx context.Context) ([]string, error) {
	shops, err := list(ctx, d.store, pgx.RowTo[string], "SELECT DISTINCT shop FROM routes ORDER BY shop")
	if err != nil {
		return nil, fmt.Errorf("list shops with routes: %w", err)
	}
	return shops, nil
}

// OpenRoutes implements delivery.Store, in one round trip. It locks the rows
// of the shop's routes: a commit of an earlier owner is over before, and what
// it wrote is seen, or comes after and finds another epoch.
func (d deliveries) OpenRoutes(ctx context.Context, shop string, epoch int64, routes []delivery.RouteRow) (all []delivery.RouteRow, err error) {
	err = d.store.do(ctx, func(tx *Tx) error {
		b := &pgx.Batch{}
		openRoutes(b, shop, epoch, routes)
		b.Queue(readRoutes, shop).Query(func(rows pgx.Rows) (err error) {
			all, err = pgx.CollectRows(rows, scanRoute(shop))
			return err
		})
		return tx.last(b)
	})
	if err != nil {
		return nil, fmt.Errorf("open routes: %w", err)
	}
	return all, nil
}

func openRoutes(b *pgx.Batch, shop string, epoch int64, routes []delivery.RouteRow) {
	// The row keeps whoever takes the shop over waiting until we are done.
	const owned = `WITH mine AS (SELECT 1 FROM owners WHERE shop = $1 AND epoch = $2 FOR SHARE) SELECT 1 / count(*) FROM mine`
	const create = `INSERT INTO routes (shop, route, partner, position, start, epoch, status, reason, revision, personal)
		SELECT $1::text, u.route, u.partner, u.position, u.start, $2::bigint, u.status, u.reason, u.revision, u.personal
		FROM unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::boolean[])
			u (route, partner, position, start, status, reason, revision, personal)
		ORDER BY u.route ON CONFLICT DO NOTHING`
	const lock = `SELECT route FROM routes WHERE shop = $1 ORDER BY route FOR UPDATE`
	const fence = `UPDATE routes SET epoch = $2 WHERE shop = $1 AND epoch != $2`
	const raise = `UPDATE routes SET epoch = epoch + 1 WHERE shop = $1 AND route = ANY ($2::text[])`
	var name, partner, status, reason, revision []string
	var position, start []int64
	var personal []bool
	for i := range routes {
		r := &routes[i]
		name, partner, status = append(name, r.Route), append(partner, r.Partner), append(status, string(r.Status))
		reason, revision, personal = append(reason, plainText(r.Reason)), append(revision, r.Revision), append(personal, r.Personal)
		position, start = append(position, r.Position), append(start, r.Start)
	}
	if epoch != 0 {
		orLost(b.Queue(owned, shop, epoch))
	}
	b.Queue(lock, shop)
	if len(routes) > 0 {
		b.Queue(create, shop, epoch, name, partner, position, start, status, reason, revision, personal)
	}
	if epoch != 0 {
		b.Queue(fence, shop, epoch)
	} else {
		b.Queue(raise, shop, name)
	}
}

// Routes implements delivery.Store.
func (d deliveries) Routes(ctx context.Context, shop string) ([]delivery.RouteRow, error) {
	all, err := list(ctx, d.store, scanRoute(shop), readRoutes, shop)
	if err != nil {
		return nil, fmt.Errorf("read routes: %w", err)
	}
	return all, nil
}

const readRoutes = `SELECT route, partner, position, start, ahead, last_call, epoch, status, reason, revision,
		personal, backfilled, NOT EXISTS (SELECT 1 FROM route_counts c
			WHERE c.shop = $1 AND c.route = r.route AND c.state BETWEEN 1 AND 6 AND c.n > 0 OFFSET 0)
	FROM routes r WHERE shop = $1 ORDER BY route`

func scanRoute(shop string) pgx.RowToFunc[delivery.RouteRow] {
	return func(row pgx.CollectableRow) (delivery.RouteRow, error) {
		r := delivery.RouteRow{Shop: shop}
		var status string
		var backfilled []int64
		err := row.Scan(&r.Route, &r.Partner, &r.Position, &r.Start, &r.Ahead, &r.LastCall, &r.Epoch,
			&status, &r.Reason, &r.Revision, &r.Personal, &backfilled, &r.Idle)
		r.Status, r.Backfilled = delivery.Status(status), rangesOf(backfilled)
		return r, err
	}
}
