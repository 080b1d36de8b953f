package idosell

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// icdfExample is made of the vendor's table of elements.
const icdfExample = `<?xml version="1.0" encoding="UTF-8"?>
<order><products>
  <product code="KX-1001-38" codeType="external" quantity="2"><comment>gift wrap</comment>
    <attachments><attachment><file>U3Rv
IGxhdCE=</file><name>karta.txt</name></attachment></attachments></product>
  <product code="SET-7" codeType="internal" quantity="1"><products>
    <product code="5901234123457" codeType="producer"/><product code="11-uniw" codeType="internal"/>
  </products></product>
</products></order>`

func dec(text string) order.Decimal {
	d, err := order.ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return d
}

func TestICDF(t *testing.T) {
	t.Parallel()
	f := func(doc string, want ...item) {
		t.Helper()
		for _, form := range []string{doc, "\ufeff" + doc, base64.StdEncoding.EncodeToString([]byte(doc))} {
			if got, err := readICDF([]byte(form)); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%.40q:\n got %+v, %v\nwant %+v", form, got, err, want)
			}
		}
	}
	f(icdfExample,
		item{Code: "KX-1001-38", Type: catalog.External, Quantity: dec("2"), Comment: "gift wrap",
			Attachments: []order.Attachment{{Name: "karta.txt", Data: []byte("Sto lat!")}}},
		item{Code: "SET-7", Type: catalog.Internal, Quantity: dec("1"), Components: []component{{"5901234123457", catalog.Producer}, {"11-uniw", catalog.Internal}}})
	one := item{Code: "A", Type: catalog.Internal, Quantity: dec("1.5")}
	// Any element may be the envelope, or none.
	f(`<basket><x/><products><product code="A" codeType="Internal" quantity="1.5"/></products></basket>`, one)
	f(`<products><product code="A" quantity="1.5"/><other/></products>`, one)
	f("A;1.5;", one)
	f("sku;Quantity;comments\r\nA;1.5;\r\n", one)
	// The extended form.
	f("SKU;quantity;comments;product_code;external_code;display_code;size;name\nA;1.5;;A-1;E-1;D-1;M;Kubek\n;1;\"a; \"\"b\"\"\";;E-2",
		one, item{Code: "E-2", Type: catalog.External, Quantity: dec("1"), Comment: `a; "b"`})
}

func TestICDFRefused(t *testing.T) {
	t.Parallel()
	f := func(doc, want string) {
		t.Helper()
		if _, err := readICDF([]byte(doc)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", doc, err, want)
		}
	}
	product := func(attrs string) string { return "<products><product " + attrs + "/></products>" }
	f("", "no product")
	f("<order/>", "products: is missing")
	f("<products/>", "holds no product")
	f(product(`quantity="1"`), "products/product[0]/@code: is required")
	f(product(`code="A"`), "products/product[0]/@quantity: is required")
	f(product(`code="A" quantity="0"`), "is not above 0")
	f(product(`code="A" quantity="1e3"`), "@quantity")
	f(product(`code="A" codeType="ean" quantity="1"`), "@codeType: is none of")
	f(product(`code="A" code="B" quantity="1"`), "stands twice")
	f(product(`code="`+strings.Repeat("x", 201)+`" quantity="1"`), "too long")
	// What XML can do that no basket needs.
	f(`<!DOCTYPE p [<!ENTITY a "aaaa">]>`+product(`code="&a;" quantity="1"`), "document type")
	f(product(`code="&a;" quantity="1"`), "not well-formed")
	f(`<?php x?>`+product(`code="A" quantity="1"`), "processing instructions")
	f(strings.Repeat("<a>", 10_000), "too deep")
	f("<a>"+strings.Repeat("<b/>", icdfElements)+"</a>", "too many elements")
	f("<products>"+strings.Repeat(`<product code="A" quantity="1"/>`, 101)+"</products>", "more than 100")
	f(product(`code="A" quantity="1"`)+product(`code="A" quantity="1"`), "more than one document")
	f("<products><product", "not well-formed")
	f(`<?xml version="1.0" encoding="ISO-8859-2"?><products/>`, "not well-formed XML in UTF-8")
	f("<products><product code=\"A\" quantity=\"1\"><attachments><attachment><file>*</file></attachment></attachments></product></products>", "is not base64")
	// CSV.
	f("A;x;", "line 1: quantity")
	f("SKU;quantity\nA", "line 2: quantity: is required")
	f(";1;", "SKU: is required")
	f("A;1;\"open", "line 1: is no row of CSV")
	f("A;1;;;;;;;;", "more than 8 cells")
	f("A\x01;1;", "control characters")
	f("A;1;\xff", "not valid UTF-8")
}

