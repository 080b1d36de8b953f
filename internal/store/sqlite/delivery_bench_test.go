package sqlite_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// BenchmarkDeliveries plans deliveries as sending and settles them, one commit
// each per round, without evidence: the store's part of a delivery.
func BenchmarkDeliveries(b *testing.B) {
	for _, n := range []int{64, 400} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchDeliveries(b, n) })
	}
}

func benchDeliveries(b *testing.B, n int) {
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
	now := time.Now()
	seq := int64(0)
	var settled []delivery.Change
	b.ResetTimer()
	for done := 0; done < b.N; done += n {
		changes := settled
		settled = nil
		for range n {
			seq++
			row := delivery.Delivery{
				Shop: "nordlys", Route: "hook", Order: seq, Seq: seq, State: delivery.Sending, Attempt: 1,
				Due: now, Planned: now, Base: now,
			}
			changes = append(changes, delivery.Change{Row: row})
			row.State, row.Due, row.Settled, row.Call = delivery.Delivered, time.Time{}, now, seq
			settled = append(settled, delivery.Change{Row: row, From: delivery.Sending})
		}
		rows[0].Position = seq
		bundle := &delivery.Bundle{Route: rows[0], Changes: changes, Now: now}
		if err := s.Deliveries().Commit(ctx, bundle); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
}
