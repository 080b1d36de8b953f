package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Take is Store.Take for a store with a clock: its transactions, as effects get
// them, have a method Catalog that returns a Tx.
func Take(now func() time.Time, shop, key string, lines []Line) order.Effect {
	return taking{now: now, shop: shop, key: key, lines: slices.Clone(lines)}
}

type taking struct {
	now   func() time.Time
	shop  string
	key   string
	lines []Line
	// The order that takes, if it is to be remembered; see Settling.
	order      string
	orderLines []order.Line
}

// Apply implements order.Effect.
func (t taking) Apply(_ context.Context, transaction any) error {
	open, ok := transaction.(interface{ Catalog() Tx })
	if !ok {
		return fmt.Errorf("take stock: no transaction of a store: %T", transaction)
	}
	tx := open.Catalog()
	version, err := tx.LockCatalog(t.shop)
	if err != nil {
		return fmt.Errorf("take stock: lock: %w", err)
	}
	now := t.now()
	a, err := wanted(tx, t.shop, t.key, now, t.lines)
	if err != nil {
		return fmt.Errorf("take stock: %w", err)
	}
	if len(a.short) > 0 {
		return &Short{Lines: a.short}
	}
	w := &writing{tx: tx, shop: t.shop, now: now, version: version}
	took, err := a.take(w)
	if err != nil {
		return fmt.Errorf("take stock: %w", err)
	}
	if err := t.remember(tx, took, a.products()); err != nil {
		return fmt.Errorf("take stock: remember: %w", err)
	}
	if t.key != "" {
		if err := tx.DropHolds(t.shop, t.key); err != nil {
			return fmt.Errorf("take stock: drop what was reserved: %w", err)
		}
	}
	return nil
}

// take takes what is asked for out of our stock, and says from where.
func (a *asked) take(w *writing) ([]portion, error) {
	codes, sums := a.ours()
	took := make([]portion, len(codes))
	for i, code := range codes {
		p, err := a.rows[code].Product()
		if err != nil {
			return nil, err
		}
		took[i] = portion{Code: code, Stock: p.draw(sums[code])}
		made, err := encode(p)
		if err != nil {
			return nil, err
		}
		w.keep(made)
	}
	_, err := w.commit()
	return took, err
}

// products are those that were found, by code.
func (a *asked) products() map[string]*Product {
	out := map[string]*Product{}
	for _, f := range a.found {
		if f.Product != nil {
			out[f.Product.Code] = f.Product
		}
	}
	return out
}
