package catalog

import (
	"context"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Store keeps shops' catalogues. Safe for concurrent use. Every change of a
// product or of an offer raises the shop's counter by one and is numbered by
// it, without gaps: who has seen version n sees all that came since by Changes
// (of products) or OfferChanges (of both).
type Store interface {
	OfferStore

	// Put keeps products, new or in place of those with the same codes, all or
	// none, and returns how many of them changed. Stock nil leaves what is
	// there. Errors: *order.Invalid ("products[3].gtin"), *Duplicate.
	Put(ctx context.Context, shop string, products []Product) (changed int, err error)
	// Find returns the products that lines name, in their sequence; nil: none
	// or several. Quantities do not count.
	Find(ctx context.Context, shop string, lines []Line) ([]*Product, error)
	// List returns products by code and where the next page starts ("":
	// nowhere). A page may be shorter than the limit, even empty, where few of
	// many products are selected: no call looks at more than MostLooked.
	// Errors: *order.Invalid for a cursor that no page gave.
	List(ctx context.Context, shop string, f Filter) (page []Product, next string, err error)
	// Changes returns the products that changed after a version, by version,
	// each as it stands now, deleted ones too: at most limit, at most
	// MostChanges.
	Changes(ctx context.Context, shop string, after int64, limit int) ([]Product, error)
	// Head returns the counter; 0: there never was a product.
	Head(ctx context.Context, shop string) (int64, error)
	// SetStock changes nothing but stock, all or none, and returns how many
	// products changed. Errors: *order.Invalid ("stock[2].code": there is no
	// such product).
	SetStock(ctx context.Context, shop string, stock []Restock) (changed int, err error)
	// SetActive lets products be sold, or not, and returns how many changed.
	SetActive(ctx context.Context, shop string, codes []string, active bool) (changed int, err error)
	// Delete removes products and returns how many there were. Their last
	// state stays in Changes.
	Delete(ctx context.Context, shop string, codes []string) (deleted int, err error)

	// Available says what could be had now. It reserves nothing; what the key
	// has reserved counts as available.
	Available(ctx context.Context, shop string, lines []Line, key string) ([]Availability, error)
	// Reserve keeps the lines for a key, as one basket, in place of whatever
	// was reserved for it, for ReservedFor. Errors: *Short, *order.Invalid; the
	// earlier reservation stays then. The key is kept as it is: give a digest
	// of what is secret.
	Reserve(ctx context.Context, shop, key string, lines []Line) error
	// Release gives back what is reserved for a key, if anything is.
	Release(ctx context.Context, shop, key string) error
	// Take returns what takes the lines from stock in the transaction that
	// appends an entry, and refuses it with *Short if one can not be had, or
	// *order.Invalid. What is reserved for the key ("": none) is used up.
	Take(shop, key string, lines []Line) order.Effect
}

// OfferStore keeps what the outlets of a shop (order.Order.Store) sell its
// products for. An outlet sells what has no Store, and what has it as its Store.
type OfferStore interface {
	// PutOffers keeps edits, in short transactions: after an error, what was
	// kept until then stays, and Changed counts it. Edits of products that the
	// outlet does not sell are left out and told; products are never made.
	// Errors: *order.Invalid ("offers[3].price"), with nothing kept.
	PutOffers(ctx context.Context, shop string, edits []OfferEdit) (OffersPut, error)
	// Offers returns what an outlet sells products for, named by their codes or
	// SKUs, in their sequence; nil: it sells none, or several have the SKU. At
	// most MostOffers: *order.Invalid.
	Offers(ctx context.Context, shop, store string, codes []string) ([]*Offer, error)
	// OffersOf is Offers for an assortment: of many outlets in sequence, the
	// products are looked up for the first one only.
	OffersOf(ctx context.Context, store string, a *Assortment) ([]*Offer, error)
	// ListOffers returns what an outlet sells, by the products' codes, and where
	// the next page starts, as List does.
	ListOffers(ctx context.Context, shop, store string, f OfferFilter) (page []Offer, next string, err error)
	// OfferPages counts what the filter selects, wherever its cursor is, and says
	// where every Limit-th offer begins. It is exact, and so looks at every
	// product of the shop, in short transactions: its answer is worth keeping
	// for as long as the counter stands (Head).
	OfferPages(ctx context.Context, shop, store string, f OfferFilter) (OfferPages, error)
	// Categories returns those of the products that an outlet sells, sorted. It
	// looks at every product, as OfferPages does.
	Categories(ctx context.Context, shop, store string) ([]string, error)
	// OfferChanges returns which products and offers changed after a version,
	// by version: at most limit, at most MostChanges.
	OfferChanges(ctx context.Context, shop string, after int64, limit int) ([]OfferChange, error)
	// Stores returns the outlets that products or offers of the shop ever
	// named, or that were opened, sorted.
	Stores(ctx context.Context, shop string) ([]string, error)
	// OpenStores remembers outlets that nothing may have named yet; nothing is
	// written if all are known. They sell what has no Store. Errors:
	// *order.Invalid ("stores[3]"), with nothing kept.
	OpenStores(ctx context.Context, shop string, stores []string) error
}

// The bounds of one call of a Store.
const (
	ReservedFor = 15 * time.Minute
	MostLooked  = 5000 // products that List looks at
	MostListed  = 500  // of a page
	MostChanges = 1000
	MostPut     = 5000 // products of one Put
	MostLines   = 1000
	MostOffers  = 5000
	MostEdits   = 10_000 // of one PutOffers
)

// Line is something asked for.
type Line struct {
	Type     CodeType
	Code     string
	Quantity order.Decimal // above 0
}

// Availability is the answer to a line.
type Availability struct {
	Product *Product      // nil: see Reason
	Reason  Reason        // "": the line can be had in full, or Ask
	Ask     bool          // of Kind Live: somebody else has to be asked
	Free    order.Decimal // what can be had; not set where somebody has to be asked
}

// Filter selects products; zero fields select all.
type Filter struct {
	Prefix string // of the code
	Text   string // a part of the name or of a code, in any case
	Store  string
	Parent string
	Brand  string
	Kind   *Kind
	Active *bool
	Cursor string
	Limit  int // 0: 100; at most MostListed
}
