package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

// Hold is which deliveries to hold back, and why.
type Hold struct {
	Selection
	Reason string `json:"reason,omitzero"` // shown with them; default: who holds them
}

// mostReason bounds what a person says of a hold, in bytes.
const mostReason = 500

// holdDeliveries keeps what has not left from leaving.
func (a *API) holdDeliveries(r *request) (any, error) {
	var in Hold
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	if len(in.Reason) > mostReason {
		return nil, order.Refuse("reason", order.TooLarge, fmt.Sprintf("is longer than %d bytes", mostReason))
	}
	reason := "held by " + r.grant.Name
	if in.Reason != "" {
		reason += ": " + in.Reason
	}
	return a.act(r, "hold", "deliveries", in.Selection, func(ctx context.Context, shop string, f delivery.Filter, dry bool) (delivery.Acted, error) {
		return a.Engine.Hold(ctx, shop, f, reason, dry)
	})
}

// releaseDeliveries lets go on what was held.
func (a *API) releaseDeliveries(r *request) (any, error) {
	var s Selection
	if err := readJSON(r.Request, &s); err != nil {
		return nil, err
	}
	return a.act(r, "release", "deliveries", s, a.Engine.Release)
}

// Hold keeps deliveries that have not left from leaving, until Release, Send or
// Drop.
func (c *Client) Hold(ctx context.Context, shop string, h Hold) (out Acted, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "deliveries", "hold"), h, &out)
}

// Release lets deliveries go on that were held.
func (c *Client) Release(ctx context.Context, shop string, s Selection) (out Acted, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "deliveries", "release"), s, &out)
}
