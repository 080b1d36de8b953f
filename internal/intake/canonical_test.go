package intake_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
)

// canonicalLines reads our own format and returns a line per row.
func canonicalLines(t testing.TB, text string) (out []string) {
	t.Helper()
	_, rows, err := intake.Open(strings.NewReader(text), "orders.json", "ordermux", intake.Formats(nil), partner.ReadOptions{})
	if err != nil {
		return []string{err.Error()}
	}
	for row, err := range rows {
		var bad *order.Invalid
		switch {
		case errors.As(err, &bad):
			out = append(out, fmt.Sprintf("%d refused: %s", row.Line, bad))
		case err != nil:
			out = append(out, "end: "+err.Error())
		case row.Entries[0].Statement != nil:
			out = append(out, fmt.Sprintf("%d-%d order %s", row.Line, row.LastLine, row.Entries[0].Subject.ID))
		default:
			out = append(out, fmt.Sprintf("%d-%d %s %s", row.Line, row.LastLine, row.Entries[0].Happening.Kind, row.Entries[0].Subject.ID))
		}
	}
	return out
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	f := func(text string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, canonicalLines(t, text)); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
	}
	// Lines, an array, values one after the other; entries and bare orders.
	f(`{"order":{"id":"a"}}`+"\n\n"+`{"happening":{"kind":"cancelled"},"order_id":"a"}`+"\r\n"+`{"id":"b","lines":[]}`,
		"1-1 order a", "3-3 cancelled a", "4-4 order b")
	f("\ufeff"+`{"order":{"id":"a"}}`, "1-1 order a")
	f("[\n{\"id\":\"a\"},\n{\"id\":\n\"b\"}\n]\n", "2-2 order a", "3-4 order b")
	f("{\n\"id\":\"a\"}\n{\n\"id\":\"b\"\n}\n", "1-2 order a", "3-5 order b")
	f(`[]`)
	// A bad line spoils no other.
	f(`{"order":{"id":"a"}}`+"\n"+`{"order":{"id":"b","price":1}}`+"\n"+`{"order":{}}`+"\n"+`{"order":{"id":"c"}} {}`+"\n"+`{"order":{"id":"d"}}`,
		"1-1 order a", "2 refused: line 2, price: unknown field", "3 refused: line 3, id: is missing",
		"4 refused: line 4: data follows the JSON value (at byte 21)", "5-5 order d")
	f(`{"happening":{"kind":"cancelled"}}`, "1 refused: line 1, order_id: is missing")
	f(`{"happening":{},"order_id":"a"}`, "1 refused: line 1, happening.kind: is missing")
	f(`{"happening":{"kind":"shipped"},"order_id":"a","order":{"id":"a"}}`, "1 refused: line 1: an entry is an order or a happening, not both")
	f(`{"id":"a","id":"b"}`, "1 refused: line 1, id: this name stands twice in one object (at byte 10)")
	// A broken list ends the reading.
	f("[{\"id\":\"a\"},\n{\"id\":", "1-1 order a", "end: [1].id: JSON value ends too early (at byte 19)")
	f("[{\"id\":\"a\"}]\n[]", "1-1 order a", "end: data follows the end of the list")
	f("", "orders.json is empty")
}

func TestOpenChooses(t *testing.T) {
	t.Parallel()
	formats := append(intake.Formats(nil), partner.Format{
		Name: "tsv", Sniff: func(head []byte) bool { return strings.HasPrefix(string(head), "order_id\t") },
		Read: func(io.Reader, partner.ReadOptions) iter.Seq2[partner.Row, error] {
			return func(func(partner.Row, error) bool) {}
		},
	})
	f := func(format, text, want string) {
		t.Helper()
		name, _, err := intake.Open(strings.NewReader(text), "dir/file", format, formats, partner.ReadOptions{})
		if err != nil {
			name = err.Error()
		}
		if name != want {
			t.Errorf("%q: got %q, want %q", text, name, want)
		}
	}
	f("", `{"order":{}}`, "ordermux")
	f("", " [\n{\"id\":\"1\",\"placed_at\":\"x\"}]", "ordermux")
	f("", "order_id\tx", "tsv")
	f("ordermux", "order_id\tx", "ordermux")
	f("", "a,b,c\n", "file looks like none of ordermux, tsv; name its format, or give a mapping file for a CSV")
	f("excel", "a", `there is no format "excel"; there are ordermux, tsv, and csv with a mapping file`)
}

func FuzzCanonical(f *testing.F) {
	f.Add(`{"order":{"id":"a"}}` + "\n[")
	f.Add("[\n{\"id\":\"a\"},\n{\"id\":\n\"b\"}\n]\n")
	f.Fuzz(func(t *testing.T, text string) {
		if diff := cmp.Diff(canonicalLines(t, text), canonicalLines(t, text)); diff != "" {
			t.Error(diff)
		}
	})
}

// TestPartnersOwnFiles finds the format of a partner's file by the look of it.
func TestPartnersOwnFiles(t *testing.T) {
	t.Parallel()
	file := "order_id\torder_date\tproduct_code\tquantity\tregular_unit_price\tprice_with_discounts\tcustomer_id\tsession_id\tseller_id\n" +
		"o-1\t2026-03-02T15:00:00Z\tA1\t3\t1.00\t3.00\tc-1\ts-1\t\n"
	name, rows, err := intake.Open(strings.NewReader(file), "orders.tsv", "", intake.Formats(all.List()), partner.ReadOptions{Shop: "nordlys", Currency: "SEK"})
	if err != nil || !strings.HasPrefix(name, "citrusad") {
		t.Fatal(name, err)
	}
	_, err = intake.Run(t.Context(), rows, intake.Options{Append: func(_ context.Context, entries []order.Entry) ([]order.Receipt, error) {
		if s := entries[0].Source; s.Name != intake.SourceName || s.Rank != order.RankShop {
			t.Errorf("handed in by %+v", s)
		}
		return make([]order.Receipt, len(entries)), nil
	}})
	if err != nil {
		t.Error(err)
	}
}
