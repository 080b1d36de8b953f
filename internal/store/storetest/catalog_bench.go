package storetest

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

// BenchAvailable asks for 100 lines each time, by code and by EAN, of so many
// products of a new store.
func BenchAvailable(b *testing.B, s store.Store, products int) {
	b.Helper()
	c := s.Catalog()
	for i := 0; i < products; {
		var some []catalog.Product
		for ; len(some) < 1000 && i < products; i++ {
			p := goods(fmt.Sprintf("P-%07d", i), "100")
			p.GTIN, p.Price, p.Currency = benchGTIN(i), num("12.50"), "SEK"
			some = append(some, p)
		}
		if _, err := c.Put(b.Context(), shop, some); err != nil {
			b.Fatal(err)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	lines := make([]catalog.Line, 100)
	took := make([]time.Duration, 0, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		for i := range lines {
			n := random.IntN(products)
			lines[i] = catalog.Line{Type: catalog.Internal, Code: fmt.Sprintf("P-%07d", n), Quantity: order.FromInt(1, 0)}
			if i%2 == 0 {
				lines[i].Type, lines[i].Code = catalog.Producer, benchGTIN(n)
			}
		}
		start := time.Now()
		list, err := c.Available(b.Context(), shop, lines, "")
		took = append(took, time.Since(start))
		if err != nil || list[0].Reason != "" || list[99].Reason != "" {
			b.Fatal(list, err)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

func benchGTIN(n int) string { return fmt.Sprintf("59%011d", n) }

// BenchImportProducts imports a file of so many products.
func BenchImportProducts(b *testing.B, s store.Store, products int) {
	b.Helper()
	for b.Loop() {
		file, w := io.Pipe()
		go func() {
			_, err := io.WriteString(w, "code,ean,name,price,currency,stock\n")
			for i := 0; i < products && err == nil; i++ {
				_, err = fmt.Fprintf(w, "P-%07d,%s,Name of product %d,12.50,SEK,%d\n", i, benchGTIN(i), i, i%100)
			}
			_ = w.CloseWithError(err)
		}()
		r, err := catalog.NewReader(file, "SEK")
		if err != nil {
			b.Fatal(err)
		}
		more := watchResident(b, resident(b))
		report, err := catalog.Import(b.Context(), s.Catalog(), shop, r, nil)
		if err != nil || report.Rows != products || report.Refused != 0 {
			b.Fatal(report.Rows, report.Refused, err)
		}
		b.ReportMetric(more(), "MiB-more")
	}
}

// resident is the memory that the process has of its own, without the mapped
// pages of files; 0 where the system does not say.
func resident(b *testing.B) int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages, shared int64
	if _, err := fmt.Sscan(string(text), &size, &pages, &shared); err != nil {
		b.Error(err)
	}
	return (pages - shared) * int64(os.Getpagesize())
}

// watchResident returns what returns the most memory that the process had since,
// in MiB more than before.
func watchResident(b *testing.B, before int64) func() float64 {
	most := before
	done := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				most = max(most, resident(b))
			}
		}
	})
	return func() float64 {
		close(done)
		watch.Wait()
		return float64(most-before) / (1 << 20)
	}
}
