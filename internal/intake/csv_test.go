package intake_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// mustParse reads a mapping.
func mustParse(t testing.TB, text string) *intake.Mapping {
	t.Helper()
	m, err := intake.ParseMapping([]byte(text), config.DecodeYAML)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const smallMap = `
date_format: DD.MM.YYYY HH:mm
zone: Europe/Berlin
decimal: ","
delimiter: ";"
columns: {Nr: order.id, Wann: order.placed_at, Artikel: line.product.code, Text: line.product.name,
  Menge: line.quantity, Preis: line.unit_price, Mail: customer.email}
`

const smallHead = "Nr;Wann;Artikel;Text;Menge;Preis;Mail\n"

// read returns a line per row: what it is, or why it is not.
func read(t testing.TB, m *intake.Mapping, text string) (lines []string, orders []*order.Order) {
	t.Helper()
	opts := partner.ReadOptions{Shop: "nordlys", Location: time.UTC, Currency: "EUR"}
	for row, err := range m.Format().Read(strings.NewReader(text), opts) {
		at := fmt.Sprintf("%d-%d ", row.Line, row.LastLine)
		var bad *order.Invalid
		switch {
		case errors.As(err, &bad):
			var faults []string
			for _, f := range bad.Faults {
				faults = append(faults, f.Path+": "+f.Reason)
			}
			lines = append(lines, at+"refused: "+strings.Join(faults, "; "))
		case err != nil:
			lines = append(lines, "end: "+err.Error())
		default:
			e := row.Entries[0]
			switch {
			case e.Statement != nil:
				orders = append(orders, &e.Statement.Order)
				lines = append(lines, fmt.Sprintf("%sorder %s of %d lines", at, e.Subject.ID, len(e.Statement.Order.Lines)))
			default:
				lines = append(lines, fmt.Sprintf("%s%s %s of %d lines, %s", at, e.Happening.Kind, e.Subject.ID, len(e.Happening.Lines), e.Happening.Amount))
			}
			if row.Skipped != "" {
				lines[len(lines)-1] += " (" + row.Skipped + ")"
			}
		}
	}
	return lines, orders
}

func expect(t *testing.T, m *intake.Mapping, text string, want ...string) []*order.Order {
	t.Helper()
	got, orders := read(t, m, text)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	return orders
}

func TestReadsAnOrder(t *testing.T) {
	t.Parallel()
	got := expect(t, mustParse(t, smallMap), smallHead+
		"7;03.07.2026 09:05;A-1; Kaffee ;2;12,50;anna@nordlys.example\n"+
		"7;03.07.2026 09:06;A-1; Kaffee ;1;12,50;\n"+
		"8;03.12.2026 23:59;B-2;\"Tee; grün\";0,25;8,00;\n",
		"2-3 order 7 of 2 lines", "4-4 order 8 of 1 lines")
	if len(got) != 2 {
		t.Fatal("no orders")
	}
	first := got[0]
	if s := first.PlacedAt.String(); s != "2026-07-03T09:05:00+02:00" {
		t.Errorf("summer: %s", s)
	}
	if s := got[1].PlacedAt.String(); s != "2026-12-03T23:59:00+01:00" {
		t.Errorf("winter: %s", s)
	}
	if first.Currency != "EUR" || first.Customer.Email != "anna@nordlys.example" || first.Lines[0].Product.Name != " Kaffee " {
		t.Errorf("%+v", first)
	}
	if total := first.Totals.Total.String(); total != "37.50" || first.Lines[0].Total.String() != "25.00" {
		t.Errorf("totals %s, %s", total, first.Lines[0].Total)
	}
	if got[1].Lines[0].Total.String() != "2.0000" || got[1].Lines[0].Product.Name != "Tee; grün" || got[1].Customer != nil {
		t.Errorf("%+v", got[1].Lines[0])
	}
}

// TestRefusesWhole checks that an order with one bad row is refused whole, with
// the place and the reason, and without what stood there.
func TestRefusesWhole(t *testing.T) {
	t.Parallel()
	m := mustParse(t, smallMap)
	f := func(rows string, want ...string) {
		t.Helper()
		expect(t, m, smallHead+rows, want...)
	}
	f("1;03.07.2026 09:05;A;x;2;12,50;\n1;;B;y;zwei;1.000,00;\n2;;C;;1;1;\n",
		"2-3 refused: line 3, column 5 (Menge): is no decimal number; line 3, column 6 (Preis): has a point where the decimal sign is a comma",
		"4-4 order 2 of 1 lines")
	f("1;2026-07-03;A;x;2;1;\n", "2-2 refused: line 2, column 2 (Wann): is no date of the form given by date_format")
	f("1;;A;x;1;1\n", "2-2 refused: line 2: has 6 cells, the header has 7")
	f(";;A;x;1;1;\n2;;A;x;1;1;\n", "2-2 refused: line 2 (Nr): the row names no order", "3-3 order 2 of 1 lines")
	f("1;;A;a\x00b;1;1;\n", "2-2 refused: line 2, column 4 (Text): holds a control character")
	f("1;;A;caf\xe9;1;1;\n", "2-2 refused: line 2, column 4 (Text): is not UTF-8; the mapping's encoding may be another")
	f("1;;A;x;1;1;\n2;;A;x;1;1;\n1;;B;y;1;1;\n", "2-2 order 1 of 1 lines", "3-3 order 2 of 1 lines",
		"4-4 refused: line 4: rows of this order stand further up: they are not together; sort the file or use group: key")
}

// TestABrokenRow checks that the orders on both sides of a row that can not be
// read are refused: the row may be a line of either.
func TestABrokenRow(t *testing.T) {
	t.Parallel()
	expect(t, mustParse(t, smallMap), smallHead+
		"1;;A;x;1;1;\n2;;A;x;1;1;\n2;;A;x\"y;1;1;\n3;;A;x;1;1;\n4;;A;x;1;1;\n",
		"2-2 order 1 of 1 lines",
		"4-4 refused: line 4, column 7: bare \" in non-quoted-field",
		"3-3 refused: line 4: the row beside this order can not be read and may belong to it",
		"5-5 refused: line 4: the row beside this order can not be read and may belong to it",
		"6-6 order 4 of 1 lines")
}

func TestFilesThatCanNotBeRead(t *testing.T) {
	t.Parallel()
	m := mustParse(t, smallMap)
	expect(t, m, "", "end: the file is empty: not even a header")
	expect(t, m, "Nr;Wann\n", `end: header: there is no column "Artikel"; it has Nr, Wann`)
	expect(t, m, smallHead)
	expect(t, m, strings.Replace(smallHead, "Mail", "Mail;Mail", 1), `end: header: there are two columns "Mail"`)
	got, _ := read(t, m, smallHead+"1;;A;\""+strings.Repeat("x\n", 1<<20)+"\";1;1;\n")
	if last := got[len(got)-1]; !strings.Contains(last, "is a quote not closed?") {
		t.Error(last)
	}
}

func TestGroupByKey(t *testing.T) {
	t.Parallel()
	expect(t, mustParse(t, smallMap+"group: key\n"), smallHead+
		"2;;A;x;1;1;\n1;;A;x;1;1;\n2;;B;x;1;1;\n3;;A;x;eins;1;\n",
		"2-4 order 2 of 2 lines", "3-3 order 1 of 1 lines",
		"5-5 refused: line 5, column 5 (Menge): is no decimal number")
}

func TestCancellations(t *testing.T) {
	t.Parallel()
	rows := smallHead + "1;03.07.2026 09:05;A;x;2;5;\nS1;04.07.2026 09:05;A;x;-1;5;\nS9;;A;x;-3;5;\n"
	expect(t, mustParse(t, smallMap+"cancel: {prefix: S, kind: refunded}\n"), rows,
		"2-2 order 1 of 1 lines", "3-3 refunded 1 of 1 lines, 5",
		"4-4 refunded 9 of 1 lines, 15 (a cancellation (S9) without its order: no order 9 stands before it in this file)")
	expect(t, mustParse(t, smallMap+"cancel: {prefix: S, id: as_written}\n"), rows,
		"2-2 order 1 of 1 lines",
		"3-3 cancelled S1 of 1 lines, 5 (a cancellation (S1) without its order: no order S1 stands before it in this file)",
		"4-4 cancelled S9 of 1 lines, 15 (a cancellation (S9) without its order: no order S9 stands before it in this file)")
}

func TestLineKinds(t *testing.T) {
	t.Parallel()
	got := expect(t, mustParse(t, smallMap+"codes: {postage: [P], discount: [D], fee: [F]}\nadjustment: [price_zero, name_empty]\n"),
		smallHead+"1;;A;x;2;5,00;\n1;;P;Post;1;4,90;\n1;;D;Rabatt;-1;1,00;\n1;;F;Pfand;1;0,25;\n1;;B;gift;1;0;\n2;;C;;7;0;\n",
		"2-6 order 1 of 5 lines", "7-7 order 2 of 1 lines (an adjustment: none of its rows sells a product)")
	var kinds []order.LineKind
	for _, l := range got[0].Lines {
		kinds = append(kinds, l.Kind)
	}
	if diff := cmp.Diff([]order.LineKind{"", "postage", "discount", "fee", ""}, kinds); diff != "" {
		t.Error(diff)
	}
	sums := got[0].Totals
	if s := fmt.Sprint(sums.Goods, sums.Shipping, sums.Discount, sums.Service, sums.Total); s != "10.00 4.90 1.00 0.25 14.15" {
		t.Error(s)
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	text := smallHead + "1;;A;Café für zwei;1;1;\n"
	latin, _ := charmap.Windows1252.NewEncoder().String(text)
	wide, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	for name, in := range map[string]string{
		"utf-8": text, "iso-8859-1": latin, "windows-1252": latin, "utf-16": wide,
	} {
		for _, mark := range []string{"", "\ufeff"} {
			if mark != "" && name != "utf-8" {
				continue
			}
			got := expect(t, mustParse(t, smallMap+"encoding: "+name+"\n"), mark+in, "2-2 order 1 of 1 lines")
			if len(got) == 1 && got[0].Lines[0].Product.Name != "Café für zwei" {
				t.Errorf("%s: %q", name, got[0].Lines[0].Product.Name)
			}
		}
	}
}

func TestWithoutQuotesAndHeader(t *testing.T) {
	t.Parallel()
	got := expect(t, mustParse(t, `{"delimiter":"tab","quotes":"none","header":false,"columns":{"1":"order.id","3":"line.product.name","2":"line.product.code"}}`),
		"1\tA\t\"7 inch\" disc\textra\r\n\n1\tB\t\"\r\n2\tC\tlast", "1-3 order 1 of 2 lines", "4-4 order 2 of 1 lines")
	if got[0].Lines[0].Product.Name != `"7 inch" disc` || got[0].Lines[1].Product.Name != `"` {
		t.Errorf("%+v", got[0].Lines)
	}
}

func TestMappingComplaints(t *testing.T) {
	t.Parallel()
	f := func(text string, want ...string) {
		t.Helper()
		_, err := intake.ParseMapping([]byte(text), config.DecodeYAML)
		if err == nil {
			t.Errorf("no complaint about\n%s", text)
			return
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q is missing in:\n%s", w, err)
			}
		}
	}
	f("colums: {}", "colums")
	f("columns: {A: order.number}", `A: there is no field "order.number"`, "no column is order.id")
	f("columns: {A: order.id, B: order.email}", `there is no field "order.email"; did you mean billing.email?`)
	f("columns: {A: order.id, B: order.id}", "A and B are both order.id")
	f("columns: {A: order.id}\nvalues: {order.id: x}", "order.id comes from column A already")
	f("columns: {A: order.id}\ndate_format: DD-MM", `year, month or day is missing`)
	f("columns: {A: order.id}\ndate_format: DD-MM-YYYY@HH", `"@" is not known`)
	f("columns: {A: order.id}\nzone: Londn\nencoding: ebcdic\ndelimiter: ab\nthousands: \".\"\ngroup: maybe\ncancel: {}",
		`"Londn" is no time zone`, `"ebcdic" is none of utf-8`, "delimiter", "thousands", `"maybe" is none of contiguous, key`, "prefix is missing")
	f("columns: {A: order.id}\ncodes: {postage: [X], fee: [X]}\nadjustment: [free]", "X stands there twice", `"free" is none of`)
}

func TestDateFormats(t *testing.T) {
	t.Parallel()
	f := func(format, text, want string) {
		t.Helper()
		m := mustParse(t, fmt.Sprintf("columns: {A: order.id, B: order.placed_at}\nzone: Europe/Stockholm\ndate_format: %q\n", format))
		_, orders := read(t, m, "A,B\n1,"+text+"\n")
		if len(orders) != 1 || orders[0].PlacedAt.String() != want {
			t.Errorf("%s %s: got %+v", format, text, orders)
		}
	}
	f("DD-MM-YY H:mm", "01-12-10 8:26", "2010-12-01T08:26:00+01:00")
	f("DD-MM-YY H:mm", "01-12-10 18:26", "2010-12-01T18:26:00+01:00")
	f("M/D/YYYY hh:mm:ss A", "7/4/2026 01:02:03 PM", "2026-07-04T13:02:03+02:00")
	f("YYYYMMDD", "20260704", "2026-07-04T00:00:00+02:00")
	f("YYYY-MM-DD'T'HH:mm:ssZ", "2026-07-04T10:00:00-05:00", "2026-07-04T10:00:00-05:00")
	f("D MMM YYYY", "4 Jul 2026", "2026-07-04T00:00:00+02:00")
	f("", "2026-07-04T10:00:00+00:00", "2026-07-04T10:00:00+00:00")
	f("unix", "1783158000", "2026-07-04T11:40:00+02:00")
	f("unix_ms", "1783158000000", "2026-07-04T11:40:00+02:00")
}

// endless is a file that never ends.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	if e.n == 0 {
		e.n = 1
		return copy(p, "A,B\n"), nil
	}
	e.n++
	return copy(p, fmt.Sprintf("%d,x\n", e.n)), nil
}

// TestReadsAsItGoes checks that a file is not read to its end before its first
// order comes out, and that the consumer can stop.
func TestReadsAsItGoes(t *testing.T) {
	t.Parallel()
	m := mustParse(t, "columns: {A: order.id, B: line.product.code}")
	n := 0
	for _, err := range m.Format().Read(io.Reader(&endless{}), partner.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1000 {
			break
		}
	}
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{smallHead + "1;03.07.2026 09:05;A;x;2;5,00;a\n", smallHead + "1;\"", "\ufeff" + smallHead + "S1;;;;;;\n"} {
		f.Add(seed)
	}
	m := mustParse(f, smallMap+"cancel: {prefix: S}\ngroup: contiguous\n")
	f.Fuzz(func(t *testing.T, text string) {
		first, _ := read(t, m, text)
		second, _ := read(t, m, text)
		if diff := cmp.Diff(first, second); diff != "" {
			t.Error(diff)
		}
	})
}
