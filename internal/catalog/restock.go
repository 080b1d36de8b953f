package catalog

import (
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Restock is a new number for one warehouse of a product: Quantity, or Change
// more than there is (fewer, below 0).
type Restock struct {
	Code string `json:"code"` // the shop's own
	// Warehouse may be empty where the product lies in one only.
	Warehouse string        `json:"warehouse,omitzero"`
	Quantity  order.Decimal `json:"quantity,omitzero"`
	Change    order.Decimal `json:"change,omitzero"`
}

// SetStock is Store.SetStock in a transaction.
func SetStock(tx Tx, shop string, now time.Time, stock []Restock) (changed int, err error) {
	if err := checkRestock(stock); err != nil || len(stock) == 0 {
		return 0, err
	}
	codes := make([]string, 0, len(stock))
	for i := range stock {
		codes = append(codes, stock[i].Code)
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	w, err := lock(tx, shop, now, codes)
	if err != nil {
		return 0, err
	}
	products, err := w.products()
	if err != nil {
		return 0, err
	}
	for i := range stock {
		p := products[stock[i].Code]
		if p == nil {
			return 0, order.Refuse(fmt.Sprintf("stock[%d].code", i), order.Malformed, "there is no such product")
		}
		if f := p.restock(&stock[i]); f != nil {
			f.Path = fmt.Sprintf("stock[%d].%s", i, f.Path)
			return 0, &order.Invalid{Faults: []order.Fault{*f}}
		}
	}
	for _, code := range codes {
		if err := w.keepStock(products[code]); err != nil {
			return 0, err
		}
	}
	return w.commit()
}

// keepStock gives a product another number, unless its stock is what it was.
func (w *writing) keepStock(p *Product) error {
	row, err := encode(p)
	if err != nil {
		return err
	}
	if string(row.Stock) != string(w.old[p.Code].Stock) {
		w.keep(row)
	}
	return nil
}

func checkRestock(stock []Restock) error {
	if len(stock) > MostPut {
		return order.Refuse("stock", order.TooLarge, fmt.Sprintf("at most %d numbers at a time", MostPut))
	}
	c := &complaints{}
	for i := range stock {
		r, path := &stock[i], fmt.Sprintf("stock[%d]", i)
		switch {
		case r.Code == "":
			c.add(path+".code", order.Required, string(order.ErrRequired))
		case len(keysFor(Internal, r.Code)) == 0:
			c.add(path+".code", order.Malformed, "there is no such product")
		}
		if r.Quantity.IsSet() == r.Change.IsSet() {
			c.add(path+".quantity", order.Required, "give either a quantity or a change")
		}
		c.plain(path+".warehouse", r.Warehouse)
		c.amount(path+".quantity", r.Quantity)
		if len(c.faults) >= order.MaxFaults {
			break
		}
	}
	if len(c.faults) > 0 {
		return &order.Invalid{Faults: c.faults}
	}
	return nil
}

// restock changes the number of one warehouse, which may be new.
func (p *Product) restock(r *Restock) *order.Fault {
	i := slices.IndexFunc(p.Stock, func(s Stock) bool { return s.Warehouse == r.Warehouse })
	if i < 0 && r.Warehouse == "" && len(p.Stock) > 0 {
		if len(p.Stock) > 1 {
			return &order.Fault{Path: "warehouse", Code: order.Required, Reason: "the product lies in several: name one"}
		}
		i = 0
	}
	if i < 0 {
		if len(p.Stock) >= mostWarehouses {
			return &order.Fault{Path: "warehouse", Code: order.TooLarge, Reason: fmt.Sprintf("at most %d warehouses", mostWarehouses)}
		}
		i = len(p.Stock)
		p.Stock = append(p.Stock, Stock{Warehouse: r.Warehouse, Quantity: order.FromInt(0, 0)})
	}
	number := r.Quantity
	if r.Change.IsSet() {
		if number = p.Stock[i].Quantity.Add(r.Change); number.Sign() < 0 {
			return &order.Fault{Path: "change", Code: order.Malformed, Reason: "would bring the stock below 0"}
		}
	}
	p.Stock[i].Quantity = number
	return nil
}
