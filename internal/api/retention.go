package api

import (
	"context"
	"net/http"
	"time"
)

// Retention is for how long a shop's data is kept, and what became of it.
type Retention struct {
	Shop  string         `json:"shop"`
	Kinds []RetainedKind `json:"kinds"`
	// Start says where the log begins; absent: nothing of it was removed.
	Start *LogStart `json:"start,omitzero"`
	// Round is when what is old was looked for last; zero: not yet.
	Round time.Time `json:"round,omitzero"`
	// Failed: that round met a trouble, which the hub's log tells.
	Failed bool `json:"failed,omitzero"`
	// WaitsUntil: the clock jumped by more than three days, or the hub was off for
	// that long. Until then nothing is removed but by a round that is asked for;
	// zero: it does not wait.
	WaitsUntil time.Time `json:"waits_until,omitzero"`
}

// RetainedKind is how one kind of data is kept.
type RetainedKind struct {
	Kind string `json:"kind"` // personal, evidence, files, captures, jobs, events
	Days int    `json:"days"` // 0: for ever
	From string `json:"from"` // who says so: shop, hub, default
	// Removed is how many persons, calls, files, captures or events were removed
	// since retention is in force, and when last. Jobs are not counted.
	Removed     int64     `json:"removed"`
	LastRemoved time.Time `json:"last_removed,omitzero"`
	// Due is how many the next round will remove, of events at most; absent: it was
	// not asked for, or is not counted.
	Due *int64 `json:"due,omitzero"`
	// Held says what keeps the log from being removed further: recent, route,
	// open; and the first event that has to stay.
	Held *RetentionHeld `json:"held,omitzero"`
}

// RetentionHeld is the first event of a log that has to stay, and why.
type RetentionHeld struct {
	Seq int64  `json:"seq"`
	Why string `json:"why"` // recent: its order had news since; route: a route has not read it; open: a delivery of its order is not settled
}

// LogStart is where a log begins whose oldest events were removed.
type LogStart struct {
	Seq  int64     `json:"seq"`  // of the last event that was removed
	Hash string    `json:"hash"` // of that event: what the chain goes on from
	At   time.Time `json:"at"`   // when that event was accepted
}

func (a *API) showRetention(r *request) (any, error) {
	if a.Operator.Retention == nil {
		return nil, noRetention()
	}
	q := newQuery(r, "count")
	count := q.text("count")
	if count != "" && count != "true" && count != "false" {
		q.refuse("count", "must be true or false")
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	return a.Operator.Retention(r.Context(), r.shop, count == "true")
}

func (a *API) runRetention(r *request) (any, error) {
	if err := readJSON(r.Request, &struct{}{}); err != nil {
		return nil, err
	}
	if a.Operator.Retain == nil {
		return nil, noRetention()
	}
	if err := a.Operator.Retain(r.Context(), r.shop); err != nil {
		return nil, err
	}
	a.record(r, "retention", "shop", "a round was asked for")
	return Done{Done: true}, nil
}

func noRetention() error { return problemf(http.StatusNotFound, "this hub removes nothing by itself") }

// Retention returns how a shop's data is kept; count: with what is due.
func (c *Client) Retention(ctx context.Context, shop string, count bool) (out Retention, err error) {
	at := path(shop, "retention")
	if count {
		at += "?count=true"
	}
	return out, c.call(ctx, http.MethodGet, at, nil, &out)
}

// Retain has what is old looked for now, in the background.
func (c *Client) Retain(ctx context.Context, shop string) error {
	return c.call(ctx, http.MethodPost, path(shop, "retention", "run"), struct{}{}, &Done{})
}
