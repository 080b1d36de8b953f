package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/ordermux/ordermux/internal/api"
)

type routeCmd struct {
	Show     showRouteCmd   `cmd:"" help:"Show how a route is set up, without its secrets."`
	Add      addRouteCmd    `cmd:"" help:"Connect a partner, beside the routes of the configuration file."`
	Remove   removeRouteCmd `cmd:"" help:"Remove a route that was connected."`
	Try      tryRouteCmd    `cmd:"" help:"Log in at a route's partner, without leaving anything there."`
	Pause    pauseCmd       `cmd:"" help:"Stop sending; the orders wait."`
	Resume   resumeCmd      `cmd:"" help:"Go on where the route stood."`
	Replay   replayCmd      `cmd:"" help:"Send again what was sent, as a new run."`
	Backfill backfillCmd    `cmd:"" help:"Send what the route never considered; nothing goes twice."`
	Test     testCmd        `cmd:"" help:"Show what the route would do with an order, and what exactly would go out."`

	TestMessage testMessageCmd `cmd:"" help:"Send a message that means nothing, to see whether it arrives."`
}

type pauseCmd struct {
	Name   string `arg:"" help:"The route." placeholder:"ROUTE"`
	Reason string `help:"For the others." placeholder:"TEXT"`
	ofShop
}

// Run pauses a route.
func (c *pauseCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if err := client.Pause(ctx, shop, c.Name, c.Reason); err != nil {
		return unknownRoute(err, c.Name, shop)
	}
	fmt.Fprintf(env.Out, "route %s is paused\n", c.Name)
	return nil
}

func unknownRoute(err error, name, shop string) error {
	return notFound(err, "route %s is not known at shop %s", name, shop)
}

type resumeCmd struct {
	Name string `arg:"" help:"The route." placeholder:"ROUTE"`
	ofShop
}

// Run lets a route go on.
func (c *resumeCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if err := client.Resume(ctx, shop, c.Name); err != nil {
		return unknownRoute(err, c.Name, shop)
	}
	fmt.Fprintf(env.Out, "route %s goes on\n", c.Name)
	return nil
}

type replayCmd struct {
	Name string `arg:"" help:"The route." placeholder:"ROUTE"`
	rangeFlags
	actFlags
	ofShop
	asJSON
}

// Run sends again what was sent.
func (c *replayCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	return c.act(env, c.JSON, c.selection(), "sent again", func(s api.Selection) (api.Acted, error) {
		acted, err := client.Replay(ctx, shop, c.Name, s)
		return acted, unknownRoute(err, c.Name, shop)
	})
}

type backfillCmd struct {
	Name string `arg:"" help:"The route." placeholder:"ROUTE"`
	rangeFlags
	actFlags
	ofShop
	asJSON
}

// Run plans what the route never considered.
func (c *backfillCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	return c.act(env, c.JSON, c.selection(), "planned", func(s api.Selection) (api.Acted, error) {
		acted, err := client.Backfill(ctx, shop, c.Name, s)
		return acted, unknownRoute(err, c.Name, shop)
	})
}

type testCmd struct {
	Name    string `arg:"" help:"The route." placeholder:"ROUTE"`
	Order   string `arg:"" help:"The order's id." placeholder:"ORDER"`
	Request bool   `help:"Show the requests that would leave if it were sent by hand."`
	ofShop
	asJSON
}

// Run shows what the route would do with an order as it stands.
func (c *testCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if c.Request {
		r, err := client.Rehearse(ctx, shop, c.Name, c.Order)
		switch {
		case err != nil:
			return notFound(err, "route %s or order %s is not known at shop %s", c.Name, c.Order, shop)
		case c.JSON:
			return env.printJSON(r)
		}
		if len(r.Requests) > 0 {
			r.ByHand.Body = "" // it stands in them
		}
		return errors.Join(env.printVerdict(c.Name, r.ByHand), env.printRehearsal(r))
	}
	v, err := client.Test(ctx, shop, c.Name, c.Order)
	if err != nil {
		return notFound(err, "route %s or order %s is not known at shop %s", c.Name, c.Order, shop)
	}
	if c.JSON {
		return env.printJSON(v)
	}
	return env.printVerdict(c.Name, v)
}

// printVerdict prints what a route does with an order, and the body of it.
func (env *Env) printVerdict(route string, v api.Verdict) error {
	fmt.Fprintf(env.Out, "%s: %s order %s (event #%d)", route, v.Action, cell(v.Order), v.Seq)
	if v.Reason != "" {
		fmt.Fprintf(env.Out, ": %s", cell(v.Reason))
	}
	_, err := fmt.Fprintln(env.Out)
	if v.Body != "" {
		_, err = fmt.Fprintf(env.Out, "%s\n", passage(v.Body))
	}
	return err
}

type testMessageCmd struct {
	Name    string `arg:"" help:"The route." placeholder:"ROUTE"`
	Account string `help:"To whom, where the route sends to several: a login at the door." placeholder:"LOGIN"`
	ofShop
	asJSON
}

// Run sends a message that means nothing.
func (c *testMessageCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	out, err := client.TestMessage(ctx, shop, c.Name, c.Account)
	switch {
	case err != nil && c.Account != "":
		return notFound(err, "route %s or account %s is not known at shop %s", c.Name, c.Account, shop)
	case err != nil:
		return unknownRoute(err, c.Name, shop)
	case c.JSON:
		return env.printJSON(out)
	}
	_, err = fmt.Fprintln(env.Out, cell(out.Said))
	return err
}
