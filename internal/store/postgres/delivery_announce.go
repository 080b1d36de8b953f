package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/json"
)

var _ delivery.Announcer = deliveries{}

// AddRoutes implements delivery.Announcer: a statement for each shop, many in
// one round trip. The owner gives the rows its epoch when it opens them.
func (d deliveries) AddRoutes(ctx context.Context, routes []delivery.RouteRow) error {
	const add = `INSERT INTO routes (shop, route, partner, position, start, epoch, status, reason, revision, personal)
		SELECT $1::text, u.route, u.partner, h.head, h.head, 0, '', '', u.revision, u.personal
		FROM jsonb_to_recordset($2::jsonb) u (route text, partner text, revision text, personal boolean),
			(SELECT coalesce(max(head), 0) AS head FROM heads WHERE shop = $1) h
		ORDER BY u.route ON CONFLICT DO NOTHING`
	type row struct {
		Route    string `json:"route"`
		Partner  string `json:"partner"`
		Revision string `json:"revision"`
		Personal bool   `json:"personal"`
	}
	shops := map[string][]row{}
	for _, r := range routes {
		shops[r.Shop] = append(shops[r.Shop], row{r.Route, r.Partner, r.Revision, r.Personal})
	}
	args := make([][][]byte, 0, len(shops))
	for _, shop := range slices.Sorted(maps.Keys(shops)) {
		rows, err := json.Marshal(shops[shop])
		if err != nil {
			return fmt.Errorf("add routes: %w", err)
		}
		args = append(args, [][]byte{[]byte(shop), rows})
	}
	n := nodes{store: d.store}
	if _, err := n.each(ctx, add, args); err != nil {
		return fmt.Errorf("add routes: %w", err)
	}
	return nil
}
