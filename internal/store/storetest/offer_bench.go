package storetest

import (
	"context"
	"fmt"
	"runtime/debug"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/store"
)

// fill puts products P-0000000, P-0000001 ... that cost 10.
func fill(b *testing.B, s store.Store, products int) {
	b.Helper()
	for i := 0; i < products; {
		var some []catalog.Product
		for ; len(some) < 1000 && i < products; i++ {
			p := goods(fmt.Sprintf("P-%07d", i), "100")
			p.Price, p.Currency = num("10.00"), "SEK"
			if i%2 == 0 {
				p.GTIN = benchGTIN(i)
			} else {
				p.SKU = fmt.Sprintf("SKU-%07d", i)
			}
			some = append(some, p)
		}
		if _, err := s.Catalog().Put(b.Context(), shop, some); err != nil {
			b.Fatal(err)
		}
	}
}

func outlet(n int) string { return fmt.Sprintf("store-%05d", n) }

// OfferFile is a file of the offers of every product in some stores, product by
// product.
type OfferFile struct {
	Name     string
	From, To int  // the stores, without the last one
	Shuffled bool // the products in any sequence
	Price    string
}

// rows calls f with parts of the file, as large as one call of PutOffers takes.
// Every other product is named by its barcode, the others by their SKU.
func (o OfferFile) rows(products int, f func([]catalog.OfferEdit) error) error {
	active := true
	part := make([]catalog.OfferEdit, 0, catalog.MostEdits)
	const stride = 7_368_787 // a prime that no number of products is a multiple of
	for i := range products {
		if o.Shuffled {
			i = i * stride % products
		}
		e := catalog.OfferEdit{Type: catalog.Internal, Code: fmt.Sprintf("SKU-%07d", i), Price: num(o.Price), Active: &active}
		if i%2 == 0 {
			e.Type, e.Code = catalog.Producer, benchGTIN(i)
		}
		for n := o.From; n < o.To; n++ {
			e.Store = outlet(n)
			if part = append(part, e); len(part) == cap(part) {
				if err := f(part); err != nil {
					return err
				}
				part = part[:0]
			}
		}
	}
	return f(part)
}

// BenchImportOffers puts the offers of files, one after the other, into a new
// store that has the products. Of each it tells rows per second, and how much
// more memory the process had at most than before anything was in the store.
func BenchImportOffers(b *testing.B, s store.Store, products int, files ...OfferFile) {
	b.Helper()
	before := resident(b)
	fill(b, s, products)
	for b.Loop() {
		for _, file := range files {
			debug.FreeOSMemory()
			more := watchResident(b, before)
			start, rows, changed := time.Now(), 0, 0
			err := file.rows(products, func(part []catalog.OfferEdit) error {
				put, err := s.Catalog().PutOffers(b.Context(), shop, part)
				rows, changed = rows+len(part), changed+put.Changed
				if len(put.Refused)+len(put.Repeated) > 0 {
					b.Fatal(put.Refused, put.Repeated)
				}
				return err
			})
			took := time.Since(start)
			if want := products * (file.To - file.From); err != nil || rows != want || changed != want && changed != 0 {
				b.Fatal(rows, changed, err)
			}
			b.ReportMetric(float64(rows)/took.Seconds(), file.Name+"-rows/s")
			b.ReportMetric(more(), file.Name+"-MiB-more")
		}
	}
}

// BenchOfferedPromotion runs jobs of 2,000,000 pairs over the real catalogue, in
// which every fourth offer is the outlet's own.
func BenchOfferedPromotion(b *testing.B, s store.Store, stores int) {
	b.Helper()
	skus := promotion.MostPairs / stores
	fill(b, s, skus)
	var edits []catalog.OfferEdit
	flush := func() {
		if _, err := s.Catalog().PutOffers(b.Context(), shop, edits); err != nil {
			b.Fatal(err)
		}
		edits = edits[:0]
	}
	for n := range stores {
		for i := n % 4; i < skus; i += 4 {
			edits = append(edits, catalog.OfferEdit{Store: outlet(n), Code: fmt.Sprintf("P-%07d", i), Price: num("11.00")})
			if len(edits) == catalog.MostEdits {
				flush()
			}
		}
	}
	flush()
	book := promotion.New(s.Promotions(), store.OffersForPromotions(s.Catalog()))
	for n := 0; b.Loop(); n++ {
		r := benchRequest(fmt.Sprint("bench ", n), skus, "*")
		for i := 0; i < skus; i += 2 {
			r.Discounts[0].SKUs[i] = fmt.Sprintf("P-%07d", i) // the others are found by their SKUs
		}
		j, err := book.Put(b.Context(), shop, r, nil)
		if err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		done, err := book.Run(context.WithoutCancel(b.Context()), shop, j.Number)
		if err != nil || done.State != promotion.Completed || done.Result.Accepted != promotion.MostPairs {
			b.Fatal(done.State, done.Result.Accepted, err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "run-s")
	}
}
