package idosell

import (
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/soap"
)

// FuzzRequests reads strangers' bytes as every operation's request: nothing
// panics, and what is read in canonical names is written in the wire's and read
// again as it was.
func FuzzRequests(f *testing.F) {
	f.Add(uint8(3), true, []byte(`{"authenticate":{"sessionKey":"s"},"params":{"products":[{"code":"a","quantity":1}],"ignored":null}}`))
	f.Add(uint8(3), false, []byte(envelope(`<placeOrder><p><authenticate/><params><products><item><code>a</code></item></products></params></p></placeOrder>`)))
	f.Add(uint8(0), false, []byte(envelope(`<authenticate><systemLogin>a</systemLogin><systemKey>b</systemKey></authenticate>`)))
	f.Add(uint8(5), true, []byte(`{"params":{"0":{"resultsPage":"1"}},"":[]}`))
	dialects := []*dialect{standard(), renamed()}
	f.Fuzz(func(t *testing.T, n uint8, asJSON bool, body []byte) {
		decode := decodeSOAP
		if asJSON {
			decode = decodeJSON
		}
		for _, d := range dialects {
			op := d.ops[int(n)%len(d.ops)]
			v, err := decode(body, d.soap(op).Request)
			if err != nil {
				continue
			}
			in := d.requestIn(op, v)
			if again := d.requestIn(op, d.requestOut(op, in)); !same(again, in) {
				t.Errorf("%s became %s", soap.AppendJSON(nil, in, nil), soap.AppendJSON(nil, again, nil))
			}
		}
	})
}

// renamed is a dialect with a new name for some fields and places.
func renamed() *dialect {
	d, err := readDialect(`{"fields":{"code":"kod","products":"towary"},"operations":{"placeOrder":{"request":{"params.products[].codeType":"/typ.kodu","authenticate.sessionKey":"/params.sesja"}}}}`)
	if err != nil {
		panic(err)
	}
	return d
}

// FuzzDoor sends strangers' gates and bodies through the door: it answers every
// one, never as a trouble of ours.
func FuzzDoor(f *testing.F) {
	f.Add("Authenticate/authenticate/1/json", `{"authenticate":{"systemLogin":"sklep-abc","systemKey":"x"}}`)
	f.Add("Dropshipping/placeOrder/1/soap", envelope(`<placeOrder/>`))
	f.Add("a/b%2Fc//soap/wsdl?wsdl", "")
	side, err := Partner.Door(partnertest.NewHub(nil).Deps(Partner))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, gate, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.URL.RawQuery = "gate=" + gate
		w := httptest.NewRecorder()
		side.Handler.ServeHTTP(w, r)
		said := w.Body.String()
		if !utf8.ValidString(said) || strings.Contains(said, "SOAP-ENV:Server") || w.Code == 500 && !strings.Contains(said, "SOAP-ENV:Client") {
			t.Errorf("%s: got %d %s", gate, w.Code, said)
		}
	})
}

// FuzzDialect reads dialects' files: a file is refused or makes one whose
// messages can be described.
func FuzzDialect(f *testing.F) {
	f.Add(`{"soap":{"space":"urn:{method}"},"fields":{"code":"kod"},"codes":{"order":3}}`)
	f.Add(`{"operations":{"placeOrder":{"gate":"A","aliases":["b/c"],"request":{"params.courierId":"/x.y"}}},"values":{"orderStatus":{"new":"1"}}}`)
	f.Fuzz(func(t *testing.T, document string) {
		d, err := readDialect(document)
		if err != nil {
			return
		}
		for _, op := range d.ops {
			gate, method := d.names(op)
			if d.resolve(gate, method) != op {
				t.Errorf("%s/%s does not call %s", gate, method, op.method)
			}
			if v := sample(requestOf(op), ""); !strings.Contains(document, "null") && !same(d.requestIn(op, d.requestOut(op, v)), v) {
				t.Errorf("a request of %s does not come back", op.method)
			}
		}
	})
}
