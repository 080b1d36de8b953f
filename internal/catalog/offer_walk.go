package catalog

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/ordermux/ordermux/internal/json"
)

// OfferPages says how many offers a filter selects, and where to find them.
type OfferPages struct {
	Total int
	// Starts are the cursors at which every Limit-th offer begins: the first one
	// is "".
	Starts []string
}

// OfferWalk reads a shop's products for who goes over all that an outlet sells,
// in short transactions: f is given the products with codes behind after, at
// most limit, and may look offers up.
type OfferWalk func(after string, limit int, f func(l Lookup, rows []Row) error) error

// walked is how many products are read in one transaction.
const walked = 2000

// each calls f with all products of the shop, some at a time.
func (walk OfferWalk) each(f func(l Lookup, rows []Row) error) error {
	for after, more := "", true; more; {
		err := walk(after, walked, func(l Lookup, rows []Row) error {
			if more = len(rows) == walked; len(rows) == 0 {
				return nil
			}
			after = rows[len(rows)-1].Code
			return f(l, rows)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Count is Store.OfferPages over a walk.
func (f *OfferFilter) Count(walk OfferWalk, shop, store string) (pages OfferPages, err error) {
	every := (&Filter{Limit: f.Limit}).most()
	last := ""
	found := func(code string) {
		if pages.Total%every == 0 {
			start := ""
			if pages.Total > 0 {
				start = cursor(last)
			}
			pages.Starts = append(pages.Starts, start)
		}
		pages.Total++
		last = code
	}
	err = walk.each(func(l Lookup, rows []Row) error {
		if f.Text != "" || len(f.Categories) > 0 || f.Active != nil {
			offers, err := f.selected(l, shop, store, rows)
			for i := range offers {
				if offers[i] != nil {
					found(rows[i].Code)
				}
			}
			return err
		}
		for i := range rows { // most need not be read for that
			only, err := rows[i].outlet()
			if err != nil {
				return err
			}
			if !rows[i].Deleted && (only == "" || only == store) {
				found(rows[i].Code)
			}
		}
		return nil
	})
	return pages, err
}

// Categories is Store.Categories over a walk.
func Categories(walk OfferWalk, store string) ([]string, error) {
	seen := map[string]bool{}
	err := walk.each(func(_ Lookup, rows []Row) error {
		for i := range rows {
			if rows[i].Deleted || !bytes.Contains(rows[i].Body, []byte(`"category":`)) {
				continue
			}
			var p struct {
				Category string `json:"category"`
				Store    string `json:"store"`
			}
			if err := json.Unmarshal(rows[i].Body, &p); err != nil {
				return fmt.Errorf("read product: %w", err)
			}
			if p.Category != "" && cmp.Or(p.Store, store) == store {
				seen[p.Category] = true
			}
		}
		return nil
	})
	list := make([]string, 0, len(seen))
	for category := range seen {
		list = append(list, category)
	}
	slices.Sort(list)
	return list, err
}
