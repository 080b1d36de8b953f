package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/store"
)

// Reviews implements store.Store.
func (s *Store) Reviews() review.Store { return reviews{s} }

type reviews struct{ store *Store }

// Record implements review.Store. The head of the shop's log is locked where it
// is applied, so nobody else records one meanwhile.
func (reviews) Record(shop string, r review.Review) order.Effect { return store.RecordReview(shop, r) }

var _ store.ReviewTx = (*Tx)(nil)

// FindReview implements store.ReviewTx.
func (t *Tx) FindReview(shop, id string) (*store.ReviewRow, error) {
	const find = `SELECT id, seq, at, version, order_id, source, about, product, stars,
		locale, location, tags, link, platform, verified, deleted FROM reviews WHERE shop = $1 AND id = $2`
	var r store.ReviewRow
	err := r.Scan(t.QueryRow(t.ctx, find, shop, id))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &r, err
}

// KeepReview implements store.ReviewTx, in one round trip.
func (t *Tx) KeepReview(shop string, old, now *store.ReviewRow) error {
	const keep = `INSERT INTO reviews (shop, id, seq, at, version, order_id, source, about, product, stars,
			locale, location, tags, link, platform, verified, deleted)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (shop, id) DO UPDATE SET seq = excluded.seq, version = excluded.version, order_id = excluded.order_id,
			source = excluded.source, about = excluded.about, product = excluded.product, stars = excluded.stars,
			locale = excluded.locale, location = excluded.location, tags = excluded.tags, link = excluded.link,
			platform = excluded.platform, verified = excluded.verified, deleted = excluded.deleted`
	const remove = `DELETE FROM review_keys WHERE shop = $1 AND kind = $2 AND value = $3 AND at = $4 AND id = $5`
	const list = `INSERT INTO review_keys (shop, kind, value, at, id) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`
	const add = `INSERT INTO review_totals AS t (shop, dimension, value, month, count, stars) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (shop, dimension, value, month) DO UPDATE SET count = t.count + excluded.count, stars = t.stars + excluded.stars`
	var before *review.Review
	if old != nil {
		before = &old.Review
	}
	gone, added, totals := review.Replace(before, &now.Review)
	b := &pgx.Batch{}
	b.Queue(keep, append([]any{shop}, now.Values()...)...)
	for _, k := range gone {
		b.Queue(remove, shop, k.Kind, k.Value, now.At.UnixMicro(), now.ID)
	}
	for _, k := range added {
		b.Queue(list, shop, k.Kind, k.Value, now.At.UnixMicro(), now.ID)
	}
	for _, a := range totals {
		b.Queue(add, shop, string(a.Dimension), a.Value, a.Month, a.Count, a.Stars)
	}
	return t.batch(b)
}

// List implements review.Store.
func (s reviews) List(ctx context.Context, shop string, f review.Filter) (page []review.Review, next string, err error) {
	err = s.store.view(ctx, func(v *View) error {
		var rows []store.ReviewRow
		rows, next, err = store.ReviewPage(&f, func(before review.Place, limit int) ([]store.ReviewRow, error) {
			return listReviews(v, shop, &f, before, limit)
		})
		if err != nil {
			return err
		}
		events, err := reader{v, v.ctx, shop}.Events(store.ReviewSeqs(rows))
		if err != nil {
			return err
		}
		page, err = store.Speak(rows, events)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list reviews: %w", err)
	}
	return page, next, nil
}

func listReviews(v *View, shop string, f *review.Filter, before review.Place, limit int) ([]store.ReviewRow, error) {
	const query = `SELECT r.* FROM (SELECT at, id FROM review_keys WHERE shop = $1 AND kind = $2 AND value = $3
			AND (at, id) < ($4, $5) AND at >= $6 ORDER BY at DESC, id DESC LIMIT $7) k
		CROSS JOIN LATERAL (SELECT id, seq, at, version, order_id, source, about, product, stars, locale, location, tags,
			link, platform, verified, deleted FROM reviews WHERE shop = $1 AND id = k.id OFFSET 0) r ORDER BY k.at DESC, k.id DESC`
	key := f.Key()
	rows, err := v.Query(v.ctx, query, shop, key.Kind, key.Value, before.At, before.ID, f.First(), limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r store.ReviewRow, err error) {
		err = r.Scan(row)
		return r, err
	})
}

// Totals implements review.Store.
func (s reviews) Totals(ctx context.Context, shop string, d review.Dimension, value, from, to string) ([]review.Total, error) {
	const (
		all = `SELECT value, month, count, stars FROM review_totals WHERE shop = $1 AND dimension = $2
			AND month >= $3 AND month <= $4 AND count > 0 ORDER BY value, month LIMIT $5`
		one = `SELECT value, month, count, stars FROM review_totals WHERE shop = $1 AND dimension = $2 AND value = $3
			AND month >= $4 AND month <= $5 AND count > 0 ORDER BY value, month LIMIT $6`
	)
	if to == "" {
		to = "~" // behind every month
	}
	query, args := all, []any{shop, string(d), from, to, review.MostTotals}
	if value != "" {
		query, args = one, []any{shop, string(d), value, from, to, review.MostTotals}
	}
	found, err := list(ctx, s.store, pgx.RowToStructByPos[review.Total], query, args...)
	if err != nil {
		return nil, fmt.Errorf("read totals of reviews: %w", err)
	}
	return found, nil
}
