package catalog_test

import (
	"errors"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

func num(text string) order.Decimal {
	d, err := order.ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return d
}

// readAll reads a file: products, and complaints as texts.
func readAll(t testing.TB, r io.Reader) (products []catalog.Product, faults []string) {
	t.Helper()
	reader, err := catalog.NewReader(r, "SEK")
	if err != nil {
		return nil, []string{err.Error()}
	}
	for {
		p, err := reader.Next()
		var bad *catalog.RowError
		switch {
		case errors.As(err, &bad):
			faults = append(faults, bad.Error())
		case errors.Is(err, io.EOF):
			return products, faults
		case err != nil:
			return products, append(faults, err.Error())
		default:
			products = append(products, *p)
		}
	}
}

func TestReadProducts(t *testing.T) {
	t.Parallel()
	const file = "\ufeffCode;EAN;name;name:pl;price;currency;active;kind;stock:north;Stock:South;buffer;size;parent;store\r\n" +
		"K-38;5901234123457;\"Skor; \"\"röda\"\"\";Buty;129.90;;n;fixed;4;0.5;1;38;K;Lund\r\n" +
		"\r\n" +
		"K-39;;;;;;;;;;;;;\r\n" +
		"K-40;;\"two\nlines\";;5;EUR;Y;LIVE;0;0;;;;\r\n"
	got, faults := readAll(t, strings.NewReader(file))
	want := []catalog.Product{
		{
			Product: order.Product{Code: "K-38", GTIN: "5901234123457", Name: `Skor; "röda"`, Size: "38"}, Names: map[string]string{"pl": "Buty"},
			Price: num("129.90"), Currency: "SEK", Kind: catalog.Fixed, Buffer: num("1"), Parent: "K", Store: "Lund", Line: 2,
			Stock: []catalog.Stock{{Warehouse: "north", Quantity: num("4")}, {Warehouse: "South", Quantity: num("0.5")}},
		},
		{Product: order.Product{Code: "K-39"}, Active: true, Line: 4},
		{
			Product: order.Product{Code: "K-40", Name: "two\nlines"}, Price: num("5"), Currency: "EUR", Active: true, Kind: catalog.Live, Line: 5,
			Stock: []catalog.Stock{{Warehouse: "north", Quantity: num("0")}, {Warehouse: "South", Quantity: num("0")}},
		},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b order.Decimal) bool { return a.String() == b.String() })); diff != "" || faults != nil {
		t.Error(diff, faults)
	}
}

func TestSeparators(t *testing.T) {
	t.Parallel()
	for _, c := range []string{",", ";", "\t"} {
		got, faults := readAll(t, strings.NewReader(strings.Join([]string{"sku", "code", "stock"}, c)+"\n"+strings.Join([]string{"s", "A", "3"}, c)))
		if len(got) != 1 || got[0].Code != "A" || got[0].SKU != "s" || got[0].OnHand().String() != "3" || faults != nil {
			t.Errorf("%q: %+v, %q", c, got, faults)
		}
	}
}

func TestFaultsByLineAndColumn(t *testing.T) {
	t.Parallel()
	f := func(file string, good int, want ...string) {
		t.Helper()
		got, faults := readAll(t, strings.NewReader(file))
		if len(got) != good || cmp.Diff(want, faults) != "" {
			t.Errorf("%q: %d good, %q", file, len(got), faults)
		}
	}
	// The header.
	f("", 0, "EOF")
	f("name\nA\n", 0, "line 1 (code): the column is missing")
	f("code,colour,CODE,stock:,name:\n", 0, "line 1, column 2 (colour): no column has this name; line 1, column 3 (CODE): says the same as column 1; "+
		"line 1, column 4 (stock:): no column has this name; line 1, column 5 (name:): no column has this name")
	f("code,gtin,ean\n", 0, "line 1, column 3 (ean): says the same as column 2")
	// Cells.
	f("code,price,active,kind\nA,x,maybe,mine\nB,1,y,ours\n", 1, "line 2, column 2 (price): not a plain decimal number such as 12.50; "+
		"line 2, column 3 (active): is neither yes nor no (1, 0, y, n, true, false); line 2, column 4 (kind): is none of ours, fixed and live")
	f("name,code\nA,\n", 0, "line 2, column 2 (code): is required")
	f("code,stock:a,stock:b\nA,1,-1\n", 0, "line 2, column 3 (stock:b): is below 0")
	f("code,stock:a,stock:b\nA,,1\nB,,\nC,1,2\n", 2, "line 2, column 2 (stock:a): is empty where another warehouse has a number; write 0")
	f("code,currency\nA,eur\n", 0, "line 2, column 2 (currency): is not a currency such as EUR")
	f("code,price\nA,\"1,5\"\n", 0, "line 2, column 2 (price): not a plain decimal number such as 12.50")
	f("code,name:pl\nA,\xff\n", 0, "line 2, column 2 (name:pl): not valid UTF-8")
	// Rows.
	f("code,name\nA\nB,b,c\nC,c\n", 1, "line 2: has 1 cells instead of 2", "line 3: has 3 cells instead of 2")
	f("code,name\nA,a\"b\nB,b\n", 1, `line 2: bare " in non-quoted-field (line 2, byte 4)`)
	// What has no end.
	f("code,name\nA,a\nB,\""+strings.Repeat("x", 300<<10), 1, catalog.ErrRecordTooLong.Error())
	f(strings.Repeat("code,", 100<<10), 0, catalog.ErrRecordTooLong.Error())
}

// many is a file of so many products that is nowhere whole.
type many struct {
	products, at int
	rest         []byte
}

func (m *many) Read(p []byte) (int, error) {
	if len(m.rest) == 0 {
		if m.at == m.products {
			return 0, io.EOF
		}
		if m.at == 0 {
			m.rest = append(m.rest, "code,ean,name,price,stock\n"...)
		}
		m.at++
		n := strconv.Itoa(m.at)
		m.rest = append(m.rest, "P-"+n+","+strconv.Itoa(5900000000000+m.at)+",Name of product "+n+",12.50,"+n+"\n"...)
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

// A file takes the memory of a few rows, however long it is. It runs alone:
// the memory of others would be counted.
func TestReadingTakesLittleMemory(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	r, err := catalog.NewReader(&many{products: 20_000}, "")
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			if n != 20_001 {
				t.Errorf("%d products", n-1)
			}
			break
		}
		if err != nil || p.Line != n+1 {
			t.Fatal(p, err)
		}
	}
	if after := heap(); after > before+1<<20 {
		t.Errorf("%d bytes more than before", after-before)
	}
	runtime.KeepAlive(r)
}

func FuzzReader(f *testing.F) {
	f.Add("code,name\nA,a\n")
	f.Add("\ufeffcode;stock:x;stock:y;price\nA;1;2;0.10\nB;;;\nC;1;;x\n\"D")
	f.Add("code\tname:pl\n\"A\"\"\"\tb\n\xff\tc\n")
	f.Fuzz(func(t *testing.T, file string) {
		products, _ := readAll(t, strings.NewReader(file))
		for i := range products {
			if bad := products[i].Validate(); bad != nil || products[i].Line < 2 {
				t.Errorf("line %d: %v", products[i].Line, bad)
			}
		}
	})
}
