package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
)

type routesCmd struct {
	ofShop
	asJSON
}

// Run prints the state of every route.
func (c *routesCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	list, err := client.Routes(ctx, shop)
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(list)
	}
	t := table(env.Out)
	row(t, "ROUTE", "PARTNER", "STATE", "BEHIND", "LAG", "DELIVERED", "OPEN", "FOR A PERSON", "REFUSED", "OLDEST OPEN (UTC)", "REASON")
	for _, r := range list.Routes {
		row(t, r.Name, r.Partner, r.State, max(0, r.Head-r.Position), lag(r), r.Counts[delivery.Delivered],
			sum(r, delivery.Ready, delivery.Held, delivery.Sending, delivery.AwaitingPartner, delivery.Retrying, delivery.Asking),
			sum(r, delivery.Failed, delivery.Parked), r.Counts[delivery.Refused], at(r.Oldest), short(r.Reason, 60))
	}
	return t.Flush()
}

func sum(r api.Route, states ...delivery.State) int64 {
	n := int64(0)
	for _, s := range slices.Compact(states) {
		n += r.Counts[s]
	}
	return n
}

func lag(r api.Route) string {
	if r.LagSeconds < 1 {
		return ""
	}
	return (time.Duration(r.LagSeconds) * time.Second).String()
}

type reconcileCmd struct {
	Route string    `help:"Only this route; default all of the shop." placeholder:"NAME"`
	From  time.Time `help:"Accepted at or after (RFC 3339, or a day in UTC)." placeholder:"TIME"`
	To    time.Time `help:"Accepted at or before." placeholder:"TIME"`
	ofShop
	asJSON
}

// lacking is what one route lacks.
type lacking struct {
	Route   string        `json:"route"`
	Missing []api.Verdict `json:"missing"`
}

// Run lists, per route, the orders that its partner lacks.
func (c *reconcileCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	names := []string{c.Route}
	if c.Route == "" {
		if names, err = routeNames(ctx, client, shop); err != nil {
			return err
		}
	}
	var all []lacking
	for _, name := range names {
		l, err := c.one(ctx, client, shop, name)
		if err != nil {
			return err
		}
		all = append(all, l)
	}
	if c.JSON {
		return env.printJSON(struct {
			Routes []lacking `json:"routes"`
		}{all})
	}
	return printLacking(env, all)
}

func routeNames(ctx context.Context, client *api.Client, shop string) ([]string, error) {
	list, err := client.Routes(ctx, shop)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, r := range list.Routes {
		names = append(names, r.Name)
	}
	return names, nil
}

func (c *reconcileCmd) one(ctx context.Context, client *api.Client, shop, route string) (lacking, error) {
	out := lacking{Route: route, Missing: []api.Verdict{}}
	o := api.ListOptions{Route: route, From: c.From, To: c.To, Limit: most}
	for {
		page, err := client.Reconcile(ctx, shop, o)
		if err != nil {
			return out, notFound(err, "route %s is not known at shop %s", route, shop)
		}
		out.Missing = append(out.Missing, page.Missing...)
		if o.Cursor = page.Next; o.Cursor == "" {
			return out, nil
		}
	}
}

func printLacking(env *Env, all []lacking) error {
	for _, l := range all {
		if len(l.Missing) == 0 {
			fmt.Fprintf(env.Out, "%s lacks nothing\n", l.Route)
			continue
		}
		fmt.Fprintf(env.Out, "%s lacks %s\n", l.Route, count(len(l.Missing), "order"))
		t := table(env.Out)
		for _, v := range l.Missing {
			row(t, "  "+v.Order, fmt.Sprintf("#%d", v.Seq), v.Action, short(v.Reason, 100))
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}
