package order

import (
	"context"
	"slices"
	"time"
)

// Subject names what an event is about.
type Subject struct {
	Kind string `json:"kind"` // SubjectOrder; later promotions, operators' acts
	ID   string `json:"id"`
}

// SubjectOrder is the kind of an order's subject.
const SubjectOrder = "order"

// Rank orders sources: of two that state a group of fields, the higher one has
// it; of equals the first.
type Rank int8

// The ranks, lowest first.
const (
	RankPublic   Rank = 1 // a publishable key
	RankRoute    Rank = 2 // what a partner reported through a route
	RankDoor     Rank = 3 // a secret door
	RankShop     Rank = 4 // the shop's own API and imports
	RankOperator Rank = 5 // a correction by a person
)

// Source is who said something. Name is stable over key rotation:
// "citrusad:default", "citrusad:default/public", "api:erp", "import",
// "route:dh", "operator:anna".
type Source struct {
	Name string `json:"name"`
	Rank Rank   `json:"rank"`
}

// Public reports whether the source holds a publishable key only.
func (s Source) Public() bool { return s.Rank == RankPublic }

// Statement is what one source says an order is.
type Statement struct {
	Order Order
	// Version is the source's own time of the statement, if it has one. A
	// statement older than that source's last changes nothing.
	Version time.Time
	// Wire is the statement as it came, blanks outside strings removed: what
	// the fingerprint is taken of. Nil: the canonical encoding of Order.
	Wire []byte
}

// Happening is what one source says happened to an order. It may precede its
// order.
type Happening struct {
	Kind         Kind           `json:"kind"`
	At           Time           `json:"at,omitzero"`  // the source's own time
	Ref          string         `json:"ref,omitzero"` // the source's own reference; identifies the happening
	Reason       string         `json:"reason,omitzero"`
	Amount       Money          `json:"amount,omitzero"` // of a refund
	Parcel       *Parcel        `json:"parcel,omitzero"`
	Lines        []Line         `json:"lines,omitzero"` // the lines concerned; empty: all
	Cancellation *Cancellation  `json:"cancellation,omitzero"`
	Review       *Reviewed      `json:"review,omitzero"` // of KindReviewed
	Title        string         `json:"title,omitzero"`  // of a review; personal, stored apart
	Note         string         `json:"note,omitzero"`   // personal, stored apart
	Extra        map[string]Raw `json:"extra,omitzero"`  // personal, stored apart
	Wire         []byte         `json:"-"`
}

// Reviewed is what a customer said in public, apart from the words, which
// stand in Title and Note. The happening's Ref tells its versions apart, ID
// the reviews.
type Reviewed struct {
	ID       string   `json:"id"`               // the review's own, unique in the shop
	About    string   `json:"about"`            // AboutShop or AboutProduct
	Product  string   `json:"product,omitzero"` // of a product: code, SKU or GTIN, as the invitation named it
	Stars    int      `json:"stars,omitzero"`   // 1 to 5; 0: none given
	Locale   string   `json:"locale,omitzero"`  // BCP 47
	Location string   `json:"location,omitzero"`
	Tags     []string `json:"tags,omitzero"`
	Link     string   `json:"link,omitzero"`     // where it can be read
	Platform string   `json:"platform,omitzero"` // "trustpilot"; "": our own form
	Verified bool     `json:"verified,omitzero"`
	Deleted  bool     `json:"deleted,omitzero"` // taken back by its writer or the platform
}

// What a review is about.
const (
	AboutShop    = "shop"
	AboutProduct = "product"
)

// Kind is the kind of an event.
type Kind string

// The kinds. KindPlaced and KindUpdated are statements, the rest happenings.
const (
	KindPlaced    Kind = "placed"  // the first statement of an order by any source
	KindUpdated   Kind = "updated" // a later statement
	KindAccepted  Kind = "accepted"
	KindReady     Kind = "ready"
	KindShipped   Kind = "shipped"
	KindDelivered Kind = "delivered"
	KindCancelled Kind = "cancelled"
	KindRefunded  Kind = "refunded"
	KindReviewed  Kind = "reviewed"
	KindMissing   Kind = "missing" // the customer says that it has not arrived; changes no status
	KindErased    Kind = "erased"
	KindNote      Kind = "note" // an operator's act or a remark; changes no state
)

// Kinds lists all kinds, in the usual sequence. The sequence is part of no
// stored form.
func Kinds() []Kind {
	return []Kind{
		KindPlaced, KindUpdated, KindAccepted, KindReady, KindShipped, KindDelivered,
		KindCancelled, KindRefunded, KindReviewed, KindMissing, KindErased, KindNote,
	}
}

// Known reports whether k is one of Kinds.
func (k Kind) Known() bool { return slices.Contains(Kinds(), k) }

// IsStatement reports whether events of this kind carry a statement.
func (k Kind) IsStatement() bool { return k == KindPlaced || k == KindUpdated }

// Status returns the status that a happening of this kind brings an order to;
// "" for kinds that change none.
func (k Kind) Status() Status {
	switch k {
	case KindAccepted, KindReady, KindShipped, KindDelivered, KindCancelled, KindRefunded:
		return Status(k)
	}
	return ""
}

// Entry is one thing to be accepted: a subject with a statement or a
// happening, never both.
type Entry struct {
	Subject   Subject
	Source    Source
	Statement *Statement
	Happening *Happening
	// RefuseUpdate makes a differing statement of a known order ErrConflict
	// instead of an update; decided in the writing transaction.
	RefuseUpdate bool
	// After is the subject's newest event that the caller has seen; 0: it does
	// not matter. One that came since refuses the whole call with ErrChanged,
	// decided in the writing transaction.
	After int64
	// History marks what is recorded but never delivered by itself.
	History bool
	// Origin is the route the event came from; it is never sent back there.
	Origin string
	// Effects are conditional writes of a core package in the same
	// transaction, whose failure refuses the whole call.
	Effects []Effect
}

// Effect is a conditional write that commits with an entry or refuses it.
// Exec is the open transaction of the store in use; the core package that
// makes the effect knows both.
type Effect interface {
	Apply(ctx context.Context, tx any) error
}

// Numbered is an Effect that wants to know the event it comes with: the store
// applies what Of returns in its place.
type Numbered interface {
	Effect
	// Of is told the event's place in the shop's ledger and when it was
	// accepted. It may be called again, with others, if the call is repeated.
	Of(seq int64, at time.Time) Effect
}

// Receipt is what a caller gets for an entry.
type Receipt struct {
	Subject Subject   `json:"subject"`
	Seq     int64     `json:"seq"`              // place in the shop's ledger; for a known one, of the event that first said it
	Hash    string    `json:"hash"`             // hex SHA-256 of the chain at Seq
	Kind    Kind      `json:"kind,omitzero"`    // what it became: placed, updated, shipped …
	Known   bool      `json:"known"`            // true: nothing new, nothing stored
	Changed []string  `json:"changed,omitzero"` // paths that an update changed
	At      time.Time `json:"at"`               // accepted_at
}

// Event is an accepted entry, as read back.
type Event struct {
	Shop    string
	Seq     int64
	Order   int64 // seq of the first event of the same subject: the subject's number in the shop
	At      time.Time
	Subject Subject
	Kind    Kind
	Source  Source
	Origin  string
	History bool
	Hash    [32]byte

	Statement *Order     // set for KindPlaced and KindUpdated; personal part joined unless erased
	Happening *Happening // set otherwise
	Erased    bool       // the personal part is gone
}
