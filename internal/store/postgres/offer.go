package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/catalog"
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
		Now:    s.store.Now,
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
	const query = `SELECT code, version, at, deleted, stock, body FROM products WHERE shop = $1 AND code > $2 ORDER BY code LIMIT $3`
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
	const ofProducts = `SELECT version, '', code FROM products WHERE shop = $1 AND version > $2 ORDER BY version LIMIT $3`
	const ofOffers = `SELECT version, store, code FROM offers WHERE shop = $1 AND version > $2 ORDER BY version LIMIT $3`
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

func (r catalogReader) changes(query string, args ...any) ([]catalog.OfferChange, error) {
	rows, err := r.q.Query(r.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[catalog.OfferChange])
}

// Stores implements catalog.OfferStore.
func (s catalogs) Stores(ctx context.Context, shop string) (list []string, err error) {
	const query = `SELECT store FROM outlets WHERE shop = $1 ORDER BY store`
	err = s.look(ctx, "list outlets", func(r catalogReader) error {
		rows, err := r.q.Query(r.ctx, query, shop)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return list, err
}

// ProductsVersion implements catalog.Lookup.
func (r catalogReader) ProductsVersion(shop string) (version int64, err error) {
	const query = `SELECT version FROM products WHERE shop = $1 AND version > 0 ORDER BY version DESC LIMIT 1`
	err = r.q.QueryRow(r.ctx, query, shop).Scan(&version)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return version, err
}

// ChangedProducts implements catalog.Lookup.
func (r catalogReader) ChangedProducts(shop string, after int64, limit int) ([]catalog.Row, error) {
	const query = `SELECT code, version, at, deleted, stock, body FROM products
		WHERE shop = $1 AND version > $2 ORDER BY version LIMIT $3`
	return r.rows(query, shop, after, limit)
}

// FindOffers implements catalog.Lookup.
func (r catalogReader) FindOffers(shop string, list []catalog.Shelf) ([]catalog.OfferRow, error) {
	const query = `SELECT o.* FROM unnest($2::text[], $3::text[]) u (store, code) CROSS JOIN LATERAL (
		SELECT store, code, version, at, price, currency, active, most FROM offers
		WHERE shop = $1 AND store = u.store AND code BETWEEN u.code AND u.code ORDER BY code LIMIT 1) o`
	var stores, codes []string
	for _, s := range list {
		for _, code := range s.Codes {
			stores, codes = append(stores, s.Store), append(codes, code)
		}
	}
	rows, err := r.q.Query(r.ctx, query, shop, stores, codes)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (o catalog.OfferRow, err error) {
		err = row.Scan(&o.Store, &o.Code, &o.Version, &o.At, &o.Price, &o.Currency, &o.Active, &o.Most)
		return o, err
	})
}

// KeepOffers implements catalog.Tx.
func (t catalogTx) KeepOffers(shop string, rows []catalog.OfferRow) error {
	const keep = `INSERT INTO offers (shop, store, code, version, at, price, currency, active, most)
		SELECT $1, u.* FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::smallint[], $9::bigint[]) u
		ON CONFLICT (shop, store, code) DO UPDATE SET version = excluded.version, at = excluded.at, price = excluded.price,
			currency = excluded.currency, active = excluded.active, most = excluded.most`
	const raise = `UPDATE catalogs SET version = $2 WHERE shop = $1`
	n := len(rows)
	stores, codes, prices, currencies := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	versions, ats, actives, mosts := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i := range rows {
		r := &rows[i]
		stores[i], codes[i], prices[i], currencies[i] = r.Store, r.Code, r.Price, r.Currency
		versions[i], ats[i], actives[i], mosts[i] = r.Version, r.At, r.Active, r.Most
	}
	b := &pgx.Batch{}
	b.Queue(keep, shop, stores, codes, versions, ats, prices, currencies, actives, mosts)
	b.Queue(raise, shop, versions[n-1])
	return t.tx.batch(b)
}

// KeepOutlets implements catalog.Tx.
func (t catalogTx) KeepOutlets(shop string, stores []string) error {
	const add = `INSERT INTO outlets (shop, store) SELECT $1, u FROM unnest($2::text[]) u ON CONFLICT DO NOTHING`
	_, err := t.tx.Exec(t.ctx, add, shop, stores)
	return err
}
