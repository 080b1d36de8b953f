package skeepers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// A purchase is put together of its rows.
type purchase struct {
	file         *csvFile
	line, last   int
	count, bytes int
	event        wireEvent
	order        order.Order // once it is complete
	first        []string    // by column: the value of the first row that has one
	firstLine    []int       // by column: which row that was
	rows         []int       // their lines
	products     []int       // the lines of the event's products
	faults       partner.CellFaults
	more         int // faults beyond those kept
}

// start begins a purchase; the first row has yet to be added.
func (f *csvFile) start(id string, rec record) *purchase {
	p := &purchase{
		file: f, line: rec.line, event: wireEvent{Reference: id, Channel: channelOnline},
		first: make([]string, len(f.columns)), firstLine: make([]int, len(f.columns)),
	}
	if f.broken.line != 0 && f.broken.id == id {
		p.beside(f.broken.line)
	}
	f.broken.line = 0
	if f.seen.again(id) {
		p.fault(partner.CellFault{Line: rec.line, Column: f.names[f.id], Value: columnOf(colReference).shown(id), Reason: "rows of this purchase stand further up; the rows of a purchase must stand together"})
	}
	return p
}

func (p *purchase) fault(f partner.CellFault) {
	if len(p.faults) == maxFaults {
		p.more++
		return
	}
	p.faults = append(p.faults, f)
}

// beside refuses the purchase for a row of its own that can not be read.
func (p *purchase) beside(line int) {
	p.fault(partner.CellFault{Line: p.line, Reason: fmt.Sprintf("line %d, which can not be read, belongs to this purchase", line)})
}

// rowReader is what a row's cells are read into.
type rowReader struct {
	event    *wireEvent
	product  wireProduct
	location *time.Location
}

// add puts a row in.
func (p *purchase) add(rec record) {
	if p.file.broken.line != 0 && p.file.broken.id == "" {
		p.beside(p.file.broken.line) // it stands between two rows of this one
	}
	p.file.broken.line = 0
	p.last, p.count, p.bytes = rec.last, p.count+1, p.bytes+rec.bytes
	if p.count > maxRows || p.bytes > maxBytes {
		if p.count == maxRows+1 || p.bytes-rec.bytes <= maxBytes {
			p.fault(partner.CellFault{Line: rec.line, Reason: fmt.Sprintf("the purchase has more than %d rows or %d MB", maxRows, maxBytes>>20)})
		}
		return
	}
	p.rows = append(p.rows, rec.line)
	r := &rowReader{event: &p.event, location: p.file.opts.Location}
	product := false
	for i, c := range p.file.columns {
		text := strings.TrimSpace(rec.cells[i])
		switch {
		case text == "":
		case c == nil:
			p.keep(i, text)
		case !c.product && p.first[i] == "":
			p.first[i], p.firstLine[i] = text, rec.line
			p.set(r, i, text, rec.line)
		case !c.product && p.first[i] != text && c.name != colFlagged:
			p.fault(partner.CellFault{Line: rec.line, Column: p.file.names[i], Value: c.shown(text),
				Reason: fmt.Sprintf("differs from line %d of the same purchase", p.firstLine[i])})
		case c.product:
			p.set(r, i, text, rec.line)
			product = product || c.name != "delay_product"
		}
	}
	if product {
		p.product(r, rec.line)
	}
}

// set reads a cell.
func (p *purchase) set(r *rowReader, i int, text string, line int) {
	c := p.file.columns[i]
	if fault := c.set(r, text); fault != "" {
		p.fault(partner.CellFault{Line: line, Column: p.file.names[i], Value: c.shown(text), Reason: fault})
	}
}

// keep keeps a value of a column that nobody knows.
func (p *purchase) keep(i int, text string) {
	if p.file.names[i] == "" {
		return
	}
	if value, err := json.Marshal(text); err == nil { // it is UTF-8
		p.event.Extra = append(p.event.Extra, extraField{Path: fmt.Sprintf("rows[%d].%s", p.count-1, p.file.names[i]), Value: string(value)})
	}
}

// product adds the row's product. The first one's delay is that of the
// invitation; of the others only those that differ count.
func (p *purchase) product(r *rowReader, line int) {
	if r.product.Reference == "" {
		p.fault(partner.CellFault{Line: line, Column: p.file.nameOf(colProduct), Reason: "is required beside the product's other values"})
		return
	}
	if len(p.event.Products) == 0 {
		p.event.DelayProducts = r.product.Delay
	}
	if whole := p.event.DelayProducts; whole != nil && r.product.Delay != nil && *whole == *r.product.Delay {
		r.product.Delay = nil
	}
	p.event.Products, p.products = append(p.event.Products, r.product), append(p.products, line)
}

