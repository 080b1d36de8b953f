package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/store"
)

// Reviews implements store.Store.
func (s *Store) Reviews() review.Store { return reviews{s} }

type reviews struct{ store *Store }

// Record implements review.Store.
func (reviews) Record(shop string, r review.Review) order.Effect { return store.RecordReview(shop, r) }

var _ store.ReviewTx = (*Tx)(nil)

const reviewSelect = `SELECT r.id, r.seq, r.at, r.version, r.order_id, r.source, r.about, r.product, r.stars,
	r.locale, r.location, r.tags, r.link, r.platform, r.verified, r.deleted `

// FindReview implements store.ReviewTx.
func (t *Tx) FindReview(shop, id string) (*store.ReviewRow, error) {
	const find = reviewSelect + `FROM reviews r WHERE r.shop = ? AND r.id = ?`
	var r store.ReviewRow
	err := r.Scan(t.QueryRow(find, shop, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &r, err
}

// KeepReview implements store.ReviewTx.
func (t *Tx) KeepReview(shop string, old, now *store.ReviewRow) error {
	const keep = `INSERT OR REPLACE INTO reviews (shop, id, seq, at, version, order_id, source, about, product, stars,
		locale, location, tags, link, platform, verified, deleted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	if _, err := t.Exec(keep, append([]any{shop}, now.Values()...)...); err != nil {
		return err
	}
	gone, added, totals := review.Replace(reviewOf(old), &now.Review)
	return errors.Join(t.listReview(shop, now, gone, added), t.addUp(shop, totals))
}

func reviewOf(r *store.ReviewRow) *review.Review {
	if r == nil {
		return nil
	}
	return &r.Review
}

// listReview changes what a review is listed by. When it was written first
// never changes.
func (t *Tx) listReview(shop string, r *store.ReviewRow, gone, added []review.Key) error {
	const remove = `DELETE FROM review_keys WHERE shop = ? AND kind = ? AND value = ? AND at = ? AND id = ?`
	const add = `INSERT INTO review_keys (shop, kind, value, at, id) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	for _, k := range gone {
		if _, err := t.Exec(remove, shop, k.Kind, k.Value, r.At.UnixMicro(), r.ID); err != nil {
			return err
		}
	}
	for _, k := range added {
		if _, err := t.Exec(add, shop, k.Kind, k.Value, r.At.UnixMicro(), r.ID); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) addUp(shop string, totals []review.Added) error {
	const add = `INSERT INTO review_totals (shop, dimension, value, month, count, stars) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (shop, dimension, value, month) DO UPDATE SET count = count + excluded.count, stars = stars + excluded.stars`
	for _, a := range totals {
		if _, err := t.Exec(add, shop, string(a.Dimension), a.Value, a.Month, a.Count, a.Stars); err != nil {
			return err
		}
	}
	return nil
}

// List implements review.Store.
func (s reviews) List(ctx context.Context, shop string, f review.Filter) (page []review.Review, next string, err error) {
	err = s.store.View(ctx, func(v *View) error {
		var rows []store.ReviewRow
		rows, next, err = store.ReviewPage(&f, func(before review.Place, limit int) ([]store.ReviewRow, error) {
			return listReviews(v, shop, &f, before, limit)
		})
		if err != nil {
			return err
		}
		events, err := readEvents(v, shop, store.ReviewSeqs(rows))
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

func listReviews(v *View, shop string, f *review.Filter, before review.Place, limit int) (list []store.ReviewRow, err error) {
	const query = reviewSelect + `FROM review_keys k CROSS JOIN reviews r ON r.shop = k.shop AND r.id = k.id
		WHERE k.shop = ? AND k.kind = ? AND k.value = ? AND (k.at, k.id) < (?, ?) AND k.at >= ?
		ORDER BY k.at DESC, k.id DESC LIMIT ?`
	key := f.Key()
	rows, err := v.Query(query, shop, key.Kind, key.Value, before.At, before.ID, f.First(), limit)
	if err != nil {
		return nil, err
	}
	err = eachRow(rows, func() error {
		var r store.ReviewRow
		err := r.Scan(rows)
		list = append(list, r)
		return err
	})
	return list, err
}

// Totals implements review.Store.
func (s reviews) Totals(ctx context.Context, shop string, d review.Dimension, value, from, to string) (list []review.Total, err error) {
	const (
		all = `SELECT value, month, count, stars FROM review_totals WHERE shop = ? AND dimension = ?
			AND month >= ? AND month <= ? AND count > 0 ORDER BY value, month LIMIT ?`
		one = `SELECT value, month, count, stars FROM review_totals WHERE shop = ? AND dimension = ? AND value = ?
			AND month >= ? AND month <= ? AND count > 0 ORDER BY month LIMIT ?`
	)
	if to == "" {
		to = "~" // behind every month
	}
	query, args := all, []any{shop, string(d), from, to, review.MostTotals}
	if value != "" {
		query, args = one, []any{shop, string(d), value, from, to, review.MostTotals}
	}
	err = s.store.View(ctx, func(v *View) error {
		rows, err := v.Query(query, args...)
		if err != nil {
			return err
		}
		return eachRow(rows, func() error {
			var t review.Total
			err := rows.Scan(&t.Value, &t.Month, &t.Count, &t.Stars)
			list = append(list, t)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read totals of reviews: %w", err)
	}
	return list, nil
}
