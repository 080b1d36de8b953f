// Package search finds a shop's orders by what people know of them: id,
// reference, e-mail address, product code, parcel, channel, customer account,
// time, and how they stand at a partner.
//
// What orders are found by is written behind the log (Follower), so accepting
// an order costs nothing more; it holds no text, only digests under the shop's
// key. Erasing an order removes those of its person.
package search

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
)

// Kind is what a Key says of an order. The numbers are stored.
type Kind int8

// The kinds.
const (
	Email     Kind = 1 // of the customer, the recipient or whoever gets the invoice
	Reference Kind = 2 // another party's number of the order
	Product   Kind = 3 // any code of a product in it
	Parcel    Kind = 4 // a parcel's number
	Channel   Kind = 5 // that it came by
	Account   Kind = 6 // the shop's customer at one of its doors
)

// kinds are those that a text is looked for among which may be anything: not
// those of which each has many orders.
var kinds = [...]Kind{Email, Reference, Product, Parcel}

// Key is a text that orders are found by.
type Key struct {
	Kind   Kind
	Digest int64 // of the text, under the shop's key
}

// Entry is a key that an order has, or had.
type Entry struct {
	Key
	Number int64 // of the order
}

// Piece is what an index takes in one transaction.
type Piece struct {
	After   int64   // where the index has to stand
	To      int64   // where it stands then; After: there is more to come of what follows it
	Entries []Entry // sorted
	Erased  []int64 // numbers of orders whose e-mail addresses are removed
}

// Hit is an order that was found.
type Hit struct {
	Number   int64
	Accepted time.Time // its first event
}

// Place is a delivery in a list by state.
type Place struct{ Seq, Number int64 }

// Store keeps the index. Lists of orders come with the highest number first, of
// those above one and below another, both not among them.
type Store interface {
	// Indexed returns the newest event whose order can be found; 0: none.
	Indexed(ctx context.Context, shop string) (int64, error)
	// Index keeps a piece; false, and nothing is kept, if the index stands
	// somewhere else than the piece says. What it says of orders that were removed
	// with the beginning of the log is left out.
	Index(ctx context.Context, shop string, p Piece) (bool, error)
	// WithKey lists orders that have a key.
	WithKey(ctx context.Context, shop string, k Key, above, below int64, limit int) ([]int64, error)
	// HaveKey returns those of some orders that have a key.
	HaveKey(ctx context.Context, shop string, k Key, numbers []int64) ([]int64, error)
	// Orders lists all orders.
	Orders(ctx context.Context, shop string, above, below int64, limit int) ([]int64, error)
	// InState lists deliveries of a route in a state, neither Sending nor
	// Delivered, of events below one, the highest first.
	InState(ctx context.Context, shop, route string, s delivery.State, below int64, limit int) ([]Place, error)
	// Accepted returns when events were accepted, in their sequence; the zero
	// time: there is none.
	Accepted(ctx context.Context, shop string, seqs []int64) ([]time.Time, error)
}

// KeyOf makes a key of a text; secret is the shop's key. Upper and lower case
// are one, and of a parcel's number blanks do not count.
func KeyOf(secret []byte, kind Kind, text string) Key {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("search\x00"))
	mac.Write([]byte{byte(kind)})
	mac.Write([]byte(fold(kind, text)))
	return Key{kind, int64(binary.BigEndian.Uint64(mac.Sum(nil)))}
}

func fold(kind Kind, text string) string {
	if kind == Parcel {
		text = strings.ReplaceAll(text, " ", "")
	}
	return strings.ToLower(strings.TrimSpace(text))
}
