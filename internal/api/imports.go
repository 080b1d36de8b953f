package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/order"
)

// MaxImport is how long a file that is handed in may be, in bytes.
const MaxImport = 100 << 20

// Import is a file that was handed in: to be looked at, then to be read in.
type Import struct {
	ID       string    `json:"id"`
	State    string    `json:"state"` // waiting, running, done, failed, cancelled
	By       string    `json:"by"`
	Name     string    `json:"name"`  // of the file
	Bytes    int64     `json:"bytes"` // its length
	Created  time.Time `json:"created"`
	Started  time.Time `json:"started,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	Restarts int       `json:"restarts,omitzero"` // how often it was begun anew; what was in was then known
	Error    string    `json:"error,omitzero"`    // why it failed
	ImportSettings
	Progress ImportProgress `json:"progress"`
}

// ImportSettings say how a file is read.
type ImportSettings struct {
	Format  string `json:"format,omitzero"`  // "": its first bytes decide
	Mapping string `json:"mapping,omitzero"` // YAML; the file is then any CSV
	History bool   `json:"history,omitzero"` // recorded, never delivered by itself
}

// ImportProgress is how far a file was read, and what became of it.
type ImportProgress struct {
	Format  string                `json:"format,omitzero"` // that it is read as
	Bytes   int64                 `json:"bytes"`           // read by now
	Orders  int                   `json:"orders"`
	Lines   int                   `json:"lines"` // of the file
	Results map[intake.Result]int `json:"results,omitzero"`
	Waits   string                `json:"waits,omitzero"`  // why it does not go on now
	Faults  []ImportLine          `json:"faults,omitzero"` // the first ones that were refused
}

// ImportLine is what became of an order of a file, or of a cell of it.
type ImportLine struct {
	Line     int           `json:"line"`
	LastLine int           `json:"last_line,omitzero"`
	Order    string        `json:"order,omitzero"`
	Result   intake.Result `json:"result"`
	Seq      int64         `json:"seq,omitzero"`
	Column   string        `json:"column,omitzero"` // of what was refused: where it is wrong
	Value    string        `json:"value,omitzero"`  // masked where it is personal
	Reason   string        `json:"reason,omitzero"`
}

// Imports is a page of a shop's imports, the newest first.
type Imports struct {
	Imports []Import `json:"imports"`
	Next    string   `json:"next,omitzero"`
}

func (p Imports) rows() (any, string) { return p.Imports, p.Next }

// ImportPreview is a file as it would be read; nothing of it was taken.
type ImportPreview struct {
	Format   string            `json:"format,omitzero"` // as it is read; absent: nobody knows how
	Encoding string            `json:"encoding"`        // of its text, as far as was looked: "UTF-8", "UTF-8 with BOM", "UTF-16", "ISO-8859-1"
	Head     []string          `json:"head"`            // its first lines
	Formats  []ImportFormat    `json:"formats"`         // that there are
	Orders   []ImportedPreview `json:"orders"`          // the first ten
	Error    string            `json:"error,omitzero"`  // why it can not be read (on)
}

// ImportFormat is a format of files.
type ImportFormat struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// ImportedPreview is an order of a file as it would be taken.
type ImportedPreview struct {
	ImportLine
	Entries []Entry      `json:"entries,omitzero"`
	Faults  []ImportLine `json:"faults,omitzero"` // cells that are wrong
	Routes  []Verdict    `json:"routes,omitzero"` // what each route would do with it
}

// Importer keeps files and reads them in. Methods that name one return
// order.ErrNotFound for an unknown one.
type Importer interface {
	// Upload keeps a file. order.Invalid for an empty one, or one that is too long.
	Upload(ctx context.Context, shop, by, name string, body io.Reader) (Import, error)
	// Configure says how it is to be read. order.ErrConflict once it was started;
	// *order.Invalid for a format that is not there, or a bad mapping.
	Configure(ctx context.Context, shop, id string, s ImportSettings) (Import, error)
	Preview(ctx context.Context, shop, id string) (ImportPreview, error)
	Start(ctx context.Context, shop, id string) (Import, error)  // order.ErrConflict unless it waits
	Cancel(ctx context.Context, shop, id string) (Import, error) // order.ErrConflict when it is over
	Find(ctx context.Context, shop, id string) (Import, error)
	List(ctx context.Context, shop, cursor string, limit int) (Imports, error)
	// Report hands over what became of each order, as far as it was read.
	Report(ctx context.Context, shop, id string, line func(ImportLine) error) error
}

// withImporter runs an endpoint where the hub reads files.
func withImporter(do func(a *API, r *request) (any, error)) func(a *API, r *request) (any, error) {
	return func(a *API, r *request) (any, error) {
		if a.Importer == nil {
			return nil, problemf(http.StatusNotFound, "this hub reads no files")
		}
		return do(a, r)
	}
}

func uploadImport(a *API, r *request) (any, error) {
	q := newQuery(r, "name")
	if err := q.err(); err != nil {
		return nil, err
	}
	i, err := a.Importer.Upload(r.Context(), r.shop, r.grant.Name, q.text("name"), http.MaxBytesReader(nil, r.Body, MaxImport+1))
	if err != nil {
		return nil, err
	}
	a.record(r, "upload", "import "+i.ID, "")
	return created{i}, nil
}

func listImports(a *API, r *request) (any, error) {
	q := newQuery(r, "cursor", "limit")
	cursor, limit := q.text("cursor"), q.limit()
	if err := q.err(); err != nil {
		return nil, err
	}
	out, err := a.Importer.List(r.Context(), r.shop, cursor, limit)
	out.Imports = nonNil(out.Imports)
	return out, err
}

func showImport(a *API, r *request) (any, error) {
	return a.Importer.Find(r.Context(), r.shop, r.PathValue("id"))
}

func previewImport(a *API, r *request) (any, error) {
	return a.Importer.Preview(r.Context(), r.shop, r.PathValue("id"))
}

func configureImport(a *API, r *request) (any, error) {
	var s ImportSettings
	if err := readJSON(r.Request, &s); err != nil {
		return nil, err
	}
	if s.Format != "" && s.Mapping != "" {
		return nil, order.Refuse("format", order.Malformed, "goes with no mapping: a mapping says all")
	}
	return a.Importer.Configure(r.Context(), r.shop, r.PathValue("id"), s)
}

func startImport(a *API, r *request) (any, error) {
	i, err := a.Importer.Start(r.Context(), r.shop, r.PathValue("id"))
	if err == nil {
		a.record(r, "start", "import "+i.ID, "")
	}
	return i, err
}

func cancelImport(a *API, r *request) (any, error) {
	i, err := a.Importer.Cancel(r.Context(), r.shop, r.PathValue("id"))
	if err == nil {
		a.record(r, "cancel", "import "+i.ID, "")
	}
	return i, err
}

// reportImport writes what became of each order of a file.
func reportImport(a *API, r *request) (any, error) {
	q := newQuery(r, "format")
	form := q.format(r, "csv", "ndjson")
	if err := q.err(); err != nil {
		return nil, err
	}
	i, err := a.Importer.Find(r.Context(), r.shop, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return export{form: form, name: "import-" + i.ID, write: func(w io.Writer) error {
		return writeRows(newRowWriter(form, w), func(row func(ImportLine) error) error {
			return a.Importer.Report(r.Context(), r.shop, i.ID, row)
		})
	}}, nil
}

// Imports returns a page of a shop's imports.
func (c *Client) Imports(ctx context.Context, shop string, o ListOptions) (out Imports, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "imports")+o.query(), nil, &out)
}

// Import returns one.
func (c *Client) Import(ctx context.Context, shop, id string) (out Import, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "imports", id), nil, &out)
}

// UploadImport hands a file in; nothing is read of it yet.
func (c *Client) UploadImport(ctx context.Context, shop, name string, file io.Reader) (out Import, err error) {
	header := http.Header{"Content-Type": {"application/octet-stream"}}
	res, err := c.stream(ctx, http.MethodPost, path(shop, "imports")+parameters("name", name), header, file)
	if err != nil {
		return out, err
	}
	return out, decoded(res, &out)
}

// PreviewImport shows how a file would be read.
func (c *Client) PreviewImport(ctx context.Context, shop, id string) (out ImportPreview, err error) {
	return out, c.call(ctx, http.MethodGet, path(shop, "imports", id, "preview"), nil, &out)
}

// ConfigureImport says how it is to be read.
func (c *Client) ConfigureImport(ctx context.Context, shop, id string, s ImportSettings) (out Import, err error) {
	return out, c.call(ctx, http.MethodPut, path(shop, "imports", id, "settings"), s, &out)
}

// StartImport lets it be read.
func (c *Client) StartImport(ctx context.Context, shop, id string) (out Import, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "imports", id, "start"), nil, &out)
}

// CancelImport ends it; what was read is in.
func (c *Client) CancelImport(ctx context.Context, shop, id string) (out Import, err error) {
	return out, c.call(ctx, http.MethodPost, path(shop, "imports", id, "cancel"), nil, &out)
}

// ImportReport writes what became of each order of a file, as "csv" or "ndjson".
func (c *Client) ImportReport(ctx context.Context, shop, id, form string, w io.Writer) error {
	return c.export(ctx, path(shop, "imports", id, "report")+parameters("format", form), form, w)
}
