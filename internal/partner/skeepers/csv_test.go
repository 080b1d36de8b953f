package skeepers

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// moduleHeader is the header that the vendor's shop module writes
// (its source code, release 9.0.2, seen 2026).
const moduleHeader = "channel;purchase_date;purchase_price;purchase_reference;first_name;last_name;email;phone;hide_personal_data;language;delay;delay_product;name;product_ref;category;brand;product_price;ean;sku;upc;isbn;jan;mpn;product_url;image_url;flagged"

var paris, _ = time.LoadLocation("Europe/Paris")

// readFile returns a file's purchases and what is wrong with it.
func readFile(t *testing.T, text string) (rows []partner.Row, faults []partner.CellFault, ended error) {
	t.Helper()
	for row, err := range readCSV(strings.NewReader(text), partner.ReadOptions{Location: paris, Currency: "EUR"}) {
		var bad partner.CellFaults
		switch {
		case errors.As(err, &bad):
			faults = append(faults, bad...)
		case err != nil:
			return rows, faults, err
		default:
			rows = append(rows, row)
		}
		if row.LastLine < row.Line || row.Count < 1 || row.Bytes < 1 {
			t.Errorf("%+v", row)
		}
	}
	return rows, faults, nil
}

func orders(rows []partner.Row) (out []*order.Order) {
	for _, r := range rows {
		out = append(out, &r.Entries[0].Statement.Order)
	}
	return out
}

// goodFile returns the orders of a file without faults.
func goodFile(t *testing.T, text string) []*order.Order {
	t.Helper()
	rows, faults, err := readFile(t, text)
	if err != nil || len(faults) > 0 {
		t.Fatalf("%v, faults %+v", err, faults)
	}
	return orders(rows)
}

func TestCSVOfTheModule(t *testing.T) {
	t.Parallel()
	list := goodFile(t, moduleHeader+"\r\n"+
		`online;2026-03-14;84.50;W-1;Bruno;Keller;bruno.keller@shop.example;33100000000;true;de;5;14;12\" mug;P-778;Kitchen;Atelier Nord;12.5;4006381333931;MUG;0123;978-1;4900000000000;M-1;https://shop.example/p/778;https://shop.example/i/778.jpg;1`+"\r\n"+
		`online;2026-03-14;84.50;W-1;Bruno;Keller;bruno.keller@shop.example;33100000000;true;de;5;21;Kettle;P-901;;;72;;;;;;KT-9;;;0`+"\r\n"+
		`online;2026-03-15;10;W-2;Ada;.;ada@shop.example;;false;fr;0;;;;;;;;;;;;;;;1`+"\r\n")
	if len(list) != 2 {
		t.Fatal(list)
	}
	o := list[0]
	if o.ID != "W-1" || o.PlacedAt.String() != "2026-03-14T00:00:00+01:00" || o.Currency != "EUR" || o.Channel != "online" || o.Totals.Total.String() != "84.50" {
		t.Errorf("%+v", o)
	}
	if c := o.Customer; c.FirstName != "Bruno" || c.LastName != "Keller" || c.Email != "bruno.keller@shop.example" || c.Phone != "33100000000" || c.Language != "de" || !c.Hidden {
		t.Errorf("%+v", c)
	}
	if r := o.Review; *r.Shop.Delay != 5 || *r.Products.Delay != 14 {
		t.Errorf("%+v", r)
	}
	if len(o.Lines) != 2 || *o.Lines[1].ReviewDelay != 21 || o.Lines[0].ReviewDelay != nil || o.Lines[0].UnitPrice.String() != "12.5" {
		t.Errorf("%+v", o.Lines)
	}
	want := order.Product{Code: "P-778", SKU: "MUG", GTIN: "4006381333931", UPC: "0123", ISBN: "978-1", JAN: "4900000000000", MPN: "M-1",
		Name: `12" mug`, Brand: "Atelier Nord", Category: "Kitchen", URL: "https://shop.example/p/778", ImageURL: "https://shop.example/i/778.jpg"}
	if o.Lines[0].Product != want {
		t.Errorf("%+v", o.Lines[0].Product)
	}
	if o = list[1]; len(o.Lines) != 0 || *o.Review.Shop.Delay != 0 || o.Review.Products != nil || o.Extra != nil {
		t.Errorf("%+v", o)
	}
}

