package sqlite_test

import (
	"fmt"
	"testing"

	"github.com/ordermux/ordermux/internal/store/sqlite"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

func openNew(b *testing.B) *sqlite.Store {
	b.Helper()
	s, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

// BenchmarkImportOffers puts files of 1,500,000 offers.
func BenchmarkImportOffers(b *testing.B) {
	b.Run("one store", func(b *testing.B) {
		storetest.BenchImportOffers(b, openNew(b), 1_500_000,
			storetest.OfferFile{Name: "new", From: 0, To: 1, Price: "12.50"},
			storetest.OfferFile{Name: "changed", From: 0, To: 1, Price: "12.90"},
			storetest.OfferFile{Name: "same", From: 0, To: 1, Price: "12.90"},
			storetest.OfferFile{Name: "shuffled", From: 1, To: 2, Price: "12.50", Shuffled: true},
			storetest.OfferFile{Name: "shuffled-changed", From: 1, To: 2, Price: "12.90", Shuffled: true})
	})
	b.Run("500 stores", func(b *testing.B) {
		storetest.BenchImportOffers(b, openNew(b), 3000,
			storetest.OfferFile{Name: "new", From: 0, To: 500, Price: "12.50"},
			storetest.OfferFile{Name: "changed", From: 0, To: 500, Price: "12.90"},
			storetest.OfferFile{Name: "same", From: 0, To: 500, Price: "12.90"})
	})
}

// BenchmarkOfferedPromotion runs jobs of 2,000,000 pairs over the catalogue.
func BenchmarkOfferedPromotion(b *testing.B) {
	for _, stores := range []int{1, 50, 1000} {
		b.Run(fmt.Sprint("stores=", stores), func(b *testing.B) { storetest.BenchOfferedPromotion(b, openNew(b), stores) })
	}
}
