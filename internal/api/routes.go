package api

import (
	"context"
	"net/http"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

func (a *API) listRoutes(r *request) (any, error) {
	if err := newQuery(r).err(); err != nil {
		return nil, err
	}
	list, err := a.Engine.Status(r.Context(), r.shop)
	if err != nil {
		return nil, err
	}
	out := Routes{Routes: make([]Route, len(list))}
	for i, s := range list {
		out.Routes[i] = routeOf(s)
	}
	out.Routes, err = a.withIdle(r, out.Routes)
	return out, err
}

// listFiles lists what the partner of a route fetches, and when it did.
func (a *API) listFiles(r *request) (any, error) {
	if err := newQuery(r).err(); err != nil {
		return nil, err
	}
	if a.Operator.Files == nil {
		return nil, problemf(http.StatusNotFound, "this hub keeps no files")
	}
	list, err := a.Operator.Files(r.Context(), r.shop, r.PathValue("route"))
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []RouteFile{}
	}
	return RouteFiles{Files: list}, nil
}

func (a *API) pauseRoute(r *request) (any, error) {
	var in struct {
		Reason string `json:"reason,omitzero"`
	}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	route := r.PathValue("route")
	if in.Reason == "" {
		in.Reason = "paused by " + r.grant.Name
	}
	if err := a.Engine.Pause(r.Context(), r.shop, route, in.Reason); err != nil {
		return nil, err
	}
	a.record(r, "pause", "route "+route, in.Reason)
	return Done{Done: true}, nil
}

func (a *API) resumeRoute(r *request) (any, error) {
	var in struct{}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	route := r.PathValue("route")
	if err := a.Engine.Resume(r.Context(), r.shop, route); err != nil {
		return nil, err
	}
	a.record(r, "resume", "route "+route, "")
	return Done{Done: true}, nil
}

func (a *API) replayRoute(r *request) (any, error) { return a.actOnRoute(r, "replay", a.Engine.Replay) }

func (a *API) backfillRoute(r *request) (any, error) {
	return a.actOnRoute(r, "backfill", a.Engine.Backfill)
}

// past is an act of the engine on the past of one route.
type past func(ctx context.Context, shop, route string, f delivery.Filter, dry bool) (delivery.Acted, error)

func (a *API) actOnRoute(r *request, name string, do past) (any, error) {
	route := r.PathValue("route")
	var s Selection
	if err := readJSON(r.Request, &s); err != nil {
		return nil, err
	}
	if s.Route != "" {
		return nil, order.Refuse("route", order.Malformed, "stands in the path already")
	}
	if s.Cause != "" {
		return nil, order.Refuse("cause", order.Malformed, "is for deliveries that are stuck")
	}
	return a.act(r, name, "route "+route, s, func(ctx context.Context, shop string, f delivery.Filter, dry bool) (delivery.Acted, error) {
		return do(ctx, shop, route, f, dry)
	})
}

// testRoute shows what the route would do with an order, and sends nothing.
func (a *API) testRoute(r *request) (any, error) {
	var in struct {
		Order  string `json:"order"`
		DryRun bool   `json:"dry_run,omitzero"` // accepted, for it says what happens anyway
	}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	if in.Order == "" {
		return nil, order.Refuse("order", order.Required, string(order.ErrRequired))
	}
	v, err := a.Engine.Judge(r.Context(), r.shop, r.PathValue("route"), in.Order)
	if err != nil {
		return nil, err
	}
	return verdictOf(v), nil
}

// reconcile lists the orders that a route lacks.
func (a *API) reconcile(r *request) (any, error) {
	q := newQuery(r, "route", "cursor", "limit", "from", "to", "from_seq", "to_seq")
	f := delivery.Filter{
		Cursor: q.text("cursor"), Limit: q.limit(), From: q.time("from"), To: q.time("to"),
		FromSeq: q.number("from_seq"), ToSeq: q.number("to_seq"),
	}
	route := q.text("route")
	if route == "" {
		q.refuse("route", string(order.ErrRequired))
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	missing, next, err := a.Engine.Reconcile(r.Context(), r.shop, route, f)
	if err != nil {
		return nil, err
	}
	return Missing{Missing: verdictsOf(missing), Next: next}, nil
}
