package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/chore"
	"github.com/ordermux/ordermux/internal/config"
	infile "github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

const (
	// fileScope is where a shop's files stand, and their reports.
	fileScope = "imports"
	// filesKept is how long a file does at most: as long as it may wait, and a day
	// for its reading. It goes when it was read in.
	filesKept = chore.KeptWaiting + 24*time.Hour
	// reportsKept is longer than the import that a report is of can be found.
	reportsKept = filesKept + chore.KeptOver
	// mostFaultsShown bounds those that stand with an import itself.
	mostFaultsShown = 50
	longestName     = 200
	longestMapping  = 64 << 10
	longestReason   = 500
)

func fileOf(id string) string   { return "file/" + id }
func reportOf(id string) string { return "report/" + id }

func (c *chores) files(shop string) *chore.Blobs { return c.blobs(shop, filesKept) }

func (c *chores) reports(shop string) *chore.Blobs { return c.blobs(shop, reportsKept) }

func (c *chores) blobs(shop string, keep time.Duration) *chore.Blobs {
	return &chore.Blobs{State: c.app.store.State(shop, fileScope), Seal: c.app.sealer, Shop: shop, Keep: keep}
}

// importSpec is what a file is, and how it is read.
type importSpec struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	api.ImportSettings
}

var _ api.Importer = importer{}

// importer is the chores as the API sees those that read files.
type importer struct{ *chores }

// Upload implements api.Importer.
func (c importer) Upload(ctx context.Context, shop, by, name string, body io.Reader) (api.Import, error) {
	if err := c.app.disk.check(); err != nil {
		return api.Import{}, err
	}
	id := c.book.NewID()
	w := c.files(shop).Writer(ctx, fileOf(id))
	if err := keepBody(w, body); err != nil {
		return api.Import{}, errors.Join(err, c.files(shop).Delete(context.WithoutCancel(ctx), fileOf(id)))
	}
	if name = strings.ToValidUTF8(name, ""); name == "" {
		name = "file"
	}
	spec := importSpec{Name: cutText(name, longestName), Bytes: w.Size()}
	made, err := c.book.Create(ctx, chore.Chore{ID: id, Shop: shop, Kind: choreImport, By: by}, spec, false)
	if err != nil {
		return api.Import{}, errors.Join(err, c.files(shop).Delete(context.WithoutCancel(ctx), fileOf(id)))
	}
	return importOf(made)
}

// keepBody copies a body whose length is right.
func keepBody(w *chore.Writer, body io.Reader) error {
	read := &heardReader{r: io.LimitReader(body, api.MaxImport+1)}
	_, err := io.Copy(w, read)
	switch {
	case w.Size() > api.MaxImport:
		return order.Refuse("", order.TooLarge, fmt.Sprintf("the file is longer than %d MB; split it, or use `ordermux import`, which reads files of any length", api.MaxImport>>20))
	case read.err != nil:
		return order.Refuse("", order.Malformed, "the file ends too early")
	case err != nil:
		return err
	case w.Size() == 0:
		return order.Refuse("", order.Required, "the file is empty")
	}
	return w.Close()
}

// heardReader counts what was read, and remembers what kept it from reading on.
type heardReader struct {
	r   io.Reader
	n   int64
	err error
}

func (h *heardReader) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		h.err = err
	}
	return n, err
}

// cutText shortens a text at a character.
func cutText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for s = s[:most]; !utf8.ValidString(s) && len(s) > 0; {
		s = s[:len(s)-1]
	}
	return s + "…"
}

func importOf(c chore.Chore) (out api.Import, err error) {
	var spec importSpec
	if err := json.Unmarshal(c.Spec, &spec); err != nil {
		return out, fmt.Errorf("read import: %w", err)
	}
	out = api.Import{
		ID: c.ID, State: string(c.State), By: c.By, Name: spec.Name, Bytes: spec.Bytes, Created: c.Created, Started: c.Started, Ended: c.Ended,
		Restarts: c.Restarts, Error: c.Error, ImportSettings: spec.ImportSettings,
	}
	if c.Progress != nil {
		err = json.Unmarshal(c.Progress, &out.Progress)
	}
	return out, err
}

