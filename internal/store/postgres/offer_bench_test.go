package postgres_test

import (
	"fmt"
	"testing"

	"github.com/ordermux/ordermux/internal/store/storetest"
)

// BenchmarkImportOffers puts files of offers, 100,000 and 1,500,000 of them.
func BenchmarkImportOffers(b *testing.B) {
	b.Run("one store", func(b *testing.B) {
		storetest.BenchImportOffers(b, openEmpty(b), 100_000,
			storetest.OfferFile{Name: "new", From: 0, To: 1, Price: "12.50"},
			storetest.OfferFile{Name: "changed", From: 0, To: 1, Price: "12.90"},
			storetest.OfferFile{Name: "shuffled", From: 1, To: 2, Price: "12.50", Shuffled: true})
	})
	b.Run("500 stores", func(b *testing.B) {
		storetest.BenchImportOffers(b, openEmpty(b), 3000,
			storetest.OfferFile{Name: "new", From: 0, To: 500, Price: "12.50"},
			storetest.OfferFile{Name: "changed", From: 0, To: 500, Price: "12.90"})
	})
}

// BenchmarkOfferedPromotion runs jobs of 2,000,000 pairs over the catalogue.
func BenchmarkOfferedPromotion(b *testing.B) {
	for _, stores := range []int{50, 1000} {
		b.Run(fmt.Sprint("stores=", stores), func(b *testing.B) { storetest.BenchOfferedPromotion(b, openEmpty(b), stores) })
	}
}
