package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// Doors returns a shop's doors, with what can be made at each, and its routes'
// receivers.
func (c *Client) Doors(ctx context.Context, shop string) (out Doors, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "doors"), nil, &out)
}

// Refused returns calls to a shop that were refused, newest first: of one door or
// ("") of all, at most limit. Those of Hub are of callers that nobody knows.
func (c *Client) Refused(ctx context.Context, shop, door string, limit int) (out RefusedCalls, err error) {
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	if door != "" {
		q.Set("door", door)
	}
	return out, c.call(ctx, http.MethodGet, path(shop, "refused")+"?"+q.Encode(), nil, &out)
}

// Acts returns a page of what people did at a shop, or at Hub, newest first.
func (c *Client) Acts(ctx context.Context, shop string, o ListOptions) (out Acts, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "acts")+o.query(), nil, &out)
}

// ShopSettings returns what is configured of a shop.
func (c *Client) ShopSettings(ctx context.Context, shop string) (out ShopSettings, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "settings"), nil, &out)
}
