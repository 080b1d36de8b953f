package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// portion is what an order has of one product of our stock: taken, and neither
// given back nor shipped.
type portion struct {
	Code  string  `json:"code"`
	Stock []Stock `json:"stock"` // by the warehouse it was taken from
	// Lines says how much of it is of which line of the order, by the line's id.
	Lines map[string]order.Decimal `json:"lines,omitzero"`
}

// Settling adds to entries what they mean for our stock, as effects: what an
// order takes (Store.Take) is remembered, and goes back into stock in the
// transaction that appends its cancellation, each piece once, whoever cancels
// how often. What was shipped, or had left when the order was cancelled, does
// not come back. Of a happening with lines only those count. Who holds a
// publishable key changes nothing.
func Settling(now func() time.Time, shop string, entries []order.Entry) []order.Entry {
	cloned := false
	for n := range entries {
		e := &entries[n]
		if e.Source.Public() || e.Subject.Kind != order.SubjectOrder {
			continue
		}
		back, ends := settlingOf(now, shop, e)
		if !ends && len(e.Effects) == 0 {
			continue
		}
		if !cloned { // a call may be repeated with the same entries
			entries, cloned = slices.Clone(entries), true
			e = &entries[n]
		}
		e.Effects = slices.Clone(e.Effects)
		for i, effect := range e.Effects {
			if t, ok := effect.(taking); ok && e.Statement != nil {
				t.order, t.orderLines = e.Subject.ID, e.Statement.Order.Lines
				e.Effects[i] = t
			}
		}
		if ends {
			e.Effects = append(e.Effects, back)
		}
	}
	return entries
}

// settlingOf returns what an entry gives back or lets go; false: nothing.
func settlingOf(now func() time.Time, shop string, e *order.Entry) (s settling, ends bool) {
	s = settling{now: now, shop: shop, order: e.Subject.ID}
	var status order.Status
	var why *order.Cancellation
	switch {
	case e.Happening != nil:
		h := e.Happening
		status, why, s.lines = h.Kind.Status(), h.Cancellation, h.Lines
		if len(s.lines) == 0 && h.Parcel != nil {
			for _, id := range h.Parcel.Lines {
				s.lines = append(s.lines, order.Line{ID: id})
			}
		}
	case e.Statement != nil && !e.History: // history took nothing
		status, why = e.Statement.Order.Status, e.Statement.Order.Cancellation
	}
	switch status {
	case order.StatusCancelled:
		s.back = why == nil || !why.AfterPickedUp
		return s, true
	case order.StatusShipped, order.StatusDelivered:
		return s, true
	}
	return s, false
}

// settling gives what an order took back, or forgets it.
type settling struct {
	now   func() time.Time
	shop  string
	order string
	lines []order.Line // empty: all
	back  bool
}

// Apply implements order.Effect.
func (s settling) Apply(_ context.Context, transaction any) error {
	open, ok := transaction.(interface{ Catalog() Tx })
	if !ok {
		return fmt.Errorf("settle stock: no transaction of a store: %T", transaction)
	}
	if err := s.apply(open.Catalog()); err != nil {
		return fmt.Errorf("settle stock: %w", err)
	}
	return nil
}

func (s settling) apply(tx Tx) error {
	have, err := readTaken(tx, s.shop, s.order)
	if err != nil || len(have) == 0 {
		return err // most orders took nothing, and cost no lock
	}
	if !s.back && len(s.lines) == 0 {
		return tx.KeepTaken(s.shop, s.order, nil)
	}
	codes := make([]string, len(have))
	for i := range have {
		codes[i] = have[i].Code
	}
	w, err := lock(tx, s.shop, s.now(), codes)
	if err != nil {
		return err
	}
	products, err := w.products()
	if err != nil {
		return err
	}
	settled := have
	if len(s.lines) > 0 {
		settled, have = divide(have, s.lines, products)
	} else {
		have = nil
	}
	if s.back {
		if err := w.giveBack(settled, products); err != nil {
			return err
		}
	}
	return keepTaken(tx, s.shop, s.order, have)
}

// products are those that the writing looked up, without deleted ones.
func (w *writing) products() (map[string]*Product, error) {
	out := map[string]*Product{}
	for code, row := range w.old {
		if row.Deleted {
			continue
		}
		p, err := row.Product()
		if err != nil {
			return nil, err
		}
		out[code] = p
	}
	return out, nil
}

