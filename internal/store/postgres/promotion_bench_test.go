package postgres_test

import (
	"fmt"
	"testing"

	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

func openEmpty(b *testing.B) *postgres.Store {
	b.Helper()
	s, err := postgres.Open(b.Context(), pgtest.Database(b), postgres.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

// BenchmarkPromotionJob runs jobs of 2,000,000 pairs of a store and a SKU.
func BenchmarkPromotionJob(b *testing.B) {
	for _, stores := range []int{1, 50, 1000} {
		b.Run(fmt.Sprint("stores=", stores), func(b *testing.B) { storetest.BenchPromotionJob(b, openEmpty(b), stores) })
	}
}

// BenchmarkShown asks what is shown among 10,000 promotions.
func BenchmarkShown(b *testing.B) {
	b.Run("spread", func(b *testing.B) { storetest.BenchShown(b, openEmpty(b), 10_000) })
	b.Run("one SKU", func(b *testing.B) { storetest.BenchShownOne(b, openEmpty(b), 10_000) })
}
