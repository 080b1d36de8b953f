package idosell

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/soap"
)

func TestStandardDialectIsThatOfTheSheet(t *testing.T) {
	t.Parallel()
	d := standard()
	for _, op := range d.ops {
		gate, method := d.names(op)
		if gate != op.gate || method != op.method || d.version(op) != 1 || !d.spoken[op].request.same || !d.spoken[op].response.same {
			t.Errorf("%s is not itself", op.method)
		}
	}
	f := func(gate, method, want string) {
		t.Helper()
		got := ""
		if op := d.resolve(gate, method); op != nil {
			got = op.method
		}
		if got != want {
			t.Errorf("%s/%s: got %q, want %q", gate, method, got, want)
		}
	}
	f("Dropshipping", "placeOrder", opPlaceOrder)
	f("DROPSHIPPING", "PLACEORDER", opPlaceOrder)
	f("Basket", "basketverification", opBasketVerification)
	f("Authenticate", "whatever", opAuthenticate)
	f("authenticate", "", opAuthenticate)
	f("Dropshipping", "authenticate", opAuthenticate)
	f("Dropshipping", "cancelOrder", "")
	f("", "", "")
	for _, status := range []string{"new", "something else", ""} {
		if d.class(status) != classOpen {
			t.Errorf("%q is not open", status)
		}
	}
	if d.class("finished") != classShipped || d.class("false") != classDead {
		t.Error("finished and false are not what they are")
	}
}

