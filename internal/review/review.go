// Package review is what ordermux knows of review invitations and reviews by
// itself, whatever platform they are for: the shops' settings, templates, the
// link in a mail and the form behind it, who wants no more mail, and the
// reviews that customers wrote.
package review

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/secret"
)

// KV is the small key-value store of a shop; partner.State says what its
// methods do.
type KV interface {
	Get(ctx context.Context, key string) ([]byte, bool, error)
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix, after string, limit int) (keys []string, values [][]byte, err error)
}

// Options of a Book.
type Options struct {
	KV        func(shop string) KV
	Store     Store
	Key       secret.Key                     // what links and digests of addresses are made with
	Shops     func(shop string) (Shop, bool) // as configured now
	PublicURL func() string                  // of the hub, without a slash at its end
	Append    func(context.Context, string, []order.Entry) ([]order.Receipt, error)
	// Swap writes a key of a shop's KV if its value is still old; nil: KV is
	// good enough.
	Swap func(ctx context.Context, shop, key string, old, value []byte) (bool, error)
	// Notify tells a shop's own people something by mail; nil: nobody is told.
	Notify func(ctx context.Context, shop string, to []string, subject, text string) error
	Merged func(ctx context.Context, shop string, ids []string) ([]*order.Order, error)
	Now    func() time.Time
	Log    *slog.Logger
}

// Shop is what the configuration says of a shop.
type Shop struct {
	Name     string
	Location *time.Location
	Settings Settings
}

// Book answers for the invitations and reviews of all shops. Safe for
// concurrent use.
type Book struct {
	opts   Options
	book   // what the forms and reviews keep in memory
	memory // what the settings and templates do
}

// New makes a book.
func New(opts Options) *Book {
	b := &Book{opts: opts}
	b.begin()
	return b
}

// Over returns the book as it would be over other small state: what the doors do
// with it is kept there.
func (b *Book) Over(kv func(shop string, now KV) KV) *Book {
	opts := b.opts
	opts.KV = func(shop string) KV { return kv(shop, b.opts.KV(shop)) }
	opts.Swap, opts.Notify = nil, nil
	return New(opts)
}

// Handler serves the forms: everything under /review/.
func (b *Book) Handler() http.Handler { return b.pages() }
