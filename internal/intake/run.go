package intake

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// Result is what became of one row of a file.
type Result string

// The results.
const (
	New      Result = "new"      // an order or happening the ledger did not have
	Updated  Result = "updated"  // a known order with other content
	Known    Result = "known"    // nothing new
	Skipped  Result = "kept"     // in the ledger, yet nothing to send: no order; Reason says why
	Refused  Result = "refused"  // nothing of it stored; Reason says why
	Readable Result = "readable" // a dry run: would be sent to the ledger
)

// Verdict is what became of one order of a file.
type Verdict struct {
	Line     int     `json:"line"`
	LastLine int     `json:"last_line"`
	Order    string  `json:"order,omitzero"`
	Result   Result  `json:"result"`
	Reason   string  `json:"reason,omitzero"` // without personal data
	Seq      int64   `json:"seq,omitzero"`
	Known    bool    `json:"known,omitzero"` // of kept rows: nothing new
	Entries  []Entry `json:"-"`              // what was read

	Count int                 `json:"-"` // lines of the file that it is about
	Cells []partner.CellFault `json:"-"` // of refused rows: what is wrong where
}

// Entry is an accepted thing of a row.
type Entry = order.Entry

// Summary counts the verdicts.
type Summary struct {
	Rows     int            `json:"rows"` // orders and cancellations, not lines
	Lines    int            `json:"lines"`
	Results  map[Result]int `json:"results"`
	LastLine int            `json:"last_line"` // of the file
}

// Append is how entries reach the ledger: all or nothing, see partner.Intake.
type Append func(ctx context.Context, entries []order.Entry) ([]order.Receipt, error)

// Options of Run.
type Options struct {
	Append  Append
	Source  order.Source  // of entries that name none; zero: the import
	Batch   int           // most orders per call; 0: 100
	History bool          // recorded, never delivered by itself
	DryRun  bool          // nothing is appended
	Limit   int           // stop after so many rows; 0: all
	Report  func(Verdict) // may be nil
}

// Run appends a file's rows in batches and reports a verdict for each, in the
// file's sequence. It ends early with an error if the file can not be read on
// or the ledger has trouble of its own; what was reported is stored, and a
// repetition does no harm.
func Run(ctx context.Context, rows Rows, opts Options) (Summary, error) {
	if opts.Batch == 0 {
		opts.Batch = 100
	}
	if opts.Source.Name == "" {
		opts.Source = source()
	}
	r := &run{opts: opts, summary: Summary{Results: map[Result]int{}}}
	for row, err := range rows {
		if err := r.take(ctx, row, err); err != nil {
			return r.summary, errors.Join(r.flush(ctx), err)
		}
		if opts.Limit > 0 && r.summary.Rows+len(r.batch) >= opts.Limit {
			break
		}
	}
	return r.summary, r.flush(ctx)
}

// run is the state of one Run.
type run struct {
	opts    Options
	summary Summary
	batch   []pending
	bytes   int // of the file, in batch
}

// batchBytes is about how much of a file waits for one call.
const batchBytes = 1 << 20

// pending is a row that waits for its batch.
type pending struct {
	row     partner.Row
	verdict Verdict
	judged  bool // refused while reading
}

// take puts a row into the batch. Its error ends the run.
func (r *run) take(ctx context.Context, row partner.Row, err error) error {
	p := pending{row: row, verdict: Verdict{Line: row.Line, LastLine: row.LastLine, Entries: row.Entries, Count: row.Count}}
	if row.Count == 0 {
		p.verdict.Count = row.LastLine - row.Line + 1
	}
	if len(row.Entries) > 0 {
		p.verdict.Order = row.Entries[0].Subject.ID
	}
	if err != nil {
		bad, ok := AsInvalid(err)
		if !ok {
			return fmt.Errorf("after line %d: %w", r.lastLine(), err)
		}
		p.judged, p.verdict.Result, p.verdict.Reason, p.verdict.Cells = true, Refused, reasons(bad), partner.CellFaultsOf(row, err)
	}
	r.batch = append(r.batch, p)
	r.bytes += row.Bytes
	if len(r.batch) >= r.opts.Batch || r.bytes >= batchBytes {
		return r.flush(ctx)
	}
	return nil
}

func (r *run) lastLine() int {
	if n := len(r.batch); n > 0 {
		return r.batch[n-1].row.LastLine
	}
	return r.summary.LastLine
}

