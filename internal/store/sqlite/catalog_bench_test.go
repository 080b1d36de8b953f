package sqlite_test

import (
	"fmt"
	"testing"

	"github.com/ordermux/ordermux/internal/store/sqlite"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

// BenchmarkAvailable looks up 100 lines.
func BenchmarkAvailable(b *testing.B) {
	for _, products := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint("products=", products), func(b *testing.B) {
			s, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = s.Close() })
			storetest.BenchAvailable(b, s, products)
		})
	}
}

// BenchmarkImportProducts imports 1,000,000 products from a file, and tells how
// much more memory the process had for it at most.
func BenchmarkImportProducts(b *testing.B) {
	s, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	storetest.BenchImportProducts(b, s, 1_000_000)
}