// giveBack puts portions into the warehouses that they came from. A warehouse
// that the product does not list any more gets nothing: who replaced the list
// has counted anew.
func (w *writing) giveBack(portions []portion, products map[string]*Product) error {
	var changed []*Product
	for _, t := range portions {
		p := products[t.Code]
		if p == nil || p.Kind != Ours {
			continue
		}
		for _, s := range t.Stock {
			if i := slices.IndexFunc(p.Stock, func(in Stock) bool { return in.Warehouse == s.Warehouse }); i >= 0 {
				p.Stock[i].Quantity = p.Stock[i].Quantity.Add(s.Quantity)
			}
		}
		if !slices.Contains(changed, p) {
			changed = append(changed, p)
		}
	}
	for _, p := range changed {
		made, err := encode(p)
		if err != nil {
			return err
		}
		w.keep(made)
	}
	_, err := w.commit()
	return err
}

// divide takes what lines name out of portions. A line without a quantity means
// all that the order has of it.
func divide(have []portion, lines []order.Line, products map[string]*Product) (named, rest []portion) {
	rest = slices.Clone(have)
	for j := range rest {
		rest[j].Lines = maps.Clone(rest[j].Lines)
	}
	for i := range lines {
		l := &lines[i]
		code := ""
		if p := pick(products, &l.Product); p != nil {
			code = p.Code
		}
		left := l.Quantity // 0 or less: all
		for j := range rest {
			if t := &rest[j]; t.isOf(l.ID) || t.Code == code {
				some := t.cut(l.ID, left)
				named = append(named, some)
				if left.Sign() > 0 {
					if left = left.Sub(sum(some.Stock)); left.Sign() <= 0 {
						break
					}
				}
			}
		}
	}
	return named, slices.DeleteFunc(rest, func(t portion) bool { return len(t.Stock) == 0 })
}

// isOf reports whether something of a portion is of the order's line.
func (t *portion) isOf(line string) bool {
	_, ok := t.Lines[line]
	return ok
}

// cut takes a quantity (0 or less: all) out of a portion; of a line that it
// knows no more than is the line's.
func (t *portion) cut(line string, quantity order.Decimal) portion {
	most := quantity
	if most.Sign() <= 0 {
		most = sum(t.Stock)
	}
	if t.isOf(line) && t.Lines[line].Cmp(most) < 0 {
		most = t.Lines[line]
	}
	some, rest := split(t.Stock, most)
	t.Stock = rest
	if t.isOf(line) {
		t.Lines[line] = t.Lines[line].Sub(most)
	}
	return portion{Code: t.Code, Stock: some}
}

// split takes a quantity, or all if there is less, from one warehouse after
// the other.
func split(have []Stock, quantity order.Decimal) (some, rest []Stock) {
	for _, s := range have {
		part := s.Quantity
		if quantity.Cmp(part) < 0 {
			part = quantity
		}
		if part.Sign() > 0 {
			some = append(some, Stock{s.Warehouse, part})
			quantity = quantity.Sub(part)
		}
		if left := s.Quantity.Sub(part); left.Sign() > 0 {
			rest = append(rest, Stock{s.Warehouse, left})
		}
	}
	return some, rest
}

// sum is that of all warehouses.
func sum(list []Stock) order.Decimal {
	return (&Product{Stock: list}).OnHand()
}

// pick returns the one of some products that an order's line names, by the
// first of its codes that only one of them has.
func pick(products map[string]*Product, named *order.Product) *Product {
	for _, k := range keysOf(named) {
		var found []*Product
		for _, p := range products {
			if slices.Contains(keysOf(&p.Product), k) {
				found = append(found, p)
			}
		}
		if len(found) == 1 {
			return found[0]
		}
	}
	return nil
}

// remember keeps what an order took, beside what it took before.
func (t *taking) remember(tx Tx, took []portion, products map[string]*Product) error {
	if t.order == "" || len(took) == 0 {
		return nil
	}
	for i := range t.orderLines {
		l := &t.orderLines[i]
		p := pick(products, &l.Product)
		if l.ID == "" || p == nil {
			continue
		}
		for j := range took {
			if took[j].Code == p.Code {
				if took[j].Lines == nil {
					took[j].Lines = map[string]order.Decimal{}
				}
				took[j].Lines[l.ID] = took[j].Lines[l.ID].Add(l.Quantity)
			}
		}
	}
	have, err := readTaken(tx, t.shop, t.order)
	if err != nil {
		return err
	}
	return keepTaken(tx, t.shop, t.order, append(have, took...))
}

func readTaken(tx Tx, shop, id string) (list []portion, err error) {
	body, err := tx.Taken(shop, id)
	if err != nil || body == nil {
		return nil, err
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("what an order took: %w", err)
	}
	return list, nil
}

func keepTaken(tx Tx, shop, id string, list []portion) error {
	var body []byte
	if len(list) > 0 {
		var err error
		if body, err = json.Marshal(list); err != nil {
			return fmt.Errorf("encode what an order took: %w", err)
		}
	}
	return tx.KeepTaken(shop, id, body)
}
