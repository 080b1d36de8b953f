package deliveryhero

import (
	"context"
	"errors"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
)

// callback tells a chain's own software what happened to its orders, and what
// became of its jobs.
type callback struct {
	deps   partner.Deps
	chains chains
}

func newCallback(deps partner.Deps) (partner.Side, error) {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	c := &callback{deps: deps, chains: chains{deps: deps}}
	side := c.orders()
	side.Poll, side.PollEvery = c.poll, pollJobs
	side.Troubles = joinTroubles(side.Troubles, c.jobTroubles)
	return side, nil
}

// poll tells of jobs and promotions, and keeps the list of orders up to date.
func (c *callback) poll(ctx context.Context) error {
	return errors.Join(c.followOrders(ctx), c.tellJobs(ctx), c.tellPromotions(ctx))
}
