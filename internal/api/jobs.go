package api

import (
	"context"
	"net/http"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// JobsOf says whose jobs are meant: those of a partner's door, or of a route.
// The zero value stands for the one door that has any.
type JobsOf struct{ Partner, Route string }

// Jobs is a page of what a door or a route was asked to do, and did or does, the
// newest first, without their items.
type Jobs struct {
	Jobs []partner.Job `json:"jobs"`
	Next string        `json:"next,omitzero"` // cursor of the next page
}

// jobsOf reads whose jobs are meant.
func (q *query) jobsOf() JobsOf {
	of := JobsOf{q.text("partner"), q.text("route")}
	if of.Partner != "" && of.Route != "" {
		q.refuse("route", "goes with no partner: jobs are those of a door, or of a route")
	}
	return of
}

// listJobs lists the jobs of a door or of a route.
func (a *API) listJobs(r *request) (any, error) {
	q := newQuery(r, "partner", "route", "cursor", "limit")
	of, limit := q.jobsOf(), q.limit()
	if err := q.err(); err != nil {
		return nil, err
	}
	if a.Operator.Jobs == nil {
		return nil, problemf(http.StatusNotFound, "this hub keeps no jobs")
	}
	page, next, err := a.Operator.Jobs(r.Context(), r.shop, of, q.text("cursor"), limit)
	if page == nil {
		page = []partner.Job{}
	}
	return Jobs{page, next}, err
}

// showJob shows a job with its items.
func (a *API) showJob(r *request) (any, error) {
	q := newQuery(r, "partner", "route")
	of := q.jobsOf()
	if err := q.err(); err != nil {
		return nil, err
	}
	if a.Operator.Job == nil {
		return nil, problemf(http.StatusNotFound, "this hub keeps no jobs")
	}
	job, err := a.Operator.Job(r.Context(), r.shop, of, r.PathValue("job"))
	if err == nil && job == nil {
		err = order.ErrNotFound
	}
	return job, err
}

// Jobs returns a page of the jobs of a door or of a route.
func (c *Client) Jobs(ctx context.Context, shop string, of JobsOf, o ListOptions) (out Jobs, err error) {
	q := parameters("partner", of.Partner, "route", of.Route, "cursor", o.Cursor, "limit", o.Limit)
	return out, c.call(ctx, http.MethodGet, path(shop, "jobs")+q, nil, &out)
}

// Job returns a job with its items.
func (c *Client) Job(ctx context.Context, shop string, of JobsOf, id string) (out partner.Job, err error) {
	q := parameters("partner", of.Partner, "route", of.Route)
	return out, c.call(ctx, http.MethodGet, path(shop, "jobs", id)+q, nil, &out)
}
