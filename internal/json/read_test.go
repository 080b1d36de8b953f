package json_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// body is a door's wire type.
type body struct {
	Orders  []json.Element[wireOrder] `json:"orders"`
	Count   int8                      `json:"count"`
	Rate    float64                   `json:"rate"`
	Test    bool                      `json:"test"`
	Logo    []byte                    `json:"logo"`
	Names   map[string]string         `json:"names"`
	Unknown json.Value                `json:",embed"`
}

type wireOrder struct {
	ID      string        `json:"id"`
	Date    order.Time    `json:"orderDate"`
	Items   []wireItem    `json:"orderItems"`
	Total   order.Decimal `json:"total"`
	Unknown json.Value    `json:",embed"`
}

type wireItem struct {
	GTIN  string `json:"gtin"`
	Price price  `json:"unitSalePrice"`
}

// price is a number or a string.
type price struct{ order.Decimal }

func (p *price) UnmarshalJSON(b []byte) error { return p.UnmarshalNumberOrString(b) }

// own refuses in its own words.
type own struct{ err error }

func (o *own) UnmarshalJSON([]byte) error { return o.err }

func TestFaults(t *testing.T) {
	t.Parallel()
	f := func(text, path, reason string, code order.FaultCode) {
		t.Helper()
		var b body
		err := json.UnmarshalInput([]byte(text), &b)
		e, ok := errors.AsType[*json.PathError](err)
		if !ok {
			t.Errorf("%s: %v", text, err)
			return
		}
		got, _, _ := strings.Cut(e.Reason, " (at byte ")
		if e.Path != path || got != reason || e.Code != code {
			t.Errorf("%s: %s: %q (%s), want %s: %q (%s)", text, e.Path, got, e.Code, path, reason, code)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error shows a value: %v", text, err)
		}
	}
	bad := order.Malformed
	// not JSON
	f(``, "", "JSON value ends too early", bad)
	f(`  `, "", "JSON value ends too early", bad)
	f(`{"orders":[{"id":"secret`, "orders[0].id", "JSON value ends too early", bad)
	f(`{"orders":[]`, "", "JSON value ends too early", bad)
	f(`{"orders":[]} secret`, "", "data follows the JSON value", bad)
	f(`{"orders":[]}{}`, "", "data follows the JSON value", bad)
	f(`{"orders":[{"id":secret}]}`, "orders[0].id", "not valid JSON", bad)
	f(`{"orders":[{"secret",1}]}`, "orders[0]", "a colon is missing after a name", bad)
	f(`{"x":[1,]}`, "x", "not valid JSON", bad)
	f(`{"rate":NaN}`, "rate", "NaN and infinity are not JSON numbers", bad)
	f(`{"rate":-Infinity}`, "rate", "NaN and infinity are not JSON numbers", bad)
	f(`{"rate":01}`, "", "not valid JSON", bad)
	f(`{"rate":1.}`, "rate", "not a JSON number", bad)
	f(`{"orders":[{"id":"a`+"\x00"+`b"}]}`, "orders[0].id", string(order.ErrControl), bad)
	f("{\"orders\":[{\"id\":\"a\nb\"}]}", "orders[0].id", "a control character in a string must be escaped", bad)
	f(`{"orders":[{"id":"\q"}]}`, "orders[0].id", "not a JSON escape sequence", bad)
	f("{\"orders\":[{\"id\":\"secret\xff\"}]}", "orders[0].id", "not valid UTF-8", bad)
	f(`{"orders":[{"id":"\ud800"}]}`, "orders[0].id", "not valid UTF-8", bad)
	f(`{1:2}`, "", "the name of a member must be a string", bad)
	// strictness
	f(`{"orders":[{"id":"1","id":"secret"}]}`, "orders[0].id", "this name stands twice in one object", bad)
	f(`{"x":{"a b":1,"a b":2}}`, "x.?", "this name stands twice in one object", bad)
	f(`{"x":`+strings.Repeat("[", 64)+strings.Repeat("]", 64)+`}`, "x"+strings.Repeat("[0]", 63), string(order.ErrTooDeep), order.TooLarge)
	f(`{"orders":[{"id":"1"},{"id":"a\u0000b"}]}`, "orders[1].id", string(order.ErrControl), bad)
	f(`{"orders":[{"id":"1","x":{"y":"\u001F"}}]}`, "orders[0].x.y", string(order.ErrControl), bad)
	f(`{"x":"a\fb"}`, "x", string(order.ErrControl), bad)
	f("{\"x\":\"a\x7fb\"}", "x", string(order.ErrControl), bad)
	// other kinds of value than wanted
	f(`[]`, "", "must be an object", bad)
	f(`{"orders":{}}`, "orders", "must be a list", bad)
	f(`{"orders":["secret"]}`, "orders[0]", "must be an object", bad)
	f(`{"orders":[{"id":7}]}`, "orders[0].id", "must be a string", bad)
	f(`{"count":"secret"}`, "count", "must be a whole number", bad)
	f(`{"count":1.5}`, "count", "must be a whole number", bad)
	f(`{"count":300}`, "count", "number is out of range", bad)
	f(`{"rate":"secret"}`, "rate", "must be a number", bad)
	f(`{"test":1}`, "test", "must be true or false", bad)
	f(`{"logo":"%secret"}`, "logo", "must be a string in base64", bad)
	f(`{"names":[]}`, "names", "must be an object", bad)
	f(`{"names":{"a.b":1}}`, "names.?", "must be a string", bad)
	f(`{"orders":[{"orderDate":7}]}`, "orders[0].orderDate", "must be a string", bad)
	f(`{"orders":[{"total":7}]}`, "orders[0].total", `must be a number in a string, such as "12.50"`, bad)
	// values
	f(`{"orders":[{"orderDate":"2026-05-31"}]}`, "orders[0].orderDate", string(order.ErrDateOnly), bad)
	f(`{"orders":[{"total":"1e5"}]}`, "orders[0].total", string(order.ErrExponent), bad)
	f(`{"orders":[{"id":"1"},{"id":"2","orderItems":[{"gtin":7}]}]}`, "orders[1].orderItems[0].gtin", "must be a string", bad)
	f(`{"orders":[{"orderItems":[{"unitSalePrice":"secret"}]}]}`, "orders[0].orderItems[0].unitSalePrice", string(order.ErrNotDecimal), bad)
	f(`{"orders":[{"orderItems":[{},{"unitSalePrice":`+strings.Repeat("9", 65)+`}]}]}`, "orders[0].orderItems[1].unitSalePrice", string(order.ErrTooManyDigits), order.TooLarge)
}

