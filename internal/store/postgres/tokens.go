package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/store"
)

// CreateToken implements store.Store.
func (s *Store) CreateToken(ctx context.Context, t store.Token) error {
	const expired = `DELETE FROM tokens WHERE shop = $1 AND name = $2 AND expires > 0 AND expires <= $3`
	const live = `SELECT count(*) FROM tokens WHERE shop = $1 AND name = $2`
	err := s.do(ctx, func(tx *Tx) error {
		t := t
		t.Created = t.Issued
		var n int
		b := &pgx.Batch{}
		b.Queue(expired, t.Shop, t.Name, t.Issued.UnixMicro())
		b.Queue(live, t.Shop, t.Name).QueryRow(func(row pgx.Row) error { return row.Scan(&n) })
		if err := tx.batch(b); err != nil {
			return err
		}
		if n > 0 {
			return store.ErrTokenExists
		}
		return insertToken(tx, t)
	})
	if errors.Is(err, ErrDuplicate) {
		err = store.ErrTokenExists // made by another node meanwhile
	}
	return wrapToken("create", err)
}

// RotateToken implements store.Store.
func (s *Store) RotateToken(ctx context.Context, t store.Token, until time.Time) (ok bool, err error) {
	const known = `SELECT scope, created FROM tokens WHERE shop = $1 AND name = $2 AND (expires = 0 OR expires > $3)
		ORDER BY issued DESC LIMIT 1 FOR UPDATE`
	const expire = `UPDATE tokens SET expires = $3 WHERE shop = $1 AND name = $2 AND (expires = 0 OR expires > $3)`
	err = s.do(ctx, func(tx *Tx) error {
		ok = false // this may run twice
		t := t
		var created int64
		err := tx.QueryRow(tx.ctx, known, t.Shop, t.Name, t.Issued.UnixMicro()).Scan(&t.Scope, &created)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(tx.ctx, expire, t.Shop, t.Name, until.UnixMicro()); err != nil {
			return err
		}
		t.Created, ok = fromMicros(created), true
		return insertToken(tx, t)
	})
	return ok && err == nil, wrapToken("rotate", err)
}

// RevokeToken implements store.Store.
func (s *Store) RevokeToken(ctx context.Context, shop, name string) (ok bool, err error) {
	const query = `DELETE FROM tokens WHERE shop = $1 AND name = $2`
	err = s.do(ctx, func(tx *Tx) error {
		tag, err := tx.Exec(tx.ctx, query, shop, name)
		ok = tag.RowsAffected() > 0
		return err
	})
	return ok && err == nil, wrapToken("revoke", err)
}

// FindToken implements store.Store.
func (s *Store) FindToken(ctx context.Context, digest [32]byte) (store.Token, bool, error) {
	const query = `SELECT digest, shop, name, scope, created, issued, expires FROM tokens
		WHERE digest = $1 AND (expires = 0 OR expires > $2)`
	found, err := list(ctx, s, scanToken, query, digest[:], s.Now().UnixMicro())
	if err != nil || len(found) == 0 {
		return store.Token{}, false, wrapToken("find", err)
	}
	return found[0], true, nil
}

// Tokens implements store.Store.
func (s *Store) Tokens(ctx context.Context, shop string) ([]store.Token, error) {
	const query = `SELECT digest, shop, name, scope, created, issued, expires FROM tokens
		WHERE shop = $1 AND (expires = 0 OR expires > $2) ORDER BY name, issued`
	all, err := list(ctx, s, scanToken, query, shop, s.Now().UnixMicro())
	return all, wrapToken("list", err)
}

func scanToken(row pgx.CollectableRow) (t store.Token, err error) {
	var digest []byte
	var created, issued, expires int64
	err = row.Scan(&digest, &t.Shop, &t.Name, &t.Scope, &created, &issued, &expires)
	copy(t.Digest[:], digest)
	t.Created, t.Issued, t.Expires = fromMicros(created), fromMicros(issued), fromMicros(expires)
	return t, err
}

func insertToken(tx *Tx, t store.Token) error {
	const insert = `INSERT INTO tokens (digest, shop, name, scope, created, issued, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	_, err := tx.Exec(tx.ctx, insert,
		t.Digest[:], t.Shop, t.Name, t.Scope, micros(t.Created), micros(t.Issued), micros(t.Expires))
	return err
}

func wrapToken(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s token: %w", what, err)
	}
	return nil
}
