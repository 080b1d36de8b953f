package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/search"
)

// Search implements store.Store.
func (s *Store) Search() search.Store { return orderIndex{s} }

type orderIndex struct{ store *Store }

// Indexed implements search.Store.
func (x orderIndex) Indexed(ctx context.Context, shop string) (at int64, err error) {
	const query = "SELECT position FROM order_index WHERE shop = $1"
	all, err := list(ctx, x.store, pgx.RowTo[int64], query, shop)
	if err != nil {
		return 0, fmt.Errorf("read index of orders: %w", err)
	}
	if len(all) == 0 {
		return 0, nil
	}
	return all[0], nil
}

// errElsewhere undoes a piece of an index that stands somewhere else.
var errElsewhere = errors.New("the index of orders stands somewhere else")

// Index implements search.Store. The row of the position is locked, so that of
// two nodes only one writes.
func (x orderIndex) Index(ctx context.Context, shop string, p search.Piece) (bool, error) {
	err := x.store.do(ctx, func(tx *Tx) error { return index(tx, shop, p) })
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, errElsewhere):
		return false, nil
	}
	return false, fmt.Errorf("index orders: %w", err)
}

// beginIndex locks the row, too.
const beginIndex = `INSERT INTO order_index AS x (shop, position) VALUES ($1, 0)
	ON CONFLICT (shop) DO UPDATE SET position = x.position`

func index(tx *Tx, shop string, p search.Piece) error {
	const move = "UPDATE order_index SET position = $3 WHERE shop = $1 AND position = $2"
	const add = `INSERT INTO order_keys (shop, kind, digest, number)
		SELECT $1, u.* FROM unnest($2::smallint[], $3::bigint[], $4::bigint[]) u (kind, digest, number)
		WHERE u.number > coalesce((SELECT seq FROM checkpoints WHERE shop = $1), 0) ON CONFLICT DO NOTHING`
	if p.After == 0 {
		if _, err := tx.Exec(tx.ctx, beginIndex, shop); err != nil {
			return err
		}
	}
	tag, err := tx.Exec(tx.ctx, move, shop, p.After, p.To)
	if err == nil && tag.RowsAffected() != 1 {
		err = errElsewhere
	}
	if err != nil {
		return err
	}
	kinds, digests, numbers := make([]int16, len(p.Entries)), make([]int64, len(p.Entries)), make([]int64, len(p.Entries))
	for i, e := range p.Entries {
		kinds[i], digests[i], numbers[i] = int16(e.Kind), e.Digest, e.Number
	}
	b := &pgx.Batch{}
	if len(p.Entries) > 0 {
		b.Queue(add, shop, kinds, digests, numbers)
	}
	for _, number := range p.Erased {
		b.Queue(erasePersonKeys, shop, number)
	}
	return tx.batch(b)
}

// erasePersonKeys removes what finds an order by its person.
const erasePersonKeys = "DELETE FROM order_keys WHERE shop = $1 AND number = $2 AND kind = 1"

// eraseSearch is the search's eraser. What the follower of the log still holds
// is removed when it meets the erasing there.
func eraseSearch(tx *Tx, e Erasing) error {
	_, err := tx.Exec(tx.ctx, erasePersonKeys, e.Shop, e.Number)
	return err
}

// WithKey implements search.Store.
func (x orderIndex) WithKey(ctx context.Context, shop string, k search.Key, above, below int64, limit int) ([]int64, error) {
	const query = `SELECT number FROM order_keys WHERE shop = $1 AND kind = $2 AND digest = $3 AND number > $4 AND number < $5
		ORDER BY number DESC LIMIT $6`
	return x.numbers(ctx, query, shop, int16(k.Kind), k.Digest, above, below, limit)
}

// HaveKey implements search.Store.
func (x orderIndex) HaveKey(ctx context.Context, shop string, k search.Key, numbers []int64) ([]int64, error) {
	const query = `SELECT k.number FROM unnest($4::bigint[]) u (number)
		CROSS JOIN LATERAL (SELECT number FROM order_keys
			WHERE shop = $1 AND kind = $2 AND digest = $3 AND number = u.number LIMIT 1) k`
	return x.numbers(ctx, query, shop, int16(k.Kind), k.Digest, numbers)
}

// Orders implements search.Store.
func (x orderIndex) Orders(ctx context.Context, shop string, above, below int64, limit int) ([]int64, error) {
	const query = `SELECT number FROM orders WHERE shop = $1 AND number > $2 AND number < $3 AND kind = 'order'
		ORDER BY number DESC LIMIT $4`
	return x.numbers(ctx, query, shop, above, below, limit)
}

func (x orderIndex) numbers(ctx context.Context, query string, args ...any) ([]int64, error) {
	all, err := list(ctx, x.store, pgx.RowTo[int64], query, args...)
	if err != nil {
		return nil, fmt.Errorf("read index of orders: %w", err)
	}
	return all, nil
}

// InState implements search.Store.
func (x orderIndex) InState(ctx context.Context, shop, route string, s delivery.State, below int64, limit int) ([]search.Place, error) {
	const query = `SELECT d.seq, d.ord FROM deliveries d
		WHERE d.shop = $1 AND d.state = $2 AND d.state != 3 AND d.state != 9 AND d.route = $3 AND d.seq < $4
		ORDER BY d.seq DESC, d.ord DESC, d.run DESC LIMIT $5`
	all, err := list(ctx, x.store, pgx.RowToStructByPos[search.Place], query, shop, stateCode(s), route, below, limit)
	if err != nil {
		return nil, fmt.Errorf("list deliveries by state: %w", err)
	}
	return all, nil
}

// Accepted implements search.Store.
func (x orderIndex) Accepted(ctx context.Context, shop string, seqs []int64) ([]time.Time, error) {
	const query = `SELECT e.seq, e.at FROM unnest($2::bigint[]) u (seq)
		CROSS JOIN LATERAL (SELECT seq, at FROM events WHERE shop = $1 AND seq = u.seq LIMIT 1) e`
	type row struct{ Seq, At int64 }
	all, err := list(ctx, x.store, pgx.RowToStructByPos[row], query, shop, seqs)
	if err != nil {
		return nil, fmt.Errorf("read times of events: %w", err)
	}
	at := make(map[int64]time.Time, len(all))
	for _, r := range all {
		at[r.Seq] = time.UnixMicro(r.At).UTC()
	}
	out := make([]time.Time, len(seqs))
	for i, seq := range seqs {
		out[i] = at[seq]
	}
	return out, nil
}
