package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/api"
	infile "github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/rehearsal"
)

const (
	ordersPreviewed = 10
	linesPreviewed  = 5
	longestPreview  = 400     // of a line, in bytes
	previewBytes    = 4 << 20 // that a preview reads at most
)

// Preview implements api.Importer.
func (c importer) Preview(ctx context.Context, shop, id string) (out api.ImportPreview, err error) {
	found, err := c.book.Find(ctx, shop, choreImport, id)
	if err != nil {
		return out, err
	}
	var spec importSpec
	if err := json.Unmarshal(found.Spec, &spec); err != nil {
		return out, fmt.Errorf("read import: %w", err)
	}
	file := &heardReader{r: c.blobs(shop).Reader(ctx, fileOf(id))}
	text, err := io.ReadAll(io.LimitReader(file, infile.HeadBytes*4))
	if err != nil {
		return out, err
	}
	out = api.ImportPreview{Encoding: encodingOf(text), Head: headOf(text), Orders: []api.ImportedPreview{}}
	for _, f := range infile.Formats(c.app.opts.Partners) {
		out.Formats = append(out.Formats, api.ImportFormat{Name: f.Name, Description: f.Description})
	}
	if len(text) == 0 {
		out.Error = "the file is kept no longer"
		return out, nil
	}
	err = c.previewOrders(ctx, shop, &spec, io.MultiReader(bytes.NewReader(text), io.LimitReader(file, previewBytes)), &out)
	return out, errors.Join(err, file.err)
}

// previewOrders reads the first orders, and rehearses them.
func (c *chores) previewOrders(ctx context.Context, shop string, spec *importSpec, file io.Reader, out *api.ImportPreview) error {
	format, rows, err := c.open(file, shop, spec)
	if err != nil {
		out.Error = err.Error()
		return nil
	}
	out.Format = format
	var trouble error
	_, err = infile.Run(ctx, rows, infile.Options{
		DryRun: true, Limit: ordersPreviewed, History: spec.History,
		Report: func(v infile.Verdict) {
			if trouble == nil && len(out.Orders) < ordersPreviewed {
				var o api.ImportedPreview
				o, trouble = c.previewed(ctx, shop, spec, v)
				out.Orders = append(out.Orders, o)
			}
		},
	})
	if err != nil && len(out.Orders) < ordersPreviewed {
		out.Error = cutText(err.Error(), longestReason)
	}
	return trouble
}

// previewed is an order of the file: as it is read, and what would become of it.
func (c *chores) previewed(ctx context.Context, shop string, spec *importSpec, v infile.Verdict) (api.ImportedPreview, error) {
	lines := linesOf(v)
	out := api.ImportedPreview{ImportLine: lines[0]}
	if v.Result == infile.Refused {
		out.Faults = lines
		return out, nil
	}
	entries := make([]order.Entry, len(v.Entries))
	for i, e := range v.Entries {
		shown, err := api.EncodeEntry(e)
		if err != nil {
			return out, err
		}
		out.Entries = append(out.Entries, shown)
		if e.Source.Name == "" {
			e.Source = order.Source{Name: infile.SourceName, Rank: order.RankShop}
		}
		e.History = e.History || spec.History
		entries[i] = e
	}
	if len(entries) == 0 {
		return out, nil
	}
	events, receipts, err := c.app.rehearsed(ctx, shop, entries)
	if bad, ok := infile.AsInvalid(err); ok && bad != nil {
		out.Result, out.Reason = infile.Refused, bad.Error()
		return out, nil
	}
	if errors.Is(err, order.ErrConflict) {
		out.Result, out.Reason = infile.Refused, order.ErrConflict.Error()
		return out, nil
	}
	if err != nil {
		return out, err
	}
	if out.Result == infile.Readable {
		out.Result = resultOf(receipts)
	}
	out.Routes, err = c.app.plannedFor(ctx, shop, events)
	return out, err
}

// resultOf is what receipts say together.
func resultOf(receipts []order.Receipt) infile.Result {
	out := infile.Known
	for _, r := range receipts {
		switch {
		case r.Known:
		case r.Kind == order.KindUpdated:
			return infile.Updated
		default:
			out = infile.New
		}
	}
	return out
}

// rehearsed decides on entries as if they were handed in, and keeps nothing.
func (a *App) rehearsed(ctx context.Context, shop string, entries []order.Entry) ([]order.Event, []order.Receipt, error) {
	r := rehearsal.New(partner.Deps{Intake: a.ledger, Orders: a.ledger, Now: a.now}, a.asTaken)
	receipts, err := r.Deps().Intake.Append(ctx, shop, entries)
	return r.Events(), receipts, err
}

// encodingOf tells what the text of a file's beginning is written in.
func encodingOf(head []byte) string {
	for len(head) > 0 && !utf8.RuneStart(head[len(head)-1]) || len(head) > 0 && head[len(head)-1] >= utf8.RuneSelf {
		head = head[:len(head)-1] // a character that was cut
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return "UTF-8 with BOM"
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return "UTF-16"
	case utf8.Valid(head):
		return "UTF-8"
	}
	return "ISO-8859-1"
}

// headOf are the first lines of a file, as text.
func headOf(head []byte) []string {
	out := []string{}
	latin := !strings.HasPrefix(encodingOf(head), "UTF-")
	for len(head) > 0 && len(out) < linesPreviewed {
		line, rest, _ := bytes.Cut(head, []byte("\n"))
		text := strings.TrimRight(string(line), "\r")
		if latin {
			runes := make([]rune, len(text))
			for i := range len(text) {
				runes[i] = rune(text[i])
			}
			text = string(runes)
		}
		out = append(out, cutText(strings.ToValidUTF8(text, "\ufffd"), longestPreview))
		head = rest
	}
	return out
}
