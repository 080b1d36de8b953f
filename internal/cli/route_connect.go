package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
)

// specFlags say how a route is to be set up.
type specFlags struct {
	fieldFlags
	Rule []string `help:"A rule or limit, as KEY=VALUE, by the keys of the configuration file: when, on, after, rate, retry.first … Several times for several." placeholder:"KEY=VALUE" sep:"none"`
}

func (f specFlags) spec(partner string) (api.RouteSpec, error) {
	out := api.RouteSpec{Partner: partner, Rules: map[string]api.FieldValue{}}
	var err error
	if out.Settings, err = f.values(); err != nil {
		return out, err
	}
	for _, s := range f.Rule {
		key, value, ok := strings.Cut(s, "=")
		if !ok || key == "" {
			return out, usagef("--rule takes KEY=VALUE")
		}
		out.Rules[key] = append(out.Rules[key], value)
	}
	return out, nil
}

type addRouteCmd struct {
	Name    string `arg:"" help:"Name of the new route." placeholder:"ROUTE"`
	Partner string `help:"The partner, such as citrusad." required:"" placeholder:"NAME"`
	specFlags
	Try bool `help:"Only log in at the partner; nothing is kept."`
	ofShop
	asJSON
}

// Run connects a partner, or tries to log in there.
func (c *addRouteCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	spec, err := c.spec(c.Partner)
	if err != nil {
		return err
	}
	wanted := api.NewRoute{Name: c.Name, RouteSpec: spec}
	if c.Try {
		tried, err := client.TryNewRoute(ctx, shop, wanted)
		if err != nil {
			return err
		}
		return env.printTried(c.JSON, tried)
	}
	setup, err := client.ConnectRoute(ctx, shop, wanted)
	switch {
	case err != nil:
		return err
	case c.JSON:
		return env.printJSON(setup)
	}
	fmt.Fprintf(env.Out, "route %s is connected; orders from before go there by: ordermux route backfill %s\n", c.Name, c.Name)
	return nil
}

type removeRouteCmd struct {
	Name string `arg:"" help:"The route." placeholder:"ROUTE"`
	Yes  bool   `help:"Do not ask."`
	ofShop
}

// Run removes a route that was connected.
func (c *removeRouteCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if err := env.confirm(c.Yes, "route %s of shop %s is removed, with its settings and secrets", c.Name, shop); err != nil {
		return err
	}
	if err := client.DisconnectRoute(ctx, shop, c.Name); err != nil {
		return unknownRoute(err, c.Name, shop)
	}
	fmt.Fprintf(env.Out, "route %s is removed; what it delivered stays known\n", c.Name)
	return nil
}

type showRouteCmd struct {
	Name string `arg:"" help:"The route." placeholder:"ROUTE"`
	ofShop
	asJSON
}

// Run shows how a route is set up.
func (c *showRouteCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	s, err := client.RouteSetup(ctx, shop, c.Name)
	switch {
	case err != nil:
		return unknownRoute(err, c.Name, shop)
	case c.JSON:
		return env.printJSON(s)
	}
	from := map[string]string{api.FromFile: "in the configuration file", api.FromStore: "connected " + at(s.Changed), api.FromDoor: "of a door"}[s.From]
	t := table(env.Out)
	row(t, "partner:", s.Title)
	row(t, "set up:", from)
	if !s.InForce {
		row(t, "not in force:", short(s.Fault, 240))
	}
	if s.Shadowed {
		row(t, "also:", "connected under the same name; the configuration file wins")
	}
	for _, key := range slices.Sorted(maps.Keys(s.Rules)) {
		row(t, key+":", strings.Join(s.Rules[key], ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Settings)) {
		row(t, "settings."+name+":", short(strings.Join(s.Settings[name], ", "), 240))
	}
	for _, name := range s.Secrets {
		row(t, "settings."+name+":", "(secret)")
	}
	for _, said := range s.Troubles {
		row(t, "to mend:", short(said, 240))
	}
	return t.Flush()
}

type tryRouteCmd struct {
	Name string `arg:"" help:"The route." placeholder:"ROUTE"`
	ofShop
	asJSON
}

// Run logs in at a route's partner, as the hub does.
func (c *tryRouteCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	tried, err := client.TryRoute(ctx, shop, c.Name)
	if err != nil {
		return unknownRoute(err, c.Name, shop)
	}
	return env.printTried(c.JSON, tried)
}

// printTried prints what came of a login; one that failed is an error.
func (env *Env) printTried(asJSON bool, tried api.Tried) error {
	if asJSON {
		if err := env.printJSON(tried); err != nil {
			return err
		}
		if !tried.OK {
			return errQuiet
		}
		return nil
	}
	if !tried.OK {
		return errors.New(cell(tried.Said))
	}
	_, err := fmt.Fprintln(env.Out, cell(tried.Said))
	return err
}

// passage keeps a text harmless on a terminal, and its lines as they are.
func passage(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (r < ' ' || r >= 0x7f && r < 0xa0) {
			return -1
		}
		return r
	}, s)
}

// printRehearsal prints what would leave, up to the first answer that is needed.
func (env *Env) printRehearsal(r api.Rehearsal) error {
	for _, x := range r.Requests {
		if _, err := fmt.Fprintf(env.Out, "\n%s %s\n%s\n%s\n", cell(x.Method), cell(x.URL), passage(x.RequestHead), passage(x.RequestBody)); err != nil {
			return err
		}
	}
	return nil
}
