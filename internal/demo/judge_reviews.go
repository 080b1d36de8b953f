package demo

import (
	"context"
	"fmt"
	"slices"

	"github.com/ordermux/ordermux/internal/api"
)

// askReviews asks the platforms and the mailbox who was invited: each customer
// once, by the one that must.
func (j *judge) askReviews(ctx context.Context) (faults []string, err error) {
	mails, err := letters(ctx, j.mailbox)
	if err != nil {
		return nil, err
	}
	for _, w := range j.want {
		if w.Review == "" {
			continue
		}
		by := j.platform(ctx, w.ID)
		for _, l := range mails {
			if slices.Contains(l.To, address(w.ID)) {
				by = append(by, routeMail)
			}
		}
		switch {
		case len(by) == 0:
			faults = append(faults, fmt.Sprintf("%s: order %s: nobody invited its customer", w.Review, w.ID))
		case len(by) > 1 || by[0] != w.Review:
			faults = append(faults, fmt.Sprintf("%s: order %s: its customer was invited by %v", w.Review, w.ID, by))
		default:
			j.invited[w.ID] = w.Review
		}
	}
	return faults, ctx.Err()
}

// platform returns which of the platforms that the sandbox plays have the
// order. Neither has an API for it: their portals show it, and the sandbox's
// is its own API.
func (j *judge) platform(ctx context.Context, id string) (by []string) {
	o, err := j.portal.Order(ctx, sandboxShop, id)
	if err != nil {
		return nil // not there yet; what stays away is a fault in the end
	}
	for route, source := range map[string]string{routeFrance: "skeepers:default", routeSweden: "trustpilot:default"} {
		if slices.ContainsFunc(o.Events, func(e api.Event) bool { return e.Source == source }) {
			by = append(by, route)
		}
	}
	return by
}
