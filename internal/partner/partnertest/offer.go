package partnertest

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/ordermux/ordermux/internal/catalog"
)

// FindOffers implements catalog.Lookup.
func (s *shelf) FindOffers(_ string, list []catalog.Shelf) (found []catalog.OfferRow, err error) {
	for _, some := range list {
		for _, code := range some.Codes {
			if o, ok := s.offers[[2]string{some.Store, code}]; ok {
				found = append(found, o)
			}
		}
	}
	return found, nil
}

// ProductsVersion implements catalog.Lookup.
func (s *shelf) ProductsVersion(string) (version int64, err error) {
	for _, r := range s.products {
		version = max(version, r.Version)
	}
	return version, nil
}

// ChangedProducts implements catalog.Lookup.
func (s *shelf) ChangedProducts(_ string, after int64, limit int) ([]catalog.Row, error) {
	rows := slices.DeleteFunc(s.rows(), func(r catalog.Row) bool { return r.Version <= after })
	slices.SortFunc(rows, func(a, b catalog.Row) int { return cmp.Compare(a.Version, b.Version) })
	return rows[:min(limit, len(rows))], nil
}

// KeepOffers implements catalog.Tx.
func (s *shelf) KeepOffers(_ string, rows []catalog.OfferRow) error {
	for _, o := range rows {
		s.offers[[2]string{o.Store, o.Code}] = o
		s.version = o.Version
	}
	return nil
}

// KeepOutlets implements catalog.Tx.
func (s *shelf) KeepOutlets(_ string, stores []string) error {
	for _, store := range stores {
		s.outlets[store] = true
	}
	return nil
}

// PutOffers answers as catalog.OfferStore says.
func (c catalogStore) PutOffers(ctx context.Context, shop string, edits []catalog.OfferEdit) (catalog.OffersPut, error) {
	return catalog.PutOffers(ctx, c.sessions(), shop, edits)
}

// OpenStores answers as catalog.OfferStore says.
func (c catalogStore) OpenStores(ctx context.Context, shop string, stores []string) error {
	known, err := c.Stores(ctx, shop)
	if err != nil {
		return err
	}
	return catalog.OpenStores(ctx, c.sessions(), shop, known, stores)
}

func (c catalogStore) sessions() catalog.Sessions {
	return catalog.Sessions{
		Look: func(_ context.Context, f func(catalog.Lookup) error) error {
			return c.look(func(s *shelf) error { return f(s) })
		},
		Change: func(_ context.Context, f func(catalog.Tx) error) error {
			return c.change(func(s *shelf) error { return f(s) })
		},
		Now: c.h.now,
	}
}

// Offers answers as catalog.OfferStore says.
func (c catalogStore) Offers(_ context.Context, shop, store string, codes []string) (list []*catalog.Offer, err error) {
	err = c.look(func(s *shelf) (err error) {
		list, err = catalog.Offers(s, shop, store, codes)
		return err
	})
	return list, err
}

// OffersOf answers as catalog.OfferStore says.
func (c catalogStore) OffersOf(_ context.Context, store string, a *catalog.Assortment) (list []*catalog.Offer, err error) {
	err = c.look(func(s *shelf) (err error) {
		list, err = a.Offers(s, store)
		return err
	})
	return list, err
}

// ListOffers answers as catalog.OfferStore says.
func (c catalogStore) ListOffers(_ context.Context, shop, store string, f catalog.OfferFilter) (page []catalog.Offer, next string, err error) {
	err = c.look(func(s *shelf) (err error) {
		page, next, err = f.Page(s, shop, store, func(after string, limit int) ([]catalog.Row, error) {
			return s.byCode(after, limit), nil
		})
		return err
	})
	return page, next, err
}

func (s *shelf) byCode(after string, limit int) []catalog.Row {
	rows := slices.DeleteFunc(s.rows(), func(r catalog.Row) bool { return r.Code <= after })
	return rows[:min(limit, len(rows))]
}

// OfferPages answers as catalog.OfferStore says.
func (c catalogStore) OfferPages(_ context.Context, shop, store string, f catalog.OfferFilter) (catalog.OfferPages, error) {
	return f.Count(c.walk, shop, store)
}

// Categories answers as catalog.OfferStore says.
func (c catalogStore) Categories(_ context.Context, _, store string) ([]string, error) {
	return catalog.Categories(c.walk, store)
}

func (c catalogStore) walk(after string, limit int, f func(catalog.Lookup, []catalog.Row) error) error {
	return c.look(func(s *shelf) error { return f(s, s.byCode(after, limit)) })
}

// OfferChanges answers as catalog.OfferStore says.
func (c catalogStore) OfferChanges(_ context.Context, _ string, after int64, limit int) (list []catalog.OfferChange, err error) {
	err = c.look(func(s *shelf) error {
		for _, r := range s.products {
			list = append(list, catalog.OfferChange{Version: r.Version, Code: r.Code})
		}
		for _, o := range s.offers {
			list = append(list, catalog.OfferChange{Version: o.Version, Store: o.Store, Code: o.Code})
		}
		list = slices.DeleteFunc(list, func(c catalog.OfferChange) bool { return c.Version <= after })
		slices.SortFunc(list, func(a, b catalog.OfferChange) int { return cmp.Compare(a.Version, b.Version) })
		list = list[:min(max(limit, 0), catalog.MostChanges, len(list))]
		return nil
	})
	return list, err
}

// Stores answers as catalog.OfferStore says.
func (c catalogStore) Stores(context.Context, string) (list []string, err error) {
	err = c.look(func(s *shelf) error {
		list = slices.Sorted(maps.Keys(s.outlets))
		return nil
	})
	return list, err
}
