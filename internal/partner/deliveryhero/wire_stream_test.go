package deliveryhero

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// readAll returns the products of a body, as they are spelled.
func readAll(r io.Reader) (list []string, err error) {
	p := newProductReader(r)
	for {
		v, err := p.next()
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return list, err
		}
		list = append(list, string(v))
	}
}

func TestProductReader(t *testing.T) {
	t.Parallel()
	f := func(body, want string) {
		t.Helper()
		for _, r := range []io.Reader{strings.NewReader(body), iotest.OneByteReader(strings.NewReader(body))} {
			list, err := readAll(r)
			if got := strings.Join(list, "|"); err != nil || got != want {
				t.Errorf("%s: %q, %v", body, got, err)
			}
		}
	}
	f(`{"products":[]}`, ``)
	f(` { "products" : [ {"a":1} , 2,"x" ] } `, `{"a":1}|2|"x"`)
	f(`{"a":[{"products":[9]}],"b":"\"products\"","products":[1],"c":{"d":null}}`, `1`)
}

func TestProductReaderRefuses(t *testing.T) {
	t.Parallel()
	f := func(body, want string, whole int) {
		t.Helper()
		list, err := readAll(strings.NewReader(body))
		var bad *json.PathError
		if !errors.As(err, &bad) || !strings.Contains(bad.Error(), want) || len(list) != whole {
			t.Errorf("%.60s: %d products, %v", body, len(list), err)
		}
	}
	// No list of products.
	f(``, "breaks off", 0)
	f(`  `, "breaks off", 0)
	f(`7`, "must be an object", 0)
	f(`[]`, "must be an object", 0)
	f(`{}`, "products: is required", 0)
	f(`{"items":[]}`, "products: is required", 0)
	f(`{"products":null}`, "products: must be a list", 0)
	// Bodies that end too early.
	f(`{"products":`, "too early", 0)
	f(`{"products":[1,`, "too early", 1)
	f(`{"products":[1,"2`, "too early", 1)
	f(`{"products":[1]`, "too early", 1)
	// What is no JSON, or not strictly.
	f(`{"products":[1,]}`, "", 1)
	f(`{"products":[1 2]}`, "", 1)
	f(`{"products":[1]}}`, "", 1)
	f(`{"products":[1]}{}`, "comes after", 1)
	f(`{"products":[1],"products":[2]}`, "twice", 1)
	f(`{"products":[{"a":1,"a":2}]}`, "twice", 0)
	f("{\"products\":[\"\xff\"]}", "", 0)
	// What would fill the memory.
	long := strings.Repeat("x", mostElement)
	f(`{"products":[1,"`+long+`"]}`, "larger than 1 MB", 1)
	f(`{"note":"`+long+`","products":[1]}`, "larger than 1 MB", 0)
	f(strings.Repeat(" ", mostElement+1)+`{"products":[1]}`, "larger than 1 MB", 0)
}

// TestProductReaderMemory reads a long body, and never holds more than a little
// of it.
func TestProductReaderMemory(t *testing.T) {
	t.Parallel()
	const many = 40_000
	i := 0
	body := io.MultiReader(strings.NewReader(`{"products":[`), &made{many: many, write: func(b []byte) []byte {
		i++
		return fmt.Appendf(b, `{"sku":"SKU-%08d","price":%d.99,"active":true},`, i, i%1000+1)
	}}, strings.NewReader(`{"sku":"last"}]}`))
	p := newProductReader(body)
	n, most := 0, int64(0)
	for {
		_, err := p.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
		most = max(most, p.in.n-p.d.InputOffset())
	}
	if n != many+1 || most > 64<<10 {
		t.Errorf("%d products, up to %d bytes read ahead", n, most)
	}
}

// made is a long text that is made while it is read.
type made struct {
	many  int
	write func([]byte) []byte
	rest  []byte
}

func (m *made) Read(b []byte) (int, error) {
	for len(m.rest) < len(b) && m.many > 0 {
		m.rest = m.write(m.rest)
		m.many--
	}
	if len(m.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

// FuzzProducts reads bodies as they come and whole: both say the same.
func FuzzProducts(f *testing.F) {
	for _, body := range []string{
		`{"products":[{"sku":"A-1","price":4.5555555,"active":true,"quantity":9}]}`, `{"a":1,"products":[1,[2],"3"],"b":{}}`,
		`{"products":[1],"products":[2]}`, `{"products":[{"a":1,"a":2}]}`, `{"products":[1,]}`, `{}`, ``, `[`, `{"products":[1]} x`,
		`{"products":[{"barcode":["1","2"],"price":"1e3","maximum_sales_quantity":-1,"active":null}]}`, "{\"products\":[\"\\u0000\"]}",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := readAll(iotest.HalfReader(bytes.NewReader(body)))
		var whole struct {
			Products []json.Value `json:"products"`
		}
		wholeErr := json.Unmarshal(body, &whole)
		if err != nil {
			var bad *json.PathError
			if !errors.As(err, &bad) {
				t.Fatalf("not explained: %v", err)
			}
			if bad.Code != order.TooLarge && wholeErr == nil && whole.Products != nil {
				t.Fatalf("refused: %v", err)
			}
			return
		}
		if wholeErr != nil || len(whole.Products) != len(list) {
			t.Fatalf("taken, %d products: %v", len(list), wholeErr)
		}
		v := &vendor{ID: "290056", Buffer: 1}
		for i, text := range list {
			if text != string(whole.Products[i]) {
				t.Fatalf("[%d] is %q, and %q whole", i, text, whole.Products[i])
			}
			var w wireOffer
			if json.UnmarshalInput([]byte(text), &w) != nil {
				continue
			}
			e, reason := w.edit(v)
			if reason == "" && (e.Validate() != nil || e.Code == "" || e.Price.Scale() > priceDigits ||
				!e.Price.IsSet() && e.Active == nil) {
				t.Fatalf("%q: %+v", text, e)
			}
		}
	})
}
