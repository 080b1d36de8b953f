package catalog

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// mostRecord bounds the bytes of one record of a CSV file.
const mostRecord = 256 << 10

// ErrRecordTooLong is the error of a file with a record that is too long, or
// with a quote that nothing ends.
var ErrRecordTooLong = fmt.Errorf("a record of more than %d bytes, or a quote without an end", mostRecord)

// Reader reads products from a CSV file, one at a time, with memory for one.
type Reader struct {
	csv      *csv.Reader
	bytes    *bounded
	columns  []column
	currency string
	line     int
}

// RowError is a row of a file that is no product. The next ones can be read.
type RowError struct {
	Line  int // from 1; the header is one
	Cells []CellFault
}

// CellFault is a complaint about a cell, or about its row.
type CellFault struct {
	Column int    // from 1; 0: the row
	Name   string // of the column
	Reason string
}

func (e *RowError) Error() string {
	var b strings.Builder
	for i, c := range e.Cells {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "line %d", e.Line)
		if c.Column > 0 {
			fmt.Fprintf(&b, ", column %d", c.Column)
		}
		if c.Name != "" {
			fmt.Fprintf(&b, " (%s)", c.Name)
		}
		b.WriteString(": " + c.Reason)
	}
	return b.String()
}

// NewReader reads the header of a CSV file: UTF-8, with or without a byte order
// mark; cells apart by comma, semicolon or tab, whichever the header has most
// of; quotes as in RFC 4180. The columns are those of columnNames, in any
// sequence, "code" among them. currency is that of prices whose row names none.
// Errors: *RowError for a header that is none, io.EOF for an empty file.
func NewReader(r io.Reader, currency string) (*Reader, error) {
	limited := &bounded{r: r, left: mostRecord}
	buffer := bufio.NewReaderSize(limited, 4096)
	head, err := buffer.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.Equal(head, []byte("\ufeff")) {
		_, _ = buffer.Discard(3)
	}
	head, _ = buffer.Peek(4096)
	first, _, _ := bytes.Cut(head, []byte("\n"))
	out := &Reader{csv: csv.NewReader(buffer), bytes: limited, currency: currency}
	out.csv.Comma, out.csv.FieldsPerRecord, out.csv.ReuseRecord = separator(first), -1, true
	record, err := out.read()
	if err != nil {
		return nil, err
	}
	if out.columns, err = readHeader(record, out.line); err != nil {
		return nil, err
	}
	return out, nil
}

func separator(header []byte) rune {
	best, most := ',', 0
	for _, c := range []rune{',', ';', '\t'} {
		if n := bytes.Count(header, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// bounded is a reader that fails when a record takes too much of it.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, ErrRecordTooLong
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// read reads a record and notes where it begins.
func (r *Reader) read() ([]string, error) {
	r.bytes.left = mostRecord
	record, err := r.csv.Read()
	var bad *csv.ParseError
	switch {
	case errors.As(err, &bad):
		r.line = bad.StartLine
		return nil, &RowError{Line: bad.StartLine, Cells: []CellFault{{Reason: fmt.Sprintf("%v (line %d, byte %d)", bad.Err, bad.Line, bad.Column)}}}
	case err != nil:
		return nil, err
	}
	r.line, _ = r.csv.FieldPos(0)
	return record, nil
}

// Next returns the next product, with its line. Errors: io.EOF at the end,
// *RowError for a row that is none, ErrRecordTooLong, and those of the file;
// after the last two there is nothing more to be read.
func (r *Reader) Next() (*Product, error) {
	record, err := r.read()
	if err != nil {
		return nil, err
	}
	if len(record) != len(r.columns) {
		reason := fmt.Sprintf("has %d cells instead of %d", len(record), len(r.columns))
		return nil, &RowError{Line: r.line, Cells: []CellFault{{Reason: reason}}}
	}
	row := &row{product: Product{Active: true, Line: r.line}}
	for i := range r.columns {
		row.cell(i, &r.columns[i], strings.TrimSpace(record[i]))
	}
	if row.product.Price.IsSet() && row.product.Currency == "" {
		row.product.Currency = r.currency
	}
	row.check(r.columns)
	if len(row.faults) > 0 {
		return nil, &RowError{Line: r.line, Cells: row.faults}
	}
	return &row.product, nil
}

// row is a product that is being read.
type row struct {
	product Product
	faults  []CellFault
	stock   []int // the columns that Stock is of
	empty   []int // columns of stock without a number
}

func (w *row) complain(i int, c *column, reason string) {
	w.faults = append(w.faults, CellFault{Column: i + 1, Name: c.name, Reason: reason})
}

func (w *row) cell(i int, c *column, text string) {
	switch {
	case c.stock && text == "":
		w.empty = append(w.empty, i)
	case c.stock:
		n, err := order.ParseDecimal(text)
		if err != nil {
			w.complain(i, c, err.Error())
			return
		}
		w.stock = append(w.stock, i)
		w.product.Stock = append(w.product.Stock, Stock{c.of, n})
	case text == "":
	default:
		if err := c.set(&w.product, text); err != nil {
			w.complain(i, c, err.Error())
		}
	}
}

// check complains of what Validate does, at the columns that it came from.
func (w *row) check(columns []column) {
	if len(w.stock) > 0 && len(w.empty) > 0 {
		w.complain(w.empty[0], &columns[w.empty[0]], "is empty where another warehouse has a number; write 0")
	}
	if len(w.faults) > 0 {
		return
	}
	bad := w.product.Validate()
	if bad == nil {
		return
	}
	for _, f := range bad.Faults {
		if i := w.columnOf(f.Path, columns); i >= 0 {
			w.complain(i, &columns[i], f.Reason)
		} else {
			w.faults = append(w.faults, CellFault{Name: f.Path, Reason: f.Reason})
		}
	}
}

func (w *row) columnOf(path string, columns []column) int {
	var place int
	if n, _ := fmt.Sscanf(path, "stock[%d]", &place); n == 1 && place < len(w.stock) {
		return w.stock[place]
	}
	for i := range columns {
		if columns[i].path == path {
			return i
		}
	}
	return -1
}
