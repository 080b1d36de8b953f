package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/promotion"
)

// Promotions implements store.Store.
func (s *Store) Promotions() promotion.Store { return promotions{s} }

type promotions struct{ store *Store }

// Now implements promotion.Store.
func (s promotions) Now() time.Time { return s.store.Now() }

// Change implements promotion.Store.
func (s promotions) Change(ctx context.Context, f func(tx promotion.Tx) error) error {
	return s.store.do(ctx, func(tx *Tx) error { return f(promotionTx{promotionReader{tx, tx.ctx}, tx}) })
}

// Look implements promotion.Store.
func (s promotions) Look(ctx context.Context, f func(l promotion.Lookup) error) error {
	return s.store.view(ctx, func(v *View) error { return f(promotionReader{v, v.ctx}) })
}

type promotionReader struct {
	q   querier
	ctx context.Context
}

type promotionTx struct {
	promotionReader
	tx *Tx
}

var _ promotion.Tx = promotionTx{}

func (t promotionTx) exec(query string, args ...any) error {
	_, err := t.tx.Exec(t.ctx, query, args...)
	return err
}

// LockPromotions implements promotion.Tx.
func (t promotionTx) LockPromotions(shop string) (h promotion.Head, err error) {
	const lock = `INSERT INTO promotion_heads AS h (shop, number, version) VALUES ($1, 0, 0)
		ON CONFLICT (shop) DO UPDATE SET version = h.version RETURNING number, version`
	err = t.tx.QueryRow(t.ctx, lock, shop).Scan(&h.Number, &h.Version)
	return h, err
}

// KeepHead implements promotion.Tx.
func (t promotionTx) KeepHead(shop string, h promotion.Head) error {
	const keep = `UPDATE promotion_heads SET number = $2, version = $3 WHERE shop = $1`
	return t.exec(keep, shop, h.Number, h.Version)
}

// LockJob implements promotion.Tx.
func (t promotionTx) LockJob(shop string, number, attempt int64) (*promotion.JobRow, error) {
	const lock = jobSelect + `WHERE shop = $1 AND number = $2 AND attempt = $3 AND state = 2 FOR UPDATE`
	return t.oneJob(lock, shop, number, attempt)
}

// KeepJob implements promotion.Tx.
func (t promotionTx) KeepJob(shop string, j *promotion.JobRow) error {
	const keep = `INSERT INTO promotion_jobs (shop, number, id, state, digest, same, attempt, crashes, until,
			created, updated, pieces, done, body, result) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (shop, number) DO UPDATE SET state = excluded.state, same = excluded.same, attempt = excluded.attempt,
			crashes = excluded.crashes, until = excluded.until, created = excluded.created, updated = excluded.updated,
			pieces = excluded.pieces, done = excluded.done, body = excluded.body, result = excluded.result`
	return t.exec(keep, shop, j.Number, j.ID, j.State, j.Digest, j.Of, j.Attempt, j.Crashes, j.Until,
		j.Created, j.Updated, j.Pieces, j.Done, notNull(j.Body), notNull(j.Result))
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
	const keep = `UPDATE promotion_jobs SET pieces = 0 WHERE shop = $1 AND number = $2`
	return t.exec(keep, shop, job)
}

// KeepPieces implements promotion.Tx.
func (t promotionTx) KeepPieces(shop string, job, from int64, pieces [][]byte) error {
	const add = `INSERT INTO promotion_pieces (shop, job, piece, body)
		SELECT $1, $2, $3 + u.n - 1, u.body FROM unnest($4::bytea[]) WITH ORDINALITY u (body, n)`
	return t.exec(add, shop, job, from, pieces)
}

// KeepResult implements promotion.Tx.
func (t promotionTx) KeepResult(shop string, job, piece int64, result []byte) error {
	const keep = `UPDATE promotion_pieces SET result = $4 WHERE shop = $1 AND job = $2 AND piece = $3`
	return t.exec(keep, shop, job, piece, result)
}

// KeepStores implements promotion.Tx.
func (t promotionTx) KeepStores(shop string, layer int64, rows []promotion.StoreRow) error {
	const add = `INSERT INTO promotion_stores (shop, layer, bucket, body)
		SELECT $1, $2, u.* FROM unnest($3::bigint[], $4::bytea[]) u`
	buckets, bodies := make([]int64, len(rows)), make([][]byte, len(rows))
	for i := range rows {
		buckets[i], bodies[i] = rows[i].Bucket, rows[i].Body
	}
	return t.exec(add, shop, layer, buckets, bodies)
}

// KeepSKUs implements promotion.Tx.
func (t promotionTx) KeepSKUs(shop string, layer int64, s promotion.Span, rows []promotion.SKURow) error {
	const add = `INSERT INTO promotion_skus (shop, key, starts, layer, ends, stores, skus, body)
		SELECT $1, u.key, $2, $3, $4, $5, u.skus, u.body FROM unnest($6::bigint[], $7::bigint[], $8::bytea[]) u (key, skus, body)`
	keys, skus, bodies := make([]int64, len(rows)), make([]int64, len(rows)), make([][]byte, len(rows))
	for i := range rows {
		keys[i], skus[i], bodies[i] = rows[i].Key, rows[i].SKUs, rows[i].Body
	}
	return t.exec(add, shop, s.Start, layer, s.End, s.Stores, keys, skus, bodies)
}

