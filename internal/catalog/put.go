package catalog

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// CheckPut returns what is wrong with a call of Put.
func CheckPut(products []Product) error {
	if len(products) > MostPut {
		return order.Refuse("products", order.TooLarge, fmt.Sprintf("at most %d products at a time", MostPut))
	}
	var faults []order.Fault
	places := map[string]int{}
	for i := range products {
		p := &products[i]
		at := fmt.Sprintf("products[%d].", i)
		if bad := p.Validate(); bad != nil {
			for _, f := range bad.Faults {
				f.Path = at + f.Path
				faults = append(faults, f)
			}
		}
		if j, ok := places[p.Code]; ok && p.Code != "" {
			faults = append(faults, order.Fault{Path: at + "code", Code: order.Malformed, Reason: fmt.Sprintf("is that of products[%d], too", j)})
		}
		places[p.Code] = i
		if len(faults) >= order.MaxFaults {
			break
		}
	}
	if len(faults) > 0 {
		return &order.Invalid{Faults: faults}
	}
	return nil
}

// Put is Store.Put, of products that CheckPut found good, in a transaction.
func Put(tx Tx, shop string, now time.Time, products []Product) (changed int, err error) {
	if len(products) == 0 {
		return 0, nil
	}
	codes := make([]string, len(products))
	for i := range products {
		codes[i] = products[i].Code
	}
	w, err := lock(tx, shop, now, codes)
	if err != nil {
		return 0, err
	}
	for i := range products {
		if err := w.put(&products[i]); err != nil {
			return 0, err
		}
	}
	return w.commit()
}

// writing is a change of some products of a shop, whose catalogue is locked.
type writing struct {
	tx      Tx
	shop    string
	now     time.Time
	version int64 // of the last change
	old     map[string]*Row
	rows    []Row         // changed
	keys    map[Key]Named // GTINs of the products of this call
	given   []Key         // the same, in sequence
	pairs   []Pair
	gone    []Entry
	added   []Entry
	outlets []string // that products of this call name
}

func lock(tx Tx, shop string, now time.Time, codes []string) (*writing, error) {
	version, err := tx.LockCatalog(shop)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	rows, err := tx.FindProducts(shop, codes)
	if err != nil {
		return nil, fmt.Errorf("look up products: %w", err)
	}
	w := &writing{tx: tx, shop: shop, now: now, version: version, old: map[string]*Row{}, keys: map[Key]Named{}}
	for i := range rows {
		w.old[rows[i].Code] = &rows[i]
	}
	return w, nil
}

// put writes one product down, if it changes anything.
func (w *writing) put(p *Product) error {
	plain := *p
	plain.Deleted = false
	row, err := encode(&plain)
	if err != nil {
		return err
	}
	old := w.old[p.Code]
	if old != nil && p.Stock == nil && !old.Deleted {
		row.Stock = old.Stock
	}
	for _, k := range keysOf(&p.Product) {
		if k.Kind == kindGTIN {
			w.claim(k, Named{p.Code, p.Line})
		}
	}
	if old != nil && !old.Deleted && bytes.Equal(old.Body, row.Body) && bytes.Equal(old.Stock, row.Stock) {
		return nil
	}
	if err := w.found(old, &plain); err != nil {
		return err
	}
	if p.Store != "" {
		w.outlets = append(w.outlets, p.Store)
	}
	w.keep(row)
	return nil
}

// keep gives a changed row its number.
func (w *writing) keep(row Row) {
	w.version++
	row.Version, row.At = w.version, w.now.UnixMicro()
	w.rows = append(w.rows, row)
}

