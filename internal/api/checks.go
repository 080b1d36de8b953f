package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// The kinds of Check.
const (
	CheckMissing  = "missing"  // looks for what a route lacks, and for what a backfill would send of it
	CheckBackfill = "backfill" // sends it
)

// Check is a walk through a shop's log that takes a while.
type Check struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind"`  // missing, backfill
	State    string    `json:"state"` // running, done, failed, cancelled
	By       string    `json:"by"`
	Created  time.Time `json:"created"`
	Ended    time.Time `json:"ended,omitzero"`
	Restarts int       `json:"restarts,omitzero"`
	Error    string    `json:"error,omitzero"`
	CheckSpec
	Progress CheckProgress `json:"progress"`
}

// CheckSpec says what is walked through.
type CheckSpec struct {
	Route string    `json:"route"`
	From  time.Time `json:"from,omitzero"` // accepted_at of an order's first event; absent: the shop's beginning
	To    time.Time `json:"to,omitzero"`   // absent: now
}

// CheckProgress is how far it is, and what was found.
type CheckProgress struct {
	FromSeq int64          `json:"from_seq"` // of the events
	ToSeq   int64          `json:"to_seq"`
	Seq     int64          `json:"seq"` // the last one that was looked at
	Missing int64          `json:"missing"`
	Sent    int64          `json:"sent"`            // deliveries that a backfill would plan, or planned
	Codes   map[string]int `json:"codes,omitzero"`  // of the missing, by what the route does with them, or why it was not asked
	Oldest  time.Time      `json:"oldest,omitzero"` // when the oldest and the newest missing order were accepted
	Newest  time.Time      `json:"newest,omitzero"`
	Orders  []Verdict      `json:"orders,omitzero"` // the first hundred
}

// Checks is a page of a shop's checks of a kind, the newest first.
type Checks struct {
	Checks []Check `json:"checks"`
	Next   string  `json:"next,omitzero"`
}

func (p Checks) rows() (any, string) { return p.Checks, p.Next }

// Checker runs checks. Methods that name one return order.ErrNotFound for an
// unknown one.
type Checker interface {
	// Begin begins one; order.ErrNotFound for an unknown route.
	Begin(ctx context.Context, shop, kind, by string, s CheckSpec) (Check, error)
	Cancel(ctx context.Context, shop, kind, id string) (Check, error)
	Find(ctx context.Context, shop, kind, id string) (Check, error)
	List(ctx context.Context, shop, kind, cursor string, limit int) (Checks, error)
}

func withChecker(do func(a *API, r *request, kind string) (any, error)) func(a *API, r *request) (any, error) {
	return func(a *API, r *request) (any, error) {
		kind := r.PathValue("kind")
		if a.Checker == nil || !slices.Contains([]string{CheckMissing, CheckBackfill}, kind) {
			return nil, problemf(http.StatusNotFound, "there are no checks of this kind")
		}
		return do(a, r, kind)
	}
}

func beginCheck(a *API, r *request, kind string) (any, error) {
	var s CheckSpec
	if err := readJSON(r.Request, &s); err != nil {
		return nil, err
	}
	switch {
	case s.Route == "":
		return nil, order.Refuse("route", order.Required, string(order.ErrRequired))
	case !s.To.IsZero() && !s.From.Before(s.To):
		return nil, order.Refuse("to", order.Malformed, "must be after from")
	}
	c, err := a.Checker.Begin(r.Context(), r.shop, kind, r.grant.Name, s)
	if err != nil {
		return nil, err
	}
	a.record(r, "begin", kind+" "+c.ID, Selection{Route: s.Route, From: s.From, To: s.To}.String())
	return created{c}, nil
}

func cancelCheck(a *API, r *request, kind string) (any, error) {
	c, err := a.Checker.Cancel(r.Context(), r.shop, kind, r.PathValue("id"))
	if err == nil {
		a.record(r, "cancel", kind+" "+c.ID, "")
	}
	return c, err
}

func showCheck(a *API, r *request, kind string) (any, error) {
	return a.Checker.Find(r.Context(), r.shop, kind, r.PathValue("id"))
}

func listChecks(a *API, r *request, kind string) (any, error) {
	q := newQuery(r, "cursor", "limit")
	cursor, limit := q.text("cursor"), q.limit()
	if err := q.err(); err != nil {
		return nil, err
	}
	out, err := a.Checker.List(r.Context(), r.shop, kind, cursor, limit)
	out.Checks = nonNil(out.Checks)
	return out, err
}

// BeginCheck begins to look for what a route lacks, or to send it.
func (c *Client) BeginCheck(ctx context.Context, shop, kind string, s CheckSpec) (out Check, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "checks", kind), s, &out)
}

// Checks returns a page of those of a kind.
func (c *Client) Checks(ctx context.Context, shop, kind string, o ListOptions) (out Checks, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "checks", kind)+o.query(), nil, &out)
}

// Check returns one.
func (c *Client) Check(ctx context.Context, shop, kind, id string) (out Check, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "checks", kind, id), nil, &out)
}

// CancelCheck ends one; what it sent is sent.
func (c *Client) CancelCheck(ctx context.Context, shop, kind, id string) (out Check, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "checks", kind, id, "cancel"), nil, &out)
}
