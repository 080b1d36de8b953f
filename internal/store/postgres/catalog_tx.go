package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/catalog"
)

// Catalog is the transaction as catalogues are written in.
func (t *Tx) Catalog() catalog.Tx { return catalogTx{catalogReader{t, t.ctx}, t} }

type catalogReader struct {
	q   querier
	ctx context.Context
}

type catalogTx struct {
	catalogReader
	tx *Tx
}

var _ catalog.Tx = catalogTx{}

func (r catalogReader) rows(query string, args ...any) ([]catalog.Row, error) {
	rows, err := r.q.Query(r.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p catalog.Row, err error) {
		err = row.Scan(&p.Code, &p.Version, &p.At, &p.Deleted, &p.Stock, &p.Body)
		return p, err
	})
}

// FindProducts implements catalog.Lookup.
func (r catalogReader) FindProducts(shop string, codes []string) ([]catalog.Row, error) {
	const query = `SELECT p.* FROM unnest($2::text[]) u (code) CROSS JOIN LATERAL (SELECT code, version, at, deleted, stock, body
		FROM products WHERE shop = $1 AND code BETWEEN u.code AND u.code ORDER BY code LIMIT 1) p`
	return r.rows(query, shop, codes)
}

// FindByKeys implements catalog.Lookup.
func (r catalogReader) FindByKeys(shop string, keys []catalog.Key) ([]catalog.Match, error) {
	const query = `SELECT u.n, p.* FROM unnest($2::text[], $3::text[]) WITH ORDINALITY u (kind, value, n)
		CROSS JOIN LATERAL (SELECT code FROM product_codes WHERE shop = $1 AND kind = u.kind AND value = u.value LIMIT 2) c
		CROSS JOIN LATERAL (SELECT code, version, at, deleted, stock, body FROM products
			WHERE shop = $1 AND code BETWEEN c.code AND c.code ORDER BY code LIMIT 1) p`
	kinds, values := make([]string, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		kinds[i], values[i] = k.Kind, k.Value
	}
	rows, err := r.q.Query(r.ctx, query, shop, kinds, values)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (m catalog.Match, err error) {
		err = row.Scan(&m.Place, &m.Code, &m.Version, &m.At, &m.Deleted, &m.Stock, &m.Body)
		m.Place-- // counted from 1
		return m, err
	})
}

// Held implements catalog.Lookup.
func (r catalogReader) Held(shop, except string, codes []string, now int64) ([]catalog.Hold, error) {
	const query = `SELECT r.* FROM unnest($2::text[]) u (code) CROSS JOIN LATERAL (SELECT code, quantity FROM reservations
		WHERE shop = $1 AND code BETWEEN u.code AND u.code AND key <> $3 AND expires > $4 ORDER BY code OFFSET 0) r`
	rows, err := r.q.Query(r.ctx, query, shop, codes, except, now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[catalog.Hold])
}

// LockCatalog implements catalog.Tx. An append has locked the head of the
// shop's log before; nobody takes the two the other way round.
func (t catalogTx) LockCatalog(shop string) (version int64, err error) {
	const query = `INSERT INTO catalogs AS c (shop, version) VALUES ($1, 0)
		ON CONFLICT (shop) DO UPDATE SET version = c.version RETURNING version`
	err = t.tx.QueryRow(t.ctx, query, shop).Scan(&version)
	return version, err
}

// KeepProducts implements catalog.Tx.
func (t catalogTx) KeepProducts(shop string, rows []catalog.Row) error {
	const keep = `INSERT INTO products (shop, code, version, at, deleted, stock, body)
		SELECT $1, u.* FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::boolean[], $6::bytea[], $7::bytea[]) u
		ON CONFLICT (shop, code) DO UPDATE SET version = excluded.version, at = excluded.at, deleted = excluded.deleted,
			stock = excluded.stock, body = excluded.body`
	const raise = `UPDATE catalogs SET version = $2 WHERE shop = $1`
	n := len(rows)
	codes, versions, ats, deleted := make([]string, n), make([]int64, n), make([]int64, n), make([]bool, n)
	stocks, bodies := make([][]byte, n), make([][]byte, n)
	for i := range rows {
		r := &rows[i]
		codes[i], versions[i], ats[i], deleted[i], stocks[i], bodies[i] = r.Code, r.Version, r.At, r.Deleted, r.Stock, r.Body
	}
	b := &pgx.Batch{}
	b.Queue(keep, shop, codes, versions, ats, deleted, stocks, bodies)
	b.Queue(raise, shop, versions[n-1])
	return t.tx.batch(b)
}