// few are columns for short files.
const few = "purchase_reference;purchase_date;first_name;last_name;email;language\n"

// wild are the same two purchases as many programs write them.
func TestCSVInTheWild(t *testing.T) {
	t.Parallel()
	f := func(text string) {
		t.Helper()
		list := goodFile(t, text)
		if len(list) != 2 || list[0].ID != "A1" || list[0].Customer.LastName != "Lefèvre" || list[1].Customer.FirstName != "Ørjan" || list[1].ID != "A2" {
			t.Errorf("%q: %+v", text, list)
		}
	}
	rows := "A1;2026-01-02;Zoé;Lefèvre;zoe@shop.example;fr\nA2;2026-01-02;Ørjan;Dahl;orjan@shop.example;en\n"
	f(few + rows)
	f(utf8BOM + few + rows)
	f(few + strings.TrimSuffix(rows, "\n"))
	f(strings.ReplaceAll(few+rows, "\n", "\r\n"))
	f(strings.ReplaceAll(few+rows, ";", ","))
	f(strings.ReplaceAll(few+rows, ";", "\t"))
	f(strings.ToUpper(few) + rows)
	// empty lines, empty cells behind the last column, blanks
	f(few + "\n" + strings.ReplaceAll(rows, "\n", ";;\n\n;;;;;\n"))
	f(strings.ReplaceAll(few+rows, ";", " ; "))
	// quoted: all, some, with separators and quotes in them
	f(strings.ReplaceAll(`"`+strings.ReplaceAll(strings.TrimSuffix(few+rows, "\n"), ";", `";"`)+`"`, "\n", "\"\n\""))
	f(few + `"A1";2026-01-02;"Zoé ""Z"" \"X\", ; y";Lefèvre;zoe@shop.example;"fr"` + "\nA2;2026-01-02;Ørjan;Dahl;orjan@shop.example;en\n")
	f(few + "A1;2026-01-02;\"Zoé\nMarie\";Lefèvre;zoe@shop.example;fr\nA2;2026-01-02;Ørjan;Dahl;orjan@shop.example;en\n")
	// a quote that is a letter
	f(few + `A1;2026-01-02;"Zoé" Marie;Lefèvre;zoe@shop.example;fr` + "\nA2;2026-01-02;Ørjan;\"Dahl;orjan@shop.example;en\n")
	f(few + `A1;2026-01-02;"Zoé;Lefèvre;zoe@shop.example;fr` + "\nA2;2026-01-02;Ørjan;Dahl\";orjan@shop.example;en\n")
	// ISO-8859-1
	latin := make([]byte, 0, len(rows))
	for _, r := range few + rows {
		latin = append(latin, byte(r))
	}
	f(string(latin))
	// columns in another sequence, and unknown ones
	f("language;email;colour;last_name;first_name;purchase_date;purchase_reference\nfr;zoe@shop.example;red;Lefèvre;Zoé;2026-01-02;A1\nen;orjan@shop.example;;Dahl;Ørjan;2026-01-02;A2\n")
	// the platform before
	f("order_ref;firstname;lastname;email;order_date;id_product;ulr_product;url_image_product;gtin_ean;sku\n" +
		"A1;Zoé;Lefèvre;zoe@shop.example;2026-01-02;7;https://shop.example/7;https://shop.example/7.jpg;4006381333931;S7\n" +
		"A1;Zoé;Lefèvre;zoe@shop.example;2026-01-02;8;;;;S8\nA2;Ørjan;Dahl;orjan@shop.example;2026-01-02;;;;;\n")
}

