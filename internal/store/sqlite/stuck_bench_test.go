package sqlite_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// BenchmarkStuck reads what is stuck among a million deliveries, a tenth of them
// retried and a tenth refused with twenty words.
func BenchmarkStuck(b *testing.B) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, b.TempDir(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	rows, err := s.Deliveries().OpenRoutes(ctx, "nordlys", 0, []delivery.RouteRow{{Shop: "nordlys", Route: "hook"}})
	if err != nil {
		b.Fatal(err)
	}
	const all, piece = 1_000_000, 2_000
	now := time.Now()
	for seq := int64(1); seq <= all; {
		var changes []delivery.Change
		for range piece {
			row := delivery.Delivery{Shop: "nordlys", Route: "hook", Order: seq, Seq: seq, State: delivery.Delivered, Attempt: 1, Planned: now, Base: now, Settled: now}
			switch seq % 10 {
			case 3:
				row.State, row.Code, row.Settled, row.Due = delivery.Retrying, "http_503", time.Time{}, now
			case 7:
				row.State, row.Code, row.Reason = delivery.Refused, fmt.Sprint("fault_", seq/10%20), "no"
			}
			changes = append(changes, delivery.Change{Row: row})
			seq++
		}
		rows[0].Position = seq
		if err := s.Deliveries().Commit(ctx, &delivery.Bundle{Route: rows[0], Changes: changes, Now: now}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		kinds, err := s.Deliveries().Stuck(ctx, "nordlys")
		if err != nil || len(kinds) != 21 {
			b.Fatal(len(kinds), err)
		}
	}
}
