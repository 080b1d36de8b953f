package sqlite

import (
	"context"
	"database/sql/driver"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
)

// PutOffers implements catalog.OfferStore.
func (s catalogs) PutOffers(ctx context.Context, shop string, edits []catalog.OfferEdit) (catalog.OffersPut, error) {
	return catalog.PutOffers(ctx, s.sessions("put offers"), shop, edits)
}

// OpenStores implements catalog.OfferStore.
func (s catalogs) OpenStores(ctx context.Context, shop string, stores []string) error {
	known, err := s.Stores(ctx, shop)
	if err != nil {
		return err
	}
	return catalog.OpenStores(ctx, s.sessions("open outlets"), shop, known, stores)
}

func (s catalogs) sessions(what string) catalog.Sessions {
	return catalog.Sessions{
		Look: func(ctx context.Context, f func(catalog.Lookup) error) error {
			return s.look(ctx, what, func(r catalogReader) error { return f(r) })
		},
		Change: func(ctx context.Context, f func(catalog.Tx) error) error { return s.change(ctx, what, f) },
		Now:    s.store.opts.Now,
	}
}

// Offers implements catalog.OfferStore.
func (s catalogs) Offers(ctx context.Context, shop, store string, codes []string) (list []*catalog.Offer, err error) {
	err = s.look(ctx, "look up offers", func(r catalogReader) (err error) {
		list, err = catalog.Offers(r, shop, store, codes)
		return err
	})
	return list, err
}

// OffersOf implements catalog.OfferStore.
func (s catalogs) OffersOf(ctx context.Context, store string, a *catalog.Assortment) (list []*catalog.Offer, err error) {
	err = s.look(ctx, "look up offers", func(r catalogReader) (err error) {
		list, err = a.Offers(r, store)
		return err
	})
	return list, err
}

// ListOffers implements catalog.OfferStore.
func (s catalogs) ListOffers(ctx context.Context, shop, store string, f catalog.OfferFilter) (page []catalog.Offer, next string, err error) {
	err = s.look(ctx, "list offers", func(r catalogReader) (err error) {
		page, next, err = f.Page(r, shop, store, func(after string, limit int) ([]catalog.Row, error) {
			return r.byCode(shop, after, limit)
		})
		return err
	})
	return page, next, err
}

func (r catalogReader) byCode(shop, after string, limit int) ([]catalog.Row, error) {
	const query = `SELECT code, version, at, deleted, stock, body FROM products WHERE shop = ? AND code > ? ORDER BY code LIMIT ?`
	return r.rows(query, shop, after, limit)
}

// OfferPages implements catalog.OfferStore.
func (s catalogs) OfferPages(ctx context.Context, shop, store string, f catalog.OfferFilter) (catalog.OfferPages, error) {
	return f.Count(s.walk(ctx, "count offers", shop), shop, store)
}

// Categories implements catalog.OfferStore.
func (s catalogs) Categories(ctx context.Context, shop, store string) ([]string, error) {
	return catalog.Categories(s.walk(ctx, "list categories", shop), store)
}

// walk reads some products in a transaction each.
func (s catalogs) walk(ctx context.Context, what, shop string) catalog.OfferWalk {
	return func(after string, limit int, f func(catalog.Lookup, []catalog.Row) error) error {
		return s.look(ctx, what, func(r catalogReader) error {
			rows, err := r.byCode(shop, after, limit)
			if err != nil {
				return err
			}
			return f(r, rows)
		})
	}
}

// OfferChanges implements catalog.OfferStore.
func (s catalogs) OfferChanges(ctx context.Context, shop string, after int64, limit int) (list []catalog.OfferChange, err error) {
	const ofProducts = `SELECT version, '', code FROM products WHERE shop = ? AND version > ? ORDER BY version LIMIT ?`
	const ofOffers = `SELECT version, store, code FROM offers WHERE shop = ? AND version > ? ORDER BY version LIMIT ?`
	limit = min(max(limit, 0), catalog.MostChanges)
	err = s.look(ctx, "read changes of offers", func(r catalogReader) error {
		products, err := r.changes(ofProducts, shop, after, limit)
		if err != nil {
			return err
		}
		offers, err := r.changes(ofOffers, shop, after, limit)
		list = catalog.MergeOfferChanges(products, offers, limit)
		return err
	})
	return list, err
}

