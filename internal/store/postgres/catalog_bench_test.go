package postgres_test

import (
	"testing"

	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

// BenchmarkAvailable looks up 100 lines among 100,000 products.
func BenchmarkAvailable(b *testing.B) {
	s, err := postgres.Open(b.Context(), pgtest.Filled(b), postgres.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	storetest.BenchAvailable(b, s, 100_000)
}
