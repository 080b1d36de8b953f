// Package store says what a hub needs of the place where it keeps everything.
// store/sqlite is the embedded one, store/postgres the one that several nodes
// share.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/search"
)

// Store is an open store. Safe for concurrent use.
type Store interface {
	ledger.Store
	// Deliveries returns the part that the delivery engine uses.
	Deliveries() delivery.Store
	// Reviews returns the part that keeps reviews.
	Reviews() review.Store
	// Catalog returns the part that keeps what shops sell.
	Catalog() catalog.Store
	// Promotions returns the part that keeps promotions.
	Promotions() promotion.Store
	// Search returns the index that orders are found by.
	Search() search.Store
	// Retention returns the part that removes what need not be kept.
	Retention() Retention
	// State returns the small key-value store of one scope of a shop: a
	// connection, a door, a part of the hub (shop "_hub").
	State(shop, scope string) partner.State
	// Once keeps a value that nobody has kept yet and returns what is kept:
	// of several callers, on several nodes, all get the first one's.
	Once(ctx context.Context, shop, scope, key string, value []byte) ([]byte, error)
	// Change writes several keys of one scope in one transaction, all or none:
	// false, and nothing is written, unless under each stands what the caller
	// believes.
	Change(ctx context.Context, shop, scope string, edits []Edit) (bool, error)

	// CreateToken keeps a new token, made at Issued. Errors: ErrTokenExists.
	CreateToken(ctx context.Context, t Token) error
	// RotateToken keeps a new token beside that of its name, which expires at
	// the moment until; it reports false, and keeps nothing, if there is none.
	// The new one has the old one's scope.
	RotateToken(ctx context.Context, t Token, until time.Time) (bool, error)
	// RevokeToken removes all tokens of a name and reports whether there was
	// one.
	RevokeToken(ctx context.Context, shop, name string) (bool, error)
	// FindToken returns the token of a digest; false if there is none or it
	// has expired.
	FindToken(ctx context.Context, digest [32]byte) (Token, bool, error)
	// Tokens returns a shop's tokens that have not expired, by name.
	Tokens(ctx context.Context, shop string) ([]Token, error)

	// RecordFetch remembers that a partner fetched a file of a route.
	RecordFetch(ctx context.Context, shop, route string, f Fetch) error
	// Fetches returns the newest fetches of a route's files, newest first.
	Fetches(ctx context.Context, shop, route string, limit int) ([]Fetch, error)
	// Fetched returns when a file was fetched whole last; zero time: never.
	Fetched(ctx context.Context, shop, route, name string) (time.Time, error)

	Stats() Stats
	// Close waits for what is queued. Safe to call twice.
	Close() error
}

// Edit is one key of Change.
type Edit = partner.Edit

// StateTx is what an open writing transaction of a store can do with State.
type StateTx interface {
	// ChangeState is Store.Change in the transaction.
	ChangeState(shop, scope string, edits []Edit, now time.Time) (bool, error)
}

// Changing is partner.State's Changing for a scope of a shop, in a store with a
// clock.
func Changing(now func() time.Time, shop, scope string, edits []Edit) order.Effect {
	return changing{now, shop, scope, edits}
}

type changing struct {
	now         func() time.Time
	shop, scope string
	edits       []Edit
}

// Apply implements order.Effect.
func (c changing) Apply(_ context.Context, tx any) error {
	t, ok := tx.(StateTx)
	if !ok {
		return fmt.Errorf("change state: %T is no transaction of a store", tx)
	}
	ok, err := t.ChangeState(c.shop, c.scope, c.edits, c.now())
	switch {
	case err != nil:
		return fmt.Errorf("change state: %w", err)
	case !ok:
		return order.ErrChanged
	}
	return nil
}

// Token is a token of our API. Of its text only the SHA-256 is kept.
type Token struct {
	Digest  [32]byte
	Shop    string // "_hub": every shop
	Name    string
	Scope   string    // "submit", "read", "operate", "admin"
	Created time.Time // the first one of this name
	Issued  time.Time // this one: later than Created after a rotation
	Expires time.Time // zero: never
}

// ErrTokenExists is the error of a second token of a name that is in use.
var ErrTokenExists = errors.New("a token of this name exists; rotate or revoke it")

// Fetch is one fetch of a file by a partner.
type Fetch struct {
	Name  string
	At    time.Time
	Bytes int64 // sent
	Whole bool  // the client read to the end
}

// Stats are numbers for people and metrics.
type Stats struct {
	Commits int64 // since the store was opened
	Appends int   // calls that wait for a writer
	Others  int   // other writes that do
}

// PrefixEnd is the first text behind all that begin with prefix, which is of
// printable ASCII.
func PrefixEnd(prefix string) string {
	if prefix == "" {
		return "\U0010FFFF"
	}
	last := len(prefix) - 1
	return prefix[:last] + string(rune(prefix[last]+1))
}
