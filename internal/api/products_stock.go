package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

// Stock answers what a shop can sell; see partner.Stock.
type Stock interface {
	Available(ctx context.Context, shop string, lines []catalog.Line, key string, fresh bool) ([]catalog.Availability, error)
}

// ImportedProducts is what became of a CSV file of products.
type ImportedProducts struct {
	Rows    int          `json:"rows"`    // products read
	Changed int          `json:"changed"` // of them new, or other than before
	Refused int          `json:"refused"` // rows that were not kept
	Faults  []RefusedRow `json:"faults"`  // of the first 1000 of them
	// Of a dry run, which keeps nothing: of the rows those whose code the shop
	// does not have, and the first products as they were read.
	DryRun bool              `json:"dry_run,omitzero"`
	New    int               `json:"new,omitzero"`
	First  []catalog.Product `json:"first,omitzero"`
}

// RefusedRow is a row of a file that was not kept.
type RefusedRow struct {
	Line  int         `json:"line"` // from 1; the header is one
	Cells []CellFault `json:"cells"`
}

// CellFault is a complaint about a cell, or about its row.
type CellFault struct {
	Column int    `json:"column,omitzero"` // from 1; absent: the row
	Name   string `json:"name,omitzero"`   // of the column
	Reason string `json:"reason"`
}

// Asked is what somebody wants to know to be available.
type Asked struct {
	Lines []AskedLine `json:"lines"`
	Fresh bool        `json:"fresh,omitzero"` // what others have is asked for anew
}

// AskedLine is something asked for.
type AskedLine struct {
	Code     string           `json:"code"`
	Type     catalog.CodeType `json:"type,omitzero"`     // absent: whoever has the code
	Quantity order.Decimal    `json:"quantity,omitzero"` // absent: 1
}

// Available is the answer to Asked.
type Available struct {
	Available bool            `json:"available"` // every line, in full
	Lines     []AvailableLine `json:"lines"`     // in their sequence
}

// AvailableLine is the answer to a line.
type AvailableLine struct {
	Code      string         `json:"code"` // as asked for
	Product   string         `json:"product,omitzero"`
	Kind      catalog.Kind   `json:"kind,omitzero"` // of its stock
	Available bool           `json:"available"`     // in full
	Free      order.Decimal  `json:"free,omitzero"` // what can be had; absent: nobody knows how many
	Reason    catalog.Reason `json:"reason,omitzero"`
}

// setStock changes nothing but stock.
func setStock(a *API, r *request) (any, error) {
	var in struct {
		Stock []catalog.Restock `json:"stock"`
	}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	if len(in.Stock) == 0 {
		return nil, order.Refuse("stock", order.Required, string(order.ErrRequired))
	}
	n, err := a.Catalog.SetStock(r.Context(), r.shop, in.Stock)
	return Changed{n}, err
}

// importProducts reads a CSV file. What was kept of it until an error stays:
// importing again does no harm.
func importProducts(a *API, r *request) (any, error) {
	q := newQuery(r, "currency", "dry_run")
	currency, dry := q.text("currency"), q.yes("dry_run")
	if s, ok := a.shop(r.shop); ok && currency == "" {
		currency = s.Currency
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "text/csv" && t != "text/tab-separated-values" {
		return nil, problemf(http.StatusUnsupportedMediaType, "send text/csv")
	}
	body, err := readBody(r.Request)
	if err != nil {
		return nil, err
	}
	file, err := catalog.NewReader(bytes.NewReader(body), currency)
	var report catalog.Imported
	var to catalog.Putter = a.Catalog
	try := &dryShelf{catalog: a.Catalog}
	if dry {
		to = try
	}
	if err == nil {
		report, err = catalog.Import(r.Context(), to, r.shop, file, nil)
	}
	switch bad, ok := errors.AsType[*catalog.RowError](err); {
	case errors.Is(err, io.EOF):
		return nil, order.Refuse("", order.Required, "the file is empty")
	case ok:
		return nil, order.Refuse("", order.Malformed, bad.Error())
	case errors.Is(err, catalog.ErrRecordTooLong):
		return nil, order.Refuse("", order.Malformed, err.Error())
	case err != nil:
		return nil, err
	}
	out := importedOf(report)
	out.DryRun, out.New, out.First = dry, try.unknown, try.first
	return out, nil
}

// yes reads a parameter that is true or false; absent: false.
func (q *query) yes(name string) bool {
	s := q.text(name)
	if s == "" {
		return false
	}
	yes, err := strconv.ParseBool(s)
	if err != nil {
		q.refuse(name, "must be true or false")
	}
	return yes
}

// firstShown is how many products a dry run shows.
const firstShown = 10

// dryShelf counts what would be put, and puts nothing.
type dryShelf struct {
	catalog catalog.Store
	unknown int
	first   []catalog.Product
}

// Put implements catalog.Putter. It says that nothing changed.
func (d *dryShelf) Put(ctx context.Context, shop string, products []catalog.Product) (int, error) {
	if err := catalog.CheckPut(products); err != nil {
		return 0, err
	}
	lines := make([]catalog.Line, len(products))
	for i := range products {
		lines[i] = catalog.Line{Type: catalog.Internal, Code: products[i].Code}
	}
	found, err := d.catalog.Find(ctx, shop, lines)
	if err != nil {
		return 0, err
	}
	for i, p := range found {
		if p == nil || p.Code != products[i].Code {
			d.unknown++
		}
		if len(d.first) < firstShown {
			d.first = append(d.first, products[i])
		}
	}
	return 0, nil
}

func importedOf(report catalog.Imported) ImportedProducts {
	out := ImportedProducts{Rows: report.Rows, Changed: report.Changed, Refused: report.Refused, Faults: []RefusedRow{}}
	for _, f := range report.Faults {
		row := RefusedRow{Line: f.Line, Cells: []CellFault{}}
		for _, c := range f.Cells {
			row.Cells = append(row.Cells, CellFault{Column: c.Column, Name: c.Name, Reason: c.Reason})
		}
		out.Faults = append(out.Faults, row)
	}
	return out
}

// availability says what can be had now. It reserves nothing.
func availability(a *API, r *request) (any, error) {
	var in Asked
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	if len(in.Lines) == 0 {
		return nil, order.Refuse("lines", order.Required, string(order.ErrRequired))
	}
	lines := make([]catalog.Line, len(in.Lines))
	for i, l := range in.Lines {
		if lines[i] = (catalog.Line{Type: l.Type, Code: l.Code, Quantity: l.Quantity}); !l.Quantity.IsSet() {
			lines[i].Quantity = order.FromInt(1, 0)
		}
	}
	list, err := a.Stock.Available(r.Context(), r.shop, lines, "", in.Fresh)
	if err != nil {
		return nil, err
	}
	out := Available{Available: true, Lines: make([]AvailableLine, len(list))}
	for i, f := range list {
		l := AvailableLine{Code: in.Lines[i].Code, Available: f.Reason == "", Free: f.Free, Reason: f.Reason}
		if p := f.Product; p != nil {
			l.Product, l.Kind = p.Code, p.Kind
		}
		out.Available = out.Available && l.Available
		out.Lines[i] = l
	}
	return out, nil
}
