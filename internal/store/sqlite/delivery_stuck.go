package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/ordermux/ordermux/internal/delivery"
)

// The statements name the index, whose condition they repeat.
const (
	ofStuck = ` FROM deliveries d INDEXED BY deliveries_stuck
		WHERE d.shop = ?1 AND d.code != '' AND d.state != 3 AND d.state != 4 AND d.state != 9 AND d.state < 11`
	ofKind    = ofStuck + ` AND d.state = ?2 AND d.route = ?3 AND d.code = ?4`
	nextStuck = `SELECT d.state, d.route, d.code` + ofStuck + ` AND (d.state, d.route, d.code) > (?2, ?3, ?4)
		ORDER BY d.state, d.route, d.code LIMIT 1`
	countStuck = `SELECT (SELECT count(*) FROM (SELECT 1` + ofKind + ` LIMIT ?5)),
		(SELECT d.planned` + ofKind + ` ORDER BY d.seq LIMIT 1), (SELECT d.planned` + ofKind + ` ORDER BY d.seq DESC LIMIT 1)`
	listStuck = `SELECT ` + rowOfDelivery + ofKind + ` AND d.seq >= ?5 AND (?6 = 0 OR d.seq <= ?6)
		AND (d.seq, d.ord, d.run) > (?7, ?8, ?9) ORDER BY d.seq, d.ord, d.run LIMIT ?10`
)

// Stuck implements delivery.Store.
func (d deliveries) Stuck(ctx context.Context, shop string) (kinds []delivery.StuckKind, err error) {
	err = d.store.View(ctx, func(v *View) error {
		kinds = nil
		state, route, code := int64(0), "", ""
		for len(kinds) < delivery.MostStuck {
			err := v.QueryRow(nextStuck, shop, state, route, code).Scan(&state, &route, &code)
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
			k := delivery.StuckKind{Route: route, Code: code}
			if err := (stateOf{&k.State}).Scan(state); err != nil {
				return err
			}
			var oldest, newest int64
			err = v.QueryRow(countStuck, shop, state, route, code, delivery.MostCounted).Scan(&k.Count, &oldest, &newest)
			if err != nil {
				return err
			}
			k.Oldest, k.Newest = fromMicros(oldest), fromMicros(newest)
			kinds = append(kinds, k)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what is stuck: %w", err)
	}
	return kinds, nil
}
