package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
)

// shownRows is how many orders a dry run shows.
const shownRows = 10

type importCmd struct {
	File     string `arg:"" help:"File to read; - is standard input." placeholder:"FILE"`
	Format   string `help:"Format of the file; without one its first bytes decide. products: what the shop sells; shipments: parcels on their way." placeholder:"NAME" xor:"how"`
	Map      string `help:"Mapping file that says how a CSV file is read." placeholder:"FILE" type:"path" xor:"how"`
	History  bool   `help:"Record, and never deliver by itself."`
	DryRun   bool   `help:"Show the first ten orders as they would be handed in, and hand in nothing."`
	Report   string `help:"File to write into what became of the lines, and what is wrong with which cell, in the file's own separator." placeholder:"FILE" type:"path"`
	Quiet    bool   `help:"Print no line for orders that went well." short:"q"`
	Timezone string `help:"Zone of dates without offset; default the shop's." placeholder:"ZONE"`
	Currency string `help:"Currency of files that name none; default the shop's." placeholder:"CODE"`
	ofShop
	asJSON
}

// Run hands the file's orders in, and prints a verdict for each.
func (c *importCmd) Run(ctx context.Context, env *Env) error {
	switch c.Format {
	case formatProducts:
		return c.products(ctx, env)
	case formatShipments:
		return c.shipments(ctx, env)
	}
	if c.Report != "" && c.DryRun {
		return usagef("--report: a dry run reads the first orders only, and reports on no file")
	}
	opts := partner.ReadOptions{Shop: c.Shop, Location: time.UTC, Currency: c.Currency}
	var client *api.Client
	if !c.DryRun || c.Token != "" {
		var err error
		if client, opts.Shop, err = c.client(ctx, env); err != nil {
			return err
		}
		if err := c.ask(ctx, client, &opts); err != nil {
			return err
		}
	}
	if err := c.zone(&opts); err != nil {
		return err
	}
	in, size, err := c.open(env)
	if err != nil {
		return err
	}
	defer in.Close()
	bar := newProgress(env, size)
	rows, report, err := c.rows(bar.reader(in), opts)
	if err != nil {
		return err
	}
	if report != nil {
		defer report.Close()
	}
	return c.run(ctx, env, client, opts.Shop, rows, report, bar)
}

// zone takes the zone that was named, if one was.
func (c *importCmd) zone(opts *partner.ReadOptions) error {
	if c.Timezone == "" {
		return nil
	}
	loc, err := time.LoadLocation(c.Timezone)
	if err != nil {
		return usagef("--timezone: unknown zone %q", c.Timezone)
	}
	opts.Location = loc
	return nil
}

// ask takes zone and currency from the hub, where the token may know them.
func (c *importCmd) ask(ctx context.Context, client *api.Client, opts *partner.ReadOptions) error {
	list, err := client.Shops(ctx)
	if p, ok := errors.AsType[*api.Problem](err); ok && p.Status == http.StatusForbidden {
		return nil // a token that only submits: the flags must do
	}
	if err != nil {
		return err
	}
	for _, s := range list.Shops {
		if s.ID != opts.Shop {
			continue
		}
		if loc, err := time.LoadLocation(s.Timezone); err == nil {
			opts.Location = loc
		}
		if opts.Currency == "" {
			opts.Currency = s.Currency
		}
	}
	return nil
}

