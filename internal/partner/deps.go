package partner

import (
	"context"
	"io"
	"log/slog"
	"syscall"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/mail"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/shipping"
)

// Deps is what a side is given.
type Deps struct {
	Partner     string
	Shop, Route string       // a route's; empty for a door
	Source      order.Source // a route's own, for what it appends
	Intake      Intake
	Orders      Orders
	People      People      // doors
	Credentials Credentials // doors
	Access      Access      // doors
	State       State       // scoped to the connection or the door
	// At is the door's State at one shop: what it changes there by Changing
	// commits with the shop's orders. Doors and callbacks.
	At       func(shop string) State
	Settings Settings // of the whole door, see Field.Hub
	Catalog  catalog.Store
	// Promotions are what shops sell for less; doors, callbacks, uploads.
	Promotions Promotions
	// Currency and Timezone are the shop's; routes and callbacks.
	Currency, Timezone string
	// Put uploads a file by SFTP, whole or not at all, in place of whatever has
	// its name; with write nil it logs in, sees whether the folder is there, and
	// leaves nothing. Errors hold no secret. Routes.
	Put      func(ctx context.Context, to SFTPTarget, folder, name string, write func(io.Writer) error) error
	Stock    Stock
	Couriers func(shop string) []shipping.Courier // the shop's own, as configured now
	// Note tells whoever listens to a call (docs/capture.md) what it was, where
	// method and path do not say: gate and method of the partner's API, and the
	// code of a fault in the body ("": none), as they are called there. A door
	// says so of the request whose context it is, before its handler returns,
	// the last word counts. A route says so of the call of HTTP that ended last
	// of those of its context, before it makes another one; of calls that it
	// makes at a time it notes none. Never nil.
	Note func(ctx context.Context, gate, method, fault string)
	// Refused keeps a caller with wrong credentials waiting, as a 401 does by
	// itself: for APIs that refuse them with another status. Doors call it before
	// they answer. Nil: nobody waits.
	Refused func(context.Context)
	Seal    Sealer // for what a side keeps in State and nobody else may read
	Reviews *review.Book
	Mail    *mail.Server // the hub's own; nil: none is configured; routes
	Files   Files        // what partners fetch from us; routes
	HTTP    *outbound.Client
	// Control is the net.Dialer.Control of a route that connects by other means
	// than HTTP and Put, where its addresses are not to be trusted; nil: they are.
	Control   func(network, address string, c syscall.RawConn) error
	Log       *slog.Logger
	Now       func() time.Time
	PublicURL string
}

// Intake accepts entries: all or nothing, on disk when it returns. Errors:
// *order.Invalid, order.ErrConflict, order.ErrChanged, order.ErrBusy,
// order.ErrReadOnly; anything else is a trouble of ours (500).
type Intake interface {
	Append(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error)
}

// Orders answers a side's reads.
type Orders interface {
	// Layers returns what the sources said of each order that are named
	// sourcePrefix or sourcePrefix + "/…" ("citrusad:default" covers its own
	// "/public", but not "citrusad:default2"), merged (secret before public);
	// nil where they said nothing.
	Layers(ctx context.Context, shop, sourcePrefix string, ids []string) ([]*order.Order, error)
	// ListLayers does so for the newest orders that such a source placed,
	// newest first.
	ListLayers(ctx context.Context, shop, sourcePrefix string, skip, limit int) ([]*order.Order, error)
	// Merged returns the merged state; nil where unknown or without a statement.
	Merged(ctx context.Context, shop string, ids []string) ([]*order.Order, error)
	// Newest returns each order's newest event, for Entry.After; 0 where
	// unknown. It is asked before what is to be looked at.
	Newest(ctx context.Context, shop string, ids []string) ([]int64, error)
	// Events returns all events of an order, oldest first. They are shared:
	// never change them. Errors: order.ErrNotFound.
	Events(ctx context.Context, shop, id string) ([]order.Event, error)
	// After returns the events of a shop behind a place in its log, at most
	// limit; fewer may come although there are more, none means that there is
	// none. They are shared: never change them.
	After(ctx context.Context, shop string, after int64, limit int) ([]order.Event, error)
	// SeqAt returns the place of the newest event that was accepted at or before
	// a time; 0: there is none.
	SeqAt(ctx context.Context, shop string, t time.Time) (int64, error)
}

// People finds and erases the persons in a shop's orders, for doors whose API
// has a call for that.
type People interface {
	// Find looks through the shop's log from after a place on (0: from its
	// beginning) and returns whose orders it found that are not erased yet, of
	// those that sources stated whose names begin with sourcePrefix; and from
	// where on to look further, 0: there is no more.
	Find(ctx context.Context, shop, sourcePrefix string, p Persons, after int64) (orders []string, next int64, err error)
	// Erase removes the person from orders everywhere, for good.
	Erase(ctx context.Context, shop string, orders []string) error
}

// Persons are those with one of these e-mail addresses, in whatever letters, as
// customer, recipient or payer; without any, all whose order was accepted first
// before a time.
type Persons struct {
	Emails []string
	Before time.Time
}

