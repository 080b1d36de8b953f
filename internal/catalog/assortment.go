package catalog

import (
	"fmt"
	"slices"
)

// Assortment is some products of a shop that many outlets are asked about, one
// after the other: they are looked up once, and followed as they change. Not
// safe for concurrent use.
type Assortment struct {
	shop     string
	names    []string
	products []*Product // of each name; nil: none or several
	version  int64      // of the catalogue as they are
	vague    bool       // several have one of the names
	known    bool
}

// NewAssortment returns that of products named by their codes or SKUs, at most
// MostOffers.
func NewAssortment(shop string, names []string) *Assortment {
	return &Assortment{shop: shop, names: names}
}

// mostFollowed is how many changes are followed before all is looked up anew.
const mostFollowed = 200

// Offers is what an outlet sells of the assortment as it is in the transaction,
// see Store.Offers.
func (a *Assortment) Offers(l Lookup, store string) ([]*Offer, error) {
	if err := a.follow(l); err != nil {
		a.known = false
		return nil, err
	}
	products := make([]*Product, len(a.products))
	for i, p := range a.products {
		if p != nil && p.sold(store) {
			products[i] = p
		}
	}
	return offersOf(l, a.shop, store, products)
}

// follow brings the products up to date.
func (a *Assortment) follow(l Lookup) error {
	if !a.known {
		return a.look(l)
	}
	rows, err := l.ChangedProducts(a.shop, a.version, mostFollowed+1)
	if err != nil {
		return fmt.Errorf("look up changes: %w", err)
	}
	switch {
	case len(rows) == 0:
		return nil
	case len(rows) > mostFollowed || a.vague:
		return a.look(l)
	}
	changed, err := Products(rows)
	if err != nil {
		return err
	}
	for i := range changed {
		if !a.replace(&changed[i]) {
			return a.look(l)
		}
	}
	a.version = changed[len(changed)-1].Version
	return nil
}

// look looks all up. What changed before it, and is not seen by its version, is
// only read once more.
func (a *Assortment) look(l Lookup) (err error) {
	if a.version, err = l.ProductsVersion(a.shop); err != nil {
		return fmt.Errorf("look up the version: %w", err)
	}
	var reasons []Reason
	a.products, reasons, err = productsOf(l, a.shop, a.names)
	a.vague, a.known = slices.Contains(reasons, Ambiguous), err == nil
	return err
}

// replace puts a changed product in its place, and reports whether that is all
// there is to do: false if names may mean others now.
func (a *Assortment) replace(p *Product) bool {
	for i, name := range a.names {
		old := a.products[i]
		switch {
		case old != nil && old.Code == p.Code:
			if p.Deleted || old.SKU != p.SKU {
				return false
			}
			a.products[i] = p
		case name == p.Code || name == p.SKU:
			return false
		}
	}
	return true
}