// Configure implements api.Importer.
func (c importer) Configure(ctx context.Context, shop, id string, s api.ImportSettings) (api.Import, error) {
	if err := c.check(s); err != nil {
		return api.Import{}, err
	}
	changed, err := c.book.Change(ctx, shop, choreImport, id, func(found *chore.Chore) error {
		var spec importSpec
		if err := json.Unmarshal(found.Spec, &spec); err != nil {
			return fmt.Errorf("read import: %w", err)
		}
		if found.State != chore.Waiting {
			return order.ErrConflict
		}
		spec.ImportSettings = s
		var err error
		found.Spec, err = json.Marshal(spec)
		return err
	})
	if err != nil {
		return api.Import{}, err
	}
	return importOf(changed)
}

// check refuses settings by which no file can be read.
func (c *chores) check(s api.ImportSettings) error {
	if len(s.Mapping) > longestMapping {
		return order.Refuse("mapping", order.TooLarge, fmt.Sprintf("is longer than %d KB", longestMapping>>10))
	}
	if s.Mapping != "" {
		if _, err := infile.ParseMapping([]byte(s.Mapping), config.DecodeYAML); err != nil {
			return order.Refuse("mapping", order.Malformed, err.Error())
		}
		return nil
	}
	if s.Format == "" {
		return nil
	}
	for _, f := range infile.Formats(c.app.opts.Partners) {
		if f.Name == s.Format {
			return nil
		}
	}
	return order.Refuse("format", order.Malformed, "there is no such format")
}

// Start implements api.Importer.
func (c importer) Start(ctx context.Context, shop, id string) (api.Import, error) {
	started, err := c.book.Start(ctx, shop, choreImport, id)
	if err != nil {
		return api.Import{}, err
	}
	c.runner.Nudge()
	return importOf(started)
}

// Cancel implements api.Importer.
func (c importer) Cancel(ctx context.Context, shop, id string) (api.Import, error) {
	done, err := c.book.Cancel(ctx, shop, choreImport, id)
	if err != nil {
		return api.Import{}, err
	}
	c.over(context.WithoutCancel(ctx), done)
	return importOf(done)
}

// Find implements api.Importer.
func (c importer) Find(ctx context.Context, shop, id string) (api.Import, error) {
	found, err := c.book.Find(ctx, shop, choreImport, id)
	if err != nil {
		return api.Import{}, err
	}
	return importOf(found)
}

// List implements api.Importer.
func (c importer) List(ctx context.Context, shop, cursor string, limit int) (out api.Imports, err error) {
	page, next, err := c.book.List(ctx, shop, choreImport, cursor, limit)
	if err != nil {
		return out, err
	}
	out.Next = next
	for _, found := range page {
		i, err := importOf(found)
		if err != nil {
			return out, err
		}
		i.Progress.Faults, i.Mapping = nil, ""
		out.Imports = append(out.Imports, i)
	}
	return out, nil
}

// Report implements api.Importer.
func (c importer) Report(ctx context.Context, shop, id string, line func(api.ImportLine) error) error {
	d := json.NewDecoder(c.reports(shop).Reader(ctx, reportOf(id)))
	for {
		text, err := d.ReadValue()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // it is being written
			return nil
		}
		if err != nil {
			return fmt.Errorf("read report: %w", err)
		}
		var l api.ImportLine
		if err := json.Unmarshal(text, &l); err != nil {
			return fmt.Errorf("read report: %w", err)
		}
		if err := line(l); err != nil {
			return err
		}
	}
}

// open chooses how a file is read. Errors are for people; those of r are not
// among them, but come again.
func (c *chores) open(r io.Reader, shop string, spec *importSpec) (format string, rows infile.Rows, err error) {
	s := c.app.config().Shops[shop]
	if s == nil {
		return "", nil, errors.New("the shop is configured no more")
	}
	formats, name := infile.Formats(c.app.opts.Partners), spec.Format
	if spec.Mapping != "" {
		m, err := infile.ParseMapping([]byte(spec.Mapping), config.DecodeYAML)
		if err != nil {
			return "", nil, err
		}
		f := m.Format()
		formats, name = []partner.Format{f}, f.Name
	}
	return infile.Open(r, spec.Name, name, formats, partner.ReadOptions{Shop: shop, Location: s.Location, Currency: s.Currency})
}
