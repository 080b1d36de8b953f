package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
)

// Connections are the routes of shops as they are set up: those of the
// configuration, and those that people connected while the hub runs.
type Connections interface {
	// Partners returns those that routes can lead to, with what they must be told.
	Partners() []RoutePartner
	// Setup returns how a route is set up. order.ErrNotFound: there is none.
	Setup(ctx context.Context, shop, route string) (RouteSetup, error)
	// Idle returns the connected routes of a shop that are not in force, by name.
	Idle(ctx context.Context, shop string) ([]IdleRoute, error)
	// Connect makes a route, or (change) sets one up anew that was connected; it
	// is in force at every node that could be asked when it returns. Errors:
	// *order.Invalid, order.ErrNotFound for one that was not connected, problems.
	Connect(ctx context.Context, shop, route string, spec RouteSpec, change bool) (RouteSetup, error)
	// Disconnect removes a connected route; its deliveries stay.
	Disconnect(ctx context.Context, shop, route string) error
	// Try logs in at the partner of a route, as it runs or (spec) as it would,
	// and leaves nothing there.
	Try(ctx context.Context, shop, route string, spec *RouteSpec) (Tried, error)
	// Rehearse tells what a route would do with an order, and what exactly would
	// leave the hub. Nothing does, and nothing is kept.
	Rehearse(ctx context.Context, shop, route, order string) (Rehearsal, error)
}

// The places where a route is set up.
const (
	FromFile  = "file"      // the configuration
	FromStore = "connected" // by people, while the hub runs
	FromDoor  = "door"      // a door's callback: there with its credentials
)

// RoutePartner is a partner that routes can lead to.
type RoutePartner struct {
	Name   string       `json:"name"`
	Title  string       `json:"title"`
	Fields []RouteField `json:"fields"`
}

// RouteField is one setting of a partner's routes.
type RouteField struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Kind        string   `json:"kind"` // "text", "bool", "int", "duration", "url", "list", "document"
	Required    bool     `json:"required"`
	Secret      bool     `json:"secret"`
	Default     string   `json:"default,omitzero"`
	Choices     []string `json:"choices,omitzero"`
	// Anew: where this one changes, secrets must be given again: they were meant
	// for another address.
	Anew bool `json:"anew,omitzero"`
}

// RoutePartners is the list of them.
type RoutePartners struct {
	Partners []RoutePartner `json:"partners"`
}

// RouteSpec is how a route is to be set up: values as texts, numbers, booleans
// or lists of texts. Secrets that are left out stay as they are.
type RouteSpec struct {
	Partner  string                `json:"partner"`
	Rules    map[string]FieldValue `json:"rules,omitzero"` // keys as in the configuration file; "retry.first"
	Settings map[string]FieldValue `json:"settings,omitzero"`
}

// NewRoute is a RouteSpec with the name of a route that is not there yet.
type NewRoute struct {
	Name string `json:"name"`
	RouteSpec
}

// RouteSetup is how a route is set up, without its secrets.
type RouteSetup struct {
	Name     string                `json:"name"`
	Partner  string                `json:"partner"`
	Title    string                `json:"title"` // the partner's
	From     string                `json:"from"`  // FromFile, FromStore, FromDoor
	InForce  bool                  `json:"in_force"`
	Fault    string                `json:"fault,omitzero"`    // why it is not
	Shadowed bool                  `json:"shadowed,omitzero"` // the file has a route of this name, too; the file wins
	Changed  time.Time             `json:"changed,omitzero"`  // of a connected one
	Rules    map[string]FieldValue `json:"rules"`
	Settings map[string]FieldValue `json:"settings"` // as set, without those that are left to their defaults
	Secrets  []string              `json:"secrets"`  // fields that have one
	Limits   RouteLimits           `json:"limits"`
	Troubles []string              `json:"troubles"` // what a person should mend although the route goes on
	Message  bool                  `json:"message"`  // it can send a test message
}

// RouteLimits are the limits in force, the side's own where no rule says
// otherwise.
type RouteLimits struct {
	Mode     string  `json:"mode,omitzero"` // "each", "latest", "once"
	Batch    int     `json:"batch"`         // orders per call
	Slots    int     `json:"slots,omitzero"`
	Rate     float64 `json:"rate,omitzero"` // calls per second; absent: no limit
	DailyCap int     `json:"daily_cap,omitzero"`
	Timeout  float64 `json:"timeout_seconds,omitzero"` // of one call
	MaxAge   float64 `json:"max_age_seconds,omitzero"` // of an order; absent: any
}

