// Package api is the hub's own HTTP interface: handlers over the ledger, the
// delivery engine and the tokens, and the client that the commands use.
// openapi.json describes it; the tests hold every answer against it.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/cause"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/shipping"
)

// Hub is the reserved shop that acts and tokens of the whole hub belong to.
const Hub = "_hub"

// Ledger is what the API needs of the ledger.
type Ledger interface {
	Append(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error)
	Head(ctx context.Context, shop string) (int64, error)
	SeqAt(ctx context.Context, shop string, t time.Time) (int64, error)
	Read(ctx context.Context, shop string, after int64, limit int) ([]ledger.Item, error)
	States(ctx context.Context, shop string, numbers []int64) ([]*ledger.State, error)
	StatesByID(ctx context.Context, shop string, ids []string) ([]*ledger.State, error)
	Events(ctx context.Context, shop, id string) ([]order.Event, error)
	At(ctx context.Context, shop string, seqs []int64) ([]order.Event, error)
	Verify(ctx context.Context, shop string) (ledger.Report, error)
}

// Engine is what the API needs of the delivery engine. Methods that name a
// route or an order return order.ErrNotFound for an unknown one.
type Engine interface {
	Status(ctx context.Context, shop string) ([]delivery.RouteStatus, error)
	Pause(ctx context.Context, shop, route, reason string) error
	Resume(ctx context.Context, shop, route string) error
	Backfill(ctx context.Context, shop, route string, f delivery.Filter, dry bool) (delivery.Acted, error)
	Replay(ctx context.Context, shop, route string, f delivery.Filter, dry bool) (delivery.Acted, error)
	Retry(ctx context.Context, shop string, f delivery.Filter, dry bool) (delivery.Acted, error)
	Drop(ctx context.Context, shop string, f delivery.Filter, dry bool) (delivery.Acted, error)
	Hold(ctx context.Context, shop string, f delivery.Filter, reason string, dry bool) (delivery.Acted, error)
	Release(ctx context.Context, shop string, f delivery.Filter, dry bool) (delivery.Acted, error)
	Send(ctx context.Context, shop, route, orderID string, dry bool) (delivery.Verdict, error)
	Judge(ctx context.Context, shop, route, orderID string) (delivery.Verdict, error)
	Deliveries(ctx context.Context, shop string, f delivery.Filter) (list []delivery.Delivery, next string, err error)
	Stuck(ctx context.Context, shop string) ([]delivery.StuckGroup, error)
	StuckCodes(ctx context.Context, shop, route string, c cause.Cause) ([]string, error)
	OfOrder(ctx context.Context, shop, id string) ([]delivery.Delivery, []delivery.Verdict, error)
	Calls(ctx context.Context, d delivery.Delivery) ([]delivery.Call, error)
	Reconcile(ctx context.Context, shop, route string, f delivery.Filter) (missing []delivery.Verdict, next string, err error)
}

