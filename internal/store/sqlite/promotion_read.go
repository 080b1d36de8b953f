package sqlite

import (
	"database/sql"
	"errors"

	"github.com/ordermux/ordermux/internal/promotion"
)

// FindSame implements promotion.Lookup.
func (r promotionReader) FindSame(shop string, digest []byte) (*promotion.JobRow, error) {
	const find = jobSelect + `WHERE shop = ? AND digest = ? AND state BETWEEN 1 AND 2 ORDER BY number LIMIT 1`
	return oneJob(r.q, find, shop, digest)
}

// FirstOpen implements promotion.Lookup.
func (r promotionReader) FirstOpen(shop string) (*promotion.JobRow, error) {
	const find = jobSelect + `WHERE shop = ? AND state BETWEEN 1 AND 2 ORDER BY number LIMIT 1`
	return oneJob(r.q, find, shop)
}

// Jobs implements promotion.Lookup.
func (r promotionReader) Jobs(shop string, numbers []int64) ([]promotion.JobRow, error) {
	const query = jobSelect + `WHERE shop = ? AND number IN (SELECT value FROM json_each(?) v)`
	list, err := jsonList(numbers)
	if err != nil {
		return nil, err
	}
	return collect(r.q, func(rows *sql.Rows) (promotion.JobRow, error) { return scanJob(rows) }, query, shop, list)
}

// collect reads all rows of a query.
func collect[T any](q querier, scan func(*sql.Rows) (T, error), query string, args ...any) (list []T, err error) {
	rows, err := q.Query(query, args...)
	if err != nil {
		return nil, err
	}
	err = eachRow(rows, func() error {
		one, err := scan(rows)
		list = append(list, one)
		return err
	})
	return list, err
}

// Piece implements promotion.Lookup.
func (r promotionReader) Piece(shop string, job, piece int64) (body []byte, err error) {
	const find = `SELECT body FROM promotion_pieces WHERE shop = ? AND job = ? AND piece = ?`
	err = r.q.QueryRow(find, shop, job, piece).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return body, err
}

// Results implements promotion.Lookup.
func (r promotionReader) Results(shop string, job int64) ([][]byte, error) {
	const query = `SELECT result FROM promotion_pieces WHERE shop = ? AND job = ? AND result IS NOT NULL ORDER BY piece`
	return collect(r.q, func(rows *sql.Rows) (b []byte, err error) {
		err = rows.Scan(&b)
		return b, err
	}, query, shop, job)
}

// StoreBlocks implements promotion.Lookup.
func (r promotionReader) StoreBlocks(shop string, layer, from int64, limit int) ([]promotion.StoreRow, error) {
	const query = `SELECT bucket, body FROM promotion_stores WHERE shop = ? AND layer = ? AND bucket >= ? ORDER BY bucket LIMIT ?`
	return collect(r.q, func(rows *sql.Rows) (s promotion.StoreRow, err error) {
		err = rows.Scan(&s.Bucket, &s.Body)
		return s, err
	}, query, shop, layer, from, limit)
}

// Layers implements promotion.Lookup.
func (r promotionReader) Layers(shop string, id int64) (count int, newest int64, err error) {
	const query = `SELECT count(*), coalesce(max(layer), 0) FROM promotion_layers WHERE shop = ? AND promotion = ?`
	err = r.q.QueryRow(query, shop, id).Scan(&count, &newest)
	return count, newest, err
}

