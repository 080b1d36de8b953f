package deliveryhero

import (
	"errors"
	"slices"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

var errAddedUnnamed = errors.New("an added line has no sku")

// cartOf is the whole order as picking left it: every line of the platform's,
// with what the shop says became of it, and what was added. A line of which the
// shop says nothing was picked as it was ordered.
func cartOf(w *wireOrder, t *partner.Task) ([]wireItem, error) {
	c := &cart{lines: linesOf(t)}
	c.used = make([]bool, len(c.lines))
	items := make([]wireItem, 0, len(w.Items))
	found := make([]*order.Line, len(w.Items))
	for _, match := range []func(*wireItem, *order.Line) bool{byID, bySKU, byBarcode} {
		for i := range w.Items {
			if found[i] == nil {
				found[i] = c.take(&w.Items[i], match)
			}
		}
	}
	for i := range w.Items {
		items = append(items, c.picked(&w.Items[i], found[i], w))
	}
	for i := range c.lines {
		l := &c.lines[i]
		if c.used[i] || l.Kind != order.LineProduct || l.Status != order.LineAdded && l.Replaces == "" {
			continue
		}
		item := addition(l)
		if item.SKU == "" {
			return nil, errAddedUnnamed
		}
		items = append(items, item)
	}
	return items, nil
}

// linesOf are the lines as the order stands, under what the event itself says of
// some.
func linesOf(t *partner.Task) []order.Line {
	lines := slices.Clone(t.Order.Lines)
	h := t.Event.Happening
	if h == nil {
		return lines
	}
	for _, said := range h.Lines {
		at := slices.IndexFunc(lines, func(l order.Line) bool {
			return said.ID != "" && l.ID == said.ID || said.ID == "" && skuOf(&said.Product) != "" && skuOf(&l.Product) == skuOf(&said.Product)
		})
		if h.Kind == order.KindCancelled {
			var has order.Line
			if at >= 0 {
				has = lines[at]
			}
			said = remains(said, has)
		}
		if at < 0 {
			lines = append(lines, said)
			continue
		}
		lines[at] = overlaid(lines[at], &said)
	}
	return lines
}

// remains is what a cancellation leaves of a line: its quantity is how much of the
// line is cancelled; none: all of it.
func remains(said, has order.Line) order.Line {
	rest := has.Quantity.Sub(said.Quantity)
	if said.Quantity.Sign() <= 0 || rest.Sign() <= 0 {
		said.Status, said.Quantity, said.Weight = order.LineNotFound, order.Decimal{}, order.Decimal{}
		return said
	}
	said.Status, said.Quantity, said.Weight = order.LineInCart, rest, order.Decimal{}
	return said
}

// overlaid is a line with what a happening says of it.
func overlaid(l order.Line, said *order.Line) order.Line {
	if said.Status != order.LineOpen {
		l.Status = said.Status
	}
	for to, from := range map[*order.Decimal]order.Decimal{
		&l.Quantity: said.Quantity, &l.Weight: said.Weight, &l.Pieces: said.Pieces, &l.UnitPrice: said.UnitPrice,
	} {
		if from.IsSet() {
			*to = from
		}
	}
	if said.Unit != "" {
		l.Unit = said.Unit
	}
	if said.Quantity.IsSet() && !said.Weight.IsSet() && l.Unit == unitKG {
		l.Weight = said.Quantity
	}
	if said.ReplacedBy != "" {
		l.ReplacedBy = said.ReplacedBy
	}
	if said.Replaces != "" {
		l.Replaces = said.Replaces
	}
	return l
}

// cart finds which line of the shop's is which of the platform's.
type cart struct {
	lines []order.Line
	used  []bool
}

func byID(w *wireItem, l *order.Line) bool  { return w.ID != "" && l.ID == string(w.ID) }
func bySKU(w *wireItem, l *order.Line) bool { return w.SKU != "" && skuOf(&l.Product) == string(w.SKU) }
func byBarcode(w *wireItem, l *order.Line) bool {
	return l.Product.GTIN != "" && slices.Contains(w.Barcode, l.Product.GTIN)
}

func (c *cart) take(w *wireItem, match func(*wireItem, *order.Line) bool) *order.Line {
	for i := range c.lines {
		if !c.used[i] && match(w, &c.lines[i]) {
			c.used[i] = true
			return &c.lines[i]
		}
	}
	return nil
}

// picked is a line of the platform's with what became of it.
func (c *cart) picked(w *wireItem, l *order.Line, all *wireOrder) wireItem {
	item := wireItem{ID: w.ID, SKU: w.SKU, Status: w.Status, ReplacedID: w.ReplacedID}
	if _, known := w.Status.lineStatus(); !known || w.Status == itemOpen || w.Status == "" {
		item.Status = itemInCart
	}
	if p := w.Pricing; p != nil {
		item.Pricing = &wirePricing{Type: p.Type, Quantity: p.Quantity, UnitPrice: p.UnitPrice, Weight: p.Weight, Pieces: p.Pieces}
	}
	if l == nil {
		return item
	}
	switch {
	case l.Status == order.LineNotFound, l.Status == order.LineOpen && l.Quantity.IsSet() && l.Quantity.Sign() == 0:
		item.Status = itemNotFound
		return item
	case l.Status == order.LineReplaced:
		item.Status, item.ReplacedID = itemReplaced, loose(c.replacement(l, all))
		return item
	case l.Status == order.LineInCart && w.Status != itemAddition:
		item.Status = itemInCart
	}
	item.measure(l)
	return item
}

// replacement names the line that stands in for another one: by its id if the
// platform knows it already, else by its SKU.
func (c *cart) replacement(l *order.Line, all *wireOrder) string {
	for i := range c.lines {
		other := &c.lines[i]
		if other.ID == "" || other.ID != l.ReplacedBy && (l.ID == "" || other.Replaces != l.ID) {
			continue
		}
		if slices.ContainsFunc(all.Items, func(w wireItem) bool { return byID(&w, other) }) {
			return other.ID
		}
		if code := skuOf(&other.Product); code != "" {
			return code
		}
	}
	return l.ReplacedBy
}

// measure sets how much of a line there is.
func (w *wireItem) measure(l *order.Line) {
	if w.Pricing == nil {
		w.Pricing = &wirePricing{Type: pricedUnit}
		if l.Unit == unitKG {
			w.Pricing.Type = pricedKG
		}
	}
	p := w.Pricing
	switch {
	case p.Type == pricedKG:
		if weight := weightOf(l); weight.IsSet() {
			p.Weight = number{weight}
		}
		if l.Pieces.IsSet() && !l.Pieces.Equal(p.Quantity.Decimal) {
			p.Pieces = number{l.Pieces}
		}
	case l.Quantity.IsSet() && l.Unit != unitKG:
		p.Quantity = number{l.Quantity}
	}
}

func weightOf(l *order.Line) order.Decimal {
	if l.Unit == unitKG && !l.Weight.IsSet() {
		return l.Quantity
	}
	return l.Weight
}

// addition is a line that the customer did not order.
func addition(l *order.Line) wireItem {
	item := wireItem{SKU: loose(skuOf(&l.Product)), Name: l.Product.Name, Status: itemAddition}
	if l.Product.GTIN != "" {
		item.Barcode = barcodes{l.Product.GTIN}
	}
	item.measure(l)
	item.Pricing.UnitPrice = number{l.UnitPrice}
	if item.Pricing.Type == pricedKG && l.Pieces.IsSet() {
		item.Pricing.Quantity, item.Pricing.Pieces = number{l.Pieces}, number{}
	}
	return item
}

// sameCart reports whether what would be sent changes nothing.
func sameCart(there, sent []wireItem) bool {
	return slices.EqualFunc(there, sent, func(a, b wireItem) bool {
		return stateOf(a.Status) == stateOf(b.Status) && (b.Status == itemNotFound || a.Pricing.same(b.Pricing))
	})
}

// stateOf makes no difference between what is untouched and what is picked.
func stateOf(s word) word {
	if _, known := s.lineStatus(); !known || s == itemOpen || s == "" {
		return itemInCart
	}
	return s
}

func (p *wirePricing) same(q *wirePricing) bool {
	if p == nil || q == nil {
		return p == q
	}
	return p.Quantity.Cmp(q.Quantity.Decimal) == 0 && p.Weight.Cmp(q.Weight.Decimal) == 0 && p.Pieces.Cmp(q.Pieces.Decimal) == 0
}
