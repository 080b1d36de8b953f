package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

// errOther undoes a Change that found something else than its caller believes.
var errOther = errors.New("another value stands there")

// Change implements store.Store. Keys are written in one sequence whoever
// writes them, so that two calls can not wait for each other; a second one sees
// what the first committed, because each statement looks again after its wait.
func (s *Store) Change(ctx context.Context, shop, scope string, edits []store.Edit) (bool, error) {
	err := s.do(ctx, func(tx *Tx) error { return tx.change(shop, scope, edits, s.Now()) })
	return changed(err)
}

func changed(err error) (bool, error) {
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, errOther):
		return false, nil
	}
	return false, fmt.Errorf("change state: %w", err)
}

func (t *Tx) change(shop, scope string, edits []store.Edit, now time.Time) error {
	done, err := t.ChangeState(shop, scope, edits, now)
	if err == nil && !done {
		err = errOther
	}
	return err
}

// ChangeState implements store.StateTx. After false the transaction has to be
// undone.
func (t *Tx) ChangeState(shop, scope string, edits []store.Edit, now time.Time) (bool, error) {
	for _, e := range slices.SortedFunc(slices.Values(edits), func(a, b store.Edit) int { return strings.Compare(a.Key, b.Key) }) {
		if n, err := edit(t, shop, scope, e, now); err != nil || n != 1 {
			return false, err
		}
	}
	return true, nil
}

// Change implements partner.State.
func (s *state) Change(ctx context.Context, edits ...store.Edit) (bool, error) {
	err := s.store.do(ctx, func(tx *Tx) error {
		b := &pgx.Batch{}
		s.fence(ctx, b)
		if err := tx.batch(b); err != nil {
			return err
		}
		return tx.change(s.shop, s.scope, edits, s.store.Now())
	})
	return changed(err)
}

// Changing implements partner.State.
func (s *state) Changing(edits ...store.Edit) order.Effect {
	return store.Changing(s.store.Now, s.shop, s.scope, edits)
}

// edit writes one key, which is one row, or none if something else stands
// there.
func edit(tx *Tx, shop, scope string, e store.Edit, at time.Time) (rows int64, err error) {
	const add = `INSERT INTO state (shop, scope, key, value, expires) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (shop, scope, key) DO UPDATE SET value = excluded.value, expires = excluded.expires WHERE state.expires > 0 AND state.expires <= $6`
	const replace = `UPDATE state SET value = $4, expires = $5 WHERE shop = $1 AND scope = $2 AND key = $3 AND value = $6 AND (expires = 0 OR expires > $7)`
	const remove = `DELETE FROM state WHERE shop = $1 AND scope = $2 AND key = $3 AND value = $4 AND (expires = 0 OR expires > $5)`
	key, now, expires := storedKey(e.Key), at.UnixMicro(), int64(0)
	if e.TTL > 0 {
		expires = at.Add(e.TTL).UnixMicro()
	}
	var tag pgconn.CommandTag
	switch {
	case e.Old == nil:
		tag, err = tx.Exec(tx.ctx, add, shop, scope, key, e.New, expires, now)
	case e.New == nil:
		tag, err = tx.Exec(tx.ctx, remove, shop, scope, key, e.Old, now)
	default:
		tag, err = tx.Exec(tx.ctx, replace, shop, scope, key, e.New, expires, e.Old, now)
	}
	return tag.RowsAffected(), err
}