func (c *importCmd) open(env *Env) (io.ReadCloser, int64, error) {
	if c.File == "-" {
		return io.NopCloser(env.In), 0, nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// rows chooses the reader: by mapping file, by name, or by the look of it; and
// begins the report, if there is to be one.
func (c *importCmd) rows(file io.Reader, opts partner.ReadOptions) (intake.Rows, *intake.Report, error) {
	in := bufio.NewReaderSize(file, intake.HeadBytes)
	head, _ := in.Peek(intake.HeadBytes) // an error comes again
	formats, name := intake.Formats(all.List()), c.Format
	if c.Map != "" {
		text, err := os.ReadFile(c.Map)
		if err != nil {
			return nil, nil, err
		}
		m, err := intake.ParseMapping(text, config.DecodeYAML)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", c.Map, err)
		}
		f := m.Format()
		formats, name = []partner.Format{f}, f.Name
	}
	name, rows, err := intake.Open(in, c.File, name, formats, opts)
	if err != nil || c.Report == "" {
		return rows, nil, err
	}
	report, err := intake.NewReport("", separator(formats, name, head))
	return rows, report, err
}

// separator is what stands between the cells of a file; 0: it has none.
func separator(formats []partner.Format, name string, head []byte) byte {
	for _, f := range formats {
		if f.Name == name && f.Separator != nil {
			return f.Separator(head)
		}
	}
	return 0
}

func (c *importCmd) run(ctx context.Context, env *Env, client *api.Client, shop string, rows intake.Rows, report *intake.Report, bar *progress) error {
	seen := 0
	opts := intake.Options{
		History: c.History, DryRun: c.DryRun,
		Append: func(ctx context.Context, entries []order.Entry) ([]order.Receipt, error) {
			return submit(ctx, client, shop, entries)
		},
	}
	if c.DryRun {
		opts.Limit = shownRows
	}
	var printed error
	opts.Report = func(v intake.Verdict) {
		seen++
		bar.clear()
		if err := c.verdict(env, v); err != nil && printed == nil {
			printed = err
		}
		if report != nil {
			printed = cmp.Or(printed, report.Add(v))
		}
		bar.show(seen, "order")
	}
	summary, err := intake.Run(ctx, rows, opts)
	bar.clear()
	if err := errors.Join(c.summary(env, summary), printed, c.writeReport(report, err)); err != nil {
		return err
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if summary.Results[intake.Refused] > 0 {
		return errQuiet
	}
	return nil
}

// writeReport writes the report; failed is how the reading ended. Of a file that
// could be read on, but was not, there is none: it would say half.
func (c *importCmd) writeReport(report *intake.Report, failed error) error {
	bad, unreadable := errors.AsType[*partner.Unreadable](failed)
	if report == nil || failed != nil && !unreadable {
		return nil
	}
	if unreadable {
		if err := report.Unreadable(bad); err != nil {
			return err
		}
	}
	f, err := os.Create(c.Report)
	if err != nil {
		return err
	}
	_, err = report.WriteTo(f)
	return errors.Join(err, f.Close())
}

// verdict prints what became of one order.
func (c *importCmd) verdict(env *Env, v intake.Verdict) error {
	if c.Quiet && v.Result != intake.Refused && v.Result != intake.Skipped {
		return nil
	}
	if c.JSON {
		return c.verdictJSON(env, v)
	}
	lines := fmt.Sprintf("line %d", v.Line)
	if v.LastLine > v.Line {
		lines = fmt.Sprintf("lines %d-%d", v.Line, v.LastLine)
	}
	word := string(v.Result)
	if c.DryRun && v.Result == intake.Skipped {
		word = "would be kept"
	}
	_, err := fmt.Fprintf(env.Out, "%s: %s", lines, word)
	if v.Order != "" {
		fmt.Fprintf(env.Out, " %s", cell(v.Order))
	}
	if v.Seq > 0 {
		fmt.Fprintf(env.Out, " #%d", v.Seq)
	}
	if v.Result == intake.Skipped {
		fmt.Fprint(env.Out, ", no order")
	}
	if v.Reason != "" {
		fmt.Fprintf(env.Out, ": %s", cell(v.Reason))
	}
	fmt.Fprintln(env.Out)
	if c.DryRun {
		for _, e := range v.Entries {
			printEntry(env.Out, e)
		}
	}
	return err
}

func (c *importCmd) verdictJSON(env *Env, v intake.Verdict) error {
	out := struct {
		intake.Verdict
		Shown []api.Entry `json:"entries,omitzero"`
	}{Verdict: v}
	if c.DryRun {
		for _, e := range v.Entries {
			shown, err := api.EncodeEntry(e)
			if err != nil {
				return err
			}
			out.Shown = append(out.Shown, shown)
		}
	}
	return env.printJSON(out)
}

// printEntry shows an order as it would be handed in.
func printEntry(w io.Writer, e order.Entry) {
	if h := e.Happening; h != nil {
		fmt.Fprintf(w, "    %s at %s, %s\n", h.Kind, h.At, count(len(h.Lines), "line"))
		printLines(w, h.Lines)
		return
	}
	o := &e.Statement.Order
	fmt.Fprintf(w, "    placed at %s, %s", o.PlacedAt, count(len(o.Lines), "line"))
	if o.Totals != nil && o.Totals.Total.IsSet() {
		fmt.Fprintf(w, ", total %s %s", o.Totals.Total, o.Currency)
	}
	fmt.Fprintln(w)
	printLines(w, o.Lines)
}

// printLines shows at most five lines of an order.
func printLines(w io.Writer, lines []order.Line) {
	const most = 5
	for i, l := range lines {
		if i == most {
			fmt.Fprintf(w, "      … and %s more\n", count(len(lines)-most, "line"))
			return
		}
		fmt.Fprintf(w, "      %s\n", lineText(l))
	}
}

func (c *importCmd) summary(env *Env, s intake.Summary) error {
	if c.JSON {
		return env.printJSON(struct {
			Summary intake.Summary `json:"summary"`
		}{s})
	}
	_, err := fmt.Fprintf(env.Out, "%s of %s", count(s.Rows, "order"), count(s.Lines, "line"))
	for _, r := range []intake.Result{intake.New, intake.Updated, intake.Known, intake.Readable, intake.Skipped, intake.Refused} {
		if n := s.Results[r]; n > 0 {
			fmt.Fprintf(env.Out, ", %d %s", n, r)
			if r == intake.Skipped {
				fmt.Fprint(env.Out, " (no order)")
			}
		}
	}
	fmt.Fprintln(env.Out)
	return err
}

// The bounds of one call: what the API takes, with room to spare.
const (
	mostBytes = api.MaxBody / 2
	mostTries = 20
)

// submit hands entries in, in as many calls as their size needs.
func submit(ctx context.Context, client *api.Client, shop string, entries []order.Entry) ([]order.Receipt, error) {
	var out []order.Receipt
	for len(entries) > 0 {
		n, err := fitting(entries)
		if err != nil {
			return nil, err
		}
		receipts, err := insist(ctx, client, shop, entries[:n])
		if err != nil {
			return nil, err
		}
		out, entries = append(out, receipts...), entries[n:]
	}
	return out, nil
}

// fitting returns how many of the entries one call takes; at least one.
func fitting(entries []order.Entry) (int, error) {
	size := 0
	for i, e := range entries {
		wire, err := api.EncodeEntry(e)
		if err != nil {
			return 0, err
		}
		b, err := json.Marshal(wire)
		if err != nil {
			return 0, err
		}
		if size += len(b) + 1; size > mostBytes && i > 0 {
			return i, nil
		}
	}
	return len(entries), nil
}

// insist repeats a call that the hub is too busy for: repeating does no harm.
func insist(ctx context.Context, client *api.Client, shop string, entries []order.Entry) ([]order.Receipt, error) {
	for try := 1; ; try++ {
		receipts, err := client.Append(ctx, shop, entries, true)
		p, ok := errors.AsType[*api.Problem](err)
		if !ok || p.Status != http.StatusServiceUnavailable || try == mostTries {
			return receipts, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(max(p.RetryAfter(), 100*time.Millisecond)):
		}
	}
}
