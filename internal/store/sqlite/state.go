package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/store"
)

// stateValueMax bounds one value: state is for tokens, sessions and jobs, not
// for documents.
const stateValueMax = 1 << 20

// State returns the small key-value store of one scope of a shop: a
// connection, a door, a part of the hub (shop "_hub").
func (s *Store) State(shop, scope string) partner.State {
	return &state{store: s, shop: shop, scope: scope}
}

type state struct {
	store       *Store
	shop, scope string
}

var _ partner.State = (*state)(nil)

// Get returns a value; false if there is none or it has expired.
func (s *state) Get(ctx context.Context, key string) (value []byte, ok bool, err error) {
	const query = `SELECT value FROM state WHERE shop = ? AND scope = ? AND key = ? AND (expires = 0 OR expires > ?)`
	err = s.store.View(ctx, func(v *View) error {
		err := v.QueryRow(query, s.shop, s.scope, key, s.store.opts.Now().UnixMicro()).Scan(&value)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		ok = err == nil
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("read state: %w", err)
	}
	return value, ok, nil
}

// Put keeps a value, for ever with a ttl of 0. It is on disk when Put returns.
func (s *state) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if len(value) > stateValueMax {
		return fmt.Errorf("keep state: the value has %d bytes, at most %d are kept", len(value), stateValueMax)
	}
	if value == nil {
		value = []byte{}
	}
	now := s.store.opts.Now()
	var expires int64
	if ttl > 0 {
		expires = now.Add(ttl).UnixMicro()
	}
	const put = `INSERT INTO state (shop, scope, key, value, expires) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (shop, scope, key) DO UPDATE SET value = excluded.value, expires = excluded.expires`
	const expire = `DELETE FROM state WHERE shop = ? AND expires > 0 AND expires <= ?`
	err := s.store.Do(ctx, func(tx *Tx) error {
		if ttl > 0 { // those who write what expires also sweep
			if _, err := tx.Exec(expire, s.shop, now.UnixMicro()); err != nil {
				return err
			}
		}
		_, err := tx.Exec(put, s.shop, s.scope, key, value, expires)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep state: %w", err)
	}
	return nil
}

// Delete removes a value, if it is there.
func (s *state) Delete(ctx context.Context, key string) error {
	const query = `DELETE FROM state WHERE shop = ? AND scope = ? AND key = ?`
	err := s.store.Do(ctx, func(tx *Tx) error {
		_, err := tx.Exec(query, s.shop, s.scope, key)
		return err
	})
	if err != nil {
		return fmt.Errorf("remove state: %w", err)
	}
	return nil
}

// List implements partner.State.
func (s *state) List(ctx context.Context, prefix, after string, limit int) (keys []string, values [][]byte, err error) {
	const query = `SELECT key, value FROM state WHERE shop = ? AND scope = ? AND key > ? AND key >= ? AND key < ?
		AND (expires = 0 OR expires > ?) ORDER BY key LIMIT ?`
	err = s.store.View(ctx, func(v *View) error {
		rows, err := v.Query(query, s.shop, s.scope, after, prefix, store.PrefixEnd(prefix), s.store.opts.Now().UnixMicro(), limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			var value []byte
			if err := rows.Scan(&key, &value); err != nil {
				return err
			}
			keys, values = append(keys, key), append(values, value)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list state: %w", err)
	}
	return keys, values, nil
}

// fetchesKept is how many fetches of one file are remembered.
const fetchesKept = 200

// RecordFetch remembers that a partner fetched a file of a route.
func (s *Store) RecordFetch(ctx context.Context, shop, route string, f store.Fetch) error {
	// Two fetches within a microsecond are one.
	const insert = `INSERT INTO fetches (shop, route, name, at, bytes, whole) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (shop, route, name, at) DO NOTHING`
	const forget = `DELETE FROM fetches WHERE shop = ? AND route = ? AND name = ? AND at <= (
		SELECT at FROM fetches WHERE shop = ? AND route = ? AND name = ? ORDER BY at DESC LIMIT 1 OFFSET ?)`
	err := s.Do(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(insert, shop, route, f.Name, f.At.UnixMicro(), f.Bytes, f.Whole); err != nil {
			return err
		}
		_, err := tx.Exec(forget, shop, route, f.Name, shop, route, f.Name, fetchesKept)
		return err
	})
	if err != nil {
		return fmt.Errorf("record fetch: %w", err)
	}
	return nil
}

// Fetches returns the newest fetches of a route's files, newest first.
func (s *Store) Fetches(ctx context.Context, shop, route string, limit int) (list []store.Fetch, err error) {
	const query = `SELECT name, at, bytes, whole FROM fetches WHERE shop = ? AND route = ? ORDER BY at DESC LIMIT ?`
	err = s.View(ctx, func(v *View) error {
		rows, err := v.Query(query, shop, route, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var f store.Fetch
			var at int64
			if err := rows.Scan(&f.Name, &at, &f.Bytes, &f.Whole); err != nil {
				return err
			}
			f.At = time.UnixMicro(at).UTC()
			list = append(list, f)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read fetches: %w", err)
	}
	return list, nil
}

// Fetched returns when a file was fetched whole last; zero time: never.
func (s *Store) Fetched(ctx context.Context, shop, route, name string) (time.Time, error) {
	const query = `SELECT at FROM fetches WHERE shop = ? AND route = ? AND name = ? AND whole = 1 ORDER BY at DESC LIMIT 1`
	var at sql.NullInt64
	err := s.View(ctx, func(v *View) error {
		err := v.QueryRow(query, shop, route, name).Scan(&at)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("read fetches: %w", err)
	}
	if !at.Valid {
		return time.Time{}, nil
	}
	return time.UnixMicro(at.Int64).UTC(), nil
}

// Once implements store.Store.
func (s *Store) Once(ctx context.Context, shop, scope, key string, value []byte) (kept []byte, err error) {
	const add = `INSERT INTO state (shop, scope, key, value) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`
	const read = `SELECT value FROM state WHERE shop = ? AND scope = ? AND key = ?`
	err = s.Do(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(add, shop, scope, key, value); err != nil {
			return err
		}
		return tx.QueryRow(read, shop, scope, key).Scan(&kept)
	})
	if err != nil {
		return nil, fmt.Errorf("keep state: %w", err)
	}
	return kept, nil
}
