package cli

import (
	"fmt"
	"slices"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
)

// neverMet returns a sentence for each route that needs what no order through
// the doors of its shop can have. Our API and imports may still complete such
// an order, so it is no mistake of the file.
func neverMet(cfg *config.Config) []string {
	var notes []string
	for _, id := range cfg.ShopOrder {
		var doors []partner.Partner
		for name := range cfg.Shops[id].Doors {
			p, _ := all.Find(name)
			doors = append(doors, p)
		}
		for _, r := range cfg.Shops[id].Routes {
			p, _ := all.Find(r.Partner)
			side, err := buildSide(cfg, id, p, r)
			if err != nil {
				continue // loadConfig has complained about it
			}
			for _, need := range unmet(side.Needs, doors) {
				notes = append(notes, fmt.Sprintf("shops.%s.routes.%s: waits for %s, which no order through this shop's doors has, until our API or an import states it",
					id, r.Name, need))
			}
		}
	}
	return notes
}

// unmet returns the needs that all doors lack; without doors none.
func unmet(needs []partner.Need, doors []partner.Partner) []partner.Need {
	if len(doors) == 0 {
		return nil
	}
	var list []partner.Need
	for _, n := range needs {
		if !slices.ContainsFunc(doors, func(d partner.Partner) bool { return !slices.Contains(d.Lacks, n) }) {
			list = append(list, n)
		}
	}
	return list
}
