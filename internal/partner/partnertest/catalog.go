package partnertest

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// shelf is the shop's catalogue in memory: the few things that a store does,
// with the real rules over them.
type shelf struct {
	version  int64
	products map[string]catalog.Row
	keys     map[catalog.Key][]string // codes
	holds    []hold
	taken    map[string][]byte              // by order
	offers   map[[2]string]catalog.OfferRow // by store and code
	outlets  map[string]bool
}

type hold struct {
	catalog.Hold
	key   string
	until int64
}

var _ catalog.Tx = (*shelf)(nil)

func newShelf() *shelf {
	return &shelf{
		products: map[string]catalog.Row{}, keys: map[catalog.Key][]string{}, taken: map[string][]byte{},
		offers: map[[2]string]catalog.OfferRow{}, outlets: map[string]bool{},
	}
}

// clone is what stands there if a transaction is undone.
func (s *shelf) clone() *shelf {
	c := &shelf{
		s.version, maps.Clone(s.products), maps.Clone(s.keys), slices.Clone(s.holds), maps.Clone(s.taken),
		maps.Clone(s.offers), maps.Clone(s.outlets),
	}
	for k, codes := range c.keys {
		c.keys[k] = slices.Clone(codes)
	}
	return c
}

// LockCatalog implements catalog.Tx: the hub's lock is held.
func (s *shelf) LockCatalog(string) (int64, error) { return s.version, nil }

// FindProducts implements catalog.Lookup.
func (s *shelf) FindProducts(_ string, codes []string) (list []catalog.Row, err error) {
	for _, code := range codes {
		if r, ok := s.products[code]; ok {
			list = append(list, r)
		}
	}
	return list, nil
}

// FindByKeys implements catalog.Lookup.
func (s *shelf) FindByKeys(_ string, keys []catalog.Key) (list []catalog.Match, err error) {
	for place, k := range keys {
		for _, code := range s.keys[k][:min(2, len(s.keys[k]))] {
			list = append(list, catalog.Match{Place: place, Row: s.products[code]})
		}
	}
	return list, nil
}

// Held implements catalog.Lookup.
func (s *shelf) Held(_, except string, codes []string, now int64) (list []catalog.Hold, err error) {
	for _, h := range s.holds {
		if h.key != except && h.until > now && slices.Contains(codes, h.Code) {
			list = append(list, h.Hold)
		}
	}
	return list, nil
}

// KeepProducts implements catalog.Tx.
func (s *shelf) KeepProducts(_ string, rows []catalog.Row) error {
	for _, r := range rows {
		s.products[r.Code] = r
	}
	s.version = rows[len(rows)-1].Version
	return nil
}

// ChangeCodes implements catalog.Tx.
func (s *shelf) ChangeCodes(_ string, gone, added []catalog.Entry) error {
	for _, e := range gone {
		s.keys[e.Key] = slices.DeleteFunc(s.keys[e.Key], func(code string) bool { return code == e.Code })
	}
	for _, e := range added {
		s.keys[e.Key] = append(s.keys[e.Key], e.Code)
	}
	return nil
}

// KeepHolds implements catalog.Tx.
func (s *shelf) KeepHolds(_, key string, holds []catalog.Hold, until, _ int64) error {
	for _, h := range holds {
		s.holds = append(s.holds, hold{h, key, until})
	}
	return nil
}

// DropHolds implements catalog.Tx.
func (s *shelf) DropHolds(_, key string) error {
	s.holds = slices.DeleteFunc(s.holds, func(h hold) bool { return h.key == key })
	return nil
}

// Taken implements catalog.Tx.
func (s *shelf) Taken(_, order string) ([]byte, error) { return s.taken[order], nil }

// KeepTaken implements catalog.Tx.
func (s *shelf) KeepTaken(_, order string, taken []byte) error {
	s.taken[order] = taken
	return nil
}

func (s *shelf) rows() []catalog.Row {
	return slices.SortedFunc(maps.Values(s.products), func(a, b catalog.Row) int { return strings.Compare(a.Code, b.Code) })
}

// catalogStore is the shelf as sides see it.
type catalogStore struct{ h *Hub }

var _ catalog.Store = catalogStore{}

// Catalog is the shop's catalogue.
func (h *Hub) Catalog() catalog.Store { return catalogStore{h} }

// change runs f; what it did is undone if it fails.
func (c catalogStore) change(f func(*shelf) error) error {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	before := c.h.shelf.clone()
	err := f(c.h.shelf)
	if err != nil {
		c.h.shelf = before
	}
	return err
}

func (c catalogStore) look(f func(*shelf) error) error {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	return f(c.h.shelf)
}

