package soap_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/soap"
)

// TestWildRequests reads requests as many kinds of client write them. The files
// whose names begin with php and node were sent by PHP 8.2's SoapClient and by
// version 1.13.0 of Node's package soap, to a WSDL of this package if any.
func TestWildRequests(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/wild/*.xml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".xml"), func(t *testing.T) {
			t.Parallel()
			body, o := mustRead(t, file), placeOrder()
			if m, err := soap.Parse(body); err != nil || m.Method != "placeOrder" || m.Fault != nil {
				t.Fatalf("%+v, %v", m, err)
			}
			v := mustDecode(t, body, o.Request)
			golden(t, strings.TrimPrefix(strings.TrimSuffix(file, "xml")+"json", "testdata/"), append(soap.AppendJSON(nil, v, o.Request), '\n'))
			again, err := soap.EncodeRequest(o, v)
			if err != nil {
				t.Fatal(err)
			}
			if w := mustDecode(t, again, o.Request); !w.Equal(v) {
				t.Errorf("is %+v after encoding, was %+v", w, v)
			}
		})
	}
}

func TestPartOfTheSameNameAsAField(t *testing.T) {
	t.Parallel()
	const inner = `<systemLogin>shop</systemLogin><systemKey>k</systemKey>`
	for body, want := range map[string]string{
		`<authenticate><authenticate>` + inner + `</authenticate></authenticate>`: `{"authenticate":{"systemLogin":"shop","systemKey":"k"}}`,
		`<authenticate>` + inner + `</authenticate>`:                              `{"authenticate":{"systemLogin":"shop","systemKey":"k"}}`,
		`<authenticate xsi:type="n:requestType"/>`:                                `{}`,
		`<request>` + inner + `</request>`:                                        `{"systemLogin":"shop","systemKey":"k"}`,
		inner:                                                                     `{"systemLogin":"shop","systemKey":"k"}`,
		`<params>` + inner + `</params><x/>`:                                      `{"params":{"systemLogin":"shop","systemKey":"k"},"x":""}`,
		`<param0 xsi:type="n:Map"><item><key>authenticate</key><value><systemLogin>shop</systemLogin></value></item></param0>`:                                                       `{"authenticate":{"systemLogin":"shop"}}`,
		`<authenticate><item><key>authenticate</key><value><systemLogin>shop</systemLogin></value></item></authenticate>`:                                                            `{"authenticate":{"authenticate":{"systemLogin":"shop"}}}`,
		`<authenticate xsi:type="Map"><item><key>authenticate</key><value><systemLogin>s</systemLogin></value></item></authenticate>`:                                                `{"authenticate":{"authenticate":{"systemLogin":"s"}}}`,
		`<request id="r"><item><key href="#k"/><value href="#v"/></item></request></n:authenticate><k id="k">authenticate</k><n:authenticate id="v"><systemLogin>shop</systemLogin>`: `{"authenticate":{"systemLogin":"shop"}}`,
	} {
		v := mustDecode(t, envelope(`<n:authenticate>`+body+`</n:authenticate>`), authenticate().Request)
		if got := string(soap.AppendJSON(nil, v, authenticate().Request)); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

func TestFaultsOfOthers(t *testing.T) {
	t.Parallel()
	f := func(body, code, reason string) {
		t.Helper()
		m, err := soap.Parse(envelope(body))
		if err != nil || m.Fault == nil || *m.Fault != (soap.Fault{Code: code, Reason: reason}) {
			t.Fatalf("%s: %+v, %v", body, m, err)
		}
		if want := "SOAP fault " + code + ": " + reason; m.Fault.Error() != want {
			t.Errorf("%s, want %s", m.Fault, want)
		}
	}
	f(`<S:Fault><faultcode>S:Client</faultcode><faultstring>no such method</faultstring><detail><x/></detail></S:Fault>`, "Client", "no such method")
	f(`<Fault><faultcode> SOAP-ENV:Server </faultcode><faultstring xml:lang="en"> ill </faultstring></Fault>`, "Server", "ill")
	f(`<Fault><faultcode>Client.Authentication</faultcode></Fault>`, "Client.Authentication", "")
	f(`<S:Fault><S:Code><S:Value>S:Sender</S:Value></S:Code><S:Reason><S:Text xml:lang="en">bad</S:Text></S:Reason></S:Fault>`, "Client", "bad")
	f(`<S:Fault><S:Code><S:Value>S:Receiver</S:Value></S:Code></S:Fault>`, "Server", "")
	f(`<Fault/>`, "", "")
}

func TestWildJSON(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		r := placeOrder().Request
		v := mustJSON(t, text, r)
		if got := string(soap.AppendJSON(nil, v, r)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	// numbers as texts, texts as numbers, truth in every spelling
	f(`{"params":{"courierId":"5","products":[{"code":7.50,"quantity":"1.00","gift":1},{"gift":"false"},{"gift":true,"code":true}]}}`,
		`{"params":{"courierId":5,"products":[{"code":"7.50","quantity":1.00,"gift":true},{"gift":false},{"gift":true,"code":"true"}]}}`)
	// no number is null
	f(`{"params":{"courierId":"","address":null}}`, `{"params":{"courierId":null,"address":null}}`)
	// PHP: an empty object is an empty array, an array with gaps an object
	f(`{"params":[],"authenticate":{}}`, `{"params":{},"authenticate":{}}`)
	f(`{"params":{"products":{"0":{"code":"A"},"2":{"code":"B"}}}}`, `{"params":{"products":[{"code":"A"},{"code":"B"}]}}`)
	// one is a list of one; the item layer of SOAP
	f(`{"params":{"products":{"code":"A","tags":"x"}}}`, `{"params":{"products":[{"code":"A","tags":["x"]}]}}`)
	f(`{"params":{"products":{"item":{"code":"A"}}}}`, `{"params":{"products":[{"code":"A"}]}}`)
	f(`{"params":{"products":{"item":[{"code":"A"},{"code":"B","tags":{"item":["x"]}}]},"courierId":1}}`,
		`{"params":{"products":[{"code":"A"},{"code":"B","tags":["x"]}],"courierId":1}}`)
	f(`{"params":{"products":""}}`, `{"params":{"products":[]}}`)
	// what is not described stays as it is
	f("\xef\xbb\xbf"+` {"future":{"a":[1.0,"1",null,true,[],{}]},"":1}`, `{"future":{"a":[1.0,"1",null,"true",[],{}]},"":1}`)
}

func TestJSONErrorsNameThePath(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		_, err := soap.DecodeJSON([]byte(text), placeOrder().Request)
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	f(`{"params":{"products":[{"code":"A"},{"quantity":"two"}]}}`, "params.products[1].quantity: not a plain decimal number such as 12.50")
	f(`{"params":{"products":[{"quantity":1e3}]}}`, "params.products[0].quantity: a number with an exponent is not accepted")
	f(`{"params":{"courierId":5.5}}`, "params.courierId: must be a whole number")
	f(`{"params":{"courierId":[5]}}`, "params.courierId: must be a whole number")
	f(`{"params":{"products":[{"code":{}}]}}`, "params.products[0].code: must be a text")
	f(`{"params":"x"}`, "params: must be an object")
	f(`{"params":[1]}`, "params: must be an object")
	f(`{"params":{"products":[{"gift":"yes"}]}}`, "params.products[0].gift: must be true or false")
	f(`{"params":1,"params":2}`, "params: this name stands twice in one object (at byte 12)")
	f(`{"params":{}} x`, "data follows the JSON value (at byte 14)")
	f(``, "JSON value ends too early")
	f(strings.Repeat(`[`, 10_000), strings.Repeat("[0]", 64)+": nested too deeply")
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"", "text/xml", `text/xml; charset="utf-8"`, "application/soap+xml; charset=UTF-8; action=x", ";;", "application/json"} {
		if err := soap.CheckContentType(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	err := soap.CheckContentType("text/xml; charset=iso-8859-2")
	if e, ok := errors.AsType[*soap.Error](err); !ok || e.Fault() != (order.Fault{Code: order.Malformed, Reason: "charset iso-8859-2 is not accepted; send UTF-8"}) {
		t.Errorf("got %v", err)
	}
}

func envelope(body string) []byte {
	return []byte(`<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>` + body + `</S:Body></S:Envelope>`)
}