// KeepLayer implements promotion.Tx.
func (t promotionTx) KeepLayer(shop string, layer, promotion, levels int64) error {
	const add = `INSERT INTO promotion_layers (shop, layer, promotion, levels) VALUES ($1, $2, $3, $4)`
	return t.exec(add, shop, layer, promotion, levels)
}

// KeepPromotion implements promotion.Tx.
func (t promotionTx) KeepPromotion(shop string, p *promotion.PromotionRow) error {
	const keep = `INSERT INTO promotions (shop, id, print, state, starts, ends, due, created, changed, body)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (shop, id) DO UPDATE SET state = excluded.state, due = excluded.due, changed = excluded.changed, body = excluded.body`
	return t.exec(keep, shop, p.ID, p.Print, p.State, p.Start, p.End, p.Due, p.Created, p.Changed, p.Body)
}

// AddChanges implements promotion.Tx.
func (t promotionTx) AddChanges(shop string, rows []promotion.ChangeRow) error {
	const add = `INSERT INTO promotion_changes (shop, version, at, kind, promotion, job) VALUES ($1, $2, $3, $4, $5, $6)`
	b := &pgx.Batch{}
	for i := range rows {
		r := &rows[i]
		b.Queue(add, shop, r.Version, r.At, r.Kind, r.Promotion, r.Job)
	}
	return t.tx.batch(b)
}

// DropPromotion implements promotion.Tx.
func (t promotionTx) DropPromotion(shop string, id int64) error {
	const remove = `DELETE FROM promotions WHERE shop = $1 AND id = $2`
	return t.exec(remove, shop, id)
}

// DropLayer implements promotion.Tx.
func (t promotionTx) DropLayer(shop string, layer int64) error {
	const remove = `DELETE FROM promotion_layers WHERE shop = $1 AND layer = $2`
	return t.exec(remove, shop, layer)
}

// DropJob implements promotion.Tx.
func (t promotionTx) DropJob(shop string, number int64) error {
	const remove = `DELETE FROM promotion_jobs WHERE shop = $1 AND number = $2`
	return t.exec(remove, shop, number)
}

// DropPieces implements promotion.Tx.
func (t promotionTx) DropPieces(shop string, job int64, limit int) (int, error) {
	const find = `SELECT piece FROM promotion_pieces WHERE shop = $1 AND job = $2 ORDER BY piece LIMIT $3`
	const remove = `DELETE FROM promotion_pieces WHERE shop = $1 AND job = $2 AND piece <= $3`
	return t.removed(find, remove, shop, job, limit)
}

// DropSKUs implements promotion.Tx. All rows of a layer have one start.
func (t promotionTx) DropSKUs(shop string, layer int64, limit int) (int, error) {
	const find = `SELECT key FROM promotion_skus WHERE shop = $1 AND layer = $2 ORDER BY key LIMIT $3`
	const remove = `DELETE FROM promotion_skus WHERE shop = $1 AND layer = $2 AND key <= $3`
	return t.removed(find, remove, shop, layer, limit)
}

// DropStores implements promotion.Tx.
func (t promotionTx) DropStores(shop string, layer int64, limit int) (int, error) {
	const find = `SELECT bucket FROM promotion_stores WHERE shop = $1 AND layer = $2 ORDER BY bucket LIMIT $3`
	const remove = `DELETE FROM promotion_stores WHERE shop = $1 AND layer = $2 AND bucket <= $3`
	return t.removed(find, remove, shop, layer, limit)
}

// removed removes the rows up to the last one that is found.
func (t promotionTx) removed(find, remove, shop string, of int64, limit int) (int, error) {
	keys, err := numbers(t.promotionReader, find, shop, of, limit)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	return len(keys), t.exec(remove, shop, of, keys[len(keys)-1])
}

// DropChanges implements promotion.Tx. Their times run with their versions.
func (t promotionTx) DropChanges(shop string, before int64, limit int) (int, error) {
	const find = `SELECT version FROM (SELECT version, at FROM promotion_changes WHERE shop = $1 AND version > 0 ORDER BY version LIMIT $3) c WHERE at < $2`
	const remove = `DELETE FROM promotion_changes WHERE shop = $1 AND version <= $2`
	versions, err := numbers(t.promotionReader, find, shop, before, limit)
	if err != nil || len(versions) == 0 {
		return 0, err
	}
	return len(versions), t.exec(remove, shop, versions[len(versions)-1])
}

func numbers(r promotionReader, query string, args ...any) ([]int64, error) {
	rows, err := r.q.Query(r.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

const jobSelect = `SELECT number, id, state, digest, same, attempt, crashes, until, created, updated, pieces, done, body, result
	FROM promotion_jobs `

func scanJob(row pgx.Row) (j promotion.JobRow, err error) {
	err = row.Scan(&j.Number, &j.ID, &j.State, &j.Digest, &j.Of, &j.Attempt, &j.Crashes, &j.Until,
		&j.Created, &j.Updated, &j.Pieces, &j.Done, &j.Body, &j.Result)
	return j, err
}

func (r promotionReader) oneJob(query string, args ...any) (*promotion.JobRow, error) {
	j, err := scanJob(r.q.QueryRow(r.ctx, query, args...))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &j, err
}
