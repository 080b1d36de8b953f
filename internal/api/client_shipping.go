package api

import (
	"context"
	"net/http"

	"github.com/ordermux/ordermux/internal/shipping"
)

// Couriers returns how a shop sends goods.
func (c *Client) Couriers(ctx context.Context, shop string) (out Couriers, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "couriers"), nil, &out)
}

// Offers returns besides who of them serves a basket, whose country must be
// set.
func (c *Client) Offers(ctx context.Context, shop string, b shipping.Basket) (out Couriers, err error) {
	q := parameters("country", b.Country, "postal_code", b.PostalCode, "weight", b.Weight.String(), "value", b.Value.String(),
		"payment", b.Payment)
	return out, c.call(ctx, http.MethodGet, path(shop, "couriers")+q, nil, &out)
}

// RouteCouriers returns those of a route's partner, fresh: as they are now.
func (c *Client) RouteCouriers(ctx context.Context, shop, route string, fresh bool) (out RouteCouriers, err error) {
	p := path(shop, "routes", route, "couriers")
	if fresh {
		p += "?fresh=true"
	}
	return out, c.call(ctx, http.MethodGet, p, nil, &out)
}

// TestMessage lets a route send a message that means nothing.
func (c *Client) TestMessage(ctx context.Context, shop, route, account string) (out TestMessage, err error) {
	in := map[string]string{}
	if account != "" {
		in["account"] = account
	}
	return out, c.call(ctx, http.MethodPost, path(shop, "routes", route, "test-message"), in, &out)
}

// Ship says that a parcel of an order is on its way.
func (c *Client) Ship(ctx context.Context, shop, id string, s Shipment) (out Shipped, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "orders", id, "ship"), s, &out)
}
