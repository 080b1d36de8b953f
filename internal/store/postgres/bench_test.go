package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

func openBench(b *testing.B) *ledger.Ledger {
	s, err := postgres.Open(context.Background(), pgtest.Filled(b), postgres.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return ledger.New(s, ledger.Options{Shared: true})
}

// BenchmarkAppend appends new orders: 100 a call, and one a call from 64
// callers over one shop and over 50. ns/op is per order.
func BenchmarkAppend(b *testing.B) {
	for _, load := range []storetest.Load{
		{Clients: 1, PerCall: 100, Shops: 1, Random: true},
		{Clients: 8, PerCall: 100, Shops: 1, Random: true},
		{Clients: 8, PerCall: 100, Shops: 50, Random: true},
		{Clients: 64, PerCall: 1, Shops: 1, Random: true},
		{Clients: 64, PerCall: 1, Shops: 50, Random: true},
	} {
		b.Run(fmt.Sprintf("by=%d/clients=%d/shops=%d", load.PerCall, load.Clients, load.Shops), func(b *testing.B) {
			l := openBench(b)
			load.Append(b, l, 5000)
			before := usedCPU(b)
			load.Measure(b, l)
			reportCPU(b, 1, before)
		})
	}
}

// BenchmarkRead reads 1000 events of the log, and BenchmarkStates the states of
// 100 orders; ns/op is per read.
func BenchmarkRead(b *testing.B) {
	l := openBench(b)
	storetest.Load{Clients: 8, PerCall: 100, Shops: 1, Random: true}.Append(b, l, 20000)
	before := usedCPU(b)
	b.ReportAllocs()
	b.ResetTimer()
	for i := int64(0); b.Loop(); i++ {
		items, err := l.Read(b.Context(), "shop-0", i%19*1000, 1000)
		if err != nil || len(items) != 1000 {
			b.Fatal(len(items), err)
		}
	}
	reportCPU(b, 1000, before)
}

func BenchmarkStates(b *testing.B) {
	l := openBench(b)
	storetest.Load{Clients: 8, PerCall: 100, Shops: 1, Random: true}.Append(b, l, 20000)
	numbers := make([]int64, 100)
	before := usedCPU(b)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		for j := range numbers {
			numbers[j] = int64((i*100+j)%20000) + 1
		}
		states, err := l.States(b.Context(), "shop-0", numbers)
		if err != nil || states[99] == nil {
			b.Fatal(err)
		}
	}
	reportCPU(b, 100, before)
}
