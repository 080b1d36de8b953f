package deliveryhero

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// priced says what an outlet sells a product for; not set: nobody says.
type priced func(sku string) (name string, price order.Money, err error)

// picking is what becomes of an order's lines by a PUT.
type picking struct {
	o     *order.Order
	price priced
	lines []order.Line
	named []bool // lines that an item of the PUT was about
}

// pick returns an order's lines as the items of a PUT make them. With states
// only, how much there is of them and what they cost stays. Errors: *wrong.
func pick(o *order.Order, items []wireItem, statesOnly bool, price priced) ([]order.Line, error) {
	p := &picking{o: o, price: price, lines: o.Clone().Lines}
	p.named = make([]bool, len(p.lines))
	for i := range p.lines {
		if p.lines[i].Kind == order.LineProduct {
			p.lines[i].ID = lineID(o, i)
		}
	}
	var added []*wireItem
	for n := range items {
		item := &items[n]
		i, err := p.find(item, n)
		if err != nil {
			return nil, err
		}
		switch {
		case i >= 0:
			err = p.apply(i, item, n, statesOnly)
		case !statesOnly && brings(item, items):
			added = append(added, item)
		default:
			err = atItem(n, "names no item of the order")
		}
		if err != nil {
			return nil, err
		}
	}
	for _, item := range added {
		if err := p.add(item); err != nil {
			return nil, err
		}
	}
	return p.lines, p.link(items)
}

// atItem refuses an item of a PUT.
func atItem(n int, message string) error {
	return badRequest(fmt.Sprintf("items[%d] %s", n, message))
}

// brings reports whether an item that the order does not have may be a new one:
// an addition, or what stands in for another one.
func brings(item *wireItem, items []wireItem) bool {
	if item.Status == itemAddition {
		return true
	}
	if item.Status != itemInCart {
		return false
	}
	if item.ReplacedID != "" {
		return true
	}
	for i := range items {
		if r := items[i].ReplacedID; items[i].Status == itemReplaced && r != "" && (r == item.ID || r == item.SKU) {
			return true
		}
	}
	return false
}

// find returns the line that an item is about, by its id, else by its SKU; -1:
// there is none. An addition is about a line that was added before.
func (p *picking) find(item *wireItem, n int) (int, error) {
	if item.ID == "" && item.SKU == "" {
		return -1, atItem(n, "has neither _id nor sku")
	}
	for i := range p.lines {
		l := &p.lines[i]
		if l.Kind != order.LineProduct || p.named[i] && item.ID == "" {
			continue
		}
		sku := loose(skuOf(&l.Product))
		switch {
		case item.ID != "" && loose(l.ID) != item.ID, item.ID == "" && sku != item.SKU:
		case item.ID == "" && item.Status == itemAddition && l.Status != order.LineAdded:
		case p.named[i]:
			return -1, atItem(n, "is about an item that another one is about")
		case item.SKU != "" && sku != "" && sku != item.SKU:
			return -1, atItem(n, "has the _id of another product")
		default:
			p.named[i] = true
			return i, nil
		}
	}
	return -1, nil
}

// apply makes of a line what an item says.
func (p *picking) apply(i int, item *wireItem, n int, statesOnly bool) error {
	l := &p.lines[i]
	status, known := item.Status.lineStatus()
	if !known {
		return atItem(n, "has an unknown status")
	}
	if status == order.LineOpen { // nothing is said of it
		return nil
	}
	if !statesOnly {
		if err := recount(l, item.Pricing, status, n, p.o.Currency); err != nil {
			return err
		}
	}
	if status != order.LineInCart || l.Status != order.LineAdded {
		l.Status = status
	}
	if status == order.LineReplaced {
		l.ReplacedBy = string(item.ReplacedID)
	}
	return nil
}