// Operator is what the hub itself can be told to do. A nil function makes its
// endpoint answer 404.
type Operator struct {
	// Erase removes the person from an order everywhere: ledger, deliveries,
	// evidence, files. order.ErrNotFound for an unknown order.
	Erase func(ctx context.Context, shop, id string) error
	// Reload reads the configuration file again, on every node its own, and
	// returns what became of it on each; none for a hub of one node. Its error
	// and those of the nodes are shown to the caller, so they hold no secret.
	Reload func(ctx context.Context) ([]NodeReload, error)
	// Backup writes a copy of the store into a folder of the hub's machine
	// that does not exist yet, or is empty, and returns what it wrote.
	Backup func(ctx context.Context, dir string) (BackupReport, error)
	// Alerts returns the troubles of all shops that have not ended.
	Alerts func(ctx context.Context) ([]Alert, error)
	// Flow tells how a shop's orders flowed in the last FlowMinutes minutes, the
	// oldest first.
	Flow func(ctx context.Context, shop string) ([]FlowMinute, error)
	// Nodes returns the nodes that the hub consists of.
	Nodes func(ctx context.Context) ([]Node, error)
	// Files returns the files of a route that its partner fetches, by name.
	// order.ErrNotFound for a route that is not configured.
	Files func(ctx context.Context, shop, route string) ([]RouteFile, error)
	// SendTest mails a letter that shows a template. Its errors are problems
	// where the mail server is to blame.
	SendTest func(ctx context.Context, to string, l review.Letter) error
	// Couriers returns how a configured shop sends goods, and its time zone.
	Couriers func(shop string) ([]shipping.Courier, *time.Location)
	// Mirror returns the couriers of a route's partner; fresh: as they are now.
	// order.ErrNotFound for a route that is not configured; a problem for one
	// whose partner has none, and where the partner is to blame.
	Mirror func(ctx context.Context, shop, route string, fresh bool) (*shipping.Mirror, error)
	// TestMessage sends a message of a route that means nothing, and says what
	// became of it; account "": the route's own. Errors as of Mirror, and
	// order.ErrNotFound for an unknown account.
	TestMessage func(ctx context.Context, shop, route, account string) (string, error)
	// TestOrder lets an order for tests be born at a partner's door.
	// order.ErrNotFound for a door that is not there, a problem for one that
	// makes none, *order.Invalid for an order that can not be.
	TestOrder func(ctx context.Context, shop, partner string, t partner.TestOrder) ([]order.Receipt, error)
	// Promote hands a promotion to the routes named, or (none) to all of the
	// shop that can take one; it is durable there when it returns. What a partner
	// can not be told stands with its route. order.ErrNotFound for a route that
	// is not configured, a problem for one that takes none.
	Promote func(ctx context.Context, shop string, routes []string, r *promotion.Request) ([]PromotedRoute, error)
	// Jobs lists what a door or a route was asked to do and did, or does, at a
	// shop, the newest first, and says where the next page starts ("": nowhere).
	// order.ErrNotFound for what is not there, a problem for what has none.
	Jobs func(ctx context.Context, shop string, of JobsOf, cursor string, limit int) (page []partner.Job, next string, err error)
	// Job returns one with its items; nil: there is none.
	Job func(ctx context.Context, shop string, of JobsOf, id string) (*partner.Job, error)
	// Doors describes the doors that a configured shop's clients can use, and the
	// receivers of its routes.
	Doors func(ctx context.Context, shop string) (Doors, error)
	// Refused returns calls to a shop's doors that were refused in the last days,
	// the newest first; those of Hub are of callers that nobody knows.
	Refused func(ctx context.Context, shop string) ([]RefusedCall, error)
	// Settings tells what is configured of a shop.
	Settings func(ctx context.Context, shop string) (ShopSettings, error)
	// Retention tells for how long a shop's data, or the hub's own, is kept; count:
	// and how much of it is due. order.ErrNotFound for an unknown shop.
	Retention func(ctx context.Context, shop string, count bool) (Retention, error)
	// Retain has what is old looked for soon, at the shop's owner.
	Retain func(ctx context.Context, shop string) error
	// Told returns what the deliveries of a shop came to since a mark, whichever
	// node has it; see delivery.Engine's.
	Told func(ctx context.Context, shop, mark string) (delivery.Told, error)
	// DoorURL is where clients reach a partner's door.
	DoorURL func(partner string) string
	// Shops returns the configured shops in the file's sequence.
	Shops func() []Shop
}

// Faults are the faults of the sandbox's doors, as JSON. Unknown partners are
// order.ErrNotFound, bad faults *order.Invalid.
type Faults interface {
	Faults(partner string) ([]byte, error)
	SetFaults(partner string, body []byte) error
}

