package intake_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// shelf is a small ledger: it refuses ids that begin with "bad", and knows
// what it has.
type shelf struct {
	calls   []int
	ids     []string
	history []bool
	trouble error
}

func (s *shelf) append(_ context.Context, entries []order.Entry) ([]order.Receipt, error) {
	s.calls = append(s.calls, len(entries))
	if s.trouble != nil {
		return nil, s.trouble
	}
	for i, e := range entries {
		if strings.HasPrefix(e.Subject.ID, "bad") {
			return nil, &order.Invalid{Faults: []order.Fault{{Path: fmt.Sprintf("[%d].id", i), Reason: "is bad"}}}
		}
	}
	var out []order.Receipt
	for _, e := range entries {
		known := slices.Contains(s.ids, e.Subject.ID)
		if !known {
			s.ids = append(s.ids, e.Subject.ID)
			s.history = append(s.history, e.History)
		}
		out = append(out, order.Receipt{Subject: e.Subject, Seq: int64(len(s.ids)), Kind: order.KindPlaced, Known: known})
	}
	return out, nil
}

// rows yields an order per id; "?" is a row that can not be read, "!" ends the
// file with an error.
func rows(ids ...string) intake.Rows {
	return func(yield func(partner.Row, error) bool) {
		for i, id := range ids {
			row := partner.Row{Line: i + 2, LastLine: i + 2}
			var err error
			switch id {
			case "?":
				err = &order.Invalid{Faults: []order.Fault{{Path: "line 9", Reason: "unreadable"}}}
			case "!":
				err = errors.New("the disk is gone")
			default:
				row.Entries = []order.Entry{{
					Subject:   order.Subject{Kind: order.SubjectOrder, ID: id},
					Statement: &order.Statement{Order: order.Order{ID: id, Lines: make([]order.Line, 2)}},
				}}
			}
			if strings.HasSuffix(id, "-skip") {
				row.Skipped = "no sale"
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

func runAll(t *testing.T, s *shelf, opts intake.Options, ids ...string) (verdicts []string, sum intake.Summary, err error) {
	t.Helper()
	opts.Append = s.append
	opts.Report = func(v intake.Verdict) {
		verdicts = append(verdicts, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", v.Line, v.Order, v.Result, v.Reason)))
	}
	sum, err = intake.Run(t.Context(), rows(ids...), opts)
	return verdicts, sum, err
}

func TestRun(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	got, sum, err := runAll(t, s, intake.Options{Batch: 3}, "a", "b-skip", "?", "bad1", "c", "a")
	want := []string{"2 a new", "3 b-skip kept no sale", "4  refused line 9: unreadable", "5 bad1 refused [0].id: is bad", "6 c new", "7 a known"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if diff := cmp.Diff([]int{2, 3, 1, 1, 1}, s.calls); diff != "" {
		t.Error("calls: ", diff)
	}
	wantSum := intake.Summary{Rows: 6, Lines: 10, LastLine: 7, Results: map[intake.Result]int{
		intake.New: 2, intake.Known: 1, intake.Skipped: 1, intake.Refused: 2,
	}}
	if diff := cmp.Diff(wantSum, sum); diff != "" {
		t.Error(diff)
	}
}

func TestRunDryAndLimited(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	got, _, err := runAll(t, s, intake.Options{DryRun: true, Limit: 3}, "a", "b-skip", "bad1", "c")
	want := []string{"2 a readable", "3 b-skip kept no sale", "4 bad1 readable"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil || s.calls != nil {
		t.Error(diff, err, s.calls)
	}
}

func TestRunAsHistory(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	if _, _, err := runAll(t, s, intake.Options{History: true}, "a", "b"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]bool{true, true}, s.history); diff != "" {
		t.Error(diff)
	}
}

// TestRunEndsWithTheFile checks that what was read before a file broke is
// stored and reported.
func TestRunEndsWithTheFile(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	got, sum, err := runAll(t, s, intake.Options{}, "a", "b", "!")
	if err == nil || !strings.Contains(err.Error(), "after line 3: the disk is gone") {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"2 a new", "3 b new"}, got); diff != "" || sum.Rows != 2 {
		t.Error(diff)
	}
}

func TestRunEndsWithTheLedger(t *testing.T) {
	t.Parallel()
	s := &shelf{trouble: order.ErrReadOnly}
	got, _, err := runAll(t, s, intake.Options{Batch: 1}, "a", "b")
	if !errors.Is(err, order.ErrReadOnly) || got != nil || len(s.calls) != 1 {
		t.Error(err, got, s.calls)
	}
}