// recount makes of a line how much of it was found.
func recount(l *order.Line, p *wirePricing, status order.LineStatus, n int, currency string) error {
	was := orderedOf(l)
	if status == order.LineNotFound || status == order.LineReplaced {
		l.Ordered = &was
		nothing(l)
		return nil
	}
	now := *l
	if amountOf(l).Sign() == 0 { // it was not found before
		restore(&now, was)
	}
	if p != nil {
		if err := p.set(&now, n); err != nil {
			return err
		}
	}
	if amountOf(&now).Equal(amountOf(l)) && unitPrice(&now).Equal(unitPrice(l)) {
		l.Pieces = now.Pieces
		return nil
	}
	reckon(&now, was, currency)
	now.Ordered = &was
	same := amountOf(&now).Equal(cmp.Or(was.Weight, was.Quantity, order.FromInt(1, 0))) && now.UnitPrice.Equal(was.UnitPrice)
	if same || l.Status == order.LineAdded { // as it was ordered after all; or nobody had ordered it
		now.Ordered = nil
	}
	*l = now
	return nil
}

// orderedOf is what was ordered of a line.
func orderedOf(l *order.Line) order.Ordered {
	if l.Ordered != nil {
		return *l.Ordered
	}
	return order.Ordered{Quantity: l.Quantity, Weight: l.Weight, UnitPrice: unitPrice(l), Total: lineSum(l)}
}

// restore makes of a line what was ordered of it.
func restore(l *order.Line, was order.Ordered) {
	l.Quantity, l.Weight = was.Quantity, was.Weight
	if was.UnitPrice.IsSet() {
		l.UnitPrice = was.UnitPrice
	}
}

// nothing makes of a line that there is none.
func nothing(l *order.Line) {
	zero := order.FromInt(0, 0)
	for _, d := range []*order.Decimal{&l.Quantity, &l.Weight, &l.Pieces, &l.Discount, &l.AdDiscount} {
		if d.IsSet() {
			*d = zero
		}
	}
	l.Quantity, l.Total = zero, zero
}

// set makes of a line what a PUT says there is of it.
func (p *wirePricing) set(l *order.Line, n int) error {
	for _, d := range []number{p.Quantity, p.Weight, p.Pieces, p.UnitPrice} {
		if d.Sign() < 0 {
			return atItem(n, "has a negative number in pricing")
		}
	}
	if p.UnitPrice.IsSet() {
		l.UnitPrice = p.UnitPrice.Decimal
	}
	if p.Type != "" && (p.Type == pricedKG) != (l.Unit == unitKG) {
		return atItem(n, "has another pricing_type than the order")
	}
	if l.Unit != unitKG {
		l.Quantity = cmp.Or(p.Quantity.Decimal, l.Quantity)
	} else {
		if p.Weight.IsSet() {
			l.Quantity, l.Weight = p.Weight.Decimal, p.Weight.Decimal
		}
		l.Pieces = cmp.Or(p.Pieces.Decimal, p.Quantity.Decimal, l.Pieces)
	}
	if amountOf(l).Sign() == 0 {
		return atItem(n, "has none in pricing: its status must be "+string(itemNotFound))
	}
	return nil
}

// reckon makes a line's total out of how much there is of it; its discount goes
// with the amount.
func reckon(l *order.Line, was order.Ordered, currency string) {
	before := cmp.Or(was.Quantity, order.FromInt(1, 0))
	if l.Unit == unitKG {
		before = cmp.Or(was.Weight, was.Quantity)
	}
	if off := was.UnitPrice.Mul(before).Sub(was.Total); was.Total.IsSet() && off.Sign() > 0 && before.Sign() > 0 {
		off, _ = off.Mul(amountOf(l)).Div(before, decimalsOf(currency))
		l.Discount = off
	} else if l.Discount.IsSet() {
		l.Discount = order.FromInt(0, 0)
	}
	l.AdDiscount = order.Money{}
	l.Total = l.UnitPrice.Mul(amountOf(l)).Sub(l.Discount).Round(decimalsOf(currency))
}

// decimalsOf is how many decimals sums of a currency have (ISO 4217).
func decimalsOf(currency string) int {
	switch strings.ToUpper(currency) {
	case "CLP", "PYG", "ISK", "JPY", "KRW", "VND":
		return 0
	case "BHD", "JOD", "KWD", "OMR", "TND", "IQD":
		return 3
	}
	return 2
}
