package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/chore"
	infile "github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// importPatience is how long an import waits before it tries again what the hub
// was too busy for.
const importPatience = time.Second

// importRun is a file that is being read in.
type importRun struct {
	*chores
	run      *chore.Run
	file     *heardReader
	report   *chore.Writer
	progress api.ImportProgress
	trouble  error // ours: it is not the file that is wrong
}

// readFile is the chore of reading a file in. Begun anew, it begins with the
// file's beginning: what was taken is then known.
func (c *chores) readFile(ctx context.Context, run *chore.Run) error {
	var spec importSpec
	if err := json.Unmarshal(run.Spec, &spec); err != nil {
		return fmt.Errorf("read import: %w", err)
	}
	reports := c.reports(run.Shop)
	if err := reports.Delete(ctx, reportOf(run.ID)); err != nil {
		return err
	}
	r := &importRun{
		chores: c, run: run, file: &heardReader{r: c.files(run.Shop).Reader(ctx, fileOf(run.ID))}, report: reports.Writer(ctx, reportOf(run.ID)),
	}
	r.progress.Results = map[infile.Result]int{}
	err := r.read(ctx, &spec)
	if r.trouble == nil {
		_, _ = io.Copy(io.Discard, r.file) // what a format leaves unread; the file remembers what fails
	}
	if r.file.err != nil || r.trouble != nil || ctx.Err() != nil {
		return errors.Join(ctx.Err(), r.trouble, r.file.err)
	}
	if r.file.n < spec.Bytes { // pieces of it are gone, and who reads it takes that for its end
		err = errors.New("the rest of the file is kept no longer; hand it in again")
	}
	if bad, ok := errors.AsType[*partner.Unreadable](err); ok {
		r.line(api.ImportLine{Line: bad.Line, Result: infile.Refused, Reason: bad.Reason})
	}
	if kept := errors.Join(r.trouble, r.report.Close()); kept != nil {
		return kept
	}
	if saved := run.Save(ctx, &r.progress); saved != nil {
		return saved
	}
	if err != nil {
		return chore.Failf("%s", cutText(err.Error(), longestReason))
	}
	return nil
}

func (r *importRun) read(ctx context.Context, spec *importSpec) error {
	format, rows, err := r.open(r.file, r.run.Shop, spec)
	if err != nil {
		return err
	}
	r.progress.Format = format
	if r.trouble = r.run.Save(ctx, &r.progress); r.trouble != nil {
		return r.trouble
	}
	_, err = infile.Run(ctx, rows, infile.Options{
		History: spec.History,
		Append: func(ctx context.Context, entries []order.Entry) ([]order.Receipt, error) {
			return r.insist(ctx, entries)
		},
		Report: func(v infile.Verdict) { r.tell(ctx, v) },
	})
	return err
}

// insist appends, and waits while the hub is too busy: orders that come by
// themselves go first.
func (r *importRun) insist(ctx context.Context, entries []order.Entry) ([]order.Receipt, error) {
	for {
		if r.trouble != nil {
			return nil, r.trouble
		}
		receipts, err := r.app.importEntries(ctx, r.run.Shop, entries)
		busy := errors.Is(err, order.ErrBusy) || errors.Is(err, order.ErrReadOnly)
		if _, bad := infile.AsInvalid(err); err != nil && !bad && !busy && !errors.Is(err, order.ErrConflict) {
			r.trouble = err
		}
		if !busy {
			r.progress.Waits = ""
			return receipts, err
		}
		if r.progress.Waits == "" {
			r.progress.Waits = refusal(err)
			r.trouble = r.run.Save(ctx, &r.progress)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(importPatience):
		}
	}
}

// importEntries takes what a file says.
func (a *App) importEntries(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error) {
	in := &intake{app: a, next: a.ledger, partner: infile.SourceName}
	return in.Append(ctx, shop, entries)
}

// tell takes what became of an order of the file.
func (r *importRun) tell(ctx context.Context, v infile.Verdict) {
	p := &r.progress
	p.Orders++
	p.Lines += v.Count
	p.Results[v.Result]++
	p.Bytes = r.file.n
	for _, l := range linesOf(v) {
		r.line(l)
	}
	if r.trouble == nil && r.run.Want() {
		r.trouble = r.run.Save(ctx, p)
	}
}

// line writes a line of the report.
func (r *importRun) line(l api.ImportLine) {
	l.Reason = cutText(l.Reason, longestReason)
	if l.Result == infile.Refused && len(r.progress.Faults) < mostFaultsShown {
		r.progress.Faults = append(r.progress.Faults, l)
	}
	text, err := json.Marshal(l)
	if err == nil {
		_, err = r.report.Write(append(text, '\n'))
	}
	if err != nil && r.trouble == nil {
		r.trouble = err
	}
}

// linesOf are an order's lines of the report: one, or of an order that was
// refused one for each cell that is wrong.
func linesOf(v infile.Verdict) []api.ImportLine {
	l := api.ImportLine{Line: v.Line, LastLine: v.LastLine, Order: v.Order, Result: v.Result, Seq: v.Seq, Reason: v.Reason}
	if v.Result != infile.Refused || len(v.Cells) == 0 {
		return []api.ImportLine{l}
	}
	out := make([]api.ImportLine, len(v.Cells))
	for i, cell := range v.Cells {
		out[i] = l
		out[i].Column, out[i].Value, out[i].Reason = cell.Column, cutText(cell.Value, longestName), cell.Reason
		if cell.Line > 0 {
			out[i].Line, out[i].LastLine = cell.Line, 0
		}
	}
	return out
}
