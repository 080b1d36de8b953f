//go:build linux

package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// share waits until every node has its share of the shops, sends the same
// number of orders to each shop and counts who delivered them. If a shop moved
// meanwhile it counts again.
func (c *cluster) share(ctx context.Context) error {
	if c.Even == 0 {
		return nil
	}
	for try := range 3 {
		if err := c.even(ctx); err != nil {
			return err
		}
		moves, err := c.db.changes(ctx)
		if err != nil {
			return err
		}
		before, err := c.delivered(ctx)
		if err != nil {
			return err
		}
		if err := c.oneMore(ctx, try); err != nil {
			return err
		}
		after, err := c.delivered(ctx)
		if err != nil {
			return err
		}
		for name := range after {
			after[name] -= before[name]
		}
		c.report.Spread = after
		if now, err := c.db.changes(ctx); err != nil || now == moves {
			return err
		}
	}
	return errors.New("shops did not stay where they were for a moment")
}

// even waits until no node has two shops more than another.
func (c *cluster) even(ctx context.Context) error {
	limit := time.Now().Add(c.Quiet)
	for {
		owned, err := c.db.owners(ctx)
		if err != nil {
			return err
		}
		least, most := c.Shops, 0
		for _, n := range c.nodes {
			least, most = min(least, owned[n.name]), max(most, owned[n.name])
		}
		if most-least <= 1 && owned[""] == 0 {
			return nil
		}
		if time.Now().After(limit) {
			return fmt.Errorf("the shops are not spread evenly after %v: %v", c.Quiet, owned)
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// oneMore sends Even orders to each shop and waits until they are delivered.
func (c *cluster) oneMore(ctx context.Context, try int) error {
	dice := rand.New(rand.NewPCG(c.Seed, 4))
	for shop := range c.shops {
		ids := make([]string, c.Even)
		for i := range ids {
			ids[i] = fmt.Sprintf("even%d-%02d-%06d", try, shop, i)
		}
		if !c.clients.offer(ctx, dice, request{shop: shop, events: ids}) {
			return errors.New("a call failed in peace")
		}
	}
	return c.settle(ctx)
}

// delivered counts each node's deliveries by its metrics.
func (c *cluster) delivered(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	for _, n := range c.nodes {
		count, err := countedBy(ctx, n.addr, adminToken, "ordermux_deliveries_total", `state="delivered"`)
		if err != nil {
			return nil, err
		}
		out[n.name] = count
	}
	return out, nil
}
