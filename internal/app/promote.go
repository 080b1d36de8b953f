package app

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/promotion"
)

// promote hands a promotion to routes of a shop: those named, or (none) all
// that can take one. Each keeps it by itself: after an error some may have it,
// and to say it again does no harm.
func (a *App) promote(ctx context.Context, shop string, names []string, r *promotion.Request) ([]api.PromotedRoute, error) {
	routes, err := a.promoting(shop, names)
	if err != nil || len(routes) == 0 {
		return nil, err
	}
	if err := a.disk.check(); err != nil {
		return nil, err
	}
	out := make([]api.PromotedRoute, 0, len(routes))
	for _, to := range routes {
		one := api.PromotedRoute{Route: to.delivery.Name}
		one.Job, err = promoteOne(ctx, to, r)
		a.disk.saw(err)
		if bad, ok := errors.AsType[*order.Invalid](err); ok {
			one.Faults = api.FaultsOf(bad)
		} else if err != nil {
			return nil, fmt.Errorf("promote by route %s: %w", one.Route, err)
		}
		out = append(out, one)
	}
	return out, nil
}

// promoting are the routes that a promotion goes to, in the sequence of the
// configuration or of the names. Routes that are off are left out, and refused
// if they are named.
func (a *App) promoting(shop string, names []string) ([]*route, error) {
	g := a.current.Load()
	var out []*route
	if len(names) == 0 {
		for i := range g.delivered {
			d := &g.delivered[i]
			if d.Shop == shop && d.Side.Promote != nil && !d.Disabled {
				out = append(out, g.routes[routeKey{shop, d.Name}])
			}
		}
		return out, nil
	}
	for _, name := range names {
		r := g.routes[routeKey{shop, name}]
		switch {
		case r == nil:
			return nil, fmt.Errorf("route %s of shop %s: %w", name, shop, order.ErrNotFound)
		case r.delivery.Side.Promote == nil:
			return nil, notOfRoute("route " + name + " hands no promotions to its partner")
		case r.delivery.Disabled:
			return nil, notOfRoute("route " + name + " is off")
		}
		out = append(out, r)
	}
	return out, nil
}

// promoteOne asks a side; a panic of it is an error.
func promoteOne(ctx context.Context, to *route, r *promotion.Request) (job string, err error) {
	defer func() {
		if p := recover(); p != nil {
			job, err = "", fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return to.delivery.Side.Promote(ctx, r)
}
