// Package catalog holds what a shop sells: products with all their codes,
// prices and stock, whatever the partner. Stock is taken in the transaction
// that places an order, reserved for a while by a basket, or only looked at.
//
// The rules are here, over the few things that a store does (Tx); each store
// brings its own SQL. Writers of one shop's catalogue come one after the other.
package catalog

import (
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Product is one thing that can be ordered; of a product in sizes, one size.
// Its identity in the shop is Code.
type Product struct {
	order.Product                   // its codes, its name, its size
	Names         map[string]string `json:"names,omitzero"`  // by language, BCP 47; Name stands for the others
	Parent        string            `json:"parent,omitzero"` // code of what this is a size of
	Store         string            `json:"store,omitzero"`  // the outlet that sells it; "": all

	Price    order.Money `json:"price,omitzero"`    // of one unit
	Currency string      `json:"currency,omitzero"` // ISO 4217
	Active   bool        `json:"active"`            // can be ordered

	Weight order.Decimal `json:"weight,omitzero"` // kg, of one unit

	Kind   Kind          `json:"kind,omitzero"`   // whose word its stock is
	Stock  []Stock       `json:"stock,omitzero"`  // by warehouse, the one to take from first first
	Buffer order.Decimal `json:"buffer,omitzero"` // of the whole stock, what is never sold here

	// The store's: what a caller says is left aside.
	Version int64     `json:"version,omitzero"` // the catalogue's counter when it changed last
	Updated time.Time `json:"updated,omitzero"`
	Deleted bool      `json:"deleted,omitzero"` // in Changes only

	// Line is where the product stands in its file, for complaints; 0: in none.
	Line int `json:"-"`
}

// Stock is what lies in one warehouse.
type Stock struct {
	Warehouse string        `json:"warehouse,omitzero"`
	Quantity  order.Decimal `json:"quantity"`
}

// Kind says what the stock of a product means.
type Kind string

// The kinds of stock.
const (
	Ours  Kind = ""      // what we have: orders take from it
	Fixed Kind = "fixed" // a number that holds for every order: nothing is taken
	Live  Kind = "live"  // somebody else's: to be asked for when it counts
)

// Known reports whether there is such a kind.
func (k Kind) Known() bool { return k == Ours || k == Fixed || k == Live }

// OnHand is the sum over the warehouses.
func (p *Product) OnHand() order.Decimal {
	sum := order.FromInt(0, 0)
	for _, s := range p.Stock {
		sum = sum.Add(s.Quantity)
	}
	return sum
}

// sellable is what may be sold while others hold so much; never below 0.
func (p *Product) sellable(held order.Decimal) order.Decimal {
	free := p.OnHand().Sub(p.Buffer)
	if p.Kind == Ours {
		free = free.Sub(held)
	}
	if free.Sign() < 0 {
		return order.FromInt(0, 0)
	}
	return free
}

// draw takes a quantity that is there: from the first warehouse that has all
// of it, else from one after the other. It returns what it took from where.
func (p *Product) draw(quantity order.Decimal) (drawn []Stock) {
	for i := range p.Stock {
		if s := &p.Stock[i]; s.Quantity.Cmp(quantity) >= 0 {
			s.Quantity = s.Quantity.Sub(quantity)
			return []Stock{{s.Warehouse, quantity}}
		}
	}
	for i := range p.Stock {
		s := &p.Stock[i]
		some := quantity
		if s.Quantity.Cmp(some) < 0 {
			some = s.Quantity
		}
		if some.Sign() > 0 {
			s.Quantity, quantity = s.Quantity.Sub(some), quantity.Sub(some)
			drawn = append(drawn, Stock{s.Warehouse, some})
		}
	}
	return drawn
}
