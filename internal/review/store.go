package review

import (
	"context"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Store keeps reviews and what they add up to.
type Store interface {
	// Record returns what keeps a review, in the transaction that appends its
	// happening: a new version of a review takes the place of the older one,
	// and the totals follow.
	Record(shop string, r Review) order.Effect
	// List returns reviews, newest first, and where the next page starts ("":
	// nowhere).
	List(ctx context.Context, shop string, f Filter) (page []Review, next string, err error)
	// Totals returns the sums of one dimension by value, from and to being
	// months ("2026-11", both included; "": any).
	Totals(ctx context.Context, shop string, d Dimension, value, from, to string) ([]Total, error)
}

// Review is a review as it stands now.
type Review struct {
	order.Reviewed
	Order  string    `json:"order"`
	Source string    `json:"source"`
	At     time.Time `json:"at"`
	Title  string    `json:"title,omitzero"` // gone when the order is erased
	Text   string    `json:"text,omitzero"`  // likewise
	Erased bool      `json:"erased,omitzero"`
}

// Filter selects reviews; zero fields select all.
type Filter struct {
	Order, About, Product, Location, Tag, Locale, Platform string
	Stars                                                  int
	From, To                                               time.Time // To is not included
	Cursor                                                 string
	Limit                                                  int
}

// Dimension is what totals are taken by.
type Dimension string

// The dimensions.
const (
	ByAll      Dimension = "all"
	ByTag      Dimension = "tag"
	ByLocation Dimension = "location"
	ByProduct  Dimension = "product"
)

// Total is how many reviews there are and how many stars they gave.
type Total struct {
	Value string `json:"value,omitzero"` // the tag, location, product
	Month string `json:"month"`          // "2026-11", in UTC
	Count int64  `json:"count"`          // reviews with stars
	Stars int64  `json:"stars"`          // their sum
}
