package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/store"
)

// CreateToken keeps a new token, made at Issued. Errors: store.ErrTokenExists.
func (s *Store) CreateToken(ctx context.Context, t store.Token) error {
	err := s.Do(ctx, func(tx *Tx) error {
		t := t
		t.Created = t.Issued
		live, err := liveTokens(tx, t.Shop, t.Name, t.Issued)
		if err != nil {
			return err
		}
		if live > 0 {
			return store.ErrTokenExists
		}
		return insertToken(tx, t)
	})
	return wrapToken("create", err)
}

// RotateToken keeps a new token beside that of its name, which expires at the
// moment until; it reports false, and keeps nothing, if there is none. The
// new one has the old one's scope.
func (s *Store) RotateToken(ctx context.Context, t store.Token, until time.Time) (ok bool, err error) {
	const known = `SELECT scope, created FROM tokens WHERE shop = ? AND name = ? AND (expires = 0 OR expires > ?) ORDER BY issued DESC LIMIT 1`
	const expire = `UPDATE tokens SET expires = ? WHERE shop = ? AND name = ? AND (expires = 0 OR expires > ?)`
	err = s.Do(ctx, func(tx *Tx) error {
		ok = false // this may run twice
		t := t
		var created int64
		err := tx.QueryRow(known, t.Shop, t.Name, t.Issued.UnixMicro()).Scan(&t.Scope, &created)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(expire, until.UnixMicro(), t.Shop, t.Name, until.UnixMicro()); err != nil {
			return err
		}
		t.Created, ok = micro(created), true
		return insertToken(tx, t)
	})
	return ok && err == nil, wrapToken("rotate", err)
}

// RevokeToken removes all tokens of a name and reports whether there was one.
func (s *Store) RevokeToken(ctx context.Context, shop, name string) (ok bool, err error) {
	const query = `DELETE FROM tokens WHERE shop = ? AND name = ?`
	err = s.Do(ctx, func(tx *Tx) error {
		res, err := tx.Exec(query, shop, name)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		ok = n > 0
		return err
	})
	return ok && err == nil, wrapToken("revoke", err)
}

// FindToken returns the token of a digest; false if there is none or it has
// expired.
func (s *Store) FindToken(ctx context.Context, digest [32]byte) (t store.Token, ok bool, err error) {
	const query = `SELECT shop, name, scope, created, issued, expires FROM tokens WHERE digest = ? AND (expires = 0 OR expires > ?)`
	err = s.View(ctx, func(v *View) error {
		var created, issued, expires int64
		err := v.QueryRow(query, digest[:], s.opts.Now().UnixMicro()).Scan(&t.Shop, &t.Name, &t.Scope, &created, &issued, &expires)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		t.Digest, t.Created, t.Issued, t.Expires = digest, micro(created), micro(issued), micro(expires)
		ok = err == nil
		return err
	})
	return t, ok && err == nil, wrapToken("find", err)
}

// Tokens returns a shop's tokens that have not expired, by name.
func (s *Store) Tokens(ctx context.Context, shop string) (list []store.Token, err error) {
	const query = `SELECT digest, name, scope, created, issued, expires FROM tokens
		WHERE shop = ? AND (expires = 0 OR expires > ?) ORDER BY name, issued`
	err = s.View(ctx, func(v *View) error {
		rows, err := v.Query(query, shop, s.opts.Now().UnixMicro())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			t := store.Token{Shop: shop}
			var digest []byte
			var created, issued, expires int64
			if err := rows.Scan(&digest, &t.Name, &t.Scope, &created, &issued, &expires); err != nil {
				return err
			}
			copy(t.Digest[:], digest)
			t.Created, t.Issued, t.Expires = micro(created), micro(issued), micro(expires)
			list = append(list, t)
		}
		return rows.Err()
	})
	return list, wrapToken("list", err)
}

func liveTokens(tx *Tx, shop, name string, now time.Time) (n int, err error) {
	const expired = `DELETE FROM tokens WHERE shop = ? AND name = ? AND expires > 0 AND expires <= ?`
	if _, err := tx.Exec(expired, shop, name, now.UnixMicro()); err != nil {
		return 0, err
	}
	err = tx.QueryRow(`SELECT count(*) FROM tokens WHERE shop = ? AND name = ?`, shop, name).Scan(&n)
	return n, err
}

func insertToken(tx *Tx, t store.Token) error {
	var expires int64
	if !t.Expires.IsZero() {
		expires = t.Expires.UnixMicro()
	}
	_, err := tx.Exec(`INSERT INTO tokens (digest, shop, name, scope, created, issued, expires) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		t.Digest[:], t.Shop, t.Name, t.Scope, t.Created.UnixMicro(), t.Issued.UnixMicro(), expires)
	return err
}

// micro reads a stored moment; 0 is none.
func micro(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return time.UnixMicro(at).UTC()
}

func wrapToken(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s token: %w", what, err)
	}
	return nil
}