func TestCSVHistoricProduct(t *testing.T) {
	t.Parallel()
	list := goodFile(t, "order_ref,firstname,lastname,email,order_date,id_product,ulr_product,url_image_product,gtin_ean,sku\n"+
		"7,A,B,a@shop.example,2026-01-02 09:30,P7,https://shop.example/7,https://shop.example/7.jpg,4006381333931,S7\n")
	want := order.Product{Code: "P7", URL: "https://shop.example/7", ImageURL: "https://shop.example/7.jpg", GTIN: "4006381333931", SKU: "S7"}
	if len(list) != 1 || list[0].Lines[0].Product != want || list[0].Channel != "online" {
		t.Errorf("%+v", list)
	}
}

func TestCSVUnknownColumnsAreKept(t *testing.T) {
	t.Parallel()
	list := goodFile(t, "purchase_reference;purchase_date;first_name;last_name;email;product_ref;colour\nA;2026-01-02;A;B;a@shop.example;1;red\nA;2026-01-02;A;B;a@shop.example;2;\"deep \"\"blue\"\"\"\n")
	if x := list[0].Extra; len(x) != 2 || string(x["rows[0].colour"]) != `"red"` || string(x["rows[1].colour"]) != `"deep \"blue\""` {
		t.Errorf("%s", x)
	}
}

func TestCSVOffline(t *testing.T) {
	t.Parallel()
	head := "channel;shop_id;purchase_reference;purchase_date;first_name;last_name;email\n"
	list := goodFile(t, head+"offline;paris-01;A;2026-01-02;A;B;a@shop.example\n;;B;2026-01-02;A;B;a@shop.example\n")
	if list[0].Channel != "offline" || list[0].Store != "paris-01" || list[1].Channel != "online" {
		t.Errorf("%+v", list)
	}
	_, faults, _ := readFile(t, head+"offline;;A;2026-01-02;A;B;a@shop.example\n")
	if len(faults) != 1 || faults[0].Column != "shop_id" {
		t.Errorf("%+v", faults)
	}
}

func TestCSVDates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2022-10-15":                "2022-10-15T00:00:00+02:00",
		"2022-10-15 09:30":          "2022-10-15T09:30:00+02:00",
		"2022-10-15 09:30:15":       "2022-10-15T09:30:15+02:00",
		"15/10/2022":                "2022-10-15T00:00:00+02:00",
		"15/10/2022 09:30":          "2022-10-15T09:30:00+02:00",
		"15/01/2022 23:30:15":       "2022-01-15T23:30:15+01:00",
		"2022-10-15T09:30:15Z":      "2022-10-15T09:30:15Z",
		"2022-10-15T09:30:15+05:30": "2022-10-15T09:30:15+05:30",
		"2022-10-15T09:30:15":       "2022-10-15T09:30:15+02:00",
	} {
		list := goodFile(t, few+"A;"+text+";A;B;a@shop.example;fr\n")
		if got := list[0].PlacedAt.String(); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	for _, text := range []string{"2022-13-01", "31/02/2022", "10/15/2022", "2022-10-15 25:00", "15.10.2022", "yesterday", "0000-00-00", "20221015", "1665820800"} {
		_, faults, _ := readFile(t, few+"A;"+text+";A;B;a@shop.example;fr\n")
		if len(faults) != 1 || faults[0].Column != "purchase_date" || faults[0].Value != text {
			t.Errorf("%s: %+v", text, faults)
		}
	}
}

