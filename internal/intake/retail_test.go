package intake_test

import (
	"encoding/csv"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

const retail = "../demo/data/online-retail"

// invoice is what the raw file says, computed without our own code.
type invoice struct {
	lines []string // code, quantity, total
	total *big.Rat
	first []string
}

// rawInvoices reads the order book by hand.
func rawInvoices(t *testing.T) (ids []string, byID map[string]*invoice) {
	t.Helper()
	text, err := os.ReadFile(retail + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	byID = map[string]*invoice{}
	for _, row := range rows[1:] {
		inv := byID[row[0]]
		if inv == nil {
			inv = &invoice{total: new(big.Rat), first: row}
			byID[row[0]] = inv
			ids = append(ids, row[0])
		}
		quantity, _ := new(big.Rat).SetString(row[3])
		price, _ := new(big.Rat).SetString(row[5])
		total := new(big.Rat).Mul(quantity, price)
		inv.total.Add(inv.total, total)
		inv.lines = append(inv.lines, row[1]+" "+quantity.RatString()+" "+total.RatString()+" "+row[2])
	}
	return ids, byID
}

// readRetail reads the order book by its mapping file.
func readRetail(t *testing.T) []partner.Row {
	t.Helper()
	text, err := os.ReadFile(retail + ".map.yml")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(retail + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	name, rows, err := intake.Open(f, f.Name(), "csv", []partner.Format{mustParse(t, string(text)).Format()},
		partner.ReadOptions{Shop: "nordlys", Location: time.UTC, Currency: "SEK"})
	if err != nil || name != "csv" {
		t.Fatal(name, err)
	}
	var out []partner.Row
	for row, err := range rows {
		if err != nil {
			t.Fatalf("line %d: %v", row.Line, err)
		}
		out = append(out, row)
	}
	return out
}

func rat(t *testing.T, d order.Decimal) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(d.String())
	if !ok {
		t.Fatalf("%q is no number", d)
	}
	return r
}

func lineTexts(t *testing.T, lines []order.Line) (out []string) {
	t.Helper()
	for _, l := range lines {
		out = append(out, l.Product.Code+" "+rat(t, l.Quantity).RatString()+" "+rat(t, l.Total).RatString()+" "+l.Product.Name)
	}
	return out
}

// TestTheRealOrderBook compares every line and total of the 90 invoices with
// what the raw file says.
func TestTheRealOrderBook(t *testing.T) {
	t.Parallel()
	ids, raw := rawInvoices(t)
	rows := readRetail(t)
	if len(ids) != 90 || len(rows) != 90 {
		t.Fatalf("%d invoices, %d rows, want 90", len(ids), len(rows))
	}
	orders, cancelled, longest, twice := 0, 0, 0, 0
	for i, row := range rows {
		want, e := raw[ids[i]], row.Entries[0]
		if e.Happening != nil {
			cancelled++
			checkCancellation(t, ids[i], want, row)
			continue
		}
		orders++
		o := &e.Statement.Order
		if o.ID != ids[i] || e.Subject.ID != ids[i] {
			t.Errorf("order %s, want %s", o.ID, ids[i])
		}
		if diff := cmp.Diff(want.lines, lineTexts(t, o.Lines)); diff != "" {
			t.Errorf("order %s: %s", o.ID, diff)
		}
		if got := rat(t, o.Totals.Total); got.Cmp(want.total) != 0 {
			t.Errorf("order %s: total %s, want %s", o.ID, got, want.total)
		}
		if (o.Customer == nil) != (want.first[6] == "") || o.Customer != nil && o.Customer.ID != want.first[6] {
			t.Errorf("order %s: customer %+v, want %q", o.ID, o.Customer, want.first[6])
		}
		longest = max(longest, len(o.Lines))
		twice += repeated(o.Lines)
	}
	if orders != 85 || cancelled != 5 || longest != 251 || twice != 65 {
		t.Errorf("%d orders, %d cancellations, longest %d, %d products repeated; want 85, 5, 251, 65", orders, cancelled, longest, twice)
	}
}

func checkCancellation(t *testing.T, id string, want *invoice, row partner.Row) {
	t.Helper()
	e := row.Entries[0]
	if "C"+e.Subject.ID != id || e.Happening.Ref != id || e.Happening.Kind != order.KindCancelled {
		t.Errorf("%s: %+v", id, e)
	}
	if diff := cmp.Diff(want.lines, lineTexts(t, e.Happening.Lines)); diff != "" {
		t.Errorf("%s: %s", id, diff)
	}
	if sum := rat(t, e.Happening.Amount); sum.Neg(sum).Cmp(want.total) != 0 {
		t.Errorf("%s: amount %s, want %s", id, e.Happening.Amount, want.total)
	}
	if !strings.Contains(row.Skipped, "without its order") {
		t.Errorf("%s is not listed: %q", id, row.Skipped)
	}
}

// repeated counts the products that stand in more than one line of an order.
func repeated(lines []order.Line) (n int) {
	seen := map[string]int{}
	for _, l := range lines {
		if seen[l.Product.Code]++; seen[l.Product.Code] == 2 {
			n++
		}
	}
	return n
}

// TestTheRealOrderBookByKind checks what is billed beside products.
func TestTheRealOrderBookByKind(t *testing.T) {
	t.Parallel()
	kinds, skipped := map[order.LineKind][]string{}, []string{}
	for _, row := range readRetail(t) {
		if row.Skipped != "" && row.Entries[0].Statement != nil {
			skipped = append(skipped, row.Entries[0].Subject.ID+": "+row.Skipped)
		}
		if s := row.Entries[0].Statement; s != nil {
			for _, l := range s.Order.Lines {
				if l.Kind != order.LineProduct {
					kinds[l.Kind] = append(kinds[l.Kind], s.Order.ID+" "+l.Product.Code+" "+l.Total.String())
				}
			}
		}
	}
	want := map[order.LineKind][]string{
		order.LinePostage:    {"536370 POST 54", "536403 POST 15", "536527 POST 18", "536540 C2 50"},
		order.LineAdjustment: {"536414 22139 0"},
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"536414: an adjustment: none of its rows sells a product"}, skipped); diff != "" {
		t.Error(diff)
	}
}

func TestTheRealOrderBookInPlaceAndTime(t *testing.T) {
	t.Parallel()
	countries := map[string]int{}
	for _, row := range readRetail(t) {
		if s := row.Entries[0].Statement; s != nil {
			countries[s.Order.Recipient.Country]++
			if s.Order.ID == "536365" && s.Order.PlacedAt.String() != "2010-12-01T08:26:00Z" {
				t.Error(s.Order.PlacedAt)
			}
			if s.Order.Currency != "GBP" {
				t.Error(s.Order.Currency)
			}
		}
	}
	if countries["GB"] < 70 || countries["NO"] != 1 || len(countries) != 7 {
		t.Error(countries)
	}
}
