package cli

import (
	"cmp"
	"slices"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner/all"
)

// loadConfig reads a configuration file with everything checked, what only
// the partners know of their settings too.
func loadConfig(path string) (*config.Config, error) {
	cfg, err := config.Load(path, config.Options{Partners: all.List(), CompileRule: app.CheckRule})
	if err != nil {
		return nil, err
	}
	if list := refusedRoutes(cfg); len(list) > 0 {
		return nil, &config.Error{File: cfg.File, Complaints: list}
	}
	return cfg, nil
}

// refusedRoutes complains about every route whose partner does not take its
// settings, by line.
func refusedRoutes(cfg *config.Config) []config.Complaint {
	var list []config.Complaint
	for _, id := range cfg.ShopOrder {
		for _, r := range cfg.Shops[id].Routes {
			p, _ := all.Find(r.Partner)
			if _, err := buildSide(cfg, id, p, r); err != nil {
				list = append(list, cfg.Complaint(routePath(id, r), err.Error()))
			}
		}
	}
	slices.SortStableFunc(list, func(a, b config.Complaint) int { return cmp.Compare(a.Line, b.Line) })
	return list
}

func routePath(shop string, r config.Route) string { return "shops." + shop + ".routes." + r.Name }
