package sqlite_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// benchEntry is an order of about 400 bytes with 1 to 5 lines.
func benchEntry(n int64, random bool) order.Entry {
	id := fmt.Sprintf("ORD-%012d", n)
	if random {
		id = fmt.Sprintf("%016x-%06x", rand.Uint64(), n&0xffffff)
	}
	o := order.Order{
		ID: id, PlacedAt: benchTime, Currency: "AUD", Channel: "online", Session: "s-8f2c11",
		Customer: &order.Customer{ID: fmt.Sprintf("c-%d", n%1000)},
		Media:    &order.Media{Team: "team-1", Catalog: "catalog-1"},
		Lines:    make([]order.Line, 1+n%5),
	}
	for i := range o.Lines {
		o.Lines[i] = order.Line{
			Product:  order.Product{GTIN: fmt.Sprintf("93006%06d", n%1000000)},
			Quantity: benchTwo, UnitPrice: benchPrice, Total: benchTotal, Seller: "seller-1",
		}
	}
	return order.Entry{
		Subject:   order.Subject{Kind: order.SubjectOrder, ID: id},
		Source:    order.Source{Name: "citrusad:default", Rank: order.RankDoor},
		Statement: &order.Statement{Order: o, Wire: benchWire(id)},
	}
}

var (
	benchTime  = mustTime("2026-05-31T09:30:00+10:00")
	benchTwo   = mustDecimal("2")
	benchPrice = mustDecimal("12.50")
	benchTotal = mustDecimal("25.00")
)

func mustTime(s string) order.Time {
	t, err := order.ParseTime(s)
	if err != nil {
		panic(err)
	}
	return t
}

func mustDecimal(s string) order.Decimal {
	d, err := order.ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return d
}

func benchWire(id string) []byte {
	return []byte(`{"id":"` + id + `","customerId":"c-77","sessionId":"s-8f2c11","orderDate":"2026-05-31T09:30:00+10:00",` +
		`"teamId":"team-1","catalogId":"catalog-1","orderItems":[{"gtin":"9300675016902","quantity":2,"regularUnitPrice":12.50,` +
		`"totalOrderItemPriceAfterDiscounts":25.00,"sellerId":"seller-1"},{"gtin":"9300675016903","quantity":1,"regularUnitPrice":3.95,"totalOrderItemPriceAfterDiscounts":3.95}]}`)
}

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
	appendMany(b, l, 8, 100, 1, 60000, random)
	b.ReportAllocs()
	b.ResetTimer()
	appendMany(b, l, clients, perCall, shops, b.N, random)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
}

func appendMany(b *testing.B, l *ledger.Ledger, clients, perCall, shops, orders int, random bool) {
	var next atomic.Int64
	var wg sync.WaitGroup
	first := int64(orders) << 20 // ids of their own
	for range clients {
		wg.Go(func() {
			for {
				to := next.Add(int64(perCall))
				if to-int64(perCall) >= int64(orders) {
					return
				}
				entries := make([]order.Entry, perCall)
				for i := range entries {
					entries[i] = benchEntry(first+to-int64(i), random)
				}
				shop := fmt.Sprintf("shop-%d", to/int64(perCall)%int64(shops))
				if _, err := l.Append(context.Background(), shop, entries); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkStates100 reads the states of 100 orders by number.
func BenchmarkStates100(b *testing.B) {
	l := openBench(b)
	appendMany(b, l, 8, 100, 1, 20000, true)
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
	appendMany(b, l, 8, 100, 1, 20000, true)
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
