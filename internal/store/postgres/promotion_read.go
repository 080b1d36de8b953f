package postgres

import (
	"errors"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/promotion"
)

// FindSame implements promotion.Lookup.
func (r promotionReader) FindSame(shop string, digest []byte) (*promotion.JobRow, error) {
	const find = jobSelect + `WHERE shop = $1 AND digest = $2 AND state BETWEEN 1 AND 2 ORDER BY number LIMIT 1`
	return r.oneJob(find, shop, digest)
}

// FirstOpen implements promotion.Lookup.
func (r promotionReader) FirstOpen(shop string) (*promotion.JobRow, error) {
	const find = jobSelect + `WHERE shop = $1 AND state BETWEEN 1 AND 2 ORDER BY number LIMIT 1`
	return r.oneJob(find, shop)
}

// Jobs implements promotion.Lookup.
func (r promotionReader) Jobs(shop string, numbers []int64) ([]promotion.JobRow, error) {
	const query = `SELECT j.* FROM unnest($2::bigint[]) u (number) CROSS JOIN LATERAL (SELECT number, id, state, digest, same,
			attempt, crashes, until, created, updated, pieces, done, body, result FROM promotion_jobs
		WHERE shop = $1 AND number BETWEEN u.number AND u.number ORDER BY number LIMIT 1) j`
	rows, err := r.q.Query(r.ctx, query, shop, numbers)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (promotion.JobRow, error) { return scanJob(row) })
}

// Piece implements promotion.Lookup.
func (r promotionReader) Piece(shop string, job, piece int64) (body []byte, err error) {
	const find = `SELECT body FROM promotion_pieces WHERE shop = $1 AND job = $2 AND piece = $3`
	err = r.q.QueryRow(r.ctx, find, shop, job, piece).Scan(&body)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return body, err
}

// Results implements promotion.Lookup.
func (r promotionReader) Results(shop string, job int64) ([][]byte, error) {
	const query = `SELECT result FROM promotion_pieces WHERE shop = $1 AND job = $2 AND result IS NOT NULL ORDER BY piece`
	rows, err := r.q.Query(r.ctx, query, shop, job)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[[]byte])
}

// StoreBlocks implements promotion.Lookup.
func (r promotionReader) StoreBlocks(shop string, layer, from int64, limit int) ([]promotion.StoreRow, error) {
	const query = `SELECT bucket, body FROM promotion_stores WHERE shop = $1 AND layer = $2 AND bucket >= $3 ORDER BY bucket LIMIT $4`
	rows, err := r.q.Query(r.ctx, query, shop, layer, from, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[promotion.StoreRow])
}

// Layers implements promotion.Lookup.
func (r promotionReader) Layers(shop string, id int64) (count int, newest int64, err error) {
	const query = `SELECT count(*), coalesce(max(layer), 0) FROM promotion_layers WHERE shop = $1 AND promotion = $2`
	err = r.q.QueryRow(r.ctx, query, shop, id).Scan(&count, &newest)
	return count, newest, err
}

// Candidates implements promotion.Lookup, in one round trip.
func (r promotionReader) Candidates(shop string, q promotion.Candidacy, limit int) ([]promotion.Candidate, error) {
	const query = `SELECT u.n, k.starts, k.layer, k.stores, k.skus, k.body
		FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) WITH ORDINALITY u (key, sku, starts, layer, n)
		CROSS JOIN LATERAL (SELECT starts, layer, stores, skus, body FROM promotion_skus WHERE shop = $1 AND key = u.key
			AND (starts, layer) < (u.starts, u.layer) AND ends > $6 AND stores & $7 <> 0 AND skus & u.sku <> 0
			ORDER BY starts DESC, layer DESC LIMIT $8) k`
	n := len(q.Places)
	keys, skus, starts, layers := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i, p := range q.Places {
		keys[i], skus[i], starts[i], layers[i] = p.Key, p.SKU, p.Start, p.Layer
	}
	rows, err := r.q.Query(r.ctx, query, shop, keys, skus, starts, layers, q.At, q.Store, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c promotion.Candidate, err error) {
		err = row.Scan(&c.Place, &c.Start, &c.Layer, &c.Stores, &c.SKUs, &c.Body)
		c.Place-- // counted from 1
		return c, err
	})
}

