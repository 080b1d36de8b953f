package api

import (
	"context"
	"net/http"
	"time"
)

// Flow is how a shop's orders flowed, minute by minute.
type Flow struct {
	// Minutes are the last ones, the oldest first; the last one is not over.
	Minutes []FlowMinute `json:"minutes"`
}

// FlowMinute is one minute of a Flow.
type FlowMinute struct {
	At       time.Time `json:"at"`       // when it began
	Accepted int64     `json:"accepted"` // entries of the shop's ledger: orders, and what happened to them
	// Delivered is how many deliveries the partners took. One counts in the
	// minute in which it was seen: at most LookEvery late; after the hub was
	// killed, in the minute in which it came back.
	Delivered int64 `json:"delivered"`
}

// FlowMinutes is how many minutes a Flow tells of.
const FlowMinutes = 30

// LookEvery is how often deliveries are looked at for a Flow.
const LookEvery = 5 * time.Second

// showFlow tells how a shop's orders flow.
func (a *API) showFlow(r *request) (any, error) {
	if err := newQuery(r).err(); err != nil {
		return nil, err
	}
	out := Flow{Minutes: []FlowMinute{}}
	if a.Operator.Flow == nil {
		return out, nil
	}
	list, err := a.Operator.Flow(r.Context(), r.shop)
	out.Minutes = append(out.Minutes, list...)
	return out, err
}

// Flow tells how a shop's orders flow.
func (c *Client) Flow(ctx context.Context, shop string) (out Flow, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "flow"), nil, &out)
}
