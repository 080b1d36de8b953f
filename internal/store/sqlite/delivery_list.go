package sqlite

import (
	"context"
	"fmt"
	"slices"

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
	const start = `SELECT ` + rowOfDelivery + ` FROM deliveries d INDEXED BY deliveries_listed
		WHERE d.shop = ?1 AND d.state = ?2 AND d.state != 3 AND d.state != 9
			AND (?3 = '' OR d.code = ?3) AND d.seq >= ?4 AND (?5 = 0 OR d.seq <= ?5)`
	const ofAll = start + ` AND (d.route, d.seq, d.ord, d.run) > (?6, ?7, ?8, ?9)
		ORDER BY d.route, d.seq, d.ord, d.run LIMIT ?10`
	const ofRoute = start + ` AND d.route = ?6 AND (d.seq, d.ord, d.run) > (?7, ?8, ?9)
		ORDER BY d.seq, d.ord, d.run LIMIT ?10`
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
func (d deliveries) ListRoute(ctx context.Context, q delivery.Query, before store.Place) (list []delivery.Delivery, next *store.Place, err error) {
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
	last := store.Place{Route: before.Route, Order: -1}
	err = d.store.View(ctx, func(v *View) error {
		rows, err := v.Query(end, q.Shop, before.Route, before.Order, before.Seq, before.Run, listPiece-1)
		if err != nil {
			return err
		}
		if err := eachRow(rows, func() error { return rows.Scan(&last.Order, &last.Seq, &last.Run) }); err != nil {
			return err
		}
		rows, err = v.Query(query, q.Shop, before.Route, before.Order, before.Seq, before.Run, last.Order, last.Seq, last.Run,
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
		return list[:q.Limit], &store.Place{Route: l.Route, Order: l.Order, Seq: l.Seq, Run: int64(l.Run)}, nil
	case last.Order >= 0:
		return list, &last, nil
	}
	return list, nil, nil
}