// LayersOf implements promotion.Lookup, in one round trip. What is joined is
// looked up row by row, whatever the planner believes of the tables.
func (r promotionReader) LayersOf(shop string, layers []promotion.LayerAsk, hash int64) ([]promotion.LayerRow, error) {
	const query = `SELECT u.layer, p.id, p.state, p.created, p.changed, p.body, s.body
		FROM unnest($2::bigint[], $3::boolean[]) u (layer, stores)
		CROSS JOIN LATERAL (SELECT promotion, levels FROM promotion_layers
			WHERE shop = $1 AND layer BETWEEN u.layer AND u.layer ORDER BY layer LIMIT 1) l
		CROSS JOIN LATERAL (SELECT id, state, created, changed, body FROM promotions
			WHERE shop = $1 AND id BETWEEN l.promotion AND l.promotion ORDER BY id LIMIT 1) p
		LEFT JOIN LATERAL (SELECT body FROM promotion_stores WHERE shop = $1 AND layer BETWEEN u.layer AND u.layer
			AND bucket = ($4 & (l.levels - 1)) AND u.stores ORDER BY layer, bucket LIMIT 1) s ON true`
	ids, stores := make([]int64, len(layers)), make([]bool, len(layers))
	for i, ask := range layers {
		ids[i], stores[i] = ask.Layer, ask.Stores
	}
	rows, err := r.q.Query(r.ctx, query, shop, ids, stores, hash)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[promotion.LayerRow])
}

const promotionSelect = `SELECT id, print, state, starts, ends, due, created, changed, body FROM promotions `

func (r promotionReader) promotions(query string, args ...any) ([]promotion.PromotionRow, error) {
	rows, err := r.q.Query(r.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[promotion.PromotionRow])
}

// FindPromotion implements promotion.Lookup.
func (r promotionReader) FindPromotion(shop string, print []byte) (*promotion.PromotionRow, error) {
	const find = promotionSelect + `WHERE shop = $1 AND print BETWEEN $2 AND $2 ORDER BY print LIMIT 1`
	list, err := r.promotions(find, shop, print)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// Promotions implements promotion.Lookup.
func (r promotionReader) Promotions(shop string, ids []int64) ([]promotion.PromotionRow, error) {
	const query = `SELECT p.* FROM unnest($2::bigint[]) u (id) CROSS JOIN LATERAL (SELECT id, print, state, starts, ends, due,
			created, changed, body FROM promotions WHERE shop = $1 AND id BETWEEN u.id AND u.id ORDER BY id LIMIT 1) p`
	return r.promotions(query, shop, ids)
}

// ListPromotions implements promotion.Lookup.
func (r promotionReader) ListPromotions(shop string, before int64, limit int) ([]promotion.PromotionRow, error) {
	const query = promotionSelect + `WHERE shop = $1 AND id < $2 ORDER BY id DESC LIMIT $3`
	return r.promotions(query, shop, before, limit)
}

// FirstDue implements promotion.Lookup.
func (r promotionReader) FirstDue(shop string) (at int64, ok bool, err error) {
	const find = `SELECT due FROM promotions WHERE shop = $1 AND due > $2 ORDER BY due LIMIT 1`
	err = r.q.QueryRow(r.ctx, find, shop, int64(math.MinInt64)).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	return at, err == nil, err
}

// Due implements promotion.Lookup.
func (r promotionReader) Due(shop string, by int64, limit int) ([]promotion.PromotionRow, error) {
	const query = promotionSelect + `WHERE shop = $1 AND due <= $2 ORDER BY due, id LIMIT $3`
	return r.promotions(query, shop, by, limit)
}

// Head implements promotion.Lookup.
func (r promotionReader) Head(shop string) (h promotion.Head, err error) {
	const find = `SELECT number, version FROM promotion_heads WHERE shop = $1`
	err = r.q.QueryRow(r.ctx, find, shop).Scan(&h.Number, &h.Version)
	if errors.Is(err, pgx.ErrNoRows) {
		return promotion.Head{}, nil
	}
	return h, err
}

// Changes implements promotion.Lookup.
func (r promotionReader) Changes(shop string, after int64, limit int) ([]promotion.ChangeRow, error) {
	const query = `SELECT version, at, kind, promotion, job FROM promotion_changes WHERE shop = $1 AND version > $2 ORDER BY version LIMIT $3`
	rows, err := r.q.Query(r.ctx, query, shop, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[promotion.ChangeRow])
}

// Left implements promotion.Lookup.
func (r promotionReader) Left(shop string, limit int) ([]promotion.LeftRow, error) {
	const query = `SELECT j.number, j.state, j.updated, l.layer IS NOT NULL FROM (SELECT number, state, updated FROM promotion_jobs
			WHERE shop = $1 AND pieces > 0 AND state NOT BETWEEN 1 AND 2 ORDER BY number LIMIT $2) j
		LEFT JOIN LATERAL (SELECT layer FROM promotion_layers
			WHERE shop = $1 AND layer BETWEEN j.number AND j.number ORDER BY layer LIMIT 1) l ON true`
	rows, err := r.q.Query(r.ctx, query, shop, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[promotion.LeftRow])
}

// OldJobs implements promotion.Lookup.
func (r promotionReader) OldJobs(shop string, before int64, limit int) ([]int64, error) {
	const query = `SELECT number FROM promotion_jobs WHERE shop = $1 AND updated < $2 AND state > 2 ORDER BY updated LIMIT $3`
	return numbers(r, query, shop, before, limit)
}
