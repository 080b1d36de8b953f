package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
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
	file := &heardReader{r: c.files(shop).Reader(ctx, fileOf(id))}
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
	var first []infile.Verdict
	_, err = infile.Run(ctx, rows, infile.Options{
		DryRun: true, Limit: ordersPreviewed, History: spec.History,
		Report: func(v infile.Verdict) {
			if len(first) < ordersPreviewed {
				first = append(first, v)
			}
		},
	})
	if err != nil && len(first) < ordersPreviewed {
		out.Error = cutText(err.Error(), longestReason)
	}
	return c.previewed(ctx, shop, spec, first, out)
}

// previewed shows orders of the file: as they are read, and what would become of
// them.
func (c *chores) previewed(ctx context.Context, shop string, spec *importSpec, list []infile.Verdict, out *api.ImportPreview) error {
	out.Orders = make([]api.ImportedPreview, len(list))
	entries := make([][]order.Entry, len(list))
	for i, v := range list {
		p := &out.Orders[i]
		lines := linesOf(v)
		if p.ImportLine = lines[0]; v.Result == infile.Refused {
			p.Faults = lines
			continue
		}
		for _, e := range v.Entries {
			shown, err := api.EncodeEntry(e)
			if err != nil {
				return err
			}
			p.Entries = append(p.Entries, shown)
			if e.Source.Name == "" {
				e.Source = order.Source{Name: infile.SourceName, Rank: order.RankShop}
			}
			e.History = e.History || spec.History
			entries[i] = append(entries[i], e)
		}
	}
	became, err := c.app.rehearsed(ctx, shop, entries)
	if err != nil {
		return err
	}
	for i, b := range became {
		p := &out.Orders[i]
		switch {
		case b.refused != "":
			p.Result, p.Reason = infile.Refused, b.refused
			continue
		case len(b.receipts) > 0 && p.Result == infile.Readable:
			p.Result = resultOf(b.receipts)
		}
		if p.Routes, err = c.app.plannedAfter(ctx, shop, b.before, b.events); err != nil {
			return err
		}
	}
	return nil
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

// became is what would become of some entries.
type became struct {
	receipts       []order.Receipt
	before, events []order.Event // those of the entries before, and their own
	refused        string        // why they would not be taken; "": they would
}

// rehearsed decides on groups of entries as if they were handed in, all in one
// transaction that is undone; or, if some are refused, each group in its own, so
// that they do not keep the others out.
func (a *App) rehearsed(ctx context.Context, shop string, groups [][]order.Entry) ([]became, error) {
	return rehearsedBy(ctx, func() *rehearsal.Rehearsal {
		return rehearsal.New(partner.Deps{Intake: a.ledger, Orders: a.ledger, Now: a.now}, a.asTaken)
	}, shop, groups)
}

func rehearsedBy(ctx context.Context, begin func() *rehearsal.Rehearsal, shop string, groups [][]order.Entry) ([]became, error) {
	r := begin()
	all := slices.Concat(groups...)
	if len(all) == 0 {
		return make([]became, len(groups)), nil
	}
	receipts, err := r.Deps().Intake.Append(ctx, shop, all)
	if err == nil {
		return sharedOut(groups, receipts, r.Events()), nil
	}
	why := ""
	if bad, ok := infile.AsInvalid(err); ok && bad != nil {
		why = bad.Error()
	} else if errors.Is(err, order.ErrConflict) {
		why = order.ErrConflict.Error()
	}
	switch {
	case why == "":
		return nil, err
	case len(groups) == 1:
		return []became{{refused: why}}, nil
	}
	var out []became
	for _, g := range groups {
		one, err := rehearsedBy(ctx, begin, shop, [][]order.Entry{g})
		if err != nil {
			return nil, err
		}
		out = append(out, one...)
	}
	return out, nil
}

// sharedOut gives each group its receipts, and its events among all.
func sharedOut(groups [][]order.Entry, receipts []order.Receipt, events []order.Event) []became {
	out := make([]became, len(groups))
	at := 0
	for i, g := range groups {
		out[i].receipts, receipts = receipts[:len(g)], receipts[len(g):]
		news := 0
		for _, r := range out[i].receipts {
			if !r.Known {
				news++
			}
		}
		out[i].before, out[i].events = events[:at], events[at:at+news]
		at += news
	}
	return out
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
