package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/store"
)

// fair is a chain that sells everything everywhere for 10.
type fair int

// Stores implements promotion.Catalogue.
func (f fair) Stores(context.Context, string) ([]string, error) {
	list := make([]string, f)
	for i := range list {
		list[i] = fmt.Sprintf("store-%05d", i)
	}
	return list, nil
}

// Offers implements promotion.Catalogue.
func (f fair) Offers(_ context.Context, _, _ string, skus []string) ([]promotion.Offer, error) {
	list := make([]promotion.Offer, len(skus))
	for i := range list {
		list[i] = promotion.Offer{Known: true, Active: true, Price: order.FromInt(1000, 2)}
	}
	return list, nil
}

// timedStore measures what runs in writing transactions, without their commits.
type timedStore struct {
	promotion.Store
	longest time.Duration
}

// Change implements promotion.Store.
func (s *timedStore) Change(ctx context.Context, f func(promotion.Tx) error) error {
	return s.Store.Change(ctx, func(tx promotion.Tx) error {
		start := time.Now()
		err := f(tx)
		s.longest = max(s.longest, time.Since(start))
		return err
	})
}

func benchRequest(name string, skus int, stores ...string) *promotion.Request {
	r := cheaper(name, 0, 10, "*", "x 9.00")
	r.Stores, r.Discounts[0].SKUs = stores, make([]string, skus)
	for i := range skus {
		r.Discounts[0].SKUs[i] = fmt.Sprintf("SKU-%07d", i)
	}
	return r
}

// BenchPromotionJob puts and runs requests of 2,000,000 pairs, whose catalogue
// takes no time, and tells the longest of its writing transactions.
func BenchPromotionJob(b *testing.B, s store.Store, stores int) {
	b.Helper()
	timed := &timedStore{Store: s.Promotions()}
	book := promotion.New(timed, fair(stores))
	for n := 0; b.Loop(); n++ {
		r := benchRequest(fmt.Sprint("bench ", n), promotion.MostPairs/stores, "*")
		start := time.Now()
		j, err := book.Put(b.Context(), shop, r, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "put-s")
		start = time.Now()
		done, err := book.Run(b.Context(), shop, j.Number)
		if err != nil || done.State != promotion.Completed || done.Result.Accepted != promotion.MostPairs {
			b.Fatal(done, err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "run-s")
		start = time.Now()
		for more := true; more; {
			if more, err = book.Advance(b.Context(), shop); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(time.Since(start).Seconds(), "clean-s")
		b.ReportMetric(float64(timed.longest.Milliseconds()), "longest-tx-ms")
	}
}

// BenchShown asks what is shown of 50 SKUs among so many promotions: of 50 SKUs
// of 20,000 each, every other one for all of 500 stores, the others for 10 of
// them; half of them run.
func BenchShown(b *testing.B, s store.Store, promotions int) {
	b.Helper()
	const stores = 500
	book := promotion.New(s.Promotions(), fair(stores))
	all, err := fair(stores).Stores(b.Context(), shop)
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	sku := func() string { return fmt.Sprintf("SKU-%05d", random.IntN(20_000)) }
	for i := range promotions {
		r := benchRequest(fmt.Sprint("p", i), 50, "*")
		from := -random.IntN(20)
		r.Start, r.End = day(from), day(from+10)
		for k := range r.Discounts[0].SKUs {
			r.Discounts[0].SKUs[k] = sku()
		}
		if i%2 == 0 {
			at := random.IntN(stores - 10)
			r.Stores = all[at : at+10]
		}
		j, err := book.Put(b.Context(), shop, r, nil)
		if err == nil {
			_, err = book.Run(b.Context(), shop, j.Number)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	benchShown(b, book, func() (string, []string) {
		skus := make([]string, 50)
		for i := range skus {
			skus[i] = sku()
		}
		return all[random.IntN(stores)], skus
	})
}

// BenchShownOne asks what is shown of one SKU that has all the promotions, each
// for one of 500 stores.
func BenchShownOne(b *testing.B, s store.Store, promotions int) {
	b.Helper()
	const stores = 500
	book := promotion.New(s.Promotions(), fair(stores))
	for i := range promotions {
		r := cheaper(fmt.Sprint("p", i), -1, 10, fmt.Sprintf("store-%05d", i%stores), "one 9.00")
		j, err := book.Put(b.Context(), shop, r, nil)
		if err == nil {
			_, err = book.Run(b.Context(), shop, j.Number)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	n := 0
	benchShown(b, book, func() (string, []string) {
		n++ // every other store has none
		return fmt.Sprintf("store-%05d", n%(2*stores)), []string{"one"}
	})
}

func benchShown(b *testing.B, book *promotion.Book, ask func() (string, []string)) {
	b.Helper()
	took := make([]time.Duration, 0, 10_000)
	found, asked := 0, 0
	for b.Loop() {
		store, skus := ask()
		start := time.Now()
		list, err := book.Shown(b.Context(), shop, store, skus, day(0).Time())
		took = append(took, time.Since(start))
		if err != nil {
			b.Fatal(err)
		}
		asked += len(list)
		for i := range list {
			if list[i].Promotion != nil {
				found++
			}
		}
	}
	if found == 0 {
		b.Fatal("nothing is shown")
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(found)/float64(asked), "found")
}
