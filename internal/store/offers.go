package store

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/promotion"
)

// OffersForPromotions is the catalogue as promotions need it. Safe for
// concurrent use. A job asks about the same SKUs in one store after the other:
// the products of the list that was asked about last are kept, and followed as
// they change.
func OffersForPromotions(c catalog.OfferStore) promotion.Catalogue { return &promoted{offers: c} }

type promoted struct {
	offers catalog.OfferStore
	mu     sync.Mutex
	last   *promotedList // nil: none, or in use
}

// promotedList are SKUs of a shop, as assortments of some of them each.
type promotedList struct {
	shop  string
	skus  []string
	parts []*catalog.Assortment
}

// offersAtOnce keeps reading transactions short.
const offersAtOnce = 1000

// take returns the last list if it is the one, so that nobody else has it.
func (p *promoted) take(shop string, skus []string) *promotedList {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.last; l != nil && l.shop == shop && slices.Equal(l.skus, skus) {
		p.last = nil
		return l
	}
	l := &promotedList{shop: shop, skus: slices.Clone(skus)}
	for some := range slices.Chunk(l.skus, offersAtOnce) {
		l.parts = append(l.parts, catalog.NewAssortment(shop, some))
	}
	return l
}

func (p *promoted) giveBack(l *promotedList) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = l
}

// Offers implements promotion.Catalogue. A SKU that several products have is as
// unknown as one that none has: nobody can tell its price.
func (p *promoted) Offers(ctx context.Context, shop, store string, skus []string) ([]promotion.Offer, error) {
	l := p.take(shop, skus)
	defer p.giveBack(l)
	list := make([]promotion.Offer, 0, len(skus))
	for _, part := range l.parts {
		found, err := p.offers.OffersOf(ctx, store, part)
		if err != nil {
			return nil, err
		}
		for _, o := range found {
			offer := promotion.Offer{}
			if o != nil {
				offer = promotion.Offer{Known: true, Active: o.Active, Price: o.Price}
			}
			list = append(list, offer)
		}
	}
	if len(list) != len(skus) {
		return nil, fmt.Errorf("%d offers for %d SKUs", len(list), len(skus))
	}
	return list, nil
}

// Stores implements promotion.Catalogue.
func (p *promoted) Stores(ctx context.Context, shop string) ([]string, error) {
	return p.offers.Stores(ctx, shop)
}
