package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/search"
	"github.com/ordermux/ordermux/internal/store"
)

// Retention implements store.Store.
func (s *Store) Retention() store.Retention { return retention{s} }

type retention struct{ store *Store }

// ForgetCalls implements store.Retention.
func (r retention) ForgetCalls(ctx context.Context, shop, route string, after int64, before time.Time, limit int) (last int64, met int, err error) {
	const page = `SELECT id, at, erased FROM calls WHERE shop = $1 AND route = $2 AND id > $3 ORDER BY id, n LIMIT $4`
	var ids []int64
	err = r.store.ask(ctx, func(rows pgx.Rows) error {
		ids, last, met = nil, after, 0
		for rows.Next() {
			var id, at int64
			var erased bool
			if err := rows.Scan(&id, &at, &erased); err != nil {
				return err
			}
			if at >= before.UnixMicro() {
				break
			}
			if last, met = id, met+1; !erased {
				ids = append(ids, id)
			}
		}
		return nil
	}, page, shop, route, after, limit)
	if err == nil && len(ids) > 0 {
		err = r.store.do(ctx, func(tx *Tx) error {
			b := &pgx.Batch{}
			for _, id := range ids {
				b.Queue(emptyCall, shop, route, id)
			}
			return tx.batch(b)
		})
	}
	if err != nil {
		return after, 0, fmt.Errorf("forget calls: %w", err)
	}
	return last, met, nil
}

// CountCalls implements store.Retention: calls stand in the sequence of time.
func (r retention) CountCalls(ctx context.Context, shop, route string, after int64, before time.Time) (int64, error) {
	const query = `SELECT count(*) FROM calls WHERE shop = $1 AND route = $2 AND id > $3 AND id < coalesce(
		(SELECT n.id FROM calls n WHERE n.shop = $1 AND n.route = $2 AND n.id > $3 AND n.at >= $4 ORDER BY n.id LIMIT 1),
		9223372036854775807)`
	found, err := list(ctx, r.store, pgx.RowTo[int64], query, shop, route, after, before.UnixMicro())
	if err != nil {
		return 0, fmt.Errorf("count calls: %w", err)
	}
	return found[0], nil
}

// reclaimCalls is how many calls of a route, and personal parts, one step removes.
const reclaimCalls = 500

// Reclaim implements store.Retention: it removes the evidence of before the time
// at which the shop's log begins, and personal parts of before it.
func (r retention) Reclaim(ctx context.Context, shop string) (more bool, err error) {
	const find = `SELECT o.route, o.id, o.n FROM routes r
		CROSS JOIN LATERAL (SELECT route, id, n, at, erased FROM calls
			WHERE shop = $1 AND route = r.route AND id > 0 ORDER BY id, n LIMIT $2) o
		WHERE r.shop = $1 AND o.erased AND o.at < (SELECT at FROM checkpoints WHERE shop = $1)`
	const remove = "DELETE FROM calls WHERE shop = $1 AND route = $2 AND id = $3 AND n = $4"
	// A hub that moved here brought emptied ones.
	const parts = `SELECT p.seq FROM checkpoints c CROSS JOIN LATERAL (SELECT seq FROM personal
		WHERE shop = $1 AND seq <= c.seq ORDER BY seq LIMIT $2) p WHERE c.shop = $1`
	const removePart = "DELETE FROM personal WHERE shop = $1 AND seq = $2"
	type old struct {
		Route string
		ID    int64
		N     int32
	}
	calls, err := list(ctx, r.store, pgx.RowToStructByPos[old], find, shop, reclaimCalls)
	if err != nil {
		return false, fmt.Errorf("reclaim: %w", err)
	}
	seqs, err := list(ctx, r.store, pgx.RowTo[int64], parts, shop, reclaimCalls)
	if err == nil && len(calls)+len(seqs) > 0 {
		err = r.store.do(ctx, func(tx *Tx) error {
			b := &pgx.Batch{}
			for _, seq := range seqs {
				b.Queue(removePart, shop, seq)
			}
			for _, c := range calls {
				b.Queue(remove, shop, c.Route, c.ID, c.N)
			}
			return tx.batch(b)
		})
	}
	if err != nil {
		return false, fmt.Errorf("reclaim: %w", err)
	}
	return max(len(calls), len(seqs)) >= reclaimCalls, nil
}

// ForgetKeys implements store.Retention.
func (r retention) ForgetKeys(ctx context.Context, shop string, after search.Entry, limit int) (last search.Entry, met int, err error) {
	const page = `SELECT k.kind, k.digest, k.number, k.number <= coalesce((SELECT seq FROM checkpoints WHERE shop = $1), 0)
		FROM order_keys k WHERE k.shop = $1 AND (k.kind, k.digest, k.number) > ($2::smallint, $3::bigint, $4::bigint)
		ORDER BY k.kind, k.digest, k.number LIMIT $5`
	const remove = "DELETE FROM order_keys WHERE shop = $1 AND kind = $2 AND digest = $3 AND number = $4"
	var removed []search.Entry
	err = r.store.ask(ctx, func(rows pgx.Rows) error {
		removed, last, met = nil, after, 0
		for rows.Next() {
			var kind int16
			var gone bool
			if err := rows.Scan(&kind, &last.Digest, &last.Number, &gone); err != nil {
				return err
			}
			last.Kind, met = search.Kind(kind), met+1
			if gone {
				removed = append(removed, last)
			}
		}
		return nil
	}, page, shop, int16(after.Kind), after.Digest, after.Number, limit)
	if err == nil && len(removed) > 0 {
		err = r.store.do(ctx, func(tx *Tx) error {
			b := &pgx.Batch{}
			for _, e := range removed {
				b.Queue(remove, shop, int16(e.Kind), e.Digest, e.Number)
			}
			return tx.batch(b)
		})
	}
	if err != nil {
		return after, 0, fmt.Errorf("forget keys of orders: %w", err)
	}
	return last, met, nil
}
