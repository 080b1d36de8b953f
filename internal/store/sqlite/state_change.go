package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/ordermux/ordermux/internal/store"
)

// errOther undoes a Change that found something else than its caller believes.
var errOther = errors.New("another value stands there")

// Change implements store.Store.
func (s *Store) Change(ctx context.Context, shop, scope string, edits []store.Edit) (bool, error) {
	err := s.Do(ctx, func(tx *Tx) error {
		now := s.opts.Now().UnixMicro()
		for _, e := range edits {
			res, err := edit(tx, shop, scope, e, now)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n != 1 {
				return errors.Join(errOther, err)
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
func edit(tx *Tx, shop, scope string, e store.Edit, now int64) (sql.Result, error) {
	const add = `INSERT INTO state (shop, scope, key, value) VALUES (?, ?, ?, ?)
		ON CONFLICT (shop, scope, key) DO UPDATE SET value = excluded.value, expires = 0 WHERE expires > 0 AND expires <= ?`
	const replace = `UPDATE state SET value = ?, expires = 0 WHERE shop = ? AND scope = ? AND key = ? AND value = ? AND (expires = 0 OR expires > ?)`
	const remove = `DELETE FROM state WHERE shop = ? AND scope = ? AND key = ? AND value = ? AND (expires = 0 OR expires > ?)`
	switch {
	case e.Old == nil:
		return tx.Exec(add, shop, scope, e.Key, e.New, now)
	case e.New == nil:
		return tx.Exec(remove, shop, scope, e.Key, e.Old, now)
	}
	return tx.Exec(replace, e.New, shop, scope, e.Key, e.Old, now)
}