func (r catalogReader) changes(query string, args ...any) (list []catalog.OfferChange, err error) {
	rows, err := r.q.Query(query, args...)
	if err != nil {
		return nil, err
	}
	err = eachRow(rows, func() error {
		var c catalog.OfferChange
		err := rows.Scan(&c.Version, &c.Store, &c.Code)
		list = append(list, c)
		return err
	})
	return list, err
}

// Stores implements catalog.OfferStore.
func (s catalogs) Stores(ctx context.Context, shop string) (list []string, err error) {
	const query = `SELECT store FROM outlets WHERE shop = ? ORDER BY store`
	err = s.look(ctx, "list outlets", func(r catalogReader) error {
		list = nil
		rows, err := r.q.Query(query, shop)
		if err != nil {
			return err
		}
		return eachRow(rows, func() error {
			var store string
			err := rows.Scan(&store)
			list = append(list, store)
			return err
		})
	})
	return list, err
}

// ProductsVersion implements catalog.Lookup.
func (r catalogReader) ProductsVersion(shop string) (version int64, err error) {
	const query = `SELECT coalesce(max(version), 0) FROM products WHERE shop = ?`
	err = r.q.QueryRow(query, shop).Scan(&version)
	return version, err
}

// ChangedProducts implements catalog.Lookup.
func (r catalogReader) ChangedProducts(shop string, after int64, limit int) ([]catalog.Row, error) {
	const query = `SELECT code, version, at, deleted, stock, body FROM products
		WHERE shop = ? AND version > ? ORDER BY version LIMIT ?`
	return r.rows(query, shop, after, limit)
}

// FindOffers implements catalog.Lookup.
func (r catalogReader) FindOffers(shop string, list []catalog.Shelf) (found []catalog.OfferRow, err error) {
	const query = `SELECT o.store, o.code, o.version, o.at, o.price, o.currency, o.active, o.most FROM json_each(?1) v
		CROSS JOIN json_each(v.value) vc CROSS JOIN offers o ON o.shop = ?2 AND o.store = v.key AND o.code = vc.value`
	stores := make(map[string][]string, len(list))
	for _, s := range list {
		stores[s.Store] = s.Codes
	}
	text, err := json.Marshal(stores)
	if err != nil {
		return nil, err
	}
	rows, err := r.q.Query(query, string(text), shop)
	if err != nil {
		return nil, err
	}
	err = eachRow(rows, func() error {
		var o catalog.OfferRow
		err := rows.Scan(&o.Store, &o.Code, &o.Version, &o.At, &o.Price, &o.Currency, &o.Active, &o.Most)
		found = append(found, o)
		return err
	})
	return found, err
}

// KeepOffers implements catalog.Tx.
func (t catalogTx) KeepOffers(shop string, rows []catalog.OfferRow) error {
	const keep = `INSERT INTO offers (shop, store, code, version, at, price, currency, active, most) VALUES %s
		ON CONFLICT (shop, store, code) DO UPDATE SET version = excluded.version, at = excluded.at, price = excluded.price,
			currency = excluded.currency, active = excluded.active, most = excluded.most`
	const raise = `UPDATE catalogs SET version = ? WHERE shop = ?`
	const columns = 9
	args := make([]driver.Value, 0, columns*len(rows))
	for i := range rows {
		r := &rows[i]
		args = append(args, shop, r.Store, r.Code, r.Version, r.At, r.Price, r.Currency, r.Active, r.Most)
	}
	if err := t.tx.InsertMany(keep, columns, args); err != nil {
		return err
	}
	_, err := t.tx.Exec(raise, rows[len(rows)-1].Version, shop)
	return err
}

// KeepOutlets implements catalog.Tx.
func (t catalogTx) KeepOutlets(shop string, stores []string) error {
	const add = `INSERT INTO outlets (shop, store) VALUES %s ON CONFLICT DO NOTHING`
	args := make([]driver.Value, 0, 2*len(stores))
	for _, s := range stores {
		args = append(args, shop, s)
	}
	return t.tx.InsertMany(add, 2, args)
}
