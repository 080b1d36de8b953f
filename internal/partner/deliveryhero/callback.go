package deliveryhero

import (
	"context"
	"errors"

	"github.com/ordermux/ordermux/internal/partner"
)

// callback tells a chain's own software what happened to its orders, and what
// became of its jobs.
type callback struct {
	deps   partner.Deps
	chains chains
}

func newCallback(deps partner.Deps) (partner.Side, error) {
	c := &callback{deps: deps, chains: chains{deps}}
	side := c.orders()
	side.Poll, side.PollEvery = c.poll, pollJobs
	return side, nil
}

// poll tells of jobs and promotions.
func (c *callback) poll(ctx context.Context) error {
	return errors.Join(c.tellJobs(ctx), c.tellPromotions(ctx))
}
