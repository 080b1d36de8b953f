package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/search"
)

// Search implements store.Store.
func (s *Store) Search() search.Store { return orderIndex{s} }

type orderIndex struct{ store *Store }

// Indexed implements search.Store.
func (x orderIndex) Indexed(ctx context.Context, shop string) (at int64, err error) {
	err = x.store.View(ctx, func(v *View) error {
		at, err = indexedTo(v, shop)
		return err
	})
	return at, err
}

func indexedTo(q querier, shop string) (at int64, err error) {
	err = q.QueryRow("SELECT position FROM order_index WHERE shop = ?", shop).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return at, err
}

// Index implements search.Store.
func (x orderIndex) Index(ctx context.Context, shop string, p search.Piece) (ok bool, err error) {
	const add = "INSERT INTO order_keys (shop, kind, digest, number) VALUES %s ON CONFLICT DO NOTHING"
	const move = `INSERT INTO order_index (shop, position) VALUES (?, ?)
		ON CONFLICT (shop) DO UPDATE SET position = excluded.position`
	err = x.store.Do(ctx, func(tx *Tx) error {
		at, err := indexedTo(tx, shop)
		if ok = err == nil && at == p.After; !ok {
			return err
		}
		begin, err := readCheckpoint(tx, shop)
		if err != nil {
			return err
		}
		args := make([]driver.Value, 0, 4*len(p.Entries))
		for _, e := range p.Entries {
			if e.Number > begin.Seq {
				args = append(args, shop, int64(e.Kind), e.Digest, e.Number)
			}
		}
		if err := tx.InsertMany(add, 4, args); err != nil {
			return err
		}
		for _, number := range p.Erased {
			if err := erasePersonKeys(tx, shop, number); err != nil {
				return err
			}
		}
		if p.To == p.After {
			return nil
		}
		_, err = tx.Exec(move, shop, p.To)
		return err
	})
	return ok && err == nil, err
}

// erasePersonKeys removes what finds an order by its person.
func erasePersonKeys(tx *Tx, shop string, number int64) error {
	const remove = "DELETE FROM order_keys WHERE shop = ? AND number = ? AND kind = 1"
	_, err := tx.Exec(remove, shop, number)
	return err
}

// eraseSearch is the search's eraser. What the follower of the log still holds
// is removed when it meets the erasing there.
func eraseSearch(tx *Tx, e Erasing) error { return erasePersonKeys(tx, e.Shop, e.Number) }

// WithKey implements search.Store.
func (x orderIndex) WithKey(ctx context.Context, shop string, k search.Key, above, below int64, limit int) ([]int64, error) {
	const query = `SELECT number FROM order_keys WHERE shop = ? AND kind = ? AND digest = ? AND number > ? AND number < ?
		ORDER BY number DESC LIMIT ?`
	return x.numbers(ctx, query, shop, int64(k.Kind), k.Digest, above, below, limit)
}

// Orders implements search.Store.
func (x orderIndex) Orders(ctx context.Context, shop string, above, below int64, limit int) ([]int64, error) {
	const query = `SELECT number FROM orders WHERE shop = ? AND number > ? AND number < ? AND kind = 'order'
		ORDER BY number DESC LIMIT ?`
	return x.numbers(ctx, query, shop, above, below, limit)
}

func (x orderIndex) numbers(ctx context.Context, query string, args ...any) (list []int64, err error) {
	err = x.store.View(ctx, func(v *View) error {
		rows, err := v.Query(query, args...)
		if err != nil {
			return err
		}
		return eachRow(rows, func() error {
			var n int64
			err := rows.Scan(&n)
			list = append(list, n)
			return err
		})
	})
	return list, err
}

var (
	keyQueries      = listQueries("SELECT number FROM order_keys WHERE shop = ? AND kind = ? AND digest = ? AND number IN (%s)", "")
	acceptedQueries = listQueries("SELECT seq, at FROM events WHERE shop = ? AND seq IN (%s)", "")
)

// HaveKey implements search.Store.
func (x orderIndex) HaveKey(ctx context.Context, shop string, k search.Key, numbers []int64) (list []int64, err error) {
	err = x.store.View(ctx, func(v *View) error {
		return inChunksOf(v, []any{shop, int64(k.Kind), k.Digest}, numbers, keyQueries, func(rows *sql.Rows) error {
			var n int64
			err := rows.Scan(&n)
			list = append(list, n)
			return err
		})
	})
	return list, err
}

// InState implements search.Store.
func (x orderIndex) InState(ctx context.Context, shop, route string, s delivery.State, below int64, limit int) (list []search.Place, err error) {
	const query = `SELECT d.seq, d.ord FROM deliveries d INDEXED BY deliveries_listed
		WHERE d.shop = ?1 AND d.state = ?2 AND d.state != 3 AND d.state != 9 AND d.route = ?3 AND d.seq < ?4
		ORDER BY d.seq DESC, d.ord DESC, d.run DESC LIMIT ?5`
	err = x.store.View(ctx, func(v *View) error {
		rows, err := v.Query(query, shop, stateCode(s), route, below, limit)
		if err != nil {
			return err
		}
		return eachRow(rows, func() error {
			var p search.Place
			err := rows.Scan(&p.Seq, &p.Number)
			list = append(list, p)
			return err
		})
	})
	return list, err
}

// Accepted implements search.Store.
func (x orderIndex) Accepted(ctx context.Context, shop string, seqs []int64) ([]time.Time, error) {
	at := make(map[int64]time.Time, len(seqs))
	err := x.store.View(ctx, func(v *View) error {
		return inChunks(v, shop, seqs, acceptedQueries, func(rows *sql.Rows) error {
			var seq, micros int64
			err := rows.Scan(&seq, &micros)
			at[seq] = time.UnixMicro(micros).UTC()
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read times of events: %w", err)
	}
	out := make([]time.Time, len(seqs))
	for i, seq := range seqs {
		out[i] = at[seq]
	}
	return out, nil
}
