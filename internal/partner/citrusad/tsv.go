package citrusad

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// The columns of the order file
// (https://developers.citrusad.com/integration/reference/syncing-order-data-via-file,
// seen 2026). ad_id and ad_ids stand in an older page only
// (https://citrusad.readme.io/docs/example-test, seen 2026).
const (
	colOrder    = "order_id"
	colDate     = "order_date"
	colProduct  = "product_code"
	colQuantity = "quantity"
	colUnit     = "regular_unit_price"
	colTotal    = "price_with_discounts"
	colCustomer = "customer_id"
	colSession  = "session_id"
	colSeller   = "seller_id"
	colAd       = "ad_id"
	colAds      = "ad_ids"
)

// written are the columns that we write, in sequence.
var written = []string{colOrder, colDate, colProduct, colQuantity, colUnit, colTotal, colCustomer, colSession, colSeller}

// needed are the columns that a file must have. The page marks session_id and
// price_with_discounts as required too; files of older pages lack them.
var needed = []string{colOrder, colDate, colProduct, colQuantity}

var tsvFormat = partner.Format{
	Name:        "citrusad-tsv",
	Description: "CitrusAd's order file: tab-separated, with a header, a row per line of an order.",
	Sniff:       sniffTSV,
	Read:        readTSV,
}

func sniffTSV(head []byte) bool {
	line, _, _ := bytes.Cut(bytes.TrimPrefix(head, []byte(utf8BOM)), []byte{'\n'})
	names := strings.Split(strings.TrimRight(string(line), "\r"), "\t")
	return slices.Contains(names, colOrder) && slices.Contains(names, colProduct)
}

const (
	utf8BOM = "\ufeff"
	maxLine = 1 << 20
)

// readTSV reads an order file. Rows of one order that do not stand together
// are taken together all the same, with a notice: CitrusAd itself does not
// attribute the later ones. So the rows are held in memory until the end of
// the file; faults of one order do not touch the others.
func readTSV(r io.Reader, opts partner.ReadOptions) iter.Seq2[partner.Row, error] {
	return func(yield func(partner.Row, error) bool) {
		t := table{opts: opts, groups: map[string]*group{}}
		err := t.read(r)
		for _, g := range t.sequence {
			row, gerr := t.order(g)
			if !yield(row, gerr) {
				return
			}
		}
		if err != nil {
			yield(partner.Row{}, err)
		}
	}
}

// A table is an order file that is being read.
type table struct {
	opts     partner.ReadOptions
	header   []string
	columns  map[string]int
	groups   map[string]*group
	sequence []*group
}

// A group is the rows of one order.
type group struct {
	rows  []tsvRow
	apart bool // other orders stand between them
}

type tsvRow struct {
	line  int
	cells []string
	fault string // the row as such is wrong
}

func (t *table) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var last *group
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSuffix(lines.Text(), "\r")
		if n == 1 {
			if err := t.head(strings.TrimPrefix(text, utf8BOM)); err != nil {
				return err
			}
			continue
		}
		if strings.Trim(text, " \t") != "" {
			last = t.row(n, text, last)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return errors.New("read order file: a line is longer than 1 MB")
	case err != nil:
		return fmt.Errorf("read order file: %w", err)
	case t.header == nil:
		return errors.New("read order file: it is empty")
	}
	return nil
}

func (t *table) head(text string) error {
	if err := checkText(text); err != nil {
		return fmt.Errorf("read order file: line 1: %w", err)
	}
	t.header = strings.Split(text, "\t")
	t.columns = make(map[string]int, len(t.header))
	for i, name := range t.header {
		name = strings.TrimSpace(name)
		if _, twice := t.columns[name]; twice {
			return fmt.Errorf("read order file: line 1: column %d stands twice", i+1)
		}
		t.columns[name], t.header[i] = i, name
	}
	for _, name := range needed {
		if _, ok := t.columns[name]; !ok {
			return fmt.Errorf("read order file: line 1: there is no column %s", name)
		}
	}
	return nil
}

