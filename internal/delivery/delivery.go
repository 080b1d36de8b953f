// Package delivery brings accepted events to partners: plan, claim, attempt,
// settle. See states.md for the states.
package delivery

import (
	"context"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// State is where a delivery stands.
type State string

// The states; see states.md.
const (
	Ready           State = "ready"
	Held            State = "held"
	Sending         State = "sending"
	AwaitingPartner State = "pending"
	Retrying        State = "retrying"
	Asking          State = "asking"
	Failed          State = "failed"
	Parked          State = "parked"
	Delivered       State = "delivered"
	Refused         State = "refused"
	Cancelled       State = "cancelled"
	Superseded      State = "superseded"
	Dropped         State = "dropped"
)

// Route is one configured route of a shop, ready to run.
type Route struct {
	Shop, Name, Partner string
	Connection          string // routes with an equal one share limits and breaker; default: Name
	Side                partner.Side
	Rules               Rules
	Disabled            bool // switched off: keeps its position and comes back paused
	// Door is set for a door's callback: the prefix of the door's sources
	// ("deliveryhero:"). What they said is not sent back to them, except the
	// kinds that Side.Confirms names.
	Door string
	// Revision changes with the route's configuration, secrets included (a
	// digest of it). A route that the partner's word blocked goes on when it
	// changed; empty: with every SetRoutes.
	Revision string
	// Slots, Rate and DailyCap lower the side's own; 0: the side's.
	Slots    int
	Rate     float64
	DailyCap int
}

// Rules decide what a route sends, and when.
type Rules struct {
	When     string        // expression over the order; "": all
	On       []order.Kind  // kinds of event; nil: the mode's default
	After    time.Duration // from the event's own time
	At       string        // "09:00" in the shop's zone; "": any time
	Unless   []order.Kind  // kinds that cancel; nil: cancelled, refunded for Once
	MaxAge   time.Duration // 0: the side's own; <0: none
	Lines    string        // expression over a line; "": all
	Trust    string        // "public": public orders too
	Location *time.Location
	Retry    RetryRules
	// Unclaimed sends invitations whatever other routes of the shop invite to.
	Unclaimed bool
}

// RetryRules bound the retries of a route.
type RetryRules struct {
	First, Max time.Duration // of the exponential schedule; 0: 5 s, 1 h
	// GiveUp is how long a delivery is retried before it is failed: the time
	// that its counted attempts waited. Hours in which the partner was down or
	// the route paused do not count. 0: 72 h.
	GiveUp   time.Duration
	Attempts int // 0: no bound but GiveUp
}

// Delivery is the fate of an event (or of an order) on one route.
type Delivery struct {
	Shop, Route  string
	Order        int64 // the order's number: seq of its first event
	Seq          int64 // the event that it delivers
	Run          int   // 0, 1 …: a replay or retry by a person is a new run
	State        State
	Attempt      int
	Due          time.Time // when the engine looks at it again; zero: never by itself
	Planned      time.Time
	Settled      time.Time
	Ref          string // the partner's number
	Code, Reason string // the last outcome's, or why one is held: a word for scripts, a sentence for people
	Call         int64  // the last call, see Call; 0: none
	Place        int    // its place in that call's batch
	Note         []byte
	Digest       []byte    // of the bytes sent, for Latest
	OrderID      string    // filled in when read for people
	Lines        []int     // filled in by OfOrder: places of the order's lines that the route carries now; nil: all of them
	Base         time.Time // the event's own time, from which Rules.After counts
	Act          Act       // what planned it
	Looks        int       // how often we asked since it was sent
	Absent       int       // how many of these said "not there"
}

// Call is the evidence of one Deliver or Look: its exchanges.
type Call struct {
	Shop, Route string
	ID          int64
	Tasks       int
	Exchanges   []outbound.Exchange
}

// Log is what the engine needs of the ledger.
type Log interface {
	Read(ctx context.Context, shop string, after int64, limit int) ([]ledger.Item, error)
	Head(ctx context.Context, shop string) (int64, error)
	SeqAt(ctx context.Context, shop string, t time.Time) (int64, error)
	States(ctx context.Context, shop string, numbers []int64) ([]*ledger.State, error)
	StatesByID(ctx context.Context, shop string, ids []string) ([]*ledger.State, error)
}

// Options of an Engine.
type Options struct {
	Log   Log
	Store Store
	Now   func() time.Time
	// Observe is told what happens, for metrics, logs and alerts; never nil.
	Observe Observer
	// Lag is the age of the oldest event not considered from which a route
	// counts as lagging; 0: 15 minutes.
	Lag time.Duration

	// Shared says that several nodes work over the store: a shop's routes run
	// only while the shop is owned (Own, Yield, Lose). Else all of them run.
	Shared bool
	// Lease allows this node to make calls; nil: always.
	Lease Lease
	// Lost is told, once, that a shop which this node held to be its own has
	// another owner; its routes have been dropped, as by Lose. It must not
	// block; nil: nobody is told.
	Lost func(shop string)
	// Agreed reports whether all living nodes have the same configuration; nil:
	// always. Only then a route that is not in it is marked as gone: while a
	// new configuration goes round, one node must not undo what another one
	// has begun.
	Agreed func() bool
}

// Lease is a node's leave to make calls. Safe for concurrent use.
type Lease interface {
	// Context ends when the lease that holds now is over. Calls that have left
	// are cut by it.
	Context() context.Context
	// Valid reports whether the lease holds. It is asked before every call,
	// right before its first byte; it must be cheap.
	Valid() bool
}

// Observer is told what happens. Calls must not block.
type Observer interface {
	// Attempted is called once per Deliver or Look.
	Attempted(a Attempt)
	// Settled is called for each delivery that changed its state.
	Settled(r *Route, from, to State, code string)
	// RouteChanged is called when a route starts, pauses, is blocked by the
	// partner's word (wrong key), when its breaker opens or closes.
	RouteChanged(r *Route, status RouteStatus)
	// Stalled is called when a route can not go on because its rounds fail (the
	// store or the log can not be read or written), once, with the first error,
	// and with nil when a round succeeds again. The route tries on by itself,
	// unless err is ErrLost.
	Stalled(r *Route, err error)
}

// Attempt is one summary of a call.
type Attempt struct {
	Shop, Route, Partner string
	Kind                 string // "deliver", "look", "poll"
	Tasks                int
	Results              map[State]int
	Duration             time.Duration
	Status               int // HTTP status of the last exchange; 0: none
	Error                string
}

// RouteStatus is a route's state, for people and scripts.
type RouteStatus struct {
	Shop, Route, Partner string
	State                string `json:"state"` // "flowing", "lagging", "paused", "blocked", "breaker_open", "failing", "gone"
	Reason               string // of paused, blocked, breaker_open, failing
	Position             int64
	Head                 int64
	Start                int64         // the head when the route was added
	Lag                  time.Duration // age of the oldest event that it has not considered
	Oldest               time.Time     // accepted_at of the oldest open delivery; zero: none
	Counts               map[State]int64
}