func TestICDFFiles(t *testing.T) {
	t.Parallel()
	f := func(name, doc, id string, lines int) {
		t.Helper()
		var rows []partner.Row
		for _, format := range formats() {
			if sniffed := format.Sniff([]byte(doc)); sniffed != (format.Name == name) {
				t.Errorf("%s says %v of %.30q", format.Name, sniffed, doc)
			}
			if format.Name != name {
				continue
			}
			for row, err := range format.Read(strings.NewReader(doc), partner.ReadOptions{Currency: "PLN"}) {
				if err != nil {
					t.Fatal(err)
				}
				rows = append(rows, row)
			}
		}
		if len(rows) != 1 || len(rows[0].Entries) != 1 {
			t.Fatalf("%+v", rows)
		}
		o := rows[0].Entries[0].Statement.Order
		if o.ID != id || len(o.Lines) != lines || o.Currency != "PLN" || rows[0].Entries[0].Subject.ID != id {
			t.Errorf("%+v", o)
		}
		if bad := order.Validate(&o); bad != nil {
			t.Error(bad)
		}
	}
	f("icdf-xml", icdfExample, "icdf-316d4dbff81aeac6", 2)
	f("icdf-xml", strings.Replace(icdfExample, "<order>", `<order id="Z-17">`, 1), "Z-17", 2)
	f("icdf-csv", "SKU;quantity;comments\nA;2;prosze\nB;1;\n", "icdf-15c3f03e16a88195", 2)

	for _, err := range formats()[0].Read(strings.NewReader("<products/>"), partner.ReadOptions{}) {
		if _, ok := err.(*order.Invalid); !ok {
			t.Errorf("a bad file: %v", err)
		}
	}
}

// FuzzICDF reads whatever strangers send as a basket: no document makes the
// reader panic, what it takes is a basket that an order can hold, and reading
// what it means again means the same.
func FuzzICDF(f *testing.F) {
	f.Add([]byte(icdfExample))
	f.Add([]byte("SKU;quantity;comments\nA;1.5;\"x;y\"\n"))
	f.Add([]byte(base64.StdEncoding.EncodeToString([]byte("A;1;"))))
	f.Add([]byte("<products><product code='&#65;' quantity='1'/></products>"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		items, err := readICDF(doc)
		if err != nil {
			if _, ok := err.(*icdfError); !ok {
				t.Fatalf("%T", err)
			}
			return
		}
		if len(items) == 0 || len(items) > mostElements {
			t.Fatalf("%d items", len(items))
		}
		var again bytes.Buffer
		again.WriteString("<products>")
		for _, it := range items {
			if it.Code == "" || it.Quantity.Sign() <= 0 || !it.Type.Known() {
				t.Fatalf("%+v", it)
			}
			fmt.Fprintf(&again, "<product code=%s codeType=%q quantity=%q/>", quoted(it.Code), it.Type, it.Quantity)
		}
		again.WriteString("</products>")
		same, err := readICDF(again.Bytes())
		if err != nil || len(same) != len(items) {
			t.Fatalf("read again: %v", err)
		}
		for i := range same {
			if same[i].Code != items[i].Code || same[i].Quantity != items[i].Quantity {
				t.Fatalf("%+v, %+v", same[i], items[i])
			}
		}
	})
}

// quoted is a text as an attribute of XML.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		fmt.Fprintf(&b, "&#%d;", r)
	}
	b.WriteByte('"')
	return b.String()
}
