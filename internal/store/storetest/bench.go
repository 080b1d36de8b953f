package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// Load is how appends come in a benchmark.
type Load struct {
	Clients, PerCall, Shops int
	Random                  bool // ids in no sequence
}

// Append appends so many new orders of about 400 bytes with 1 to 5 lines.
func (l Load) Append(b *testing.B, to *ledger.Ledger, orders int) {
	var next atomic.Int64
	var wg sync.WaitGroup
	first := rand.Int64N(1<<30) << 32 // ids of their own
	for range l.Clients {
		wg.Go(func() {
			for {
				end := next.Add(int64(l.PerCall))
				if end-int64(l.PerCall) >= int64(orders) {
					return
				}
				entries := make([]order.Entry, l.PerCall)
				for i := range entries {
					entries[i] = benchEntry(first+end-int64(i), l.Random)
				}
				shop := fmt.Sprintf("shop-%d", end/int64(l.PerCall)%int64(l.Shops))
				if _, err := to.Append(context.Background(), shop, entries); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// Measure appends b.N orders and reports how many per second.
func (l Load) Measure(b *testing.B, to *ledger.Ledger) {
	b.ReportAllocs()
	b.ResetTimer()
	l.Append(b, to, b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
}

func benchEntry(n int64, random bool) order.Entry {
	id := fmt.Sprintf("ORD-%018d", n)
	if random {
		id = fmt.Sprintf("%016x-%06x", rand.Uint64(), n&0xffffff)
	}
	placed, err := order.ParseTime("2026-05-31T09:30:00+10:00")
	if err != nil {
		panic(err)
	}
	o := order.Order{
		ID: id, PlacedAt: placed, Currency: "AUD", Channel: "online", Session: "s-8f2c11",
		Customer: &order.Customer{ID: fmt.Sprintf("c-%d", n%1000)},
		Media:    &order.Media{Team: "team-1", Catalog: "catalog-1"},
		Lines:    make([]order.Line, 1+n%5),
	}
	for i := range o.Lines {
		o.Lines[i] = order.Line{
			Product:  order.Product{GTIN: fmt.Sprintf("93006%06d", n%1000000)},
			Quantity: dec("2"), UnitPrice: dec("12.50"), Total: dec("25.00"), Seller: "seller-1",
		}
	}
	return order.Entry{
		Subject:   order.Subject{Kind: order.SubjectOrder, ID: id},
		Source:    door,
		Statement: &order.Statement{Order: o, Wire: benchWire(id)},
	}
}

func benchWire(id string) []byte {
	return []byte(`{"id":"` + id + `","customerId":"c-77","sessionId":"s-8f2c11","orderDate":"2026-05-31T09:30:00+10:00",` +
		`"teamId":"team-1","catalogId":"catalog-1","orderItems":[{"gtin":"9300675016902","quantity":2,"regularUnitPrice":12.50,` +
		`"totalOrderItemPriceAfterDiscounts":25.00,"sellerId":"seller-1"},{"gtin":"9300675016903","quantity":1,"regularUnitPrice":3.95,"totalOrderItemPriceAfterDiscounts":3.95}]}`)
}