// row files a row under its order, so that a row that can not be read refuses
// the order whole; rows that name no order are a group of their own.
func (t *table) row(n int, text string, last *group) *group {
	row := tsvRow{line: n, cells: strings.Split(text, "\t")}
	for i := range row.cells {
		row.cells[i] = strings.TrimSpace(row.cells[i])
	}
	if len(row.cells) > len(t.header) {
		row.fault = fmt.Sprintf("has %d cells, the header %d", len(row.cells), len(t.header))
	} else if err := checkText(text); err != nil {
		row.fault = err.Error()
	}
	id := t.cell(row, colOrder)
	g := t.groups[id]
	if g == nil || id == "" {
		g = &group{}
		t.sequence = append(t.sequence, g)
	} else if g != last {
		g.apart = true
	}
	g.rows = append(g.rows, row)
	if id != "" {
		t.groups[id] = g
	}
	return g
}

func (t *table) cell(row tsvRow, column string) string {
	i, ok := t.columns[column]
	if !ok || i >= len(row.cells) {
		return ""
	}
	return row.cells[i]
}

// order makes an order of a group; the error is an *order.Invalid whose paths
// name line and column.
func (t *table) order(g *group) (partner.Row, error) {
	row := partner.Row{Line: g.rows[0].line, LastLine: g.rows[len(g.rows)-1].line}
	b := tsvOrder{table: t}
	for _, r := range g.rows {
		b.add(r)
	}
	if len(b.faults) > 0 {
		return row, &order.Invalid{Faults: b.faults}
	}
	o := toOrder(&b.wire, said{Currency: t.opts.Currency}, nil)
	row.Entries = []order.Entry{{
		Subject:   order.Subject{Kind: order.SubjectOrder, ID: o.ID},
		Statement: &order.Statement{Order: o},
	}}
	if g.apart {
		row.Notice = "other orders stand between the rows of this one: CitrusAd does not attribute the later rows"
	}
	return row, nil
}

// A tsvOrder is an order that is being put together of its rows.
type tsvOrder struct {
	table  *table
	wire   wireOrder
	faults []order.Fault
}

func (b *tsvOrder) fault(r tsvRow, column string, code order.FaultCode, reason string) {
	if len(b.faults) < maxFaults {
		b.faults = append(b.faults, order.Fault{Path: fmt.Sprintf("line %d, %s", r.line, column), Code: code, Reason: reason})
	}
}

func (b *tsvOrder) add(r tsvRow) {
	if r.fault != "" {
		b.faults = append(b.faults, order.Fault{Path: fmt.Sprintf("line %d", r.line), Code: order.Malformed, Reason: r.fault})
		return
	}
	w := &b.wire
	w.ID = b.must(r, colOrder, maxID)
	b.date(r)
	b.same(r, colCustomer, &w.Customer)
	b.same(r, colSession, &w.Session)
	b.ads(r)
	it := wireItem{
		GTIN:     b.must(r, colProduct, maxText),
		Quantity: b.number(r, colQuantity),
		Unit:     b.number(r, colUnit),
		Total:    b.number(r, colTotal),
		Seller:   b.table.cell(r, colSeller),
		AdID:     b.table.cell(r, colAd),
	}
	b.count(r, it.Quantity)
	b.extra(r, len(w.Items))
	w.Items = append(w.Items, it)
}

func (b *tsvOrder) must(r tsvRow, column string, limit int) string {
	v := b.table.cell(r, column)
	switch {
	case v == "":
		b.fault(r, column, order.Required, "is required")
	case len(v) > limit:
		b.fault(r, column, order.TooLarge, order.ErrTextTooLong.Error())
	}
	return v
}

func (b *tsvOrder) count(r tsvRow, n order.Decimal) {
	if !n.IsSet() && b.table.cell(r, colQuantity) == "" {
		b.fault(r, colQuantity, order.Required, "is required")
	} else if reason := quantityFault(n); reason != "" {
		b.fault(r, colQuantity, order.Malformed, reason)
	}
}