// TestCSVFaults has a fault per line, named as it is reported.
func TestCSVFaults(t *testing.T) {
	t.Parallel()
	head := "channel;purchase_date;purchase_price;purchase_reference;first_name;last_name;email;phone;hide_personal_data;language;delay;product_ref;name\n"
	f := func(row string, want ...string) {
		t.Helper()
		rows, faults, err := readFile(t, head+
			"online;2026-01-02;1;before;A;B;a@shop.example;;;fr;;;\n"+row+
			"\nonline;2026-01-02;1;after;A;B;a@shop.example;;;fr;;;\n")
		if err != nil || len(rows) != 2 {
			t.Errorf("%v, %d taken", err, len(rows))
		}
		var got []string
		for _, c := range faults {
			got = append(got, fmt.Sprintf("%d|%s|%s|%s", c.Line, c.Column, c.Value, c.Reason))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nis not\n%s", row, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	good := "online;2026-01-02;1;X;A;B;a@shop.example;;;fr;;;"
	f("store;2026-01-02;1;X;A;B;a@shop.example;;;fr;;;", "3|channel|store|must be online or offline")
	f("online;;1;X;A;B;a@shop.example;;;fr;;;", "3|purchase_date||is required")
	f("online;2026-01-02;1,50;X;A;B;a@shop.example;;;fr;;;", "3|purchase_price|1,50|"+string(order.ErrNotDecimal))
	f("online;2026-01-02;-1;X;A;B;a@shop.example;;;fr;;;", "3|purchase_price|-1|must not be below 0")
	f("online;2026-01-02;1;;A;B;a@shop.example;;;fr;;;", "3|purchase_reference||is required")
	f("online;2026-01-02;1;X;;B;a@shop.example;;;fr;;;", "3|first_name||is required")
	f("online;2026-01-02;1;X;A;;a@shop.example;;;fr;;;", "3|last_name||is required")
	f("online;2026-01-02;1;X;A;B;;;;fr;;;", "3|email||is required")
	f("online;2026-01-02;1;X;A;B;ada.shop.example;;;fr;;;", "3|email|[masked]|is no mail address")
	f("online;2026-01-02;1;X;A;B;ada@shop;;;fr;;;", "3|email|[masked]|is no mail address")
	f("online;2026-01-02;1;X;A;B;a@shop.example;;yes;fr;;;", "3|hide_personal_data|yes|must be true or false")
	f("online;2026-01-02;1;X;A;B;a@shop.example;;;french;;;", "3|language|french|must be a language of two letters such as en")
	f("online;2026-01-02;1;X;A;B;a@shop.example;;;;;;", "3|language||is required")
	f("online;2026-01-02;1;X;A;B;a@shop.example;;;fr;-1;;", "3|delay|-1|must be a whole number of days, 0 or more")
	f("online;2026-01-02;1;X;A;B;a@shop.example;;;fr;1.5;;", "3|delay|1.5|must be a whole number of days, 0 or more")
	f("online;2026-01-02;1;X;A;B;a@shop.example;;;fr;;;Mug", "3|product_ref||is required beside the product's other values")
	// an address in the wrong column is masked too
	f("ada@shop.example;2026-01-02;1;X;A;B;a@shop.example;;;fr;;;", "3|channel|[masked]|must be online or offline")
	f("online;2026-01-02;1;X;A;B\x01;a@shop.example;;;fr;;;", "3|last_name||"+string(order.ErrControl))
	f("online;2026-01-02;1;"+strings.Repeat("X", 201)+";A;B;a@shop.example;;;fr;;;", "3|purchase_reference||"+string(order.ErrTextTooLong))
	// the row as such
	f("online;2026-01-02", "3|||has 2 cells, the header has 13")
	f(good+"blue; mug", "3|||has 14 cells, the header has 13: is a separator part of a value?")
	f(`online;"2026-01-02`, "3|||a quote is not closed")
	f(strings.Repeat("x", maxLine+1), "3|||is longer than 1 MB")
	// several at once, on several rows of one purchase: it is refused whole
	f("shop;x;1;X;A;B;a@shop.example;;;fr;;1;\n"+good+"\nonline;2026-01-02;2;X;A;B;b@shop.example;;;fr;;2;",
		"3|channel|shop|must be online or offline",
		"3|purchase_date|x|is no date such as 2022-10-15, 2022-10-15 09:30, 15/10/2022 or 15/10/2022 09:30:00",
		"4|channel|online|differs from line 3 of the same purchase",
		"4|purchase_date|2026-01-02|differs from line 3 of the same purchase",
		"5|channel|online|differs from line 3 of the same purchase",
		"5|purchase_date|2026-01-02|differs from line 3 of the same purchase",
		"5|purchase_price|2|differs from line 3 of the same purchase",
		"5|email|[masked]|differs from line 3 of the same purchase")
	f(good+"\nonline;2026-01-02;1;X;A;B;a@shop.example;;;fr;x;1;\n"+good,
		"3|||refused with line 4 of the same purchase",
		"4|delay|x|must be a whole number of days, 0 or more",
		"5|||refused with line 4 of the same purchase")
	// a row that can not be read, of a purchase that stands around it
	f(good+"\n"+good+";;x\n"+good,
		"4|||has 15 cells, the header has 13: is a separator part of a value?",
		"3|||line 4, which can not be read, belongs to this purchase",
		"5|||refused with line 3 of the same purchase")
	// apart
	f("shop;2026-01-02;1;X;A;B;a@shop.example;;;fr;;;\nonline;2026-01-02;1;before;A;B;a@shop.example;;;fr;;2;",
		"3|channel|shop|must be online or offline",
		"4|purchase_reference|before|rows of this purchase stand further up; the rows of a purchase must stand together")
}

// TestCSVDamagedUTF8 does not take a damaged line for one in ISO-8859-1.
func TestCSVDamagedUTF8(t *testing.T) {
	t.Parallel()
	rows, faults, err := readFile(t, few+"A;2026-01-02;Zoé;B;a@shop.example;fr\nB;2026-01-02;Zo\xc3;B;a@shop.example;fr\nC;2026-01-02;Zoé;B;a@shop.example;fr\n")
	if err != nil || len(rows) != 2 || len(faults) != 1 || faults[0].Line != 3 {
		t.Errorf("%v %+v %+v", err, rows, faults)
	}
}

func TestCSVUnreadable(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		_, _, err := readFile(t, text)
		var bad *partner.Unreadable
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	f("", "empty")
	f("\xff\xfep\x00u\x00r\x00", "UTF-16")
	f("hello\nworld\n", "no header of this format")
	f("order_id\torder_date\tproduct_code\n", "no header of this format")
	f("purchase_reference;first_name;last_name;email\n1;2;3;4\n", "there is no column purchase_date")
	f("purchase_reference;purchase_date;order_ref;first_name;last_name;email\n", "the columns purchase_reference and order_ref are the same one")
	f(strings.Repeat("purchase_reference;", 100_000), "longer than 1 MB")
}

func TestCSVSniff(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]bool{
		moduleHeader: true, few: true, utf8BOM + few: true, strings.ReplaceAll(few, ";", "\t"): true,
		`"order_ref","firstname","lastname","email","order_date"` + "\r\n": true,
		"order_id\torder_date\tproduct_code\tquantity\n":                   false,
		`{"id":"purchase_reference;email;first_name;last_name"}`:           false,
		"InvoiceNo,StockCode,Description\n":                                false,
		"":                                                                 false,
	} {
		if got := sniffCSV([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
	for head, want := range map[string]byte{few: ';', strings.ReplaceAll(few, ";", ","): ',', strings.ReplaceAll(few, ";", "\t"): '\t', "x": 0} {
		if got := separatorOf([]byte(head)); got != want {
			t.Errorf("%q: %q", head, got)
		}
	}
}

// TestCSVTooMuch bounds one purchase.
func TestCSVTooMuch(t *testing.T) {
	t.Parallel()
	head := "purchase_reference;purchase_date;first_name;last_name;email;product_ref\n"
	f := func(n int, more string) {
		t.Helper()
		text := head + strings.Repeat("A;2026-01-02;A;B;a@shop.example;7"+more+"\n", n) + "B;2026-01-02;A;B;a@shop.example;7\n"
		rows, faults, err := readFile(t, text)
		if err != nil || len(rows) != 1 || len(faults) == 0 || !strings.Contains(faults[len(faults)-1].Reason+faults[0].Reason, "more than 10000 rows or 4 MB") {
			t.Errorf("%v, %d rows, %d faults", err, len(rows), len(faults))
		}
	}
	f(maxRows+1, "")
	f(20, strings.Repeat("x", 250_000))
}

// TestCSVSeen forgets what is long ago, and no more.
func TestCSVSeen(t *testing.T) {
	t.Parallel()
	const most = 1000
	s := newSeen(most)
	for i := range 3 * most {
		if s.again(fmt.Sprint(i)) {
			t.Fatal(i)
		}
	}
	if !s.again(fmt.Sprint(2*most)) || len(s.now)+len(s.old) > 2*most {
		t.Errorf("%d and %d", len(s.now), len(s.old))
	}
}

// TestCSVStops gives up when the consumer wants no more.
func TestCSVStops(t *testing.T) {
	t.Parallel()
	text := few + "A;2026-01-02;A;B;a@shop.example;fr\n;;x;;;\nB;2026-01-02;A;B;a@shop.example;fr\nB2;x;A;B;a@shop.example;fr\n"
	for n := range 4 {
		seen := 0
		for range readCSV(strings.NewReader(text), partner.ReadOptions{}) {
			if seen++; seen > n {
				break
			}
		}
		if seen != n+1 {
			t.Errorf("%d after %d", seen, n)
		}
	}
}

// TestCSVFailingReader tells a trouble of ours from one of the file.
func TestCSVFailingReader(t *testing.T) {
	t.Parallel()
	trouble := errors.New("disk on fire")
	r := io.MultiReader(strings.NewReader(few+"A;2026-01-02;A;B;a@shop.example;fr\nB;2026-01"), &failing{trouble})
	n := 0
	for _, err := range readCSV(r, partner.ReadOptions{}) {
		if err == nil {
			n++
			continue
		}
		var bad *partner.Unreadable
		if !errors.Is(err, trouble) || errors.As(err, &bad) {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d rows", n)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzCSV(f *testing.F) {
	f.Add([]byte(moduleHeader + "\r\nonline;2026-03-14;84.50;W-1;B;K;b@shop.example;;true;de;5;14;12\\\" mug;P;;;1;;;;;;;;;1\r\n"))
	f.Add([]byte(few + "A;2026-01-02;\"Zo\n\";B;a@shop.example;fr\n\"B;2026-01-02;A;B;a@shop.example;fr\nC;;;"))
	f.Add([]byte(utf8BOM + strings.ReplaceAll(few, ";", "\t") + "A\t15/10/2022\t\xe9\tB\ta@shop.example\tfr"))
	f.Add([]byte("order_ref,firstname,lastname,email,order_date,id_product\n1,a,b,c@d.example,2026-01-02,\"\"\"\"\n1,a,b,c@d.example,2026-01-02,\\\"\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		lines, count, ended := 0, 0, false
		for row, err := range readCSV(strings.NewReader(string(file)), partner.ReadOptions{Location: paris, Currency: "EUR"}) {
			if ended {
				t.Fatal("a row after the end")
			}
			var bad partner.CellFaults
			var unreadable *partner.Unreadable
			switch {
			case errors.As(err, &unreadable):
				ended = true
				continue
			case errors.As(err, &bad):
				if len(bad) == 0 || len(bad) > maxFaults+maxRows+2 {
					t.Fatalf("%d faults", len(bad))
				}
				for _, c := range bad {
					if c.Line < row.Line || c.Line > row.LastLine || c.Reason == "" || strings.Contains(c.Value, "@") {
						t.Fatalf("%+v of %+v", c, row)
					}
				}
			case err != nil:
				t.Fatal(err)
			default:
				o := &row.Entries[0].Statement.Order
				if o.ID == "" || o.PlacedAt.IsZero() || o.Customer.Email == "" || order.Validate(o) != nil {
					t.Fatalf("%+v", o)
				}
			}
			lines = row.LastLine
			count += row.Count
		}
		if most := strings.Count(string(file), "\n") + 1; lines > most || count > most {
			t.Fatalf("%d lines, %d counted, of %d", lines, count, most)
		}
	})
}
