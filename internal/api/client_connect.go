package api

import (
	"context"
	"net/http"
)

// RoutePartners lists the partners that routes can lead to, with their settings.
func (c *Client) RoutePartners(ctx context.Context) (out RoutePartners, err error) {
	return out, c.call(ctx, http.MethodGet, "/api/v1/partners", nil, &out)
}

// RouteSetup returns how a route is set up.
func (c *Client) RouteSetup(ctx context.Context, shop, route string) (out RouteSetup, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "routes", route), nil, &out)
}

// ConnectRoute makes a route beside those of the configuration.
func (c *Client) ConnectRoute(ctx context.Context, shop string, r NewRoute) (out RouteSetup, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "routes"), r, &out)
}

// ChangeRoute sets a connected route up anew; secrets left out stay.
func (c *Client) ChangeRoute(ctx context.Context, shop, route string, spec RouteSpec) (out RouteSetup, err error) {
	return out, c.call(ctx, http.MethodPut, path(shop, "routes", route), spec, &out)
}

// DisconnectRoute removes a connected route; its deliveries stay.
func (c *Client) DisconnectRoute(ctx context.Context, shop, route string) error {
	return c.call(ctx, http.MethodDelete, path(shop, "routes", route), nil, &Done{})
}

// TryRoute logs in at the partner of a route, as it runs.
func (c *Client) TryRoute(ctx context.Context, shop, route string) (out Tried, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "routes", route, "try"), struct{}{}, &out)
}

// TryNewRoute does so for settings that are not kept.
func (c *Client) TryNewRoute(ctx context.Context, shop string, r NewRoute) (out Tried, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "try-route"), r, &out)
}

// Rehearse tells what a route would do with an order, and what would leave.
func (c *Client) Rehearse(ctx context.Context, shop, route, order string) (out Rehearsal, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "routes", route, "rehearse"), map[string]string{"order": order}, &out)
}
