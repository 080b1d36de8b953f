package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/store"
)

var _ store.Store = (*Store)(nil)

// stateValueMax bounds one value: state is for tokens, sessions and jobs, not
// for documents.
const stateValueMax = 1 << 20

// State implements store.Store.
func (s *Store) State(shop, scope string) partner.State {
	return &state{store: s, shop: shop, scope: scope}
}

type state struct {
	store       *Store
	shop, scope string
	epoch       Epoch // nil: everybody may write
}

var _ partner.State = (*state)(nil)

// longestKey is how long a key may be to stand in an index as it is.
const longestKey = 1000

// storedKey is a key as a column takes it. Keys that are too long for an
// index, or no text, are kept by their digest.
func storedKey(key string) string {
	if len(key) <= longestKey && utf8.ValidString(key) && strings.IndexByte(key, 0) < 0 {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// Get returns a value; false if there is none or it has expired.
func (s *state) Get(ctx context.Context, key string) ([]byte, bool, error) {
	const query = `SELECT value FROM state WHERE shop = $1 AND scope = $2 AND key = $3 AND (expires = 0 OR expires > $4)`
	values, err := list(ctx, s.store, pgx.RowTo[[]byte], query, s.shop, s.scope, storedKey(key), s.store.Now().UnixMicro())
	if err != nil {
		return nil, false, fmt.Errorf("read state: %w", err)
	}
	if len(values) == 0 {
		return nil, false, nil
	}
	return values[0], true, nil
}

// Put keeps a value, for ever with a ttl of 0. It is on disk when Put returns.
func (s *state) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if len(value) > stateValueMax {
		return fmt.Errorf("keep state: the value has %d bytes, at most %d are kept", len(value), stateValueMax)
	}
	if value == nil {
		value = []byte{}
	}
	now := s.store.Now()
	var expires int64
	if ttl > 0 {
		expires = now.Add(ttl).UnixMicro()
	}
	const put = `INSERT INTO state (shop, scope, key, value, expires) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (shop, scope, key) DO UPDATE SET value = excluded.value, expires = excluded.expires`
	err := s.store.do(ctx, func(tx *Tx) error {
		b := &pgx.Batch{}
		s.fence(ctx, b)
		b.Queue(put, s.shop, s.scope, storedKey(key), value, expires)
		if ttl == 0 {
			return tx.last(b)
		}
		return tx.lastBefore(b, sweepState(s.shop, now)) // those who write what expires also sweep
	})
	if err != nil {
		return fmt.Errorf("keep state: %w", err)
	}
	return nil
}

// sweepState removes what has expired. It is no part of the transaction before
// it, so that two of them can not wait for each other's values.
func sweepState(shop string, now time.Time) *pgx.QueuedQuery {
	q := &pgx.QueuedQuery{
		SQL:       `DELETE FROM state WHERE shop = $1 AND expires > 0 AND expires <= $2`,
		Arguments: []any{shop, now.UnixMicro()},
	}
	q.Exec(func(pgconn.CommandTag) error { return nil }) // what fails is left to the next
	return q
}

// Delete removes a value, if it is there.
func (s *state) Delete(ctx context.Context, key string) error {
	const query = `DELETE FROM state WHERE shop = $1 AND scope = $2 AND key = $3`
	err := s.store.do(ctx, func(tx *Tx) error {
		b := &pgx.Batch{}
		s.fence(ctx, b)
		b.Queue(query, s.shop, s.scope, storedKey(key))
		return tx.last(b)
	})
	if err != nil {
		return fmt.Errorf("remove state: %w", err)
	}
	return nil
}

// List implements partner.State.
func (s *state) List(ctx context.Context, prefix, after string, limit int) (keys []string, values [][]byte, err error) {
	const query = `SELECT key, value FROM state WHERE shop = $1 AND scope = $2 AND key > $3 AND key >= $4 AND key < $5
		AND (expires = 0 OR expires > $6) ORDER BY key LIMIT $7`
	type entry struct {
		Key   string
		Value []byte
	}
	all, err := list(ctx, s.store, pgx.RowToStructByPos[entry], query,
		s.shop, s.scope, after, prefix, store.PrefixEnd(prefix), s.store.Now().UnixMicro(), limit)
	if err != nil {
		return nil, nil, fmt.Errorf("list state: %w", err)
	}
	for _, e := range all {
		keys, values = append(keys, e.Key), append(values, e.Value)
	}
	return keys, values, nil
}

// Once implements store.Store.
func (s *Store) Once(ctx context.Context, shop, scope, key string, value []byte) (kept []byte, err error) {
	const add = `INSERT INTO state (shop, scope, key, value) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	// A statement of its own: it sees what the first one waited for.
	const read = `SELECT value FROM state WHERE shop = $1 AND scope = $2 AND key = $3`
	if value == nil {
		value = []byte{}
	}
	err = s.do(ctx, func(tx *Tx) error {
		b := &pgx.Batch{}
		b.Queue(add, shop, scope, storedKey(key), value)
		b.Queue(read, shop, scope, storedKey(key)).QueryRow(func(row pgx.Row) error { return row.Scan(&kept) })
		return tx.last(b)
	})
	if err != nil {
		return nil, fmt.Errorf("keep state: %w", err)
	}
	return kept, nil
}

// fetchesKept is how many fetches of one file are remembered.
const fetchesKept = 200

// RecordFetch implements store.Store.
func (s *Store) RecordFetch(ctx context.Context, shop, route string, f store.Fetch) error {
	// Two fetches within a microsecond are one.
	const insert = `INSERT INTO fetches (shop, route, name, at, bytes, whole) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (shop, route, name, at) DO NOTHING`
	const forget = `DELETE FROM fetches WHERE shop = $1 AND route = $2 AND name = $3 AND at <= (
		SELECT f.at FROM fetches f WHERE f.shop = $1 AND f.route = $2 AND f.name = $3 ORDER BY f.at DESC LIMIT 1 OFFSET $4)`
	err := s.do(ctx, func(tx *Tx) error {
		b := &pgx.Batch{}
		b.Queue(insert, shop, route, f.Name, f.At.UnixMicro(), f.Bytes, f.Whole)
		b.Queue(forget, shop, route, f.Name, fetchesKept)
		return tx.last(b)
	})
	if err != nil {
		return fmt.Errorf("record fetch: %w", err)
	}
	return nil
}

// Fetches implements store.Store.
func (s *Store) Fetches(ctx context.Context, shop, route string, limit int) ([]store.Fetch, error) {
	const query = `SELECT name, at, bytes, whole FROM fetches WHERE shop = $1 AND route = $2 ORDER BY at DESC LIMIT $3`
	scan := func(row pgx.CollectableRow) (f store.Fetch, err error) {
		var at int64
		err = row.Scan(&f.Name, &at, &f.Bytes, &f.Whole)
		f.At = fromMicros(at)
		return f, err
	}
	all, err := list(ctx, s, scan, query, shop, route, limit)
	if err != nil {
		return nil, fmt.Errorf("read fetches: %w", err)
	}
	return all, nil
}

// Fetched implements store.Store.
func (s *Store) Fetched(ctx context.Context, shop, route, name string) (at time.Time, err error) {
	const query = `SELECT at FROM fetches WHERE shop = $1 AND route = $2 AND name = $3 AND whole ORDER BY at DESC LIMIT 1`
	all, err := list(ctx, s, pgx.RowTo[int64], query, shop, route, name)
	if err != nil {
		return time.Time{}, fmt.Errorf("read fetches: %w", err)
	}
	if len(all) == 0 {
		return time.Time{}, nil
	}
	return fromMicros(all[0]), nil
}