// Options of the API.
type Options struct {
	Ledger Ledger
	Engine Engine
	Finder Finder // of orders
	Tokens Tokens
	// Credentials are those of doors; nil: the hub keeps none.
	Credentials Credentials
	// Book are the shops' invitations and reviews; nil: the hub keeps none.
	// Invites returns the routes of a shop that invite, in the sequence in which
	// they do.
	Book    Book
	Invites func(shop string) []InvitingRoute
	// Warnings says what the door of a source let pass in a statement; nil:
	// nothing.
	Warnings func(source string, o *order.Order) []string
	Captures Captures // nil: the hub has none
	People   People   // users of the console
	// Connections are the routes as they are set up; nil: the hub has those of
	// its configuration alone.
	Connections Connections
	Acts        ActIndex // nil: acts are looked for in the logs
	// Catalog and Stock are the shops' products; nil: the hub keeps none.
	Catalog catalog.Store
	Stock   Stock
	// Promotions are what shops sell for less; nil: the hub keeps none.
	Promotions Promotions

	// Importer reads files in, Checker looks for what routes lack; nil: the hub
	// does not.
	Importer Importer
	Checker  Checker

	Operator Operator
	Faults   Faults // nil: no sandbox, its endpoints answer 404
	Log      *slog.Logger
	Now      func() time.Time
	Stopping func() bool // the hub stops: answers without end do, too; nil: never
	Version  string      // told to callers that may ask, in Ordermux-Version
}

// API serves /api/. Safe for concurrent use.
type API struct {
	Options
	mux *http.ServeMux
}

var _ http.Handler = (*API)(nil)

// New makes the API.
func New(opts Options) *API {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Operator.Shops == nil {
		opts.Operator.Shops = func() []Shop { return nil }
	}
	a := &API{Options: opts, mux: http.NewServeMux()}
	a.register()
	return a
}

// ServeHTTP answers /api/ and what is under it.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	a.mux.ServeHTTP(w, r)
}

// endpoint is one line of the API.
type endpoint struct {
	method  string
	pattern string // {shop} names a shop; without it the endpoint is the hub's
	scope   Scope
	handle  func(a *API, r *request) (any, error)
}

// request is a call that may be made: who, about which shop.
type request struct {
	*http.Request
	grant Grant
	shop  string // "" for endpoints of the hub
}

// everyMethod are the methods that somebody may try.
var everyMethod = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodOptions, http.MethodTrace, http.MethodConnect,
}

// register binds the endpoints, and for each path an answer to every other
// method.
func (a *API) register() {
	methods := map[string][]string{}
	for _, e := range endpoints() {
		a.mux.HandleFunc(e.method+" "+e.pattern, func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, e) })
		methods[e.pattern] = append(methods[e.pattern], e.method)
		if e.method == http.MethodGet {
			methods[e.pattern] = append(methods[e.pattern], http.MethodHead)
		}
	}
	for pattern, allowed := range methods {
		slices.Sort(allowed)
		refuse := func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			a.fail(w, r, problemf(http.StatusMethodNotAllowed, "%s is not possible here, only %s", r.Method, strings.Join(allowed, ", ")))
		}
		// Each by its name: a pattern without a method would be at odds with those
		// that are less exact about the path.
		for _, m := range everyMethod {
			if !slices.Contains(allowed, m) {
				a.mux.HandleFunc(m+" "+pattern, refuse)
			}
		}
	}
	a.mux.HandleFunc("GET /api/openapi.json", serveOpenAPI)
	a.mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		a.fail(w, r, problemf(http.StatusNotFound, "there is no such path; see /api/openapi.json"))
	})
}

// serve checks who calls, runs the endpoint and writes its answer.
func (a *API) serve(w http.ResponseWriter, r *http.Request, e endpoint) {
	req, err := a.admit(r, e)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if a.Version != "" {
		w.Header().Set("Ordermux-Version", a.Version)
	}
	out, err := e.handle(a, req)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.answer(w, r, out)
}

// shop returns a configured shop.
func (a *API) shop(id string) (Shop, bool) {
	for _, s := range a.Operator.Shops() {
		if s.ID == id {
			return s, true
		}
	}
	return Shop{}, false
}