// foreign is a dialect that calls everything otherwise: every field, some of
// them in another place.
func foreign(t *testing.T) *dialect {
	t.Helper()
	fields := map[string]string{}
	for name := range (&dialectReader{ops: operations()}).fieldTypes() {
		fields[name] = "x_" + name
	}
	b, err := json.Marshal(map[string]any{
		"soap":   map[string]string{"space": "urn:{gate}:{method}", "part": "{method}Request"},
		"fields": fields,
		"operations": map[string]any{
			"authenticate": map[string]any{
				"gate": "Login", "method": "open", "request": map[string]string{"authenticate.systemLogin": "/user"},
				"response": map[string]string{"sessionKey": "/result.token"},
			},
			"basketVerification": map[string]any{"gate": "Basket", "method": "check", "aliases": []string{"Old/verify"}, "version": 3},
			"placeOrder": map[string]any{
				"request": map[string]string{
					"authenticate.sessionKey": "/x_params.session", "params.clientDeliveryAddress.clientDeliveryAddressCity": "/x_params.town.called",
					"params.products[].code": "/id.value", "params.products[].codeType": "/id.type",
				},
				"response": map[string]string{"orderId": "/data.number", "errors.faultCode": "/data.code"},
			},
		},
		"values":   map[string]any{"orderStatus": map[string]string{"new": "N", "finished": "F"}, "codeType": map[string]string{"internal": "iai"}, "orderPaymentTypes": map[string]string{"prepaid": "PP"}},
		"codes":    map[string]int{"expired": 7, "stock": 100},
		"statuses": map[string]string{"on the way": "shipped"},
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := readDialect(string(b))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sample is a value of a type with every field in it.
func sample(t *soap.Type, name string) soap.Value {
	switch t.Class {
	case soap.Struct:
		var members []soap.Member
		for _, f := range t.Fields {
			members = append(members, member(f.Name, sample(f.Type, f.Name)))
		}
		return soap.ObjectOf(members...)
	case soap.Array:
		return soap.ListOf(sample(t.Item, name), sample(t.Item, name))
	case soap.Int, soap.Decimal:
		return soap.NumberOf("101")
	}
	return soap.TextOf(name)
}

func TestDialectThereAndBack(t *testing.T) {
	t.Parallel()
	d := foreign(t)
	for _, op := range d.ops {
		for _, m := range []struct {
			what    string
			t, wire *soap.Type
			out, in func(*operation, soap.Value) soap.Value
		}{
			{"request", requestOf(op), d.soap(op).Request, d.requestOut, d.requestIn},
			{"response", responseOf(op), d.soap(op).Response, d.responseOut, d.responseIn},
		} {
			v := sample(m.t, "")
			wire := m.out(op, v)
			paths(m.t, "", func(_, name string, _ *soap.Type) {
				if strings.Contains(string(soap.AppendJSON(nil, wire, nil)), `"`+name+`":`) {
					t.Errorf("%s of %s: %s stands on the wire", m.what, op.method, name)
				}
			})
			if back := m.in(op, wire); !same(back, v) {
				t.Errorf("%s of %s:\n%s\nbecame\n%s", m.what, op.method, soap.AppendJSON(nil, v, nil), soap.AppendJSON(nil, back, nil))
			}
			if read, err := soap.DecodeJSON(soap.AppendJSON(nil, wire, m.wire), m.wire); err != nil || !same(read, wire) {
				t.Errorf("%s of %s does not have its type: %v", m.what, op.method, err)
			}
			if undescribed := undescribed(wire, m.wire); undescribed != "" {
				t.Errorf("%s of %s: %s is not described", m.what, op.method, undescribed)
			}
		}
	}
}

// same compares values, whatever the sequence of members.
func same(a, b soap.Value) bool {
	if a.Kind() != b.Kind() || a.Text() != b.Text() || len(a.Members()) != len(b.Members()) || len(a.Items()) != len(b.Items()) {
		return false
	}
	for _, m := range a.Members() {
		if !same(m.Value, b.At(m.Name)) {
			return false
		}
	}
	return slices.EqualFunc(a.Items(), b.Items(), same)
}

func undescribed(v soap.Value, t *soap.Type) (out string) {
	strange(v, t, "", func(path, _ string) { out = path })
	return out
}

func TestDialectMovesRenamesAndTranslates(t *testing.T) {
	t.Parallel()
	d := foreign(t)
	place := d.op(opPlaceOrder)
	wire := d.requestOut(place, soap.ObjectOf(
		member("authenticate", soap.ObjectOf(member("sessionKey", soap.TextOf("s")), member("dropshippingKey", soap.TextOf("k")))),
		member("params", soap.ObjectOf(
			member("products", soap.ListOf(soap.ObjectOf(member("code", soap.TextOf("KX")), member("codeType", soap.TextOf("internal")), member("new", soap.TextOf("kept"))))),
			member("clientDeliveryAddress", soap.ObjectOf(member("clientDeliveryAddressCity", soap.TextOf("Gdańsk")))),
		))))
	want := `{"x_params":{"session":"s","x_products":[{"id":{"value":"KX","type":"iai"},"new":"kept"}],"town":{"called":"Gdańsk"}},"x_authenticate":{"x_dropshippingKey":"k"}}`
	if got := string(soap.AppendJSON(nil, wire, nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	answer := d.responseIn(place, soap.ObjectOf(
		member("data", soap.ObjectOf(member("code", number(7)), member("number", soap.TextOf("a-1")))), member("x_orderStatus", soap.TextOf("F"))))
	want = `{"errors":{"faultCode":101},"orderId":"a-1","orderStatus":"finished"}`
	if got := string(soap.AppendJSON(nil, answer, nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := d.spoken[place].request.wirePath("params.products[3].code"); got != "x_params.x_products[3].id.value" {
		t.Errorf("path: got %s", got)
	}
	if d.class("on the way") != classShipped || d.code(codeExpired) != "7" || d.code(codeStock) != "100" || d.code(codeOrder) != "140" {
		t.Error("statuses and codes are not those of the file")
	}
	if op := d.resolve("old", "VERIFY"); op == nil || op.method != opBasketVerification || d.version(op) != 3 {
		t.Error("the alias calls nothing")
	}
	if s := d.soap(place); s.Space != "urn:Dropshipping:placeOrder" || s.Part != "placeOrderRequest" {
		t.Errorf("space %s, part %s", s.Space, s.Part)
	}
}

func TestRenamedFieldsAreKnown(t *testing.T) {
	t.Parallel()
	if got := standard().renamed(); got != nil {
		t.Errorf("of the standard: %v", got)
	}
	got := foreign(t).renamed()
	for wire, canonical := range map[string]string{
		"x_systemKey": "systemKey", "user": "systemLogin", "session": "sessionKey", "token": "sessionKey",
		"called": "clientDeliveryAddressCity", "value": "code", "x_clientDeliveryAddressEmail": "clientDeliveryAddressEmail",
	} {
		if !slices.Equal(got[wire], []string{canonical}) {
			t.Errorf("%s: got %v, want %s", wire, got[wire], canonical)
		}
	}
}

// What a wholesaler has no field for is not written, and not described.
func TestFieldsThatAreMissing(t *testing.T) {
	t.Parallel()
	d, err := readDialect(`{"operations":{"getCouriers":{"request":{"params.resultsPage":null,"params.resultsLimit":null},"response":{"results[].companyKey":null}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	op := d.op(opCouriers)
	v := d.requestOut(op, soap.ObjectOf(member("authenticate", soap.ObjectOf()), member("params", soap.ObjectOf(member("resultsPage", number(1))))))
	if got := string(soap.AppendJSON(nil, v, nil)); got != `{"authenticate":{}}` {
		t.Errorf("got %s", got)
	}
	v = d.responseOut(op, soap.ObjectOf(member("results", soap.ListOf(soap.ObjectOf(member("courierId", number(5)), member("companyKey", soap.TextOf("dpd")))))))
	if got := string(soap.AppendJSON(nil, v, nil)); got != `{"results":[{"courierId":5}]}` {
		t.Errorf("got %s", got)
	}
	if s := d.soap(op); len(s.Request.Fields) != 1 || len(s.Response.Fields[1].Type.Item.Fields) != 3 {
		t.Errorf("described: %v", s.Request.Fields)
	}
}

// What the table names goes before what merely has the same name.
func TestDeclaredFieldsGoFirst(t *testing.T) {
	t.Parallel()
	d, err := readDialect(`{"operations":{"getCouriers":{"request":{"params.resultsPage":"resultsLimit","params.resultsLimit":"size"}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	f := func(in, want string) {
		t.Helper()
		v, err := soap.DecodeJSON([]byte(in), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(soap.AppendJSON(nil, d.requestIn(d.op(opCouriers), v), nil)); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	f(`{"params":{"resultsLimit":1,"size":2}}`, `{"params":{"resultsPage":1,"resultsLimit":2}}`)
	f(`{"params":{"resultsPage":9,"resultsLimit":1}}`, `{"params":{"resultsPage":1}}`)
	f(`{"params":{"resultsLimit":1,"resultsPage":9}}`, `{"params":{"resultsPage":1}}`)
	f(`{"params":{},"x":[{"y":null}]}`, `{"params":{},"x":[{"y":null}]}`)
}

func TestComplaintsOfADialect(t *testing.T) {
	t.Parallel()
	f := func(document string, want ...string) {
		t.Helper()
		_, err := readDialect(document)
		bad, ok := errors.AsType[*DialectError](err)
		if !ok {
			t.Errorf("%s: got %v", document, err)
			return
		}
		var got []string
		for _, fault := range bad.Faults {
			got = append(got, fault.Path)
			if fault.Reason == "" || !strings.Contains(err.Error(), fault.Path) {
				t.Errorf("%s: %v", document, err)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q: %v", document, got, want, err)
		}
	}
	f(`{`, "")
	f(`[]`, "")
	f(`{} {}`, "")
	f(`{"fields":{"code":"a","code":"b"}}`, "")
	f(`{"gates":{},"soap":{"prefix":"x","space":1},"operations":[]}`, "gates", "soap.prefix", "soap.space", "operations")
	f(`{"operations":{"cancelOrder":{},"placeOrder":{"gate":"a b","verb":1,"version":-1,"method":"","aliases":["x",2,"a/b"]}}}`,
		"operations.cancelOrder", "operations.placeOrder.gate", "operations.placeOrder.verb", "operations.placeOrder.version",
		"operations.placeOrder.method", "operations.placeOrder.aliases[0]", "operations.placeOrder.aliases[1]")
	f(`{"operations":{"placeOrder":{"request":{"params.colour":"x","params.courierId":"a b","params.deliveryDate":"/params..x"},"response":{"orderId":5}}}}`,
		"operations.placeOrder.request.params.colour", "operations.placeOrder.request.params.courierId",
		"operations.placeOrder.request.params.deliveryDate", "operations.placeOrder.response.orderId")
	f(`{"fields":{"colour":"x","code":"1x","codeType":"/x"}}`, "fields.colour", "fields.code", "fields.codeType")
	f(`{"values":{"colour":{},"courierId":{},"codeType":{"internal":"x","external":"x"},"orderStatus":{"new":1}}}`,
		"values.colour", "values.courierId", "values.codeType.internal", "values.orderStatus.new")
	f(`{"codes":{"nope":1,"expired":"7","stock":0,"session":5,"order":5}}`, "codes.nope", "codes.expired", "codes.stock")
	f(`{"statuses":{"x":"gone","y":2}}`, "statuses.x", "statuses.y")
	// Names that do not fit each other.
	f(`{"operations":{"getCouriers":{"gate":"A","method":"b"},"getRecipients":{"gate":"a","method":"B"}}}`, "operations.getRecipients")
	f(`{"operations":{"placeOrder":{"request":{"params.courierId":"deliveryDate"}}}}`, "operations.placeOrder.request")
	f(`{"operations":{"placeOrder":{"request":{"params.courierId":"/authenticate"}}}}`, "operations.placeOrder.request")
	f(`{"operations":{"placeOrder":{"request":{"params.courierId":"/params.deliveryDate.x"}}}}`, "operations.placeOrder.request")
}

// The example of the sheet is one that is taken.
func TestDialectOfTheSheet(t *testing.T) {
	t.Parallel()
	sheet, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(sheet), "```json dialect\n")
	example, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("the sheet has no example")
	}
	d, err := readDialect(example)
	if err != nil {
		t.Fatal(err)
	}
	if gate, method := d.names(d.op(opBasketVerification)); gate == gateDropshipping && method == opBasketVerification {
		t.Error("the example renames nothing")
	}
}