// Put answers as catalog.Store says.
func (c catalogStore) Put(_ context.Context, shop string, products []catalog.Product) (changed int, err error) {
	if err := catalog.CheckPut(products); err != nil {
		return 0, err
	}
	err = c.change(func(s *shelf) (err error) {
		changed, err = catalog.Put(s, shop, c.h.now(), products)
		return err
	})
	return changed, err
}

// Find answers as catalog.Store says.
func (c catalogStore) Find(_ context.Context, shop string, lines []catalog.Line) (list []*catalog.Product, err error) {
	err = c.look(func(s *shelf) (err error) {
		list, err = catalog.Find(s, shop, lines)
		return err
	})
	return list, err
}

// List answers as catalog.Store says.
func (c catalogStore) List(_ context.Context, _ string, f catalog.Filter) (page []catalog.Product, next string, err error) {
	err = c.look(func(s *shelf) (err error) {
		page, next, err = f.Page(func(after, from string, limit int) ([]catalog.Row, error) {
			rows := slices.DeleteFunc(s.rows(), func(r catalog.Row) bool { return r.Code <= after || r.Code < from })
			return rows[:min(limit, len(rows))], nil
		})
		return err
	})
	return page, next, err
}

// Changes answers as catalog.Store says.
func (c catalogStore) Changes(_ context.Context, _ string, after int64, limit int) (list []catalog.Product, err error) {
	err = c.look(func(s *shelf) (err error) {
		rows, _ := s.ChangedProducts("", after, min(max(limit, 0), catalog.MostChanges))
		list, err = catalog.Products(rows)
		return err
	})
	return list, err
}

// Head answers as catalog.Store says.
func (c catalogStore) Head(context.Context, string) (version int64, err error) {
	err = c.look(func(s *shelf) error { version = s.version; return nil })
	return version, err
}

// SetStock answers as catalog.Store says.
func (c catalogStore) SetStock(_ context.Context, shop string, stock []catalog.Restock) (changed int, err error) {
	err = c.change(func(s *shelf) (err error) {
		changed, err = catalog.SetStock(s, shop, c.h.now(), stock)
		return err
	})
	return changed, err
}

// SetActive answers as catalog.Store says.
func (c catalogStore) SetActive(_ context.Context, shop string, codes []string, active bool) (changed int, err error) {
	err = c.change(func(s *shelf) (err error) {
		changed, err = catalog.SetActive(s, shop, c.h.now(), codes, active)
		return err
	})
	return changed, err
}

// Delete answers as catalog.Store says.
func (c catalogStore) Delete(_ context.Context, shop string, codes []string) (deleted int, err error) {
	err = c.change(func(s *shelf) (err error) {
		deleted, err = catalog.Delete(s, shop, c.h.now(), codes)
		return err
	})
	return deleted, err
}

// Available answers as catalog.Store says.
func (c catalogStore) Available(_ context.Context, shop string, lines []catalog.Line, key string) (list []catalog.Availability, err error) {
	err = c.look(func(s *shelf) (err error) {
		list, err = catalog.Available(s, shop, c.h.now(), lines, key)
		return err
	})
	return list, err
}

// Reserve answers as catalog.Store says.
func (c catalogStore) Reserve(_ context.Context, shop, key string, lines []catalog.Line) error {
	return c.change(func(s *shelf) error { return catalog.Reserve(s, shop, key, c.h.now(), lines) })
}

// Release answers as catalog.Store says.
func (c catalogStore) Release(_ context.Context, shop, key string) error {
	return c.change(func(s *shelf) error { return catalog.Release(s, shop, key) })
}

// Take answers as catalog.Store says.
func (c catalogStore) Take(shop, key string, lines []catalog.Line) order.Effect {
	return catalog.Take(c.h.now, shop, key, lines)
}

// hubStock is the catalogue with somebody to ask behind it.
type hubStock struct{ h *Hub }

var _ partner.Stock = hubStock{}

// Available answers as partner.Stock says.
func (s hubStock) Available(ctx context.Context, shop string, lines []catalog.Line, key string, _ bool) ([]catalog.Availability, error) {
	list, err := s.h.Catalog().Available(ctx, shop, lines, key)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if !list[i].Ask {
			continue
		}
		list[i].Reason = catalog.Undecided
		if s.h.Live == nil {
			continue
		}
		if free, ok := s.h.Live(lines[i]); ok {
			list[i].Free, list[i].Reason = free, ""
			if free.Cmp(lines[i].Quantity) < 0 {
				list[i].Reason = catalog.TooFew
			}
		}
	}
	return list, nil
}