// found changes what a product is found by: old is nil where there was none,
// now where there will be none.
func (w *writing) found(old *Row, now *Product) error {
	had := map[Key]bool{}
	if old != nil && !old.Deleted {
		p, err := old.Product()
		if err != nil {
			return err
		}
		for _, k := range keysOf(&p.Product) {
			had[k] = true
		}
	}
	if now != nil {
		for _, k := range keysOf(&now.Product) {
			if had[k] {
				delete(had, k)
			} else {
				w.added = append(w.added, Entry{k, now.Code})
			}
		}
	}
	for k := range had {
		w.gone = append(w.gone, Entry{k, old.Code})
	}
	return nil
}

// claim notes that a product of this call has a GTIN.
func (w *writing) claim(k Key, by Named) {
	if first, ok := w.keys[k]; ok {
		w.pairs = append(w.pairs, Pair{GTIN: k.Value, First: first, Other: by})
		return
	}
	w.keys[k] = by
	w.given = append(w.given, k)
}

// commit writes what was written down, unless two products share a GTIN.
func (w *writing) commit() (changed int, err error) {
	if err := w.unique(); err != nil {
		return 0, err
	}
	if len(w.rows) == 0 {
		return 0, nil
	}
	if err := w.tx.ChangeCodes(w.shop, w.gone, w.added); err != nil {
		return 0, fmt.Errorf("change codes: %w", err)
	}
	slices.Sort(w.outlets)
	if err := keepOutlets(w.tx, w.shop, slices.Compact(w.outlets)); err != nil {
		return 0, err
	}
	if err := w.tx.KeepProducts(w.shop, w.rows); err != nil {
		return 0, fmt.Errorf("keep products: %w", err)
	}
	return len(w.rows), nil
}

// unique looks who else has a GTIN of this call, and keeps it.
func (w *writing) unique() error {
	if len(w.given) > 0 {
		matches, err := w.tx.FindByKeys(w.shop, w.given)
		if err != nil {
			return fmt.Errorf("look up GTINs: %w", err)
		}
		gone := map[Entry]bool{}
		for _, e := range w.gone {
			gone[e] = true
		}
		for _, m := range matches {
			k := w.given[m.Place]
			if by := w.keys[k]; m.Code != by.Code && !gone[Entry{k, m.Code}] {
				w.pairs = append(w.pairs, Pair{GTIN: k.Value, First: by, Other: Named{Code: m.Code}})
			}
		}
	}
	if len(w.pairs) > 0 {
		return &Duplicate{Pairs: w.pairs}
	}
	return nil
}

// SetActive is Store.SetActive in a transaction.
func SetActive(tx Tx, shop string, now time.Time, codes []string, active bool) (changed int, err error) {
	return edit(tx, shop, now, codes, func(w *writing, row *Row) error {
		p, err := row.Product()
		if err != nil || p.Active == active {
			return err
		}
		p.Active = active
		made, err := encode(p)
		w.keep(made)
		return err
	})
}

// Delete is Store.Delete in a transaction.
func Delete(tx Tx, shop string, now time.Time, codes []string) (deleted int, err error) {
	return edit(tx, shop, now, codes, func(w *writing, row *Row) error {
		gone := *row
		gone.Deleted, gone.Stock = true, []byte("[]")
		w.keep(gone)
		return w.found(row, nil)
	})
}

func edit(tx Tx, shop string, now time.Time, codes []string, f func(*writing, *Row) error) (int, error) {
	if len(codes) > MostPut {
		return 0, order.Refuse("codes", order.TooLarge, fmt.Sprintf("at most %d products at a time", MostPut))
	}
	var keys []string
	seen := map[string]bool{}
	for _, code := range codes {
		if len(keysFor(Internal, code)) > 0 && !seen[code] {
			keys = append(keys, code)
		}
		seen[code] = true
	}
	if len(keys) == 0 {
		return 0, nil
	}
	w, err := lock(tx, shop, now, keys)
	if err != nil {
		return 0, err
	}
	for _, code := range keys {
		if row := w.old[code]; row != nil && !row.Deleted {
			if err := f(w, row); err != nil {
				return 0, err
			}
		}
	}
	return w.commit()
}
