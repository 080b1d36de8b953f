package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/delivery"
)

// The statements repeat the condition of the index deliveries_stuck. The jumps
// begin in front of its first entry, so that each of them is narrowed.
const (
	ofStuck = ` FROM deliveries d
		WHERE d.shop = $1 AND d.code != '' AND d.state != 3 AND d.state != 4 AND d.state != 9 AND d.state < 11`
	nextStuck = `SELECT d.state, d.route, d.code` + ofStuck
	ofKind    = ofStuck + ` AND d.state = k.state AND d.route = k.route AND d.code = k.code`
	allStuck  = `WITH RECURSIVE k AS (SELECT 0::smallint AS state, '' COLLATE "C" AS route, '' COLLATE "C" AS code
			UNION ALL SELECT n.state, n.route, n.code FROM k CROSS JOIN LATERAL (` + nextStuck + `
				AND (d.state, d.route, d.code) > (k.state, k.route, k.code) ORDER BY d.state, d.route, d.code LIMIT 1) n)
		SELECT k.state, k.route, k.code, c.n, o.planned, w.planned FROM (SELECT * FROM k WHERE state > 0 LIMIT $2) k
			CROSS JOIN LATERAL (SELECT count(*) AS n FROM (SELECT 1` + ofKind + ` LIMIT $3) x) c
			CROSS JOIN LATERAL (SELECT d.planned` + ofKind + ` ORDER BY d.seq LIMIT 1) o
			CROSS JOIN LATERAL (SELECT d.planned` + ofKind + ` ORDER BY d.seq DESC LIMIT 1) w`
	listStuck = `SELECT ` + rowOfDelivery + ofStuck + ` AND d.state = $2 AND d.route = $3 AND d.code = $4
		AND d.seq >= $5 AND ($6::bigint = 0 OR d.seq <= $6::bigint)
		AND (d.seq, d.ord, d.run) > ($7::bigint, $8::bigint, $9::bigint) ORDER BY d.seq, d.ord, d.run LIMIT $10`
)

// Stuck implements delivery.Store.
func (d deliveries) Stuck(ctx context.Context, shop string) ([]delivery.StuckKind, error) {
	scan := func(row pgx.CollectableRow) (k delivery.StuckKind, err error) {
		var state int16
		var oldest, newest int64
		if err = row.Scan(&state, &k.Route, &k.Code, &k.Count, &oldest, &newest); err != nil {
			return k, err
		}
		k.State, err = stateOf(state)
		k.Oldest, k.Newest = fromMicros(oldest), fromMicros(newest)
		return k, err
	}
	kinds, err := list(ctx, d.store, scan, allStuck, shop, delivery.MostStuck, delivery.MostCounted)
	if err != nil {
		return nil, fmt.Errorf("read what is stuck: %w", err)
	}
	return kinds, nil
}
