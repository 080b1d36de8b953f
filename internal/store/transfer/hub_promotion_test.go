package transfer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/promotion"
)

// everything is a catalogue that sells all SKUs in two stores.
type everything struct{}

func (everything) Stores(context.Context, string) ([]string, error) {
	return []string{"lund", "ystad"}, nil
}

func (everything) Offers(_ context.Context, _, _ string, skus []string) ([]promotion.Offer, error) {
	list := make([]promotion.Offer, len(skus))
	for i := range list {
		list[i] = promotion.Offer{Known: true, Active: true, Price: order.FromInt(int64(5+len(skus[i])), 0)}
	}
	return list, nil
}

// promotions puts requests for promotions, runs some, and removes what they
// leave: not in the last shop, which keeps something of everything.
func (h *hub) promotions(s *shop, random *rand.Rand) {
	ctx, book := context.Background(), promotion.New(h.store.Promotions(), everything{})
	start := base.Add(time.Duration(random.IntN(3)) * time.Hour)
	r := &promotion.Request{Stores: []string{"*"}, Inactive: random.IntN(5) == 0}
	r.Header = promotion.Header{
		Name: fmt.Sprintf("promotion-%d ø\"\\{}", random.IntN(4)), Start: order.At(start), End: order.At(start.Add(time.Hour)),
		Type: promotion.Strikethrough, Reason: promotion.NMR,
	}
	if random.IntN(2) == 0 {
		r.Stores = []string{"lund", "nowhere"}
	}
	d := promotion.Discount{Terms: promotion.Terms{Subtype: promotion.FinalPrice, Value: order.FromInt(9, 0)}}
	for range 1 + random.IntN(5) {
		d.SKUs = append(d.SKUs, fmt.Sprint("P-", random.IntN(2000)))
	}
	r.Discounts = []promotion.Discount{d}
	_, err := book.Put(ctx, s.id, r, nil)
	h.must(err)
	if next, ok, err := book.Next(ctx, s.id); ok && random.IntN(3) > 0 {
		_, err = book.Run(ctx, s.id, next.Number)
		h.must(err)
	} else {
		h.must(err)
	}
	if s != h.shops[len(h.shops)-1] {
		_, err = book.Advance(ctx, s.id)
		h.must(err)
	}
}
