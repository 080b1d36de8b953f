package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

// Catalog implements store.Store.
func (s *Store) Catalog() catalog.Store { return catalogs{s} }

type catalogs struct{ store *Store }

// change runs f in a transaction of its own.
func (s catalogs) change(ctx context.Context, what string, f func(tx catalog.Tx) error) error {
	if err := s.store.do(ctx, func(tx *Tx) error { return f(tx.Catalog()) }); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// look runs f in a reading transaction.
func (s catalogs) look(ctx context.Context, what string, f func(r catalogReader) error) error {
	if err := s.store.view(ctx, func(v *View) error { return f(catalogReader{v, v.ctx}) }); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Put implements catalog.Store.
func (s catalogs) Put(ctx context.Context, shop string, products []catalog.Product) (changed int, err error) {
	if err := catalog.CheckPut(products); err != nil {
		return 0, err
	}
	err = s.change(ctx, "put products", func(tx catalog.Tx) (err error) {
		changed, err = catalog.Put(tx, shop, s.store.Now(), products)
		return err
	})
	return changed, err
}

// SetStock implements catalog.Store.
func (s catalogs) SetStock(ctx context.Context, shop string, stock []catalog.Restock) (changed int, err error) {
	err = s.change(ctx, "set stock", func(tx catalog.Tx) (err error) {
		changed, err = catalog.SetStock(tx, shop, s.store.Now(), stock)
		return err
	})
	return changed, err
}

// SetActive implements catalog.Store.
func (s catalogs) SetActive(ctx context.Context, shop string, codes []string, active bool) (changed int, err error) {
	err = s.change(ctx, "change products", func(tx catalog.Tx) (err error) {
		changed, err = catalog.SetActive(tx, shop, s.store.Now(), codes, active)
		return err
	})
	return changed, err
}

// Delete implements catalog.Store.
func (s catalogs) Delete(ctx context.Context, shop string, codes []string) (deleted int, err error) {
	err = s.change(ctx, "delete products", func(tx catalog.Tx) (err error) {
		deleted, err = catalog.Delete(tx, shop, s.store.Now(), codes)
		return err
	})
	return deleted, err
}

// Reserve implements catalog.Store.
func (s catalogs) Reserve(ctx context.Context, shop, key string, lines []catalog.Line) error {
	return s.change(ctx, "reserve products", func(tx catalog.Tx) error {
		return catalog.Reserve(tx, shop, key, s.store.Now(), lines)
	})
}

// Release implements catalog.Store.
func (s catalogs) Release(ctx context.Context, shop, key string) error {
	return s.change(ctx, "release products", func(tx catalog.Tx) error { return catalog.Release(tx, shop, key) })
}

// Take implements catalog.Store.
func (s catalogs) Take(shop, key string, lines []catalog.Line) order.Effect {
	return catalog.Take(s.store.Now, shop, key, lines)
}

// Find implements catalog.Store.
func (s catalogs) Find(ctx context.Context, shop string, lines []catalog.Line) (list []*catalog.Product, err error) {
	err = s.look(ctx, "find products", func(r catalogReader) (err error) {
		list, err = catalog.Find(r, shop, lines)
		return err
	})
	return list, err
}

// Available implements catalog.Store.
func (s catalogs) Available(ctx context.Context, shop string, lines []catalog.Line, key string) (list []catalog.Availability, err error) {
	err = s.look(ctx, "look up what is available", func(r catalogReader) (err error) {
		list, err = catalog.Available(r, shop, s.store.Now(), lines, key)
		return err
	})
	return list, err
}

// List implements catalog.Store.
func (s catalogs) List(ctx context.Context, shop string, f catalog.Filter) (page []catalog.Product, next string, err error) {
	const query = `SELECT code, version, at, deleted, stock, body FROM products
		WHERE shop = $1 AND code > $2 AND code >= $3 ORDER BY code LIMIT $4`
	err = s.look(ctx, "list products", func(r catalogReader) (err error) {
		page, next, err = f.Page(func(after, from string, limit int) ([]catalog.Row, error) {
			return r.rows(query, shop, after, from, limit)
		})
		return err
	})
	return page, next, err
}

// Changes implements catalog.Store.
func (s catalogs) Changes(ctx context.Context, shop string, after int64, limit int) (list []catalog.Product, err error) {
	var rows []catalog.Row
	err = s.look(ctx, "read changes of products", func(r catalogReader) (err error) {
		rows, err = r.ChangedProducts(shop, after, min(max(limit, 0), catalog.MostChanges))
		return err
	})
	if err != nil {
		return nil, err
	}
	return catalog.Products(rows)
}

// Head implements catalog.Store.
func (s catalogs) Head(ctx context.Context, shop string) (version int64, err error) {
	const query = `SELECT version FROM catalogs WHERE shop = $1`
	err = s.look(ctx, "read the catalogue's counter", func(r catalogReader) error {
		err := r.q.QueryRow(r.ctx, query, shop).Scan(&version)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return version, err
}
