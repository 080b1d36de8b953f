package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/ordermux/ordermux/internal/promotion"
)

// Promotions implements store.Store.
func (s *Store) Promotions() promotion.Store { return promotions{s} }

type promotions struct{ store *Store }

// Now implements promotion.Store.
func (s promotions) Now() time.Time { return s.store.opts.Now() }

// Change implements promotion.Store.
func (s promotions) Change(ctx context.Context, f func(tx promotion.Tx) error) error {
	return s.store.Do(ctx, func(tx *Tx) error { return f(promotionTx{promotionReader{tx}, tx}) })
}

// Look implements promotion.Store.
func (s promotions) Look(ctx context.Context, f func(l promotion.Lookup) error) error {
	return s.store.View(ctx, func(v *View) error { return f(promotionReader{v}) })
}

type promotionReader struct{ q querier }

type promotionTx struct {
	promotionReader
	tx *Tx
}

var _ promotion.Tx = promotionTx{}

// LockPromotions implements promotion.Tx. There is one writer, so nothing has
// to be locked.
func (t promotionTx) LockPromotions(shop string) (promotion.Head, error) { return t.Head(shop) }

// KeepHead implements promotion.Tx.
func (t promotionTx) KeepHead(shop string, h promotion.Head) error {
	const keep = `INSERT INTO promotion_heads (shop, number, version) VALUES (?, ?, ?)
		ON CONFLICT (shop) DO UPDATE SET number = excluded.number, version = excluded.version`
	_, err := t.tx.Exec(keep, shop, h.Number, h.Version)
	return err
}

// LockJob implements promotion.Tx.
func (t promotionTx) LockJob(shop string, number, attempt int64) (*promotion.JobRow, error) {
	const find = jobSelect + `WHERE shop = ? AND number = ? AND attempt = ? AND state = 2`
	return oneJob(t.q, find, shop, number, attempt)
}

// KeepJob implements promotion.Tx.
func (t promotionTx) KeepJob(shop string, j *promotion.JobRow) error {
	const keep = `INSERT INTO promotion_jobs (shop, number, id, state, digest, same, attempt, crashes, until,
			created, updated, pieces, done, body, result) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (shop, number) DO UPDATE SET state = excluded.state, same = excluded.same, attempt = excluded.attempt,
			crashes = excluded.crashes, until = excluded.until, created = excluded.created, updated = excluded.updated,
			pieces = excluded.pieces, done = excluded.done, body = excluded.body, result = excluded.result`
	_, err := t.tx.Exec(keep, shop, j.Number, j.ID, j.State, j.Digest, j.Of, j.Attempt, j.Crashes, j.Until,
		j.Created, j.Updated, j.Pieces, j.Done, notNull(j.Body), notNull(j.Result))
	return err
}

// notNull is a value of a column that is never NULL.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// KeepClean implements promotion.Tx.
func (t promotionTx) KeepClean(shop string, job int64) error {
	const keep = `UPDATE promotion_jobs SET pieces = 0 WHERE shop = ? AND number = ?`
	_, err := t.tx.Exec(keep, shop, job)
	return err
}

// KeepPieces implements promotion.Tx.
func (t promotionTx) KeepPieces(shop string, job, from int64, pieces [][]byte) error {
	const add = `INSERT INTO promotion_pieces (shop, job, piece, body) VALUES (?, ?, ?, ?)`
	for i, body := range pieces {
		if _, err := t.tx.Exec(add, shop, job, from+int64(i), body); err != nil {
			return err
		}
	}
	return nil
}

// KeepResult implements promotion.Tx.
func (t promotionTx) KeepResult(shop string, job, piece int64, result []byte) error {
	const keep = `UPDATE promotion_pieces SET result = ? WHERE shop = ? AND job = ? AND piece = ?`
	_, err := t.tx.Exec(keep, result, shop, job, piece)
	return err
}

// KeepStores implements promotion.Tx.
func (t promotionTx) KeepStores(shop string, layer int64, rows []promotion.StoreRow) error {
	const add = `INSERT INTO promotion_stores (shop, layer, bucket, body) VALUES (?, ?, ?, ?)`
	for i := range rows {
		if _, err := t.tx.Exec(add, shop, layer, rows[i].Bucket, rows[i].Body); err != nil {
			return err
		}
	}
	return nil
}

// KeepSKUs implements promotion.Tx.
func (t promotionTx) KeepSKUs(shop string, layer int64, s promotion.Span, rows []promotion.SKURow) error {
	const add = `INSERT INTO promotion_skus (shop, key, starts, layer, ends, stores, skus, body) VALUES`
	const columns = 8
	args := make([]driver.Value, 0, len(rows)*columns)
	for i := range rows {
		r := &rows[i]
		args = append(args, shop, r.Key, s.Start, layer, s.End, s.Stores, r.SKUs, r.Body)
	}
	return t.tx.InsertMany(add, columns, args)
}

