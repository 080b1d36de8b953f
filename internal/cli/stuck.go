package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/cause"
	"github.com/ordermux/ordermux/internal/delivery"
)

type stuckCmd struct {
	Route string `help:"Only this route." placeholder:"NAME"`
	Cause string `help:"Only this cause, such as wrong_key." placeholder:"CAUSE"`
	ofShop
	asJSON
}

// Run lists what does not go on, by route and cause.
func (c *stuckCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	list, err := client.Stuck(ctx, shop, c.Route, cause.Cause(c.Cause))
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(list)
	}
	if len(list.Groups) == 0 {
		_, err := fmt.Fprintln(env.Out, "Nothing is stuck.")
		return err
	}
	t := table(env.Out)
	row(t, "ROUTE", "CAUSE", "COUNT", "FOR A PERSON", "SINCE (UTC)", "ORDERS", "WHAT WAS SAID")
	for _, g := range list.Groups {
		said := ""
		if len(g.Words) > 0 {
			said = short(g.Words[0].Words, 60)
		}
		row(t, g.Route, g.Cause, countOf(g), g.Person, at(g.Oldest), strings.Join(g.Orders, ", "), said)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return stopped(env, list.Groups)
}

func countOf(g api.StuckGroup) string {
	if g.More {
		return fmt.Sprintf("over %d", g.Count)
	}
	return fmt.Sprint(g.Count)
}

// stopped names the routes that wait as a whole, and what lets them go on.
func stopped(env *Env, groups []api.StuckGroup) error {
	halted := map[string]bool{}
	for _, g := range groups {
		say := ""
		switch {
		case g.Blocked:
			say = fmt.Sprintf("Route %s is stopped with %d events waiting: mend its settings, or ordermux route resume %s", g.Route, g.Waiting, g.Route)
		case g.Halted == "" || g.Halted == delivery.Blocked || halted[g.Route]:
			continue
		case g.Halted == delivery.Paused:
			say = fmt.Sprintf("Route %s is paused, and goes on with ordermux route resume %s", g.Route, g.Route)
		default:
			say = fmt.Sprintf("Route %s is not configured any more: configure it again, or drop what it has", g.Route)
		}
		halted[g.Route] = true
		if _, err := fmt.Fprintln(env.Out, say); err != nil {
			return err
		}
	}
	return nil
}
