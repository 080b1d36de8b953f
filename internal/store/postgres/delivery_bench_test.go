package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

// BenchmarkDeliveries plans deliveries as sending and settles them, without
// evidence: the store's part of a delivery, of which each is an order here. "claim, settle" are two commits, as
// of a route that sends one batch at a time; "both" is one, as of a route that
// plans the next batch while it settles the last.
func BenchmarkDeliveries(b *testing.B) {
	for _, n := range []int{1, 100, 400} {
		b.Run(fmt.Sprintf("by=%d/claim, settle", n), func(b *testing.B) { benchDeliveries(b, n, false) })
		b.Run(fmt.Sprintf("by=%d/both", n), func(b *testing.B) { benchDeliveries(b, n, true) })
	}
}

func benchDeliveries(b *testing.B, n int, together bool) {
	ctx := context.Background()
	s, err := postgres.Open(ctx, pgtest.Filled(b), postgres.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	rows, err := s.Deliveries().OpenRoutes(ctx, "nordlys", 0, []delivery.RouteRow{{Shop: "nordlys", Route: "hook"}})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	commit := func(changes []delivery.Change) {
		bundle := &delivery.Bundle{Route: rows[0], Changes: changes, Now: now}
		if err := s.Deliveries().Commit(ctx, bundle); err != nil {
			b.Fatal(err)
		}
	}
	seq := int64(0)
	var settled []delivery.Change
	before := usedCPU(b)
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
		commit(changes)
		if !together {
			commit(settled)
			settled = nil
		}
	}
	reportCPU(b, 1, before)
}
