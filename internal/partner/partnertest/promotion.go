package partnertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
)

// Promotions are the shop's promotions over its catalogue, with the real rules,
// kept in memory. Jobs wait until somebody asks what came of anything: so a
// test finds them queued, and then done.
func (h *Hub) Promotions() partner.Promotions {
	return &promoting{Book: promotion.New(promotionStore{h}, promoted{catalogStore{h}})}
}

type promoting struct{ *promotion.Book }

// settle runs what waits, and moves what the clock moves.
func (p *promoting) settle(ctx context.Context) error {
	for {
		j, ok, err := p.Next(ctx, Shop)
		if err != nil || !ok {
			return errors.Join(err, p.advance(ctx))
		}
		if _, err := p.Run(ctx, Shop, j.Number); err != nil && !errors.Is(err, promotion.ErrTaken) {
			return err
		}
	}
}

func (p *promoting) advance(ctx context.Context) error {
	for {
		if more, err := p.Advance(ctx, Shop); err != nil || !more {
			return err
		}
	}
}

// Job answers as partner.Promotions says.
func (p *promoting) Job(ctx context.Context, shop, id string) (*promotion.Job, error) {
	if err := p.settle(ctx); err != nil {
		return nil, err
	}
	return p.Book.Job(ctx, shop, id)
}

// Find answers as partner.Promotions says.
func (p *promoting) Find(ctx context.Context, shop string, id int64) (*promotion.Promotion, error) {
	if err := p.settle(ctx); err != nil {
		return nil, err
	}
	return p.Book.Find(ctx, shop, id)
}

// List answers as partner.Promotions says.
func (p *promoting) List(ctx context.Context, shop string, before int64, limit int) ([]promotion.Promotion, error) {
	if err := p.settle(ctx); err != nil {
		return nil, err
	}
	return p.Book.List(ctx, shop, before, limit)
}

// Shown answers as partner.Promotions says.
func (p *promoting) Shown(ctx context.Context, shop, store string, skus []string, at time.Time) ([]promotion.Shown, error) {
	if err := p.settle(ctx); err != nil {
		return nil, err
	}
	return p.Book.Shown(ctx, shop, store, skus, at)
}

// Changes answers as partner.Promotions says.
func (p *promoting) Changes(ctx context.Context, shop string, after int64, limit int) ([]promotion.Change, error) {
	if err := p.settle(ctx); err != nil {
		return nil, err
	}
	return p.Book.Changes(ctx, shop, after, limit)
}

// promoted is the catalogue as promotions need it.
type promoted struct{ catalogStore }

// Offers implements promotion.Catalogue.
func (p promoted) Offers(ctx context.Context, shop, store string, skus []string) ([]promotion.Offer, error) {
	list := make([]promotion.Offer, 0, len(skus))
	for some := range slices.Chunk(skus, catalog.MostOffers) {
		found, err := p.catalogStore.Offers(ctx, shop, store, some)
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
	return list, nil
}

// promotionStore is the promotion.Store of the hub's shop.
type promotionStore struct{ h *Hub }

// Now implements promotion.Store.
func (s promotionStore) Now() time.Time { return s.h.now() }

// Look implements promotion.Store.
func (s promotionStore) Look(_ context.Context, f func(promotion.Lookup) error) error {
	s.h.promotionsLock.Lock()
	defer s.h.promotionsLock.Unlock()
	return f(s.h.promotionRows)
}

// Change implements promotion.Store.
func (s promotionStore) Change(_ context.Context, f func(promotion.Tx) error) error {
	s.h.promotionsLock.Lock()
	defer s.h.promotionsLock.Unlock()
	rows := s.h.promotionRows.clone()
	if err := f(rows); err != nil {
		return fmt.Errorf("undone: %w", err)
	}
	s.h.promotionRows = rows
	return nil
}

// Head answers as partner.Promotions says.
func (p *promoting) Head(ctx context.Context, shop string) (int64, error) {
	if err := p.settle(ctx); err != nil {
		return 0, err
	}
	return p.Book.Head(ctx, shop)
}
