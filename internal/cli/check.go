package cli

import (
	"context"
	"fmt"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner/all"
)

type checkCmd struct {
	Config  string `help:"Configuration file." required:"" placeholder:"FILE" type:"path"`
	Connect bool   `help:"Also log in at each partner, without changing anything there."`
}

// Run reports everything that is wrong with the file, which routes wait for
// what no door of their shop states, which would invite to the same, and with --connect what the partners say
// to its credentials.
func (c *checkCmd) Run(ctx context.Context, env *Env) error {
	cfg, err := loadConfig(c.Config)
	if err != nil {
		return err
	}
	routes := 0
	failed := fileUsers(cfg)
	for _, id := range cfg.ShopOrder {
		for _, r := range cfg.Shops[id].Routes {
			routes++
			if !c.Connect {
				continue
			}
			if err := tryRoute(ctx, env, cfg, id, r); err != nil {
				failed = append(failed, cfg.Complaint(routePath(id, r), err.Error()))
			}
		}
	}
	if len(failed) > 0 {
		fmt.Fprintln(env.Err, &config.Error{File: cfg.File, Complaints: failed})
		return errQuiet
	}
	for _, note := range append(neverMet(cfg), invitedTwice(cfg)...) {
		fmt.Fprintln(env.Out, note)
	}
	fmt.Fprintf(env.Out, "%s is good: %s, %s\n", c.Config, count(len(cfg.Shops), "shop"), count(routes, "route"))
	return nil
}

// tryRoute logs in with the route's side as the hub would.
func tryRoute(ctx context.Context, env *Env, cfg *config.Config, shop string, r config.Route) error {
	p, _ := all.Find(r.Partner)
	side, err := buildSide(cfg, shop, p, r)
	if err != nil {
		return err
	}
	said, err := connect(ctx, p, r, side)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Out, "%s/%s: %s\n", shop, r.Name, said)
	return nil
}
