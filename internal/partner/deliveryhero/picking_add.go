package deliveryhero

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/ordermux/ordermux/internal/order"
)

// add puts a new line into the order.
func (p *picking) add(item *wireItem) error {
	l := item.line()
	l.Status, l.Ordered, l.Replaces = order.LineAdded, nil, string(item.ReplacedID)
	name := string(cmp.Or(item.SKU, item.ID))
	if item.SKU == "" || item.Pricing == nil || l.Quantity.Sign() <= 0 || item.Pricing.Quantity.Sign() < 0 || l.UnitPrice.Sign() < 0 {
		return badRequest("items: " + name + " is new and needs sku and pricing, with a quantity or a weight")
	}
	known, price, err := p.price(string(item.SKU))
	if err != nil {
		return err
	}
	if !l.UnitPrice.IsSet() {
		if !price.IsSet() {
			return badRequest("items: " + name + " is new, and the outlet has no price for it: it needs pricing.unit_price")
		}
		l.UnitPrice = price
	}
	l.Product.Name = cmp.Or(l.Product.Name, known)
	l.Discount, l.Total = order.Money{}, l.UnitPrice.Mul(amountOf(&l)).Round(decimalsOf(p.o.Currency))
	l.ID = p.freeID(l.ID)
	p.lines, p.named = append(p.lines, l), append(p.named, true)
	return nil
}

// freeID is an id that no line has.
func (p *picking) freeID(wish string) string {
	free := func(id string) bool {
		return id != "" && !slices.ContainsFunc(p.lines, func(l order.Line) bool { return l.ID == id })
	}
	for n := len(p.lines) + 1; !free(wish); n++ {
		wish = "l" + strconv.Itoa(n)
	}
	return wish
}

// link makes both lines of a replacement name each other, whichever of them the
// PUT does so with: by id or by SKU. Where neither does, and there is one of
// each, they are meant.
func (p *picking) link(items []wireItem) error {
	for i := range p.lines {
		l := &p.lines[i]
		switch {
		case l.Status == order.LineReplaced && l.ReplacedBy != "":
			other := p.called(l.ReplacedBy, i)
			if other == nil {
				return badRequest("items: replaced_id of " + l.ID + " names no item")
			}
			l.ReplacedBy, other.Replaces = other.ID, l.ID
		case l.Status == order.LineAdded && l.Replaces != "":
			other := p.called(l.Replaces, i)
			if other == nil {
				return badRequest("items: replaced_id of " + l.ID + " names no item")
			}
			l.Replaces, other.ReplacedBy = other.ID, l.ID
		}
	}
	old, new := p.unlinked(order.LineReplaced), p.unlinked(order.LineAdded)
	if len(old) == 1 && len(new) == 1 {
		old[0].ReplacedBy, new[0].Replaces = new[0].ID, old[0].ID
	}
	return nil
}

// called finds the line with an id, else with a SKU, that is not line i.
func (p *picking) called(name string, i int) *order.Line {
	for j := range p.lines {
		if j != i && p.lines[j].ID == name {
			return &p.lines[j]
		}
	}
	for j := range p.lines {
		if l := &p.lines[j]; j != i && l.Kind == order.LineProduct && skuOf(&l.Product) == name {
			return l
		}
	}
	return nil
}

func (p *picking) unlinked(s order.LineStatus) (out []*order.Line) {
	for i := range p.lines {
		if l := &p.lines[i]; l.Status == s && l.Replaces == "" && l.ReplacedBy == "" {
			out = append(out, l)
		}
	}
	return out
}

// totalsAfter are an order's totals with other lines: goods and total move by
// what the lines do, tax in proportion to the goods. Nil: the order has none.
func totalsAfter(o *order.Order, lines []order.Line) *order.Totals {
	if o.Totals == nil {
		return nil
	}
	t := *o.Totals
	after := order.Order{Lines: lines}
	before, _, _ := lineSums(o)
	now, _, _ := lineSums(&after)
	moved := now.Sub(before)
	if t.Tax.Sign() > 0 && before.Sign() > 0 {
		onTop := t.Goods.Add(t.Shipping).Add(t.Service).Sub(t.Discount).Add(t.Tax).Equal(t.Total)
		tax, _ := t.Tax.Mul(now).Div(before, decimalsOf(o.Currency))
		if onTop && t.Total.IsSet() {
			t.Total = t.Total.Add(tax.Sub(t.Tax))
		}
		t.Tax = tax
	}
	if t.Goods.IsSet() {
		t.Goods = t.Goods.Add(moved)
	}
	if t.Total.IsSet() {
		t.Total = t.Total.Add(moved)
	}
	return &t
}

// left reports whether anything is left to be brought.
func left(lines []order.Line) bool { return len(fulfilled(lines)) > 0 }

// fulfilled are the products that were found.
func fulfilled(lines []order.Line) (out []order.Line) {
	for i := range lines {
		l := &lines[i]
		if l.Kind == order.LineProduct && l.Status != order.LineNotFound && l.Status != order.LineReplaced {
			out = append(out, *l)
		}
	}
	return out
}