// KeepLayer implements promotion.Tx.
func (t promotionTx) KeepLayer(shop string, layer, promotion, levels int64) error {
	const add = `INSERT INTO promotion_layers (shop, layer, promotion, levels) VALUES (?, ?, ?, ?)`
	_, err := t.tx.Exec(add, shop, layer, promotion, levels)
	return err
}

// KeepPromotion implements promotion.Tx.
func (t promotionTx) KeepPromotion(shop string, p *promotion.PromotionRow) error {
	const keep = `INSERT INTO promotions (shop, id, print, state, starts, ends, due, created, changed, body)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (shop, id) DO UPDATE SET state = excluded.state, due = excluded.due, changed = excluded.changed, body = excluded.body`
	_, err := t.tx.Exec(keep, shop, p.ID, p.Print, p.State, p.Start, p.End, p.Due, p.Created, p.Changed, p.Body)
	return err
}

// AddChanges implements promotion.Tx.
func (t promotionTx) AddChanges(shop string, rows []promotion.ChangeRow) error {
	const add = `INSERT INTO promotion_changes (shop, version, at, kind, promotion, job) VALUES (?, ?, ?, ?, ?, ?)`
	for i := range rows {
		r := &rows[i]
		if _, err := t.tx.Exec(add, shop, r.Version, r.At, r.Kind, r.Promotion, r.Job); err != nil {
			return err
		}
	}
	return nil
}

// DropPromotion implements promotion.Tx.
func (t promotionTx) DropPromotion(shop string, id int64) error {
	const remove = `DELETE FROM promotions WHERE shop = ? AND id = ?`
	_, err := t.tx.Exec(remove, shop, id)
	return err
}

// DropLayer implements promotion.Tx.
func (t promotionTx) DropLayer(shop string, layer int64) error {
	const remove = `DELETE FROM promotion_layers WHERE shop = ? AND layer = ?`
	_, err := t.tx.Exec(remove, shop, layer)
	return err
}

// DropJob implements promotion.Tx.
func (t promotionTx) DropJob(shop string, number int64) error {
	const remove = `DELETE FROM promotion_jobs WHERE shop = ? AND number = ?`
	_, err := t.tx.Exec(remove, shop, number)
	return err
}

// DropPieces implements promotion.Tx.
func (t promotionTx) DropPieces(shop string, job int64, limit int) (int, error) {
	const remove = `DELETE FROM promotion_pieces WHERE shop = ?1 AND job = ?2 AND piece IN
		(SELECT piece FROM promotion_pieces WHERE shop = ?1 AND job = ?2 ORDER BY piece LIMIT ?3)`
	return t.removed(remove, shop, job, limit)
}

// DropSKUs implements promotion.Tx.
func (t promotionTx) DropSKUs(shop string, layer int64, limit int) (int, error) {
	const remove = `DELETE FROM promotion_skus WHERE (shop, key, starts, layer) IN
		(SELECT shop, key, starts, layer FROM promotion_skus INDEXED BY promotion_skus_layer WHERE shop = ? AND layer = ? LIMIT ?)`
	return t.removed(remove, shop, layer, limit)
}

// DropStores implements promotion.Tx.
func (t promotionTx) DropStores(shop string, layer int64, limit int) (int, error) {
	const remove = `DELETE FROM promotion_stores WHERE shop = ?1 AND layer = ?2 AND bucket IN
		(SELECT bucket FROM promotion_stores WHERE shop = ?1 AND layer = ?2 ORDER BY bucket LIMIT ?3)`
	return t.removed(remove, shop, layer, limit)
}

// DropChanges implements promotion.Tx. Their times run with their versions.
func (t promotionTx) DropChanges(shop string, before int64, limit int) (int, error) {
	const remove = `DELETE FROM promotion_changes WHERE shop = ?1 AND at < ?2 AND version IN
		(SELECT version FROM promotion_changes WHERE shop = ?1 ORDER BY version LIMIT ?3)`
	return t.removed(remove, shop, before, limit)
}

func (t promotionTx) removed(query string, args ...any) (int, error) {
	done, err := t.tx.Exec(query, args...)
	if err != nil {
		return 0, err
	}
	n, err := done.RowsAffected()
	return int(n), err
}

const jobSelect = `SELECT number, id, state, digest, same, attempt, crashes, until, created, updated, pieces, done, body, result
	FROM promotion_jobs `

func scanJob(row interface{ Scan(...any) error }) (j promotion.JobRow, err error) {
	err = row.Scan(&j.Number, &j.ID, &j.State, &j.Digest, &j.Of, &j.Attempt, &j.Crashes, &j.Until,
		&j.Created, &j.Updated, &j.Pieces, &j.Done, &j.Body, &j.Result)
	return j, err
}

func oneJob(q querier, query string, args ...any) (*promotion.JobRow, error) {
	j, err := scanJob(q.QueryRow(query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &j, err
}
