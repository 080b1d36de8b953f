package review

import (
	"context"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Store keeps what there is to know of reviews apart from their words, and
// what they add up to. The words stand in the ledger, with the happening that
// said them: so nothing else has to be erased.
type Store interface {
	// Record returns what keeps a review, in the transaction that appends its
	// happening: a new version of a review takes the place of the older one,
	// and the totals follow. A version whose At is before that of the kept one
	// changes nothing. Title and text are not kept: List reads them from the
	// happening.
	Record(shop string, r Review) order.Effect
	// List returns reviews, newest first, and where the next page starts ("":
	// nowhere). A page may be shorter than the limit, even empty, where few of
	// many reviews are selected: no call looks at more than MostLooked. Errors:
	// *order.Invalid for a cursor that no page gave.
	List(ctx context.Context, shop string, f Filter) (page []Review, next string, err error)
	// Totals returns the sums of one dimension by value and month, sorted by
	// both. Value "": every value; from and to are months ("2026-11", both
	// included; "": any). At most MostTotals.
	Totals(ctx context.Context, shop string, d Dimension, value, from, to string) ([]Total, error)
}

// The bounds of one call of a Store.
const (
	MostLooked = 2000  // reviews that List looks at
	MostTotals = 10000 // rows that Totals returns
	MostListed = 200   // reviews of a page
)

// Review is a review as it stands now.
type Review struct {
	order.Reviewed
	Order   string    `json:"order"`
	Source  string    `json:"source"`
	At      time.Time `json:"at"`               // when it was written first
	Changed time.Time `json:"changed,omitzero"` // when this version was written, if it is not the first
	Title   string    `json:"title,omitzero"`   // gone when the order is erased
	Text    string    `json:"text,omitzero"`    // likewise
	Erased  bool      `json:"erased,omitzero"`  // there were words
}

// Version is when this version was written.
func (r *Review) Version() time.Time {
	if !r.Changed.IsZero() {
		return r.Changed
	}
	return r.At
}

// Filter selects reviews; zero fields select all.
type Filter struct {
	Order, About, Product, Location, Tag, Locale string
	Platform                                     string // OwnPlatform: those of our form
	Stars                                        int
	From, To                                     time.Time // To is not included
	Cursor                                       string
	Limit                                        int // 0: 50; at most MostListed
}

// OwnPlatform selects the reviews that our form collected.
const OwnPlatform = "form"

// Dimension is what totals are taken by.
type Dimension string

// The dimensions.
const (
	ByAll      Dimension = "all"
	ByAbout    Dimension = "about" // order.AboutShop, order.AboutProduct
	ByTag      Dimension = "tag"
	ByLocation Dimension = "location"
	ByProduct  Dimension = "product"
)

// Known reports whether there are totals by d.
func (d Dimension) Known() bool {
	switch d {
	case ByAll, ByAbout, ByTag, ByLocation, ByProduct:
		return true
	}
	return false
}

// Total is how many reviews there are and how many stars they gave.
type Total struct {
	Value string `json:"value,omitzero"` // the tag, location, product
	Month string `json:"month"`          // "2026-11", in UTC
	Count int64  `json:"count"`          // reviews with stars
	Stars int64  `json:"stars"`          // their sum
}