func TestOwnErrorsKeepTheirPath(t *testing.T) {
	t.Parallel()
	f := func(err error, want string) {
		t.Helper()
		var v struct {
			A own `json:"a"`
		}
		v.A.err = err
		if err := json.Unmarshal([]byte(`{"a":1}`), &v); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	f(order.ErrTooFine, "a: "+string(order.ErrTooFine))
	f(order.ValueError("no such colour"), "a: no such colour")
	f(fmt.Errorf("colour: %w", order.ErrRequired), "a: is required")
	f(&json.PathError{Path: "x[2]", Reason: "is odd"}, "a.x[2]: is odd")
	f(order.Refuse("[3]", order.TooLarge, "is too large"), "a[3]: is too large")
	f(errors.New("secret"), "a: not acceptable here")
}

func TestUnmarshalStrict(t *testing.T) {
	t.Parallel()
	var v struct {
		A int `json:"a"`
	}
	err := json.UnmarshalStrict([]byte(`{"a":1,"secret word":2}`), &v)
	if err == nil || err.Error() != "?: unknown field" {
		t.Errorf("%v", err)
	}
	if err := json.UnmarshalStrict([]byte(`{"A":1}`), &v); err == nil || err.Error() != "A: unknown field" {
		t.Errorf("%v", err)
	}
	v.A = 0
	if err := json.Unmarshal([]byte(`{"A":1}`), &v); err != nil || v.A != 0 {
		t.Errorf("%v %v", v, err)
	}
}

func TestUnmarshalRead(t *testing.T) {
	t.Parallel()
	var v map[string]int
	if err := json.UnmarshalRead(strings.NewReader(`{"a":1}`), 7, &v); err != nil || v["a"] != 1 {
		t.Error(v, err)
	}
	err := json.UnmarshalRead(strings.NewReader(`{"a":1} `), 7, &v)
	if bad, ok := json.Invalid(err); !ok || bad.Faults[0].Code != order.TooLarge {
		t.Error(err)
	}
	broken := io.MultiReader(strings.NewReader(`{"a"`), brokenReader{})
	if err := json.UnmarshalRead(broken, 100, &v); err != errBroken {
		t.Error(err)
	}
	if _, ok := json.Invalid(errBroken); ok {
		t.Error("a reader's error is no fault of the input")
	}
}

var errBroken = errors.New("broken")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }

