package sqlite

import (
	"database/sql"
	"strings"
	"testing"
)

// TestDeliveryPlans checks that what asks for an order's deliveries finds them
// by shop, route and order: the planner would rather go through a whole shop.
func TestDeliveryPlans(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for name, query := range map[string]string{
		"of orders": ofOrderQueries[chunks[0]], "of a route": ofRouteQueries[chunks[0]],
		"calls": callsOfOrder, "open": openOfOrder,
	} {
		err := s.View(t.Context(), func(v *View) error {
			args := make([]any, max(strings.Count(query, "?"), 2))
			if strings.Contains(query, "?2") {
				args = args[:2]
			}
			rows, err := v.Query("EXPLAIN QUERY PLAN "+query, args...)
			if err != nil {
				return err
			}
			return eachRow(rows, func() error {
				var id, parent, unused sql.RawBytes
				var step string
				err := rows.Scan(&id, &parent, &unused, &step)
				if strings.Contains(step, "SEARCH") && !strings.Contains(step, "SEARCH r ") && !strings.Contains(step, "ord=?") {
					t.Errorf("%s: %s", name, step)
				}
				if strings.Contains(step, "SCAN") {
					t.Errorf("%s: %s", name, step)
				}
				return err
			})
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
