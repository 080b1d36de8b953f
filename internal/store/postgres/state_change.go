package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ordermux/ordermux/internal/store"
)

// errOther undoes a Change that found something else than its caller believes.
var errOther = errors.New("another value stands there")

// Change implements store.Store. Keys are written in one sequence whoever
// writes them, so that two calls can not wait for each other; a second one sees
// what the first committed, because each statement looks again after its wait.
func (s *Store) Change(ctx context.Context, shop, scope string, edits []store.Edit) (bool, error) {
	edits = slices.SortedFunc(slices.Values(edits), func(a, b store.Edit) int { return strings.Compare(a.Key, b.Key) })
	err := s.do(ctx, func(tx *Tx) error {
		now := s.Now().UnixMicro()
		for _, e := range edits {
			n, err := edit(tx, shop, scope, e, now)
			if err != nil {
				return err
			}
			if n != 1 {
				return errOther
			}
		}
		return nil
	})
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, errOther):
		return false, nil
	}
	return false, fmt.Errorf("change state: %w", err)
}

// edit writes one key, which is one row, or none if something else stands
// there.
func edit(tx *Tx, shop, scope string, e store.Edit, now int64) (rows int64, err error) {
	const add = `INSERT INTO state (shop, scope, key, value) VALUES ($1, $2, $3, $4)
		ON CONFLICT (shop, scope, key) DO UPDATE SET value = excluded.value, expires = 0 WHERE state.expires > 0 AND state.expires <= $5`
	const replace = `UPDATE state SET value = $4, expires = 0 WHERE shop = $1 AND scope = $2 AND key = $3 AND value = $5 AND (expires = 0 OR expires > $6)`
	const remove = `DELETE FROM state WHERE shop = $1 AND scope = $2 AND key = $3 AND value = $4 AND (expires = 0 OR expires > $5)`
	key := storedKey(e.Key)
	var tag pgconn.CommandTag
	switch {
	case e.Old == nil:
		tag, err = tx.Exec(tx.ctx, add, shop, scope, key, e.New, now)
	case e.New == nil:
		tag, err = tx.Exec(tx.ctx, remove, shop, scope, key, e.Old, now)
	default:
		tag, err = tx.Exec(tx.ctx, replace, shop, scope, key, e.New, e.Old, now)
	}
	return tag.RowsAffected(), err
}
