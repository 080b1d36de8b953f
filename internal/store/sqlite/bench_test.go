package sqlite_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/store/sqlite"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

func openBench(b *testing.B) *ledger.Ledger {
	s, err := sqlite.Open(context.Background(), b.TempDir(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return ledger.New(s, ledger.Options{})
}

// BenchmarkAppend100 appends 100 new orders per call, one shop, from so many
// clients; ns/op is per order.
func BenchmarkAppend100(b *testing.B) {
	for _, clients := range []int{1, 8} {
		for _, ids := range []string{"ascending", "random"} {
			b.Run(fmt.Sprintf("clients=%d/ids=%s", clients, ids), func(b *testing.B) {
				benchAppend(b, clients, 100, 1, ids == "random")
			})
		}
	}
}

// BenchmarkAppendSingle64 appends one order per call from 64 clients.
func BenchmarkAppendSingle64(b *testing.B) {
	for _, shops := range []int{1, 50} {
		b.Run(fmt.Sprintf("shops=%d", shops), func(b *testing.B) { benchAppend(b, 64, 1, shops, true) })
	}
}

func benchAppend(b *testing.B, clients, perCall, shops int, random bool) {
	l := openBench(b)
	// The log's file grows once, and syncs are slow until it has.
	storetest.Load{Clients: 8, PerCall: 100, Shops: 1, Random: random}.Append(b, l, 60000)
	storetest.Load{Clients: clients, PerCall: perCall, Shops: shops, Random: random}.Measure(b, l)
}

// BenchmarkStates100 reads the states of 100 orders by number.
func BenchmarkStates100(b *testing.B) {
	l := openBench(b)
	storetest.Load{Clients: 8, PerCall: 100, Shops: 1, Random: true}.Append(b, l, 20000)
	numbers := make([]int64, 100)
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
	b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "orders/s")
}

// BenchmarkRead1000 reads the log in pages, from the store and from memory.
func BenchmarkRead1000(b *testing.B) {
	l := openBench(b)
	storetest.Load{Clients: 8, PerCall: 100, Shops: 1, Random: true}.Append(b, l, 20000)
	for name, first := range map[string]int64{"store": 0, "memory": 18000} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := int64(0); b.Loop(); i++ {
				items, err := l.Read(b.Context(), "shop-0", first+i%10*100, 1000)
				if err != nil || len(items) != 1000 {
					b.Fatal(len(items), err)
				}
			}
			b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "orders/s")
		})
	}
}