// IdleRoute is a connected route that is not in force, and why.
type IdleRoute struct {
	Name     string
	Partner  string
	Fault    string
	Shadowed bool
}

// Tried is what came of a login at a partner.
type Tried struct {
	OK        bool       `json:"ok"`
	Said      string     `json:"said"`          // what was found, or why not
	Code      string     `json:"code,omitzero"` // of a failure, in one word
	Exchanges []Exchange `json:"exchanges"`
}

// Rehearsal is what a route would do with an order.
type Rehearsal struct {
	State  delivery.State `json:"state,omitzero"` // of its newest delivery by the route; absent: there is none
	Now    Verdict        `json:"now"`            // what the rules say of it, whatever was done already
	ByHand Verdict        `json:"by_hand"`        // if a person sent it now
	// Requests are what would leave then, up to the first answer that is needed
	// to go on; secrets are masked.
	Requests []Exchange `json:"requests"`
}

// Idle is the state of a connected route that is not in force.
const Idle = "idle"

// withConnections answers 404 where routes stand in the file alone.
func withConnections(do func(a *API, r *request) (any, error)) func(a *API, r *request) (any, error) {
	return func(a *API, r *request) (any, error) {
		if a.Connections == nil {
			return nil, problemf(http.StatusNotFound, "this hub has the routes of its configuration alone")
		}
		return do(a, r)
	}
}

func (a *API) listRoutePartners(r *request) (any, error) {
	if err := newQuery(r).err(); err != nil {
		return nil, err
	}
	return RoutePartners{Partners: a.Connections.Partners()}, nil
}

// withIdle adds the connected routes that are not in force. One that ran before
// keeps its numbers: the engine has it as gone.
func (a *API) withIdle(r *request, routes []Route) ([]Route, error) {
	if a.Connections == nil {
		return routes, nil
	}
	list, err := a.Connections.Idle(r.Context(), r.shop)
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		if i.Shadowed {
			continue
		}
		at := slices.IndexFunc(routes, func(k Route) bool { return k.Name == i.Name })
		switch {
		case at < 0:
			routes = append(routes, Route{Name: i.Name, Partner: i.Partner, State: Idle, Reason: i.Fault})
		case routes[at].State == "gone":
			routes[at].State, routes[at].Reason = Idle, i.Fault
		}
	}
	return routes, nil
}

func (a *API) showRoute(r *request) (any, error) {
	if err := newQuery(r).err(); err != nil {
		return nil, err
	}
	return a.Connections.Setup(r.Context(), r.shop, r.PathValue("route"))
}

func (a *API) connectRoute(r *request) (any, error) {
	var in NewRoute
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	out, err := a.Connections.Connect(r.Context(), r.shop, in.Name, in.RouteSpec, false)
	if err != nil {
		return nil, err
	}
	a.record(r, "connect", "route "+in.Name, "partner="+in.Partner)
	return created{out}, nil
}

func (a *API) changeRoute(r *request) (any, error) {
	var in RouteSpec
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	name := r.PathValue("route")
	out, err := a.Connections.Connect(r.Context(), r.shop, name, in, true)
	if err != nil {
		return nil, err
	}
	a.record(r, "change", "route "+name, "partner="+in.Partner)
	return out, nil
}

func (a *API) disconnectRoute(r *request) (any, error) {
	name := r.PathValue("route")
	if err := a.Connections.Disconnect(r.Context(), r.shop, name); err != nil {
		return nil, err
	}
	a.record(r, "disconnect", "route "+name, "")
	return Done{Done: true}, nil
}

// tryNewRoute logs in with settings that are not kept.
func (a *API) tryNewRoute(r *request) (any, error) {
	var in NewRoute
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	return a.Connections.Try(r.Context(), r.shop, in.Name, &in.RouteSpec)
}

func (a *API) tryRoute(r *request) (any, error) {
	var in struct{}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	return a.Connections.Try(r.Context(), r.shop, r.PathValue("route"), nil)
}

func (a *API) rehearseRoute(r *request) (any, error) {
	var in struct {
		Order string `json:"order"`
	}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	if in.Order == "" {
		return nil, order.Refuse("order", order.Required, string(order.ErrRequired))
	}
	return a.Connections.Rehearse(r.Context(), r.shop, r.PathValue("route"), in.Order)
}

// Exchanges shows evidence as answers have it.
func Exchanges(list []outbound.Exchange) []Exchange {
	out := make([]Exchange, len(list))
	for i, x := range list {
		out[i] = exchangeOf(x)
	}
	return out
}

// VerdictOf shows what a route does with an order.
func VerdictOf(v delivery.Verdict) Verdict { return verdictOf(v) }
