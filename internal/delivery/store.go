package delivery

import (
	"context"
	"errors"
	"time"
)

// ErrLost is returned by the store's writing methods when another owner took
// the route: its epoch is not ours. Nothing was written.
var ErrLost = errors.New("the route has another owner")

// Store keeps deliveries, their evidence, claims and the routes' positions. It
// is safe for concurrent use; for one route, the engine calls Commit from one
// goroutine at a time. Every method but Shops stays within one shop.
type Store interface {
	// Shops returns the shops that have route rows.
	Shops(ctx context.Context) ([]string, error)
	// OpenRoutes creates the rows of routes that are not stored, lets no earlier
	// owner write any more, and returns all rows of the shop, those of other
	// routes included, with Idle. The epoch is that with which the shop is
	// owned: ErrLost if it is not in force any more, else all rows of the shop
	// get it. Epoch 0, of a store that one node has for itself: the epoch of
	// every named row is raised.
	OpenRoutes(ctx context.Context, shop string, epoch int64, routes []RouteRow) ([]RouteRow, error)
	// Routes returns all rows of the shop.
	Routes(ctx context.Context, shop string) ([]RouteRow, error)
	// Commit writes a bundle in one transaction and sets each change's Answer.
	Commit(ctx context.Context, b *Bundle) error
	// SaveNote replaces the note of a delivery; ErrLost if the route's epoch is
	// another one.
	SaveNote(ctx context.Context, shop, route string, epoch int64, k Key, note []byte) error

	// Sending returns the route's deliveries in Sending.
	Sending(ctx context.Context, shop, route string) ([]Delivery, error)
	// Due returns the route's deliveries that have a Due, the earliest first,
	// future ones included, but not those in Sending. Bulk tells those that
	// backfills and replays planned from the others.
	Due(ctx context.Context, shop, route string, bulk bool, limit int) ([]Delivery, error)
	// Blocked returns numbers greater than after of orders that have a delivery
	// in Ready without a Due, ascending.
	Blocked(ctx context.Context, shop, route string, after int64, limit int) ([]int64, error)
	// OfOrders returns all deliveries of the orders, by order, seq and run.
	// Route "": of all routes.
	OfOrders(ctx context.Context, shop, route string, orders []int64) ([]Delivery, error)
	// List returns a page of deliveries in a stable sequence and where the next
	// page starts ("": nowhere). A page may be empty and yet have a next one.
	List(ctx context.Context, q Query) (page []Delivery, next string, err error)
	// Stuck returns the kinds of deliveries that wait and say why: in a state of
	// StuckStates and with a code, by state, route and code, at most MostStuck of
	// them, each counted up to MostCounted.
	Stuck(ctx context.Context, shop string) ([]StuckKind, error)
	// Counts returns how many deliveries there are per route and state.
	Counts(ctx context.Context, shop string) (map[string]map[State]int64, error)
	// Oldest returns the seq of the oldest delivery in one of the states; 0: none.
	Oldest(ctx context.Context, shop, route string, states []State) (int64, error)
	// Calls returns the evidence of all calls of a delivery, oldest first.
	Calls(ctx context.Context, d Delivery) ([]Call, error)
	// Usage returns how many calls a connection made on a day.
	Usage(ctx context.Context, shop, connection, day string) (int, error)
}

// Key identifies a delivery of a route.
type Key struct {
	Order, Seq int64
	Run        int
}

// Key returns the delivery's key.
func (d *Delivery) Key() Key { return Key{d.Order, d.Seq, d.Run} }

// RouteRow is what is kept of a route.
type RouteRow struct {
	Shop, Route, Partner string

	Position   int64 // the newest event that it considered
	Start      int64 // the head when it was added: orders first seen until then are not its own
	Ahead      int64 // the newest event beyond Position of which a delivery was planned by command
	LastCall   int64
	Epoch      int64
	Status     Status
	Reason     string // of the status
	Revision   string // see Route.Revision
	Personal   bool   // it needs or may need the personal part of an order
	Backfilled []Range
	// Idle is set by OpenRoutes: the route has no delivery in Ready, Held,
	// Sending, AwaitingPartner, Retrying or Asking, so there is nothing to
	// recover and nothing due. Never written.
	Idle bool
}

// Status is what stops a route durably.
type Status string

// The statuses.
const (
	Flowing Status = ""
	Paused  Status = "paused"  // by a person, or come back into the configuration
	Blocked Status = "blocked" // by the partner's word about the login, the address or the account
	Gone    Status = "gone"    // not in the configuration, or disabled there
)

// Range is a range of orders by number, both ends included.
type Range struct{ From, To int64 }

// Bundle is what a route writes in one transaction.
type Bundle struct {
	Route      RouteRow // Position, Ahead and LastCall are written; all of it with Save
	Save       bool
	Connection string // with Used: counts calls against its daily cap
	Day        string
	Used       int
	Changes    []Change
	Calls      []Call
	Now        time.Time
}

// Change is one delivery as it shall be.
type Change struct {
	Row Delivery
	// From is the state in which the row must be; "": it must not exist.
	From State
	// Version, if not 0, must still be the order's newest seq: what was judged
	// is then what holds in this transaction.
	Version int64
	// Claims are kinds of invitation to take for the order.
	Claims []string
	// Release gives the order's claims up. Plant names routes that may take
	// them: one that has passed the order and has no delivery of it gets a Held
	// one, due now and with the code "claim_free".
	Release bool
	Plant   []string
	// Earlier is the call that Row.Call replaces; 0: none.
	Earlier      int64
	EarlierPlace int

	Answer Answer
	Owner  string // Taken: which route has the claim
}

// Answer is what became of a change.
type Answer int8

// The answers.
const (
	// Done: written as it is.
	Done Answer = iota
	// Stale: the order has changed since it was judged. A new row was stored
	// as Ready and due now instead; an existing one stands as it was.
	Stale
	// Taken: another route has a claim. Nothing was written.
	Taken
	// Moved: the row is not in the state From, or exists. Nothing was written.
	Moved
)

// Query selects deliveries of a shop. Zero fields select all.
type Query struct {
	Shop, Route string
	States      []State
	Orders      []int64
	Code        string
	FromSeq     int64
	ToSeq       int64
	Cursor      string
	Limit       int
}
