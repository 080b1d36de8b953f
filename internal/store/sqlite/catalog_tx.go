package sqlite

import (
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
)

// Catalog is the transaction as catalogues are written in. There is one writer,
// so nothing has to be locked.
func (t *Tx) Catalog() catalog.Tx { return catalogTx{catalogReader{t}, t} }

type catalogReader struct{ q querier }

type catalogTx struct {
	catalogReader
	tx *Tx
}

var _ catalog.Tx = catalogTx{}

func (r catalogReader) rows(query string, args ...any) (list []catalog.Row, err error) {
	rows, err := r.q.Query(query, args...)
	if err != nil {
		return nil, err
	}
	err = eachRow(rows, func() error {
		var p catalog.Row
		err := rows.Scan(&p.Code, &p.Version, &p.At, &p.Deleted, &p.Stock, &p.Body)
		list = append(list, p)
		return err
	})
	return list, err
}

// FindProducts implements catalog.Lookup.
func (r catalogReader) FindProducts(shop string, codes []string) ([]catalog.Row, error) {
	const query = `SELECT p.code, p.version, p.at, p.deleted, p.stock, p.body FROM json_each(?1) v
		CROSS JOIN products p ON p.shop = ?2 AND p.code = v.value`
	list, err := jsonList(codes)
	if err != nil {
		return nil, err
	}
	return r.rows(query, list, shop)
}

// FindByKeys implements catalog.Lookup.
func (r catalogReader) FindByKeys(shop string, keys []catalog.Key) (list []catalog.Match, err error) {
	const query = `SELECT v.key, p.code, p.version, p.at, p.deleted, p.stock, p.body FROM json_each(?1) v
		CROSS JOIN products p ON p.shop = ?2 AND p.code IN (SELECT c.code FROM product_codes c WHERE c.shop = ?2
			AND c.kind = json_extract(v.value, '$[0]') AND c.value = json_extract(v.value, '$[1]') LIMIT 2)`
	pairs := make([][2]string, len(keys))
	for i, k := range keys {
		pairs[i] = [2]string{k.Kind, k.Value}
	}
	text, err := jsonList(pairs)
	if err != nil {
		return nil, err
	}
	rows, err := r.q.Query(query, text, shop)
	if err != nil {
		return nil, err
	}
	err = eachRow(rows, func() error {
		var m catalog.Match
		err := rows.Scan(&m.Place, &m.Code, &m.Version, &m.At, &m.Deleted, &m.Stock, &m.Body)
		list = append(list, m)
		return err
	})
	return list, err
}

// Held implements catalog.Lookup.
func (r catalogReader) Held(shop, except string, codes []string, now int64) (list []catalog.Hold, err error) {
	const query = `SELECT r.code, r.quantity FROM json_each(?1) v
		CROSS JOIN reservations r ON r.shop = ?2 AND r.code = v.value AND r.key <> ?3 AND r.expires > ?4`
	text, err := jsonList(codes)
	if err != nil {
		return nil, err
	}
	rows, err := r.q.Query(query, text, shop, except, now)
	if err != nil {
		return nil, err
	}
	err = eachRow(rows, func() error {
		var h catalog.Hold
		err := rows.Scan(&h.Code, &h.Quantity)
		list = append(list, h)
		return err
	})
	return list, err
}

// jsonList is a list as the engine's json_each reads it.
func jsonList[T any](list []T) (string, error) {
	b, err := json.Marshal(list)
	return string(b), err
}

// LockCatalog implements catalog.Tx.
func (t catalogTx) LockCatalog(shop string) (version int64, err error) {
	const query = `INSERT INTO catalogs (shop, version) VALUES (?, 0)
		ON CONFLICT (shop) DO UPDATE SET version = version RETURNING version`
	err = t.tx.QueryRow(query, shop).Scan(&version)
	return version, err
}

// KeepProducts implements catalog.Tx.
func (t catalogTx) KeepProducts(shop string, rows []catalog.Row) error {
	const keep = `INSERT INTO products (shop, code, version, at, deleted, stock, body) VALUES %s
		ON CONFLICT (shop, code) DO UPDATE SET version = excluded.version, at = excluded.at, deleted = excluded.deleted,
			stock = excluded.stock, body = excluded.body`
	const raise = `UPDATE catalogs SET version = ? WHERE shop = ?`
	args := make([]driver.Value, 0, 7*len(rows))
	for i := range rows {
		r := &rows[i]
		args = append(args, shop, r.Code, r.Version, r.At, r.Deleted, r.Stock, r.Body)
	}
	if err := t.tx.InsertMany(keep, 7, args); err != nil {
		return err
	}
	_, err := t.tx.Exec(raise, rows[len(rows)-1].Version, shop)
	return err
}

// ChangeCodes implements catalog.Tx.
func (t catalogTx) ChangeCodes(shop string, gone, added []catalog.Entry) error {
	const remove = `DELETE FROM product_codes WHERE shop = ? AND kind = ? AND value = ? AND code = ?`
	const add = `INSERT INTO product_codes (shop, kind, value, code) VALUES %s ON CONFLICT DO NOTHING`
	for _, e := range gone {
		if _, err := t.tx.Exec(remove, shop, e.Kind, e.Value, e.Code); err != nil {
			return err
		}
	}
	args := make([]driver.Value, 0, 4*len(added))
	for _, e := range added {
		args = append(args, shop, e.Kind, e.Value, e.Code)
	}
	return t.tx.InsertMany(add, 4, args)
}

// KeepHolds implements catalog.Tx.
func (t catalogTx) KeepHolds(shop, key string, holds []catalog.Hold, until, now int64) error {
	const sweep = `DELETE FROM reservations WHERE shop = ? AND code = ? AND expires <= ?`
	const add = `INSERT INTO reservations (shop, code, key, quantity, expires) VALUES (?, ?, ?, ?, ?)`
	for _, h := range holds {
		if _, err := t.tx.Exec(sweep, shop, h.Code, now); err != nil {
			return err
		}
		if _, err := t.tx.Exec(add, shop, h.Code, key, h.Quantity, until); err != nil {
			return err
		}
	}
	return nil
}

// DropHolds implements catalog.Tx.
func (t catalogTx) DropHolds(shop, key string) error {
	const query = `DELETE FROM reservations WHERE shop = ? AND key = ?`
	_, err := t.tx.Exec(query, shop, key)
	return err
}

// Taken implements catalog.Tx.
func (t catalogTx) Taken(shop, order string) (body []byte, err error) {
	const query = `SELECT body FROM taken WHERE shop = ? AND order_id = ?`
	err = t.tx.QueryRow(query, shop, order).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return body, err
}

// KeepTaken implements catalog.Tx.
func (t catalogTx) KeepTaken(shop, order string, taken []byte) error {
	const keep = `INSERT INTO taken (shop, order_id, body) VALUES (?, ?, ?)
		ON CONFLICT (shop, order_id) DO UPDATE SET body = excluded.body`
	const drop = `DELETE FROM taken WHERE shop = ? AND order_id = ?`
	if taken == nil {
		_, err := t.tx.Exec(drop, shop, order)
		return err
	}
	_, err := t.tx.Exec(keep, shop, order, taken)
	return err
}
