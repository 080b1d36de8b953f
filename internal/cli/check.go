package cli

import (
	"context"
	"fmt"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
)

type checkCmd struct {
	Config  string `help:"Configuration file." required:"" placeholder:"FILE" type:"path"`
	Connect bool   `help:"Also log in at each partner, without changing anything there."`
}

// Run reports everything that is wrong with the file, and with --connect what
// the partners say to its credentials.
func (c *checkCmd) Run(ctx context.Context, env *Env) error {
	cfg, err := loadConfig(c.Config)
	if err != nil {
		return err
	}
	routes, failed := 0, 0
	for _, id := range cfg.ShopOrder {
		for _, r := range cfg.Shops[id].Routes {
			routes++
			p, _ := all.Find(r.Partner)
			if err := c.route(ctx, env, id, p, r); err != nil {
				fmt.Fprintf(env.Err, "%s: shops.%s.routes.%s: %s\n", c.Config, id, r.Name, err)
				failed++
			}
		}
	}
	if failed > 0 {
		return errQuiet
	}
	fmt.Fprintf(env.Out, "%s is good: %s, %s\n", c.Config, count(len(cfg.Shops), "shop"), count(routes, "route"))
	return nil
}

// route builds the route's side as the hub would, and tries it if asked to.
func (c *checkCmd) route(ctx context.Context, env *Env, shop string, p partner.Partner, r config.Route) error {
	side, err := buildSide(shop, p, r)
	if err != nil || !c.Connect {
		return err
	}
	said, err := connect(ctx, p, r, side)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Out, "%s/%s: %s\n", shop, r.Name, said)
	return nil
}
