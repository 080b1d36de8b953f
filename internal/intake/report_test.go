package intake

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// reported returns a report of verdicts.
func reported(t *testing.T, separator byte, verdicts ...Verdict) string {
	t.Helper()
	dir := t.TempDir()
	r, err := NewReport(dir, separator)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range verdicts {
		if err := r.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	if n, err := r.WriteTo(&b); err != nil || n != int64(b.Len()) {
		t.Errorf("%d of %d bytes, %v", n, b.Len(), err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
	return b.String()
}

func TestReport(t *testing.T) {
	t.Parallel()
	got := reported(t, ';',
		Verdict{Result: New, Count: 3}, Verdict{Result: Updated, Count: 1}, Verdict{Result: Known, Known: true, Count: 2},
		Verdict{Result: Skipped, Count: 1}, Verdict{Result: Skipped, Known: true, Count: 1},
		Verdict{Result: Refused, Count: 2, Cells: []partner.CellFault{
			{Line: 7, Column: "email", Value: partner.Masked, Reason: "is no mail address"},
			{Line: 8, Column: "a;b", Value: `12" mug`, Reason: "no;\nnever"},
			{Reason: "the file"},
		}})
	want := "taken 5;refused 2;repeated 3;of 10 lines\r\nline;column;value;reason\r\n" +
		"7;email;[masked];is no mail address\r\n8;\"a;b\";\"12\"\" mug\";\"no;\nnever\"\r\n;;;the file\r\n"
	if got != want {
		t.Errorf("%s", got)
	}
	if got := reported(t, '\t'); got != "taken 0\trefused 0\trepeated 0\tof 0 lines\r\nline\tcolumn\tvalue\treason\r\n" {
		t.Errorf("%q", got)
	}
	if got := reported(t, 0); !strings.HasPrefix(got, "taken 0,refused 0,") {
		t.Errorf("%q", got)
	}
}

// TestReportIsNoProgram makes texts of what spreadsheets would run.
func TestReportIsNoProgram(t *testing.T) {
	t.Parallel()
	f := func(value, want string) {
		t.Helper()
		got := reported(t, ';', Verdict{Cells: []partner.CellFault{{Line: 1, Column: "c", Value: value, Reason: "r"}}})
		if !strings.HasSuffix(got, "\r\n1;c;"+want+";r\r\n") {
			t.Errorf("%q: %q", value, got)
		}
	}
	f("=1+1", "'=1+1")
	f("+1", "'+1")
	f("@SUM(1)", "'@SUM(1)")
	f("-cmd", "'-cmd")
	f("-1", "-1")
	f("-", "-")
	f("plain", "plain")
}

// TestReportIsBounded counts what it does not name.
func TestReportIsBounded(t *testing.T) {
	t.Parallel()
	bad := Verdict{Result: Refused, Count: 1, Cells: []partner.CellFault{{Line: 1, Reason: "r"}}}
	all := make([]Verdict, maxReported+5)
	for i := range all {
		all[i] = bad
	}
	got := reported(t, ';', all...)
	if n := strings.Count(got, "\r\n"); n != maxReported+3 || !strings.HasSuffix(got, ";;;and 5 complaints more\r\n") ||
		!strings.HasPrefix(got, "taken 0;refused "+strconv.Itoa(maxReported+5)+";") {
		t.Errorf("%d lines", n)
	}
}

// TestRunTellsCells names the places of every kind of refusal.
func TestRunTellsCells(t *testing.T) {
	t.Parallel()
	entry := func(id string) []order.Entry {
		return []order.Entry{{Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Statement: &order.Statement{Order: order.Order{ID: id}}}}
	}
	rows := func(yield func(partner.Row, error) bool) {
		_ = yield(partner.Row{Line: 2, LastLine: 3, Entries: entry("a"), Bytes: 2 << 20}, nil) &&
			yield(partner.Row{Line: 4, LastLine: 9, Count: 2}, partner.CellFaults{{Line: 5, Column: "c", Value: "v", Reason: "r"}}) &&
			yield(partner.Row{Line: 10, LastLine: 10}, order.Refuse("line 10", order.Malformed, "bad")) &&
			yield(partner.Row{Line: 11, LastLine: 11, Entries: entry("conflict")}, nil)
	}
	var got []Verdict
	calls := 0
	_, err := Run(t.Context(), rows, Options{
		Source: order.Source{Name: "somebody", Rank: order.RankDoor},
		Append: func(_ context.Context, entries []order.Entry) ([]order.Receipt, error) {
			calls++
			for _, e := range entries {
				if e.Source.Name != "somebody" {
					t.Error(e.Source)
				}
				if e.Subject.ID == "conflict" {
					return nil, order.ErrConflict
				}
			}
			return make([]order.Receipt, len(entries)), nil
		},
		Report: func(v Verdict) { got = append(got, v) },
	})
	if err != nil || len(got) != 4 || calls < 2 {
		t.Fatal(got, err, calls)
	}
	if got[0].Count != 2 || got[1].Count != 2 || got[1].Cells[0] != (partner.CellFault{Line: 5, Column: "c", Value: "v", Reason: "r"}) || got[1].Reason != "line 5 (c): r" {
		t.Errorf("%+v", got[:2])
	}
	if got[2].Cells[0] != (partner.CellFault{Line: 10, Reason: "bad"}) || got[3].Cells[0] != (partner.CellFault{Line: 11, Reason: order.ErrConflict.Error()}) {
		t.Errorf("%+v", got[2:])
	}
}

func TestReportInNoFolder(t *testing.T) {
	t.Parallel()
	if r, err := NewReport(filepath.Join(t.TempDir(), "none"), ';'); err == nil {
		r.Close()
		t.Error("a report in no folder")
	}
	if _, err := os.Stat("none"); err == nil {
		t.Error("it was made")
	}
}