// Credentials find who presents a credential.
type Credentials interface {
	// Find looks the presented value up among the credentials of that kind
	// (Field.Name) of the partner's doors. False: unknown.
	Find(ctx context.Context, kind, presented string) (Grant, bool, error)
	// Check reports whether the presented value is that of a secret field of
	// the credential that the grant is of; in constant time, and for a Password
	// as slow as argon2id is.
	Check(ctx context.Context, g Grant, field, presented string) (bool, error)
	// List returns what the shop's credentials of this door open, of one kind
	// (Field.Of), by name: a door that answers by its shops' settings.
	List(ctx context.Context, shop, of string) ([]Grant, error)
	// All returns those of every shop: a door whose callers name a website or a
	// domain that is nobody's secret. In the sequence of shop and name.
	All(ctx context.Context, of string) ([]Grant, error)
}

// Access issues and checks the short-lived tokens of a door, without writing
// anything: any node takes what another one issued. What revokes a credential
// revokes its tokens.
type Access interface {
	// Issue returns a token of the credential that the grant is of. Use tells a
	// door's kinds of token apart ("access", "refresh", "code"); data is signed,
	// not secret, at most 256 characters, and holds nothing personal.
	Issue(g Grant, use, data string, ttl time.Duration) secret.Text
	// Check returns the grant, as it is now, and the data of a token. Errors:
	// secret.ErrToken for what we never issued or was revoked, secret.ErrExpired
	// (with the grant); anything else is a trouble of ours.
	Check(ctx context.Context, use, token string) (Grant, string, error)
}

// Sealer seals what a side keeps. The context is bound to it: what was sealed
// for one place opens in no other.
type Sealer interface {
	Seal(plain []byte, context string) []byte
	Open(sealed []byte, context string) ([]byte, error)
}

// Grant is what a credential opens.
type Grant struct {
	Shop     string
	ShopName string       // as people write it
	Account  string       // what a credential of another kind than the door's own is known by: a login
	Name     string       // the credential's name; rotation keeps it
	Source   order.Source // RankDoor; a side lowers it for public keys with its Public method
	Of       string       // the kind of credential, see Field.Of
	// Generation is raised when all tokens of the credential are revoked.
	Generation int64
	Settings   Settings // the door's settings at that shop; what is only kept as a hash is not in it
	// Former are the secrets of before a rotation that go on counting for a
	// while, by field: for a door that can not ask Credentials.Check, because
	// callers present something else that was made of the secret.
	Former   map[string][]secret.Text
	Currency string // the shop's
	Timezone string // the shop's, IANA
}

// State is a small key-value store with expiry.
type State interface {
	Get(ctx context.Context, key string) ([]byte, bool, error)
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error // ttl 0: for ever
	Delete(ctx context.Context, key string) error
	// List returns keys that begin with prefix and come after the key after, in
	// the sequence of their bytes, at most limit of them, with their values. A
	// prefix is of printable ASCII; keys longer than 1000 bytes are not found.
	List(ctx context.Context, prefix, after string, limit int) (keys []string, values [][]byte, err error)
	// Change writes several keys in one transaction, all or none: false, and
	// nothing is written, unless under each stands what the caller believes.
	Change(ctx context.Context, edits ...Edit) (bool, error)
	// Changing is Change in the transaction that appends an entry of the same
	// shop; where something else stands, it refuses the call with
	// order.ErrChanged.
	Changing(edits ...Edit) order.Effect
}

// Edit is one key of State.Change.
type Edit struct {
	Key string
	Old []byte        // what stands there; nil: nothing does
	New []byte        // nil: nothing shall
	TTL time.Duration // of what is written; 0: for ever. The next Put with a ttl removes what is over
}

// Promotions are the promotions of shops, see promotion.Book: what is put is run
// by the hub.
type Promotions interface {
	Put(ctx context.Context, shop string, r *promotion.Request, wire []byte) (promotion.Job, error)
	Job(ctx context.Context, shop, id string) (*promotion.Job, error)
	Find(ctx context.Context, shop string, id int64) (*promotion.Promotion, error)
	List(ctx context.Context, shop string, before int64, limit int) ([]promotion.Promotion, error)
	Stores(ctx context.Context, shop string, id int64) ([]string, error)
	Shown(ctx context.Context, shop, store string, skus []string, at time.Time) ([]promotion.Shown, error)
	Changes(ctx context.Context, shop string, after int64, limit int) ([]promotion.Change, error)
	Head(ctx context.Context, shop string) (int64, error)
}

// Stock answers what a shop can sell, from its catalogue and, for products
// whose stock is somebody else's (catalog.Live), by asking the routes of the
// shop that carry them.
type Stock interface {
	// Available says what could be had of lines now, in their sequence; what
	// the key ("": none) has reserved counts. What a route said is believed for
	// a while, unless the question is fresh. It takes at most about 2 s: lines
	// that nobody answered by then have the reason catalog.Undecided.
	Available(ctx context.Context, shop string, lines []catalog.Line, key string, fresh bool) ([]catalog.Availability, error)
}

// Files are what partners fetch under /files/{shop}/{route}/. Written whole
// and atomically; each fetch is recorded.
type Files interface {
	// Write replaces the file by what write produces. Names are plain.
	Write(ctx context.Context, name string, write func(io.Writer) error) error
	// Fetched returns when the file was fetched whole last; zero time: never.
	Fetched(ctx context.Context, name string) (time.Time, error)
}

// Withdrawer is what Files may also be.
type Withdrawer interface {
	// Withdrawn reports whether the hub took the file away, because it spoke
	// of an erased order and could not be written anew. Who asks for it is
	// told to come again until Write brings the next.
	Withdrawn(ctx context.Context, name string) (bool, error)
}