func reasons(bad *order.Invalid) string {
	var out []string
	for _, f := range bad.Faults {
		out = append(out, (&order.Invalid{Faults: []order.Fault{f}}).Error())
	}
	return strings.Join(out, "; ")
}

// flush appends the batch and reports its verdicts.
func (r *run) flush(ctx context.Context) error {
	batch := r.batch
	r.batch, r.bytes = nil, 0
	if len(batch) == 0 {
		return nil
	}
	err := r.appendAll(ctx, batch)
	if bad, ok := AsInvalid(err); (ok && bad != nil) || errors.Is(err, order.ErrConflict) {
		// One of the batch is refused, and with it the call: the others go by
		// themselves.
		err = nil
		for i := range batch {
			if err = r.appendAlone(ctx, &batch[i]); err != nil {
				batch = batch[:i]
				break
			}
		}
	} else if err != nil {
		return err
	}
	for _, p := range batch {
		r.report(p)
	}
	return err
}

// appendAll appends the whole batch in one call.
func (r *run) appendAll(ctx context.Context, batch []pending) error {
	var entries []order.Entry
	for _, p := range batch {
		if !p.judged {
			entries = append(entries, r.entries(p.row)...)
		}
	}
	receipts, err := r.send(ctx, entries)
	if err != nil {
		return err
	}
	for i := range batch {
		if p := &batch[i]; !p.judged {
			p.judge(r.opts.DryRun, receipts[:len(p.row.Entries)])
			receipts = receipts[len(p.row.Entries):]
		}
	}
	return nil
}

// appendAlone appends one row; a refusal is its verdict.
func (r *run) appendAlone(ctx context.Context, p *pending) error {
	if p.judged {
		return nil
	}
	receipts, err := r.send(ctx, r.entries(p.row))
	bad, ok := AsInvalid(err)
	switch {
	case ok:
		p.verdict.Result, p.verdict.Reason, p.verdict.Cells = Refused, reasons(bad), partner.CellFaultsOf(p.row, err)
	case errors.Is(err, order.ErrConflict):
		p.verdict.Result, p.verdict.Reason = Refused, order.ErrConflict.Error()
		p.verdict.Cells = []partner.CellFault{{Line: p.row.Line, Reason: p.verdict.Reason}}
	case err != nil:
		return err
	default:
		p.judge(r.opts.DryRun, receipts)
	}
	return nil
}

func (r *run) entries(row partner.Row) []order.Entry {
	out := make([]order.Entry, len(row.Entries))
	for i, e := range row.Entries {
		e.History = e.History || r.opts.History
		if e.Source.Name == "" { // a partner's reader does not know who hands its file in
			e.Source = r.opts.Source
		}
		out[i] = e
	}
	return out
}

func (r *run) send(ctx context.Context, entries []order.Entry) ([]order.Receipt, error) {
	if r.opts.DryRun || len(entries) == 0 {
		return make([]order.Receipt, len(entries)), nil
	}
	receipts, err := r.opts.Append(ctx, entries)
	if err == nil && len(receipts) != len(entries) {
		err = fmt.Errorf("%d receipts for %d entries", len(receipts), len(entries))
	}
	return receipts, err
}

// judge makes a row's receipts its verdict.
func (p *pending) judge(dry bool, receipts []order.Receipt) {
	v := &p.verdict
	v.Result, v.Known = Known, true
	for _, rc := range receipts {
		v.Seq = max(v.Seq, rc.Seq)
		if rc.Known {
			continue
		}
		v.Known = false
		switch {
		case rc.Kind == order.KindUpdated:
			v.Result, v.Reason = Updated, strings.Join(rc.Changed, ", ")
		case v.Result == Known:
			v.Result = New
		}
	}
	if dry {
		v.Result, v.Known = Readable, false
	}
	if v.Reason == "" {
		v.Reason = p.row.Notice
	}
	if p.row.Skipped != "" {
		v.Result, v.Reason = Skipped, p.row.Skipped
	}
}

func (r *run) report(p pending) {
	r.summary.Rows++
	r.summary.LastLine = max(r.summary.LastLine, p.row.LastLine)
	r.summary.Results[p.verdict.Result]++
	for _, e := range p.row.Entries {
		if e.Statement != nil {
			r.summary.Lines += len(e.Statement.Order.Lines)
		} else if e.Happening != nil {
			r.summary.Lines += len(e.Happening.Lines)
		}
	}
	if r.opts.Report != nil {
		r.opts.Report(p.verdict)
	}
}
