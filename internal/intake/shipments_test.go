package intake_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/intake"
)

// parcels reads a file and returns a line per row: what it says, or what is
// wrong.
func parcels(t testing.TB, text string) (out []string) {
	t.Helper()
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 4, 8, 9, 0, 0, 0, warsaw)
	for s, err := range intake.Shipments(strings.NewReader(text), warsaw, now) {
		if err != nil {
			out = append(out, fmt.Sprintf("%d! %v", s.Line, err))
			continue
		}
		out = append(out, fmt.Sprintf("%d %s|%s|%s|%s", s.Line, s.Order, s.Parcel, s.Courier, s.At))
	}
	return out
}

func TestShipments(t *testing.T) {
	t.Parallel()
	f := func(text string, want ...string) {
		t.Helper()
		if d := cmp.Diff(want, parcels(t, text)); d != "" {
			t.Errorf("%q (-want +got):\n%s", text, d)
		}
	}
	f("order;parcel;courier;date\n1;P1;dpd;2026-04-07T10:00:00+02:00\n\n2;P2;;\n3;P3\n",
		"2 1|P1|dpd|2026-04-07T10:00:00+02:00", "4 2|P2||", "5 3|P3||")
	f("\ufeffDate,Parcel Number,ORDER_ID\r\n2026-04-07,\"P,1\",x\r\n", "2 x|P,1||2026-04-07T12:00:00+02:00")
	f("order\tparcel\tdate\n1\tP\t07.04.2026 08:15\n1\tP\t07.04.2026\n1\tP\t2026-01-07 08:15:30\n1\tP\t2026-04-08\n1\tP\t2026-04-09",
		"2 1|P||2026-04-07T08:15:00+02:00", "3 1|P||2026-04-07T12:00:00+02:00", "4 1|P||2026-01-07T08:15:30+01:00",
		"5 1|P||2026-04-08T09:00:00+02:00", "6 1|P||2026-04-09T12:00:00+02:00")
	// A broken line spoils no other.
	f("order,parcel,date\n,P,\n1,,soon\n1,\"P\n2,\xff\n2,P2,\n",
		"2! order: is empty",
		"3! parcel: is empty",
		"4! a quote without an end, or in the middle of a cell",
		"5! not valid UTF-8", "6 2|P2||")
	// Files that can not be read.
	f("", "0! the file is empty; its first line names the columns order and parcel")
	f("\n\n", "0! the file is empty; its first line names the columns order and parcel")
	f("1;P1\n", "1! the header: column 1 is none of order, parcel, courier, date")
	f("order;date\n", "1! the header: the columns order and parcel are needed")
	f("order;parcel;order\n", "1! the header: two columns are the order")
	f("order;parcel\n1;"+strings.Repeat("P", 70_000)+"\n", "0! a line of more than 65536 bytes")
}

func FuzzShipments(f *testing.F) {
	f.Add("order;parcel;courier;date\n1;P1;dpd;2026-04-07\n")
	f.Add("\ufefforder,parcel\n\"1\",\"P\"\"1\"\n")
	f.Add("parcel\torder\n\x00\t\xff\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, line := range parcels(t, text) {
			if strings.Contains(line, "||||") {
				t.Error(line)
			}
		}
	})
}
