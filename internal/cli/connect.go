package cli

import (
	"context"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner"
)

// buildSide makes a route's side as the hub would, with nothing behind it.
func buildSide(cfg *config.Config, shop string, p partner.Partner, r config.Route) (partner.Side, error) {
	return app.BareSide(cfg, shop, p, r)
}

// connect logs in at the partner of a route of the file, whose addresses are
// trusted.
func connect(ctx context.Context, p partner.Partner, r config.Route, side partner.Side) (said string, err error) {
	return app.Login(ctx, p, r.Name, r.Settings, side, nil)
}
