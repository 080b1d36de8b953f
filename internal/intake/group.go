package intake

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// group is one order's rows, put together so far.
type group struct {
	id          string // as written
	line, last  int
	order       *order.Order
	faults      []order.Fault
	more        int // faults beyond those kept
	adjustments int // lines that are no sale
}

func (g *group) fault(f order.Fault) {
	if len(g.faults) == maxFaults {
		g.more++
		return
	}
	g.faults = append(g.faults, f)
}

// start opens the group of an order's first row.
func (f *csvFile) start(id string, rec record) *group {
	g := &group{id: id, line: rec.line, last: rec.line, order: &order.Order{Currency: f.currency}}
	if f.broken != nil {
		g.fault(order.Fault{Path: fmt.Sprintf("line %d", f.broken.line), Code: order.Malformed,
			Reason: "the row beside this order can not be read and may belong to it"})
		f.broken = nil
	}
	for _, c := range f.fixed {
		if !c.field.perLine {
			f.set(g, draft{order: g.order}, c, c.text, "values: "+c.target)
		}
	}
	return g
}

// add puts one row into its order: a line, and with the first row the order's
// own fields. Later rows repeat those; the first row's stay.
func (f *csvFile) add(g *group, rec record) {
	f.broken = nil
	g.last = max(g.last, rec.line)
	if len(g.order.Lines) == maxLines {
		g.fault(order.Fault{Path: fmt.Sprintf("line %d", rec.line), Code: order.TooLarge, Reason: fmt.Sprintf("the order has more than %d rows", maxLines)})
		return
	}
	if f.mapping.header() && len(rec.cells) != len(f.columns) {
		g.fault(order.Fault{Path: fmt.Sprintf("line %d", rec.line), Code: order.Malformed,
			Reason: fmt.Sprintf("has %d cells, the header has %d", len(rec.cells), len(f.columns))})
		return
	}
	var line order.Line
	d := draft{order: g.order, line: &line}
	for _, c := range f.fixed {
		if c.field.perLine {
			f.set(g, d, c, c.text, "values: "+c.target)
		}
	}
	first := rec.line == g.line
	for at, c := range f.columns {
		if c.target == "" || at >= len(rec.cells) || !first && !c.field.perLine {
			continue
		}
		f.set(g, d, c, rec.cells[at], fmt.Sprintf("line %d, column %d (%s)", rec.line, at+1, c.name))
	}
	f.complete(g, &line)
	g.order.Lines = append(g.order.Lines, line)
}

// set puts one text into its field; an empty one states nothing.
func (f *csvFile) set(g *group, d draft, c column, text, path string) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return
	}
	if !c.field.raw {
		text = trimmed
	}
	if to, ok := f.mapping.Translate[c.target][trimmed]; ok {
		text = to
	}
	err := checkText(text)
	if err == nil {
		err = c.field.set(f.cells, d, text)
	}
	if err != nil {
		// The text itself stays out: a wrong mapping may put a name anywhere.
		g.fault(order.Fault{Path: path, Code: order.Malformed, Reason: err.Error()})
	}
}

// complete tells the line's kind and computes its total.
func (f *csvFile) complete(g *group, line *order.Line) {
	line.Kind = f.mapping.kindOf(line.Product.Code)
	if f.isAdjustment(line) {
		line.Kind = order.LineAdjustment
	}
	if line.Kind == order.LineAdjustment {
		g.adjustments++
	}
	if !line.Total.IsSet() && line.UnitPrice.IsSet() && line.Quantity.IsSet() {
		line.Total = line.UnitPrice.Mul(line.Quantity)
	}
}

func (f *csvFile) isAdjustment(line *order.Line) bool {
	if len(f.mapping.Adjustment) == 0 {
		return false
	}
	return !slices.ContainsFunc(f.mapping.Adjustment, func(what string) bool {
		switch what {
		case "price_zero":
			return !line.UnitPrice.IsSet() || line.UnitPrice.Sign() != 0
		default: // "name_empty"
			return line.Product.Name != ""
		}
	})
}

