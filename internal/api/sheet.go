package api

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
)

// page is an answer that is a page of a list.
type page interface {
	// rows are those of the page, a slice, and the cursor of the page after it;
	// "": this is the last one.
	rows() (list any, next string)
}

// sheet lets a list be had whole, as CSV or NDJSON: with format=csv or
// format=ndjson, or a header Accept that asks for it, the endpoint writes every
// row that the other parameters select, from its cursor on. list answers with a
// page, and reads cursor and limit. The name is that of the file.
//
// The columns of CSV are the members of a row as JSON, those of an object in it
// with its name before them ("address.city"). Lists of words stand in one cell
// with a comma and a blank between them, other lists and maps as JSON.
func sheet(name string, list func(a *API, r *request) (any, error)) func(a *API, r *request) (any, error) {
	return sheetBy("cursor", name, list)
}

// sheetBy is sheet of a list whose pages are asked for by another parameter; "":
// of one that has no pages, and knows no limit.
func sheetBy(parameter, name string, list func(a *API, r *request) (any, error)) func(a *API, r *request) (any, error) {
	return func(a *API, r *request) (any, error) {
		values := r.URL.Query()
		q := &query{values: values}
		form := q.format(r, "json", "csv", "ndjson")
		if err := q.err(); err != nil {
			return nil, err
		}
		if values.Del("format"); form == "json" {
			return list(a, r.asking(values))
		}
		if parameter != "" {
			values.Set("limit", strconv.Itoa(maxLimit))
		}
		first, err := list(a, r.asking(values)) // an error of it is no broken export
		if err != nil {
			return nil, err
		}
		p, ok := first.(page)
		if !ok {
			return nil, fmt.Errorf("%T is no page of a list", first)
		}
		return export{form: form, name: name, write: func(w io.Writer) error {
			return writePages(newRowWriter(form, w), p, func(next string) (any, error) {
				values.Set(parameter, next)
				return list(a, r.asking(values))
			})
		}}, nil
	}
}

// asking is the request with other parameters.
func (r *request) asking(values url.Values) *request {
	out := *r
	out.Request = r.Request.Clone(r.Context())
	out.URL.RawQuery = values.Encode()
	return &out
}

// writePages writes a page and those after it.
func writePages(w rowWriter, p page, after func(next string) (any, error)) error {
	for {
		list, next := p.rows()
		rows := reflect.ValueOf(list)
		if err := w.begin(rows.Type().Elem()); err != nil {
			return err
		}
		for i := range rows.Len() {
			if err := w.row(rows.Index(i).Interface()); err != nil {
				return err
			}
		}
		if err := w.flush(); err != nil || next == "" {
			return err
		}
		out, err := after(next)
		if err != nil {
			return err
		}
		p = out.(page)
	}
}

// writeRows writes the rows that each hands over.
func writeRows[T any](w rowWriter, each func(row func(T) error) error) error {
	if err := w.begin(reflect.TypeFor[T]()); err != nil {
		return err
	}
	if err := each(func(v T) error { return w.row(v) }); err != nil {
		return err
	}
	return w.flush()
}

// rowWriter writes rows in one form.
type rowWriter interface {
	begin(t reflect.Type) error // before the rows of each page
	row(v any) error
	flush() error // after them
}

func newRowWriter(form string, w io.Writer) rowWriter {
	if form == "csv" {
		return &csvRows{w: csv.NewWriter(w)}
	}
	return ndjsonRows{w}
}

type ndjsonRows struct{ w io.Writer }

func (n ndjsonRows) begin(reflect.Type) error { return nil }
func (n ndjsonRows) flush() error             { return nil }

func (n ndjsonRows) row(v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = n.w.Write(append(line, '\n'))
	}
	return err
}

// tabular is a row that has columns of its own in CSV.
type tabular interface {
	columns() []string // of the type: the same for every row
	cells() []string
}

type csvRows struct {
	w       *csv.Writer
	columns []string
}

func (c *csvRows) begin(t reflect.Type) error {
	if c.columns != nil {
		return nil
	}
	if own, ok := reflect.Zero(t).Interface().(tabular); ok {
		c.columns = own.columns()
	} else {
		c.columns = columnsOf(t, "", nil)
	}
	return c.w.Write(c.columns)
}

func (c *csvRows) row(v any) error {
	if own, ok := v.(tabular); ok {
		cells := own.cells()
		for i := range cells {
			cells[i] = harmless(cells[i])
		}
		return c.w.Write(cells)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	found := map[string]string{}
	if err := cellsOf(text, "", c.columns, found); err != nil {
		return err
	}
	cells := make([]string, len(c.columns))
	for i, name := range c.columns {
		cells[i] = found[name]
	}
	return c.w.Write(cells)
}

func (c *csvRows) flush() error {
	c.w.Flush()
	return c.w.Error()
}

// columnsOf names the members of a type as JSON that are no objects of their
// own. What writes itself, or holds itself, is one column.
func columnsOf(t reflect.Type, at string, within []reflect.Type) (out []string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || writesItself(t) || slices.Contains(within, t) {
		return []string{at}
	}
	within = append(slices.Clip(within), t)
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
		case f.Anonymous && name == "":
			out = append(out, columnsOf(f.Type, at, within)...)
		default:
			out = append(out, columnsOf(f.Type, json.Join(at, name), within)...)
		}
	}
	return out
}

// writesItself reports whether a type says itself how it is JSON.
func writesItself(t reflect.Type) bool {
	t = reflect.PointerTo(t)
	for _, name := range []string{"MarshalJSONTo", "MarshalJSON", "MarshalText", "AppendText"} {
		if _, ok := t.MethodByName(name); ok {
			return true
		}
	}
	return false
}

// cellsOf puts the members of an object into the columns that they belong to.
func cellsOf(text json.Value, at string, columns []string, into map[string]string) error {
	if text.Kind() != '{' || slices.Contains(columns, at) {
		cell, err := cellOf(text)
		into[at] = cell
		return err
	}
	var members map[string]json.Value
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	for name, v := range members {
		if err := cellsOf(v, json.Join(at, name), columns, into); err != nil {
			return err
		}
	}
	return nil
}

// numeric is text that a spreadsheet may take as a number, its sign included.
var numeric = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// cellOf is a value as a cell shows it.
func cellOf(text json.Value) (string, error) {
	var words []string
	switch {
	case text.Kind() == 'n':
		return "", nil
	case text.Kind() == '"':
		var s string
		if err := json.Unmarshal(text, &s); err != nil {
			return "", err
		}
		if numeric.MatchString(s) {
			return s, nil
		}
		return harmless(s), nil
	case text.Kind() == '[' && json.Unmarshal(text, &words) == nil:
		return harmless(strings.Join(words, ", ")), nil
	}
	return string(text), nil
}

// Export writes a list of a shop whole: "csv" or "ndjson". list is its path
// below the shop's ("orders"), the query's parameters narrow it; its cursor and
// limit are not needed. An answer that breaks off is an error.
func (c *Client) Export(ctx context.Context, shop, list, form string, query url.Values, w io.Writer) error {
	q := url.Values{}
	for name, values := range query {
		q[name] = values
	}
	q.Set("format", form)
	return c.export(ctx, path(shop, strings.Split(list, "/")...)+"?"+q.Encode(), form, w)
}
