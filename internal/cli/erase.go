package cli

import (
	"context"
	"fmt"
)

type eraseCmd struct {
	ID  string `arg:"" help:"The shop's own order number." placeholder:"ORDER"`
	Yes bool   `help:"Do not ask." short:"y"`
	ofShop
}

// Run erases the person from an order, everywhere in the hub and for ever.
func (c *eraseCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if err := env.confirm(c.Yes, "names, addresses, notes and evidence of order %s at shop %s would be erased for ever", c.ID, shop); err != nil {
		return err
	}
	if err := client.Erase(ctx, shop, c.ID); err != nil {
		return notFound(err, "order %s is not known at shop %s", c.ID, shop)
	}
	fmt.Fprintf(env.Out, "order %s is erased\n", c.ID)
	return nil
}