func TestDecoderAndExplain(t *testing.T) {
	t.Parallel()
	d := json.NewDecoder(strings.NewReader("{\"id\":\"1\"}\n{\"id\":\"2\"}\n{\"id\":7}"))
	var got []string
	for {
		var o wireOrder
		err := json.UnmarshalDecode(d, &o)
		if err == nil {
			got = append(got, o.ID)
			continue
		}
		if err := json.Explain(err); err.Error() != "id: must be a string" {
			t.Error(err)
		}
		break
	}
	if strings.Join(got, "") != "12" || json.Explain(io.EOF) != io.EOF || json.Explain(nil) != nil {
		t.Error(got)
	}
}

func TestElementKnowsItsBytes(t *testing.T) {
	t.Parallel()
	text := []byte(" { \"orders\" : [ {\"id\" : \"1\"} ,\n\t{\"id\":\"2\",\"colour\":1.0}\n, null ] , \"more\": {\"a\": [1, 2]}, \"n\":null } ")
	var b body
	if err := json.UnmarshalInput(text, &b); err != nil {
		t.Fatal(err)
	}
	want := []string{`{"id" : "1"}`, `{"id":"2","colour":1.0}`, `null`}
	for i := range b.Orders {
		if got := string(b.Orders[i].Raw(text)); got != want[i] {
			t.Errorf("element %d: %s, want %s", i, got, want[i])
		}
	}
	var extra map[string]order.Raw
	for _, err := range []error{
		json.AddExtra(&extra, "", b.Unknown),
		json.AddExtra(&extra, "orders[1]", b.Orders[1].Value.Unknown),
		json.AddExtra(&extra, "orders[0]", b.Orders[0].Value.Unknown),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(extra) != 3 || string(extra["more"]) != `{"a":[1,2]}` || string(extra["n"]) != "null" || string(extra["orders[1].colour"]) != "1.0" {
		t.Errorf("%s", extra)
	}
	again, err := json.Marshal(b.Orders)
	if err != nil || !strings.Contains(string(again), `"colour":1.0`) {
		t.Errorf("%s, %v", again, err)
	}
}

func TestElementsAndMembers(t *testing.T) {
	t.Parallel()
	var seen []string
	see := func(_ int, v json.Value) error { seen = append(seen, string(v)); return nil }
	if err := json.Elements([]byte(` [1.0, {"a" : 2},"x" ] `), see); err != nil || strings.Join(seen, ";") != `1.0;{"a" : 2};"x"` {
		t.Error(seen, err)
	}
	seen = nil
	names := func(name string, v json.Value) error { seen = append(seen, name+"="+string(v)); return nil }
	if err := json.Members([]byte(`{"a":1,"b\u0041": [2 ]}`), names); err != nil || strings.Join(seen, ";") != `a=1;bA=[2 ]` {
		t.Error(seen, err)
	}
	f := func(want string, err error) {
		t.Helper()
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	f("must be a list", json.Elements([]byte(`{}`), see))
	f("must be an object", json.Members([]byte(`[]`), names))
	f("data follows", json.Elements([]byte(`[] 1`), see))
	f("[1]: not valid JSON", json.Elements([]byte(`[1,x]`), see))
	f("a: this name stands twice", json.Members([]byte(`{"a":1,"a":2}`), names))
	f("[1].gtin: must be a string", json.Elements([]byte(`[{},{"gtin":1}]`), func(_ int, v json.Value) error {
		return json.Unmarshal(v, new(wireItem))
	}))
	f("a: is required", json.Members([]byte(`{"a":1}`), func(string, json.Value) error {
		return &json.PathError{Reason: "is required", Code: order.Required}
	}))
	if err := json.Members([]byte(`{"a":1}`), func(string, json.Value) error { return errBroken }); err != errBroken {
		t.Error(err)
	}
}

// Whatever is broken about a text, its error shows nothing of its values.
func TestFaultsShowNoValue(t *testing.T) {
	t.Parallel()
	const text = `{"orders":[{"id":"SECRET1","orderDate":"SECRET2","orderItems":[{"gtin":"SECRET3","unitSalePrice":"SECRET4"}],` +
		`"x":["SECRET5",{"y":"SECRET6"}],"total":"SECRET7"}],"count":1234567,"names":{"n":"SECRET8"},"logo":"SECRET9"}`
	rapid.Check(t, func(t *rapid.T) {
		broken := []byte(text)
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		by := rapid.SampledFrom([]byte("{}[]\",:\\0n \x00\xff")).Draw(t, "by")
		switch rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			broken[at] = by
		case 1:
			broken = append(broken[:at], broken[at+1:]...)
		case 2:
			broken = append(broken[:at], append([]byte{by}, text[at:]...)...)
		}
		for _, decode := range []func([]byte, any) error{json.UnmarshalInput, json.UnmarshalStrict, json.Unmarshal} {
			for _, v := range []any{new(body), new(map[string]int), new([]string)} {
				err := decode(broken, v)
				if err == nil {
					continue
				}
				if _, ok := json.Invalid(err); !ok {
					t.Fatalf("%s: %v is no fault of the input", broken, err)
				}
				if strings.Contains(err.Error(), "ECRET") || strings.Contains(err.Error(), "1234567") {
					t.Fatalf("%s: %v", broken, err)
				}
			}
		}
	})
}

func FuzzPathError(f *testing.F) {
	f.Add([]byte(`{"orders":[{"id":"1","orderItems":[{"gtin":7}]}]}`))
	f.Add([]byte(`{"orders":[{"id":"\u0000","id":1}]} x`))
	f.Add([]byte(`[[[[1e5,"\ud800`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var b body
		err := json.UnmarshalInput(text, &b)
		if err == nil {
			if !json.Valid(text) {
				t.Fatalf("%q is read, and not valid", text)
			}
			for i := range b.Orders {
				if raw := b.Orders[i].Raw(text); !json.Valid(raw) {
					t.Fatalf("%q: element %d is %q", text, i, raw)
				}
			}
			compact, err := json.Compact(append([]byte(nil), text...))
			if err != nil || !json.Equal(compact, text) || len(compact) > len(text) {
				t.Fatalf("%q is %q without blanks: %v", text, compact, err)
			}
			return
		}
		e, ok := errors.AsType[*json.PathError](err)
		if !ok || e.Reason == "" || e.Code == "" {
			t.Fatalf("%q: %v", text, err)
		}
		for _, c := range []byte(e.Error()) {
			if c < ' ' || c > '~' {
				t.Fatalf("%q: %q", text, e.Error())
			}
		}
	})
}
