package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// jobs lists the jobs of a door or of a route. Any node can: they stand in the
// store.
func (a *App) jobs(ctx context.Context, shop string, of api.JobsOf, cursor string, limit int) ([]partner.Job, string, error) {
	side, err := a.jobSide(shop, of)
	if err != nil {
		return nil, "", err
	}
	return side.Jobs(ctx, shop, cursor, limit)
}

// job finds one of them, with its items; nil: there is none.
func (a *App) job(ctx context.Context, shop string, of api.JobsOf, id string) (*partner.Job, error) {
	side, err := a.jobSide(shop, of)
	if err != nil {
		return nil, err
	}
	return side.Job(ctx, shop, id)
}

// jobSide is the side whose jobs are meant. It has both functions.
func (a *App) jobSide(shop string, of api.JobsOf) (partner.Side, error) {
	if of.Route != "" {
		side, err := a.side(shop, of.Route)
		if err == nil && (side.Jobs == nil || side.Job == nil) {
			err = notOfRoute("route " + of.Route + " has no jobs")
		}
		return side, err
	}
	var names []string
	var found partner.Side
	for _, d := range a.doors {
		switch {
		case of.Partner != "" && d.name != of.Partner:
			continue
		case d.side.Jobs != nil && d.side.Job != nil:
			found = d.side
			names = append(names, d.name)
		case of.Partner != "":
			return found, notOfRoute("the door of " + d.name + " has no jobs")
		}
	}
	switch {
	case len(names) == 1:
		return found, nil
	case of.Partner != "":
		return found, fmt.Errorf("door of %s: %w", of.Partner, order.ErrNotFound)
	case len(names) == 0:
		return found, notOfRoute("no door has jobs")
	}
	return found, order.Refuse("partner", order.Required, "is needed: one of "+strings.Join(names, ", "))
}
