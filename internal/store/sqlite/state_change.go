package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

// errOther undoes a Change that found something else than its caller believes.
var errOther = errors.New("another value stands there")

// Change implements store.Store.
func (s *Store) Change(ctx context.Context, shop, scope string, edits []store.Edit) (bool, error) {
	err := s.Do(ctx, func(tx *Tx) error {
		done, err := tx.ChangeState(shop, scope, edits, s.opts.Now())
		if err == nil && !done {
			err = errOther
		}
		return err
	})
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, errOther):
		return false, nil
	}
	return false, fmt.Errorf("change state: %w", err)
}

// ChangeState implements store.StateTx. After false the transaction has to be
// undone.
func (t *Tx) ChangeState(shop, scope string, edits []store.Edit, now time.Time) (bool, error) {
	for _, e := range edits {
		res, err := edit(t, shop, scope, e, now)
		if err != nil {
			return false, err
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return false, err
		}
	}
	return true, nil
}

// Change implements partner.State.
func (s *state) Change(ctx context.Context, edits ...store.Edit) (bool, error) {
	return s.store.Change(ctx, s.shop, s.scope, edits)
}

// Changing implements partner.State.
func (s *state) Changing(edits ...store.Edit) order.Effect {
	return store.Changing(s.store.opts.Now, s.shop, s.scope, edits)
}

// edit writes one key, which is one row, or none if something else stands
// there.
func edit(tx *Tx, shop, scope string, e store.Edit, at time.Time) (sql.Result, error) {
	const add = `INSERT INTO state (shop, scope, key, value, expires) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (shop, scope, key) DO UPDATE SET value = excluded.value, expires = excluded.expires WHERE expires > 0 AND expires <= ?`
	const replace = `UPDATE state SET value = ?, expires = ? WHERE shop = ? AND scope = ? AND key = ? AND value = ? AND (expires = 0 OR expires > ?)`
	const remove = `DELETE FROM state WHERE shop = ? AND scope = ? AND key = ? AND value = ? AND (expires = 0 OR expires > ?)`
	now, expires := at.UnixMicro(), int64(0)
	if e.TTL > 0 {
		expires = at.Add(e.TTL).UnixMicro()
	}
	switch {
	case e.Old == nil:
		return tx.Exec(add, shop, scope, e.Key, e.New, expires, now)
	case e.New == nil:
		return tx.Exec(remove, shop, scope, e.Key, e.Old, now)
	}
	return tx.Exec(replace, e.New, expires, shop, scope, e.Key, e.Old, now)
}
