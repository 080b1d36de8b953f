package cli

import (
	"context"

	"github.com/ordermux/ordermux/internal/api"
)

type deliveryCmd struct {
	Retry   retryCmd   `cmd:"" help:"Send failed, parked or refused deliveries again."`
	Drop    dropCmd    `cmd:"" help:"Close open or listed deliveries for good."`
	Hold    holdCmd    `cmd:"" help:"Hold deliveries back that have not left."`
	Release releaseCmd `cmd:"" help:"Let deliveries go on that are held."`
	Send    sendCmd    `cmd:"" help:"Send one order on one route now."`
}

type retryCmd struct {
	listFlags
	actFlags
	ofShop
	asJSON
}

// Run sends listed deliveries again.
func (c *retryCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	return c.act(env, c.JSON, c.selection(), "retried", func(s api.Selection) (api.Acted, error) {
		return client.Retry(ctx, shop, s)
	})
}

type dropCmd struct {
	listFlags
	actFlags
	ofShop
	asJSON
}

// Run closes deliveries.
func (c *dropCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	return c.act(env, c.JSON, c.selection(), "dropped", func(s api.Selection) (api.Acted, error) {
		return client.Drop(ctx, shop, s)
	})
}

type holdCmd struct {
	Reason string `help:"Why; shown with them." placeholder:"TEXT"`
	listFlags
	actFlags
	ofShop
	asJSON
}

// Run holds deliveries back.
func (c *holdCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	return c.act(env, c.JSON, c.selection(), "held", func(s api.Selection) (api.Acted, error) {
		return client.Hold(ctx, shop, api.Hold{Selection: s, Reason: c.Reason})
	})
}

type releaseCmd struct {
	listFlags
	actFlags
	ofShop
	asJSON
}

// Run lets held deliveries go on.
func (c *releaseCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	return c.act(env, c.JSON, c.selection(), "released", func(s api.Selection) (api.Acted, error) {
		return client.Release(ctx, shop, s)
	})
}

type sendCmd struct {
	Route  string `arg:"" help:"The route." placeholder:"ROUTE"`
	Order  string `arg:"" help:"The order's id." placeholder:"ORDER"`
	DryRun bool   `help:"Show what would happen, and do nothing."`
	ofShop
	asJSON
}

// Run sends one order past the route's rules of time.
func (c *sendCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	v, err := client.Send(ctx, shop, c.Route, c.Order, c.DryRun)
	if err != nil {
		return notFound(err, "route %s or order %s is not known at shop %s", c.Route, c.Order, shop)
	}
	if c.JSON {
		return env.printJSON(v)
	}
	return env.printVerdict(c.Route, v)
}
