package review

import (
	"context"
	"iter"

	"github.com/ordermux/ordermux/internal/order"
)

// Reviews returns a page of a shop's reviews, newest first, and where the next
// one starts; see Store.List.
func (b *Book) Reviews(ctx context.Context, shop string, f Filter) (page []Review, next string, err error) {
	return b.opts.Store.List(ctx, shop, f)
}

// EachReview goes through all reviews that a filter selects, newest first; its
// cursor says where to begin. An error ends it.
func (b *Book) EachReview(ctx context.Context, shop string, f Filter) iter.Seq2[Review, error] {
	f.Limit = MostListed
	return func(yield func(Review, error) bool) {
		for {
			page, next, err := b.opts.Store.List(ctx, shop, f)
			if err != nil {
				yield(Review{}, err)
				return
			}
			for _, r := range page {
				if !yield(r, nil) {
					return
				}
			}
			if f.Cursor = next; next == "" {
				return
			}
		}
	}
}

// Totals returns how many reviews there are and what stars they gave, by the
// values of a dimension and by month; see Store.Totals.
func (b *Book) Totals(ctx context.Context, shop string, d Dimension, value, from, to string) ([]Total, error) {
	return b.opts.Store.Totals(ctx, shop, d, value, from, to)
}

// Sum adds totals up. Of the value and month only what all of them share is
// left.
func Sum(list []Total) (sum Total) {
	for i, t := range list {
		if i == 0 {
			sum.Value, sum.Month = t.Value, t.Month
		}
		if t.Value != sum.Value {
			sum.Value = ""
		}
		if t.Month != sum.Month {
			sum.Month = ""
		}
		sum.Count += t.Count
		sum.Stars += t.Stars
	}
	return sum
}

// Mean is the mean of the stars with two digits, the half rounded up; zero
// where there is no review.
func (t Total) Mean() order.Decimal {
	if t.Count <= 0 {
		return order.Decimal{}
	}
	return order.FromInt((200*t.Stars+t.Count)/(2*t.Count), 2)
}