// date reads the time of purchase, which every row of the order repeats. A
// time without an offset is taken in the zone that the import names.
func (b *tsvOrder) date(r tsvRow) {
	text := b.must(r, colDate, maxText)
	if text == "" {
		return
	}
	t, err := order.ParseTime(text)
	if err != nil && b.table.opts.Location != nil {
		if local, lerr := localTime(text, b.table.opts.Location); lerr == nil && !order.At(local).IsZero() {
			t, err = order.At(local), nil
		}
	}
	switch {
	case err != nil:
		b.fault(r, colDate, order.Malformed, err.Error())
	case b.wire.Date.IsZero():
		b.wire.Date = t
	case !b.wire.Date.Equal(t):
		b.fault(r, colDate, order.Malformed, "differs from an earlier row of the same order")
	}
}

func localTime(text string, zone *time.Location) (time.Time, error) {
	t, err := time.ParseInLocation("2006-01-02T15:04:05", text, zone)
	if err != nil {
		t, err = time.ParseInLocation("2006-01-02 15:04:05", text, zone)
	}
	return t, err
}

// same reads a value of the order, which every row repeats or leaves blank.
func (b *tsvOrder) same(r tsvRow, column string, to *string) {
	v := b.table.cell(r, column)
	switch {
	case v == "" || v == *to:
	case len(v) > maxText:
		b.fault(r, column, order.TooLarge, order.ErrTextTooLong.Error())
	case *to == "":
		*to = v
	default:
		b.fault(r, column, order.Malformed, "differs from an earlier row of the same order")
	}
}

// ads adds the row's ad_ids: the order's are the union over its rows. The
// separator is not documented; we take a comma.
func (b *tsvOrder) ads(r tsvRow) {
	for _, id := range strings.Split(b.table.cell(r, colAds), ",") {
		if id = strings.TrimSpace(id); id != "" && !slices.Contains(b.wire.AdIDs, id) {
			b.wire.AdIDs = append(b.wire.AdIDs, id)
		}
	}
}

func (b *tsvOrder) number(r tsvRow, column string) order.Decimal {
	text := b.table.cell(r, column)
	if text == "" {
		return order.Decimal{}
	}
	n, err := order.ParseDecimal(text)
	if err != nil {
		b.fault(r, column, order.Malformed, err.Error())
	}
	return n
}

// extra keeps the columns that no page of the vendor knows.
func (b *tsvOrder) extra(r tsvRow, item int) {
	for i, v := range r.cells {
		name := b.table.header[i]
		if v == "" || name == "" || slices.Contains(written, name) || name == colAd || name == colAds {
			continue
		}
		b.wire.Extra = append(b.wire.Extra, extraField{
			Path:  string(appendName([]byte(itemPath(item)), name)),
			Value: string(appendText(nil, v)),
		})
	}
}

// appendRows appends the rows of an order. What stands for customer and
// session is appended as it is, see cell.
func appendRows(b []byte, w *wireOrder, customer, session string) []byte {
	id, date := cell(w.ID), cell(w.Date.String())
	for i := range w.Items {
		it := &w.Items[i]
		b = append(append(b, id...), '\t')
		b = append(append(b, date...), '\t')
		b = append(append(b, cell(it.GTIN)...), '\t')
		b = append(appendQuantity(b, it.Quantity), '\t')
		b = append(it.Unit.AppendFixed(b, 2), '\t') // nothing if not set
		b = append(it.Total.AppendFixed(b, 2), '\t')
		b = append(append(b, customer...), '\t')
		b = append(append(b, session...), '\t')
		b = append(append(b, cell(it.Seller)...), '\n')
	}
	return b
}

// cell is a value as it stands in the file, which has no quoting: tabs, line
// ends and other control characters become blanks.
func cell(v string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, v)
}