// Candidates implements promotion.Lookup. The caller puts the rows in sequence.
func (r promotionReader) Candidates(shop string, q promotion.Candidacy, limit int) (list []promotion.Candidate, err error) {
	const query = `SELECT starts, layer, stores, skus, body FROM promotion_skus
		WHERE shop = ?1 AND key = ?2 AND (starts, layer) < (?3, ?4) AND ends > ?5 AND stores & ?6 <> 0 AND skus & ?7 <> 0
		ORDER BY starts DESC, layer DESC LIMIT ?8`
	for i, place := range q.Places {
		some, err := collect(r.q, func(rows *sql.Rows) (promotion.Candidate, error) {
			c := promotion.Candidate{Place: i}
			err := rows.Scan(&c.Start, &c.Layer, &c.Stores, &c.SKUs, &c.Body)
			return c, err
		}, query, shop, place.Key, place.Start, place.Layer, q.At, q.Store, place.SKU, limit)
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	return list, nil
}

// LayersOf implements promotion.Lookup. What is joined is looked up row by row.
func (r promotionReader) LayersOf(shop string, layers []promotion.LayerAsk, hash int64) (list []promotion.LayerRow, err error) {
	const query = `SELECT l.layer, p.id, p.state, p.created, p.changed, p.body, s.body
		FROM json_each(?2) v CROSS JOIN promotion_layers l ON l.shop = ?1 AND l.layer = v.value
		CROSS JOIN promotions p ON p.shop = ?1 AND p.id = l.promotion
		LEFT JOIN promotion_stores s ON s.shop = ?1 AND s.layer = l.layer AND s.bucket = (?3 & (l.levels - 1))`
	const without = `SELECT l.layer, p.id, p.state, p.created, p.changed, p.body, NULL
		FROM json_each(?2) v CROSS JOIN promotion_layers l ON l.shop = ?1 AND l.layer = v.value
		CROSS JOIN promotions p ON p.shop = ?1 AND p.id = l.promotion`
	scan := func(rows *sql.Rows) (l promotion.LayerRow, err error) {
		err = rows.Scan(&l.Layer, &l.Promotion, &l.State, &l.Created, &l.Changed, &l.Header, &l.Stores)
		return l, err
	}
	ids := map[bool][]int64{}
	for _, ask := range layers {
		ids[ask.Stores] = append(ids[ask.Stores], ask.Layer)
	}
	for stores, some := range ids {
		text, err := jsonList(some)
		if err != nil {
			return nil, err
		}
		var found []promotion.LayerRow
		if stores {
			found, err = collect(r.q, scan, query, shop, text, hash)
		} else {
			found, err = collect(r.q, scan, without, shop, text)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

const promotionSelect = `SELECT id, print, state, starts, ends, due, created, changed, body FROM promotions `

func scanPromotion(row interface{ Scan(...any) error }) (p promotion.PromotionRow, err error) {
	err = row.Scan(&p.ID, &p.Print, &p.State, &p.Start, &p.End, &p.Due, &p.Created, &p.Changed, &p.Body)
	return p, err
}

func (r promotionReader) promotions(query string, args ...any) ([]promotion.PromotionRow, error) {
	return collect(r.q, func(rows *sql.Rows) (promotion.PromotionRow, error) { return scanPromotion(rows) }, query, args...)
}

// FindPromotion implements promotion.Lookup.
func (r promotionReader) FindPromotion(shop string, print []byte) (*promotion.PromotionRow, error) {
	const find = promotionSelect + `WHERE shop = ? AND print = ?`
	p, err := scanPromotion(r.q.QueryRow(find, shop, print))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &p, err
}

// Promotions implements promotion.Lookup.
func (r promotionReader) Promotions(shop string, ids []int64) ([]promotion.PromotionRow, error) {
	const query = promotionSelect + `WHERE shop = ? AND id IN (SELECT value FROM json_each(?) v)`
	list, err := jsonList(ids)
	if err != nil {
		return nil, err
	}
	return r.promotions(query, shop, list)
}

// ListPromotions implements promotion.Lookup.
func (r promotionReader) ListPromotions(shop string, before int64, limit int) ([]promotion.PromotionRow, error) {
	const query = promotionSelect + `WHERE shop = ? AND id < ? ORDER BY id DESC LIMIT ?`
	return r.promotions(query, shop, before, limit)
}

// FirstDue implements promotion.Lookup.
func (r promotionReader) FirstDue(shop string) (at int64, ok bool, err error) {
	const find = `SELECT due FROM promotions WHERE shop = ? ORDER BY due LIMIT 1`
	err = r.q.QueryRow(find, shop).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return at, err == nil, err
}

// Due implements promotion.Lookup.
func (r promotionReader) Due(shop string, by int64, limit int) ([]promotion.PromotionRow, error) {
	const query = promotionSelect + `WHERE shop = ? AND due <= ? ORDER BY due, id LIMIT ?`
	return r.promotions(query, shop, by, limit)
}

// Head implements promotion.Lookup.
func (r promotionReader) Head(shop string) (h promotion.Head, err error) {
	const find = `SELECT number, version FROM promotion_heads WHERE shop = ?`
	err = r.q.QueryRow(find, shop).Scan(&h.Number, &h.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return promotion.Head{}, nil
	}
	return h, err
}

// Changes implements promotion.Lookup.
func (r promotionReader) Changes(shop string, after int64, limit int) ([]promotion.ChangeRow, error) {
	const query = `SELECT version, at, kind, promotion, job FROM promotion_changes WHERE shop = ? AND version > ? ORDER BY version LIMIT ?`
	return collect(r.q, func(rows *sql.Rows) (c promotion.ChangeRow, err error) {
		err = rows.Scan(&c.Version, &c.At, &c.Kind, &c.Promotion, &c.Job)
		return c, err
	}, query, shop, after, limit)
}

// Left implements promotion.Lookup.
func (r promotionReader) Left(shop string, limit int) ([]promotion.LeftRow, error) {
	const query = `SELECT j.number, j.state, j.updated, l.layer IS NOT NULL FROM promotion_jobs j
		LEFT JOIN promotion_layers l ON l.shop = j.shop AND l.layer = j.number
		WHERE j.shop = ? AND j.pieces > 0 AND j.state NOT BETWEEN 1 AND 2 ORDER BY j.number LIMIT ?`
	return collect(r.q, func(rows *sql.Rows) (l promotion.LeftRow, err error) {
		err = rows.Scan(&l.Number, &l.State, &l.Updated, &l.Layer)
		return l, err
	}, query, shop, limit)
}

// OldJobs implements promotion.Lookup.
func (r promotionReader) OldJobs(shop string, before int64, limit int) ([]int64, error) {
	const query = `SELECT number FROM promotion_jobs WHERE shop = ? AND updated < ? AND state > 2 ORDER BY updated LIMIT ?`
	return collect(r.q, func(rows *sql.Rows) (n int64, err error) {
		err = rows.Scan(&n)
		return n, err
	}, query, shop, before, limit)
}
