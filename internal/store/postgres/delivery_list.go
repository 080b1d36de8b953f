package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/store"
)

var _ store.Lister = deliveries{}

// List implements delivery.Store.
func (d deliveries) List(ctx context.Context, q delivery.Query) ([]delivery.Delivery, string, error) {
	return store.ListDeliveries(ctx, d, q)
}

// ListState implements store.Lister.
func (d deliveries) ListState(ctx context.Context, q delivery.Query, s delivery.State, after store.Place, limit int) ([]delivery.Delivery, error) {
	const start = `SELECT ` + rowOfDelivery + ` FROM deliveries d
		WHERE d.shop = $1 AND d.state = $2 AND d.state != 3 AND d.state != 9
			AND ($3::text = '' OR d.code = $3::text) AND d.seq >= $4 AND ($5::bigint = 0 OR d.seq <= $5::bigint)`
	const ofAll = start + ` AND (d.route, d.seq, d.ord, d.run) > ($6::text, $7::bigint, $8::bigint, $9::bigint)
		ORDER BY d.route, d.seq, d.ord, d.run LIMIT $10`
	const ofRoute = start + ` AND d.route = $6::text AND (d.seq, d.ord, d.run) > ($7::bigint, $8::bigint, $9::bigint)
		ORDER BY d.seq, d.ord, d.run LIMIT $10`
	query := ofAll
	switch {
	case q.Route != "" && q.Code != "" && slices.Contains(delivery.StuckStates[:], s):
		return d.read(ctx, q.Shop, listStuck, q.Shop, stateCode(s), q.Route, q.Code, q.FromSeq, q.ToSeq, after.Seq, after.Order, after.Run, limit)
	case q.Route != "":
		query = ofRoute
	}
	return d.read(ctx, q.Shop, query, q.Shop, stateCode(s), q.Code, q.FromSeq, q.ToSeq,
		after.Route, after.Seq, after.Order, after.Run, limit)
}

// listPiece is how many deliveries of a route one page looks at, whether they
// match or not: it keeps the reading transaction short.
const listPiece = 20_000

// ListRoute implements store.Lister.
func (d deliveries) ListRoute(ctx context.Context, q delivery.Query, before store.Place) (page []delivery.Delivery, next *store.Place, err error) {
	const piece = `SELECT d.ord, d.seq, d.run FROM deliveries d
		WHERE d.shop = $1 AND d.route = $2 AND (d.ord, d.seq, d.run) < ($3::bigint, $4::bigint, $5::bigint)
		ORDER BY d.ord DESC, d.seq DESC, d.run DESC LIMIT 1 OFFSET $6`
	const query = `SELECT ` + rowOfDelivery + ` FROM deliveries d
		WHERE d.shop = $1 AND d.route = $2 AND (d.ord, d.seq, d.run) < ($3::bigint, $4::bigint, $5::bigint)
			AND (d.ord, d.seq, d.run) >= ($6::bigint, $7::bigint, $8::bigint)
			AND (cardinality($9::smallint[]) = 0 OR d.state = ANY ($9::smallint[])) AND ($10::text = '' OR d.code = $10::text)
			AND d.seq >= $11 AND ($12::bigint = 0 OR d.seq <= $12::bigint)
		ORDER BY d.ord DESC, d.seq DESC, d.run DESC LIMIT $13`
	codes := make([]int16, len(q.States))
	for i, s := range q.States {
		codes[i] = stateCode(s)
	}
	last := store.Place{Route: before.Route, Order: -1}
	err = d.store.view(ctx, func(v *View) error {
		page, last.Order = nil, -1
		rows, err := v.Query(v.ctx, piece, q.Shop, before.Route, before.Order, before.Seq, before.Run, listPiece-1)
		if err != nil {
			return err
		}
		if _, err := pgx.ForEachRow(rows, []any{&last.Order, &last.Seq, &last.Run}, func() error { return nil }); err != nil {
			return err
		}
		rows, err = v.Query(v.ctx, query, q.Shop, before.Route, before.Order, before.Seq, before.Run,
			last.Order, last.Seq, last.Run, codes, q.Code, q.FromSeq, q.ToSeq, q.Limit+1)
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, scanDelivery(q.Shop))
		return err
	})
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("list deliveries: %w", err)
	case len(page) > q.Limit:
		l := &page[q.Limit-1]
		return page[:q.Limit], &store.Place{Route: l.Route, Order: l.Order, Seq: l.Seq, Run: int64(l.Run)}, nil
	case last.Order >= 0:
		return page, &last, nil
	}
	return page, nil, nil
}