// ChangeCodes implements catalog.Tx.
func (t catalogTx) ChangeCodes(shop string, gone, added []catalog.Entry) error {
	const remove = `DELETE FROM product_codes WHERE shop = $1 AND kind = $2 AND value = $3 AND code = $4`
	const add = `INSERT INTO product_codes (shop, kind, value, code)
		SELECT $1, u.* FROM unnest($2::text[], $3::text[], $4::text[]) u ON CONFLICT DO NOTHING`
	b := &pgx.Batch{}
	for _, e := range gone {
		b.Queue(remove, shop, e.Kind, e.Value, e.Code)
	}
	if n := len(added); n > 0 {
		kinds, values, codes := make([]string, n), make([]string, n), make([]string, n)
		for i, e := range added {
			kinds[i], values[i], codes[i] = e.Kind, e.Value, e.Code
		}
		b.Queue(add, shop, kinds, values, codes)
	}
	return t.tx.batch(b)
}

// KeepHolds implements catalog.Tx.
func (t catalogTx) KeepHolds(shop, key string, holds []catalog.Hold, until, now int64) error {
	const over = `SELECT r.* FROM unnest($2::text[]) u (code) CROSS JOIN LATERAL (SELECT code, key FROM reservations
		WHERE shop = $1 AND code BETWEEN u.code AND u.code AND expires <= $3 ORDER BY code OFFSET 0) r`
	const remove = `DELETE FROM reservations WHERE shop = $1 AND code = $2 AND key = $3`
	const add = `INSERT INTO reservations (shop, code, key, quantity, expires)
		SELECT $1, u.code, $2, u.quantity, $3 FROM unnest($4::text[], $5::text[]) u (code, quantity)`
	codes, quantities := make([]string, len(holds)), make([]string, len(holds))
	for i, h := range holds {
		codes[i], quantities[i] = h.Code, h.Quantity
	}
	rows, err := t.tx.Query(t.ctx, over, shop, codes, now)
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	var code, old string
	_, err = pgx.ForEachRow(rows, []any{&code, &old}, func() error {
		b.Queue(remove, shop, code, old)
		return nil
	})
	if err != nil {
		return err
	}
	b.Queue(add, shop, key, until, codes, quantities)
	return t.tx.batch(b)
}

// DropHolds implements catalog.Tx.
func (t catalogTx) DropHolds(shop, key string) error {
	const query = `DELETE FROM reservations WHERE shop = $1 AND key = $2`
	_, err := t.tx.Exec(t.ctx, query, shop, key)
	return err
}

// Taken implements catalog.Tx. Who appends has locked the shop's head, so
// nobody else changes the row.
func (t catalogTx) Taken(shop, order string) (body []byte, err error) {
	const query = `SELECT body FROM taken WHERE shop = $1 AND order_id = $2`
	err = t.tx.QueryRow(t.ctx, query, shop, order).Scan(&body)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return body, err
}

// KeepTaken implements catalog.Tx.
func (t catalogTx) KeepTaken(shop, order string, taken []byte) error {
	const keep = `INSERT INTO taken (shop, order_id, body) VALUES ($1, $2, $3)
		ON CONFLICT (shop, order_id) DO UPDATE SET body = excluded.body`
	const drop = `DELETE FROM taken WHERE shop = $1 AND order_id = $2`
	if taken == nil {
		_, err := t.tx.Exec(t.ctx, drop, shop, order)
		return err
	}
	_, err := t.tx.Exec(t.ctx, keep, shop, order, taken)
	return err
}
