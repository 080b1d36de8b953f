package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

// ReviewRow is a version of a review as the stores' tables hold it.
type ReviewRow struct {
	review.Review
	Seq int64 // of its event, where its words stand
}

// Version is when this version was written, in microseconds.
func (r *ReviewRow) Version() int64 { return r.Review.Version().UnixMicro() }

// Values are the columns behind the shop: id, seq, at, version, order_id,
// source, about, product, stars, locale, location, tags, link, platform,
// verified, deleted.
func (r *ReviewRow) Values() []any {
	return []any{
		r.ID, r.Seq, r.At.UnixMicro(), r.Version(), r.Order, r.Source, r.About, r.Product, r.Stars,
		r.Locale, r.Location, strings.Join(r.Tags, "\n"), r.Link, r.Platform, r.Verified, r.Deleted,
	}
}

// Scan reads the same columns.
func (r *ReviewRow) Scan(row interface{ Scan(...any) error }) error {
	var at, version int64
	var tags string
	err := row.Scan(&r.ID, &r.Seq, &at, &version, &r.Order, &r.Source, &r.About, &r.Product, &r.Stars,
		&r.Locale, &r.Location, &tags, &r.Link, &r.Platform, &r.Verified, &r.Deleted)
	r.At = time.UnixMicro(at).UTC()
	if version != at {
		r.Changed = time.UnixMicro(version).UTC()
	}
	if tags != "" {
		r.Tags = strings.Split(tags, "\n")
	}
	return err
}

// ReviewTx is a store's open transaction, as far as it keeps reviews.
type ReviewTx interface {
	// FindReview returns the kept version; nil: there is none.
	FindReview(shop, id string) (*ReviewRow, error)
	// KeepReview writes a version in place of the old one, which is nil where
	// there is none: the row, what it is listed by, and what it adds up to.
	KeepReview(shop string, old, now *ReviewRow) error
}

// RecordReview is what review.Store.Record returns, for every store.
func RecordReview(shop string, r review.Review) order.Effect {
	return recording{shop: shop, row: ReviewRow{Review: r}}
}

type recording struct {
	shop string
	row  ReviewRow
}

var _ order.Numbered = recording{}

// Of implements order.Numbered.
func (e recording) Of(seq int64, at time.Time) order.Effect {
	e.row.Seq = seq
	if e.row.At.IsZero() {
		e.row.At = at
	}
	return e
}

var errNotNumbered = errors.New("a review is recorded with its happening only")

// Apply implements order.Effect.
func (e recording) Apply(_ context.Context, transaction any) error {
	tx, ok := transaction.(ReviewTx)
	if !ok || e.row.Seq == 0 {
		return errNotNumbered
	}
	now := e.row // not e's own: it may be applied again
	old, err := tx.FindReview(e.shop, now.ID)
	if err != nil {
		return fmt.Errorf("record review: %w", err)
	}
	if old != nil {
		if now.Version() < old.Version() {
			return nil // heard late
		}
		if at := now.At; !at.Equal(old.At) {
			now.At, now.Changed = old.At, at
		}
	}
	if err := tx.KeepReview(e.shop, old, &now); err != nil {
		return fmt.Errorf("record review: %w", err)
	}
	return nil
}

// ReviewPage makes a page of the rows that read returns: see
// review.Filter.Paged, and Speak for what the rows lack.
func ReviewPage(f *review.Filter, read func(before review.Place, limit int) ([]ReviewRow, error)) (page []ReviewRow, next string, err error) {
	rows := map[string]ReviewRow{}
	list, next, err := f.Paged(func(before review.Place, limit int) ([]review.Review, error) {
		some, err := read(before, limit)
		out := make([]review.Review, len(some))
		for i := range some {
			rows[some[i].ID], out[i] = some[i], some[i].Review
		}
		return out, err
	})
	for i := range list {
		page = append(page, rows[list[i].ID])
	}
	return page, next, err
}

// ReviewSeqs are the events of rows.
func ReviewSeqs(rows []ReviewRow) []int64 {
	seqs := make([]int64, len(rows))
	for i := range rows {
		seqs[i] = rows[i].Seq
	}
	return seqs
}

// Speak puts the words of their events into reviews.
func Speak(rows []ReviewRow, events []*ledger.Stored) ([]review.Review, error) {
	out := make([]review.Review, len(rows))
	for i := range rows {
		out[i] = rows[i].Review
		e := events[i]
		if e == nil {
			return nil, fmt.Errorf("event %d is missing", rows[i].Seq)
		}
		h, err := e.Happening()
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", rows[i].Seq, err)
		}
		out[i].Speak(h)
		out[i].Erased = e.Personal != 0 && e.PersonalBody == nil
	}
	return out, nil
}