// nameOf returns the name that the file has for a column; its own, if the file
// has it not.
func (f *csvFile) nameOf(column string) string {
	for i, c := range f.columns {
		if c != nil && c.name == column {
			return f.names[i]
		}
	}
	return column
}

// complete checks the purchase as a whole. Its error is of type
// partner.CellFaults.
func (p *purchase) complete() error {
	for i, c := range p.file.columns {
		if c != nil && (c.must || c.filled) && p.first[i] == "" {
			p.fault(partner.CellFault{Line: p.line, Column: p.file.names[i], Reason: "is required"})
		}
	}
	if p.event.Channel == channelOffline && p.event.Shop == "" {
		p.fault(partner.CellFault{Line: p.line, Column: p.file.nameOf(colShop), Reason: "is required where channel is offline"})
	}
	p.event.Type = typeBrand
	if len(p.event.Products) > 0 {
		p.event.Type = typeBoth
	}
	p.order = toOrder(&p.event, p.file.opts.Currency)
	if len(p.faults) == 0 {
		p.bounds()
	}
	if len(p.faults) == 0 {
		return nil
	}
	return p.refused()
}

// refused returns the faults, with every row named that is refused only because
// another one of its purchase is.
func (p *purchase) refused() partner.CellFaults {
	out := p.faults
	if p.more > 0 {
		out = append(out, partner.CellFault{Line: p.last, Reason: fmt.Sprintf("and %d more complaints about this purchase", p.more)})
	}
	at := out[0].Line
	for _, line := range p.rows {
		if !slices.ContainsFunc(p.faults, func(f partner.CellFault) bool { return f.Line == line }) {
			out = append(out, partner.CellFault{Line: line, Reason: fmt.Sprintf("refused with line %d of the same purchase", at)})
		}
	}
	slices.SortStableFunc(out, func(a, b partner.CellFault) int { return a.Line - b.Line })
	return out
}

// bounds refuses what no order may hold, and says in which cell it stands.
func (p *purchase) bounds() {
	bad := order.Validate(&p.order)
	if bad == nil {
		return
	}
	for _, f := range bad.Faults {
		line, path := p.line, f.Path
		if rest, ok := strings.CutPrefix(f.Path, "lines["); ok {
			var at int
			if n, _ := fmt.Sscanf(rest, "%d]", &at); n == 1 && at < len(p.products) {
				line = p.products[at]
			}
			_, path, _ = strings.Cut(rest, "].")
		}
		p.fault(partner.CellFault{Line: line, Column: p.file.nameOf(pathColumns[path]), Reason: f.Reason})
	}
}

// pathColumns are the columns of the order's texts.
var pathColumns = map[string]string{
	"id": colReference, "store": colShop, "customer.first_name": "first_name", "customer.last_name": "last_name",
	"customer.email": "email", "customer.phone": "phone", "product.code": colProduct, "product.name": "name",
	"product.category": "category", "product.brand": "brand", "product.gtin": "ean", "product.sku": "sku", "product.upc": "upc",
	"product.isbn": "isbn", "product.jan": "jan", "product.mpn": "mpn", "product.url": "product_url", "product.image_url": "image_url",
}

// dateForms are those of the vendor's articles
// (https://help.rr.skeepers.com/hc/en-us/articles/4872628897564 and
// https://help.rr.skeepers.com/hc/en-us/articles/4760405720604, seen 2026), and
// the one of its API without a zone.
var dateForms = []string{
	"2006-01-02", "2006-01-02 15:04:05", "2006-01-02 15:04",
	"02/01/2006", "02/01/2006 15:04:05", "02/01/2006 15:04",
	"2006-01-02T15:04:05", "2006-01-02T15:04",
}

// setDate reads a date in the shop's time zone, or a time with its offset.
func setDate(r *rowReader, text string) string {
	if t, err := order.ParseTime(text); err == nil {
		r.event.Date = t
		return ""
	}
	for _, form := range dateForms {
		if t, err := time.ParseInLocation(form, text, r.location); err == nil && !order.At(t).IsZero() {
			r.event.Date = order.At(t)
			return ""
		}
	}
	return "is no date such as 2022-10-15, 2022-10-15 09:30, 15/10/2022 or 15/10/2022 09:30:00"
}