// finish yields the group's row: an order, a cancellation, or why it is
// neither.
func (f *csvFile) finish(g *group, yield func(partner.Row, error) bool) error {
	if g == nil {
		return nil
	}
	row := partner.Row{Line: g.line, LastLine: g.last}
	if f.seen.has(g.id) {
		g.fault(order.Fault{Path: fmt.Sprintf("line %d", g.line), Code: order.Malformed,
			Reason: "rows of this order stand further up: they are not together; sort the file or use group: key"})
	}
	f.seen.add(g.id)
	if err := g.invalid(); err != nil {
		if !yield(row, err) {
			return errStopped
		}
		return nil
	}
	if c := f.mapping.Cancel; c != nil && strings.HasPrefix(g.id, c.Prefix) {
		f.cancellation(g, &row)
	} else {
		f.statement(g, &row)
	}
	if !yield(row, nil) {
		return errStopped
	}
	return nil
}

func (g *group) invalid() error {
	if len(g.faults) == 0 {
		return nil
	}
	if g.more > 0 {
		g.faults = append(g.faults, order.Fault{Code: order.Malformed, Reason: fmt.Sprintf("and %d more", g.more)})
	}
	return &order.Invalid{Faults: g.faults}
}

// statement makes the group an order.
func (f *csvFile) statement(g *group, row *partner.Row) {
	o := g.order
	if f.sums {
		o.Totals = totals(o.Totals, o.Lines)
	}
	if g.adjustments > 0 && g.adjustments == len(o.Lines) {
		row.Skipped = "an adjustment: none of its rows sells a product"
	}
	row.Entries = []order.Entry{{
		Subject:   order.Subject{Kind: order.SubjectOrder, ID: o.ID},
		Source:    source(),
		Statement: &order.Statement{Order: *o},
	}}
}

// cancellation makes the group something that happened to an order, which may
// not be known: nothing of it is lost.
func (f *csvFile) cancellation(g *group, row *partner.Row) {
	c, o := f.mapping.Cancel, g.order
	id := g.id
	if c.ID == "without_prefix" {
		id = strings.TrimPrefix(g.id, c.Prefix)
	}
	if !f.seen.has(id) || c.ID == "as_written" {
		row.Skipped = fmt.Sprintf("a cancellation (%s) without its order: no order %s stands before it in this file", g.id, id)
	}
	happening := &order.Happening{Kind: c.Kind, At: o.PlacedAt, Ref: g.id, Lines: o.Lines}
	if sum, ok := sum(o.Lines, everyKind); ok {
		happening.Amount = sum.Neg()
	}
	row.Entries = []order.Entry{{
		Subject:   order.Subject{Kind: order.SubjectOrder, ID: id},
		Source:    source(),
		Happening: happening,
	}}
}

// totals sums the lines, if each has its total: half a sum would be false.
func totals(t *order.Totals, lines []order.Line) *order.Totals {
	total, ok := sum(lines, everyKind)
	if !ok || len(lines) == 0 {
		return t
	}
	if t == nil {
		t = &order.Totals{}
	}
	t.Total = total
	fill := func(into *order.Money, kind order.LineKind, negative bool) {
		if v, ok := sum(lines, func(k order.LineKind) bool { return k == kind }); ok && v.IsSet() && !into.IsSet() {
			if negative {
				v = v.Neg()
			}
			*into = v
		}
	}
	fill(&t.Goods, order.LineProduct, false)
	fill(&t.Shipping, order.LinePostage, false)
	fill(&t.Service, order.LineFee, false)
	fill(&t.Discount, order.LineDiscount, true)
	return t
}

func everyKind(order.LineKind) bool { return true }

// sum adds the totals of the lines of some kinds; false if one lacks its own.
// Without such a line the sum is not set.
func sum(lines []order.Line, of func(order.LineKind) bool) (order.Money, bool) {
	var out order.Money
	for i := range lines {
		if !of(lines[i].Kind) {
			continue
		}
		if !lines[i].Total.IsSet() {
			return order.Money{}, false
		}
		if !out.IsSet() {
			out = lines[i].Total
			continue
		}
		out = out.Add(lines[i].Total)
	}
	return out, true
}

// AsInvalid returns the complaints of a row's error; false if it is no verdict
// on a row but ends the reading.
func AsInvalid(err error) (*order.Invalid, bool) {
	var bad *order.Invalid
	ok := errors.As(err, &bad)
	return bad, ok
}
