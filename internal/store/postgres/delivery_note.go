package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
)

// SaveNote implements delivery.Store. Its lock lets commits of the route go on
// beside it, but neither a new owner nor an erasing: the note is written before
// them or not at all.
func (d deliveries) SaveNote(ctx context.Context, shop, route string, epoch int64, k delivery.Key, note []byte) error {
	const mine = `WITH mine AS (SELECT 1 FROM routes WHERE shop = $1 AND route = $2 AND epoch = $3 FOR KEY SHARE)
		SELECT 1 / count(*) FROM mine`
	const save = `UPDATE deliveries SET note = $6 WHERE shop = $1 AND route = $2 AND ord = $3 AND seq = $4 AND run = $5
		AND coalesce((SELECT o.flags & $7::bigint FROM orders o
			WHERE o.shop = $1 AND o.number BETWEEN $3 AND $3 ORDER BY o.number LIMIT 1), 0) = 0`
	err := d.store.do(ctx, func(tx *Tx) error {
		b := &pgx.Batch{}
		orLost(b.Queue(mine, shop, route, epoch))
		b.Queue(save, shop, route, k.Order, k.Seq, k.Run, blob(note), int64(ledger.FlagErased))
		return tx.last(b)
	})
	if err != nil {
		return fmt.Errorf("keep a delivery's note: %w", err)
	}
	return nil
}
