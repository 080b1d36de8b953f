package idosell

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/shipping"
)

// unread fails the test that reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("a body that is announced as too large was read")
	return 0, io.EOF
}

func TestTooLargeIsRefusedBeforeParsing(t *testing.T) {
	t.Parallel()
	c := newCounter(t, nil, nil)
	const limit = 10 << 20
	f := func(gate string, body io.Reader, length int64, header map[string]string, want int, code string) {
		t.Helper()
		r := httptest.NewRequest("POST", "/?gate="+gate, body)
		r.ContentLength = length
		for name, v := range header {
			r.Header.Set(name, v)
		}
		w := httptest.NewRecorder()
		c.door.ServeHTTP(w, r)
		if w.Code != want || !strings.Contains(w.Body.String(), code) {
			t.Errorf("%s: got %d %.500s, want %d with %s", gate, w.Code, w.Body, want, code)
		}
	}
	const xml, js = "Dropshipping/basketImport/1/soap", "Dropshipping/basketImport/1/json"
	zipped := map[string]string{"Content-Encoding": "gzip"}
	f(js, unread{t}, limit+1, nil, 413, `"faultCode":104`)
	f(xml, unread{t}, limit+1, nil, 413, `<faultCode xsi:type="xsd:int">104</faultCode>`)
	// Without an announced length, one byte too much is noticed all the same; it
	// is not looked at, whatever it is.
	f(js, strings.NewReader(strings.Repeat("x", limit+1)), -1, nil, 413, `"faultCode":104`)
	f(xml, strings.NewReader(strings.Repeat("x", limit+1)), -1, nil, 413, ">104<")
	f(js, strings.NewReader(strings.Repeat("x", limit)), limit, nil, 400, `"faultCode":105`)
	// So is what gzip makes of little.
	f(js, bytes.NewReader(pack(limit+1)), -1, zipped, 413, `"faultCode":104`)
	f(xml, bytes.NewReader(pack(limit+1)), -1, zipped, 413, ">104<")
	f(js, bytes.NewReader(pack(limit)), -1, zipped, 200, `"faultCode":100`)
	f(js, strings.NewReader("no gzip"), -1, zipped, 400, `"faultCode":105`)
	zipped["Content-Encoding"] = "GZIP" // in any letters, RFC 9110
	f(js, bytes.NewReader(pack(100)), -1, zipped, 200, `"faultCode":100`)
}

// TestTooLargeIsHeard asks as clients do that write the whole request before
// they read: they hear the answer, too.
func TestTooLargeIsHeard(t *testing.T) {
	t.Parallel()
	c := newCounter(t, nil, nil)
	server := httptest.NewServer(c.door)
	t.Cleanup(server.Close)
	const size = 14 << 20
	for _, length := range []string{"Content-Length: " + strconv.Itoa(size), "Transfer-Encoding: chunked"} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		body := strings.Repeat("x", size)
		if strings.HasPrefix(length, "T") {
			body = strconv.FormatInt(size, 16) + "\r\n" + body + "\r\n0\r\n\r\n"
		}
		if _, err := io.WriteString(conn, "POST /?gate=Dropshipping/basketImport/1/json HTTP/1.1\r\nHost: door.example\r\n"+length+"\r\n\r\n"+body); err != nil {
			t.Errorf("%s: %v", length, err)
		}
		said, err := io.ReadAll(conn)
		if err != nil || !bytes.HasPrefix(said, []byte("HTTP/1.1 413 ")) || !bytes.Contains(said, []byte(`"faultCode":104`)) {
			t.Errorf("%s: %.500s, %v", length, said, err)
		}
		_ = conn.Close()
	}
}

// pack is a packed JSON object of so many bytes: of several pieces, of which
// the long ones are packed once.
func pack(size int) []byte {
	const long = 1 << 16
	piece := func(text string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(text))
		_ = z.Close()
		return b.Bytes()
	}
	blank := size - len("{}")
	return slices.Concat(piece("{}"), bytes.Repeat(piece(strings.Repeat(" ", long)), blank/long), piece(strings.Repeat(" ", blank%long)))
}

func TestHostileBodiesAreRefused(t *testing.T) {
	t.Parallel()
	c := newCounter(t, nil, nil)
	laughs := `<!DOCTYPE lolz [<!ENTITY lol "lol">`
	for i := range 9 {
		laughs += `<!ENTITY lol` + string(rune('1'+i)) + ` "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">`
	}
	f := func(name, format, body string) {
		t.Helper()
		w := c.post("Dropshipping/basketImport/1/"+format, body)
		said := w.Body.String()
		refused := w.Code == 200 && strings.Contains(said, `<faultCode xsi:type="xsd:int">105<`) || w.Code == 400 && strings.Contains(said, `"faultCode":105`) || w.Code == 500 && strings.Contains(said, "SOAP-ENV:Client")
		if !refused || len(said) > 2000 || strings.Contains(said, "root:") {
			t.Errorf("%s: got %d %.500s", name, w.Code, said)
		}
	}
	f("entities in entities", "soap", laughs+`]>`+envelope(`<basketImport>&lol9;</basketImport>`))
	f("an external entity", "soap", `<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>`+envelope(`<basketImport>&f;</basketImport>`))
	f("an external document type", "soap", `<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">`+envelope(`<basketImport/>`))
	f("an entity that nobody declared", "soap", envelope(`<basketImport>&f;</basketImport>`))
	f("a processing instruction", "soap", `<?xml version="1.0"?><?php echo 1 ?>`+envelope(`<basketImport/>`))
	f("depth of 10,000", "soap", envelope(strings.Repeat("<a>", 10_000)+strings.Repeat("</a>", 10_000)))
	f("depth of 10,000", "json", strings.Repeat(`{"a":`, 10_000)+"1"+strings.Repeat("}", 10_000))
	f("lists, 10,000 deep", "json", strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000))
	f("elements without end", "soap", envelope("<basketImport>"+strings.Repeat("<a/>", 250_000)+"</basketImport>"))
	f("attributes without end", "soap", envelope("<basketImport "+strings.Repeat(`a="" `, 1000)+"/>"))
	f("references in a circle", "soap", envelope(`<basketImport><r href="#1"/></basketImport><multiRef id="1"><params href="#1"/></multiRef>`))
	f("members without end", "json", `{"a":1`+strings.Repeat(`,"a":1`, 200_001)+"}")
	f("a list without end", "json", `{"params":{"products":[`+strings.Repeat("{},", 200_001)+`{}]}}`)
	f("trailing data", "json", `{"params":{}}{"params":{}}`)
	f("a broken letter", "json", "{\"params\":{\"code\":\"\xff\"}}")
	f("a control character", "json", `{"params":{"code":"\u0000"}}`)
	f("a fault for a call", "soap", envelope(`<s:Fault><faultcode>x</faultcode></s:Fault>`))
	f("nothing", "json", "")
	f("nothing", "soap", "")
}

func TestCallsAreNoted(t *testing.T) {
	t.Parallel()
	c := newCounter(t, nil, nil)
	session := c.session("sklep-abc", rightKey)
	c.code(session, "K-7781")
	c.code(session, "wrong")
	c.post("Dropshipping/nothing/1/json", "{}")
	c.post("Drop%20shipping/a%3Cb/1/soap", "")
	c.post("Dropshipping/getCouriers/1/soap", "")
	r := httptest.NewRequest("GET", "/?gate=Dropshipping/placeOrder/1/soap/wsdl", http.NoBody)
	c.door.ServeHTTP(httptest.NewRecorder(), r)
	want := [][3]string{
		{"Authenticate", "authenticate", ""}, {"Dropshipping", "getSupplierData", ""}, {"Dropshipping", "getSupplierData", "102"},
		{"Dropshipping", "nothing", "Client"}, {"?", "?", "Client"}, {"Dropshipping", "getCouriers", "Client"}, {"Dropshipping", "placeOrder", ""},
	}
	noted := c.hub.Noted()
	if len(noted) != len(want) {
		t.Fatalf("got %v", noted)
	}
	for i, n := range noted {
		if got := [3]string{n.Gate, n.Method, n.Fault}; got != want[i] {
			t.Errorf("call %d: got %v, want %v", i, got, want[i])
		}
	}
}

func TestReservedFieldsAreLogged(t *testing.T) {
	t.Parallel()
	c := newCounter(t, nil, nil)
	keys := `{"authenticate":{"sessionKey":"` + c.session("sklep-abc", rightKey) + `","dropshippingKey":"K-7781"},"params":`
	f := func(params string, logged bool, ignored string) {
		t.Helper()
		c.log.Reset()
		w := c.post("Dropshipping/getCouriers/1/json", keys+params+"}")
		if got := strings.Contains(c.log.String(), "only the wholesaler decides"); got != logged {
			t.Errorf("%s: log: %s", params, c.log.String())
		}
		if !strings.Contains(w.Body.String(), ignored) || (ignored == "") == strings.Contains(w.Body.String(), "ignored") {
			t.Errorf("%s: got %s, want %s", params, w.Body, ignored)
		}
	}
	f(`{"resultsLimit":1}`, false, "")
	f(`{"colour":"blue"}`, false, `"ignored":["params.colour"]`)
	f(`{"orderStatus":"finished"}`, true, `"ignored":["params.orderStatus"]`)
	f(`{"isPaid":"y","packageNumber":"1"}`, true, `"ignored":["params.isPaid","params.packageNumber"]`)
}

func TestAddressOfTheWSDL(t *testing.T) {
	t.Parallel()
	c := newCounter(t, nil, nil)
	f := func(target, host, want string) {
		t.Helper()
		r := httptest.NewRequest("GET", target, http.NoBody)
		r.Host = host
		w := httptest.NewRecorder()
		c.door.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), `location="`+want+`"`) {
			t.Errorf("%s at %s: want %s in %s", target, host, want, w.Body)
		}
	}
	const gate = "gate=Dropshipping/getRecipients/1/soap"
	f("/idosell/customer-api/?"+gate+"/wsdl", "hub.example", "https://hub.example/idosell/customer-api/?"+gate)
	f("/customer-api/?"+gate+"&WSDL=", "10.0.0.1:8080", "http://10.0.0.1:8080/customer-api/?"+gate)
	f("/?"+gate+"?wsdl", "door.example", "http://door.example/?"+gate)
	f("/?gate=Dropshipping/getRecipients/wsdl", "door.example", "http://door.example/?"+gate)
}

// A wholesaler that has other names for everything is one whose table says so.
func TestDialectAtTheDoor(t *testing.T) {
	t.Parallel()
	const table = `{
		"soap": {"space": "urn:{gate}"},
		"fields": {"dropshippingKey": "klucz", "results": "lista"},
		"codes": {"dropshippingKey": 4, "malformed": 3},
		"operations": {
			"authenticate": {"gate": "Login", "method": "open", "request": {"authenticate.systemLogin": "/user"}, "response": {"sessionKey": "/result.token"}},
			"getCouriers": {"gate": "Carriers", "method": "list", "aliases": ["Kurierzy/lista"],
				"request": {"params.resultsLimit": "/size"}, "response": {"results[].courierId": "id", "results[].hasPickupPoints": "points"}}
		},
		"values": {"hasPickupPoints": {"y": "tak", "n": "nie"}}
	}`
	c := newCounter(t, nil, func(d *partner.Deps) { d.Settings = partner.Settings{fieldDialect: {Text: table}} })
	c.hub.Couriers = []shipping.Courier{{ID: 5, Name: "DPD", PickupPoints: true}}
	opened := c.post("Login/open/1/json", `{"user":"sklep-abc","authenticate":{"systemKey":"`+rightKey+`"}}`).Body.String()
	_, session, _ := strings.Cut(opened, `"result":{"token":"`)
	session, _, _ = strings.Cut(session, `"`)
	f := func(gate, body, want string) {
		t.Helper()
		if got := c.post(gate, body).Body.String(); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", gate, got, want)
		}
	}
	keys := `"authenticate":{"sessionKey":"` + session + `","klucz":"K-7781"}`
	f("Carriers/list/1/json", `{`+keys+`,"size":1}`, `"lista":[{"id":5,"courierName":"DPD","companyKey":"","points":"tak"}]`)
	f("kurierzy/LISTA/1/json", `{`+keys+`,"size":1}`, `"resultsLimit":1`)
	f("Dropshipping/getCouriers/1/json", `{`+keys+`}`, `"lista":[`) // the sheet's name still calls it
	f("Carriers/list/1/json", `{`+keys+`,"size":0}`, `{"errors":{"faultCode":3,"faultString":"size: is not a number from 1"}}`)
	f("Carriers/list/1/json", `{`+strings.Replace(keys, "K-7781", "K", 1)+`}`, `{"errors":{"faultCode":4,`)
	xml := envelope(`<list xmlns="urn:Carriers"><list><authenticate><sessionKey>` + session + `</sessionKey><klucz>K-7781</klucz></authenticate></list></list>`)
	f("Carriers/list/1/soap", xml, `xmlns:ns1="urn:Carriers"`)
	f("Carriers/list/1/soap", xml, `<points xsi:type="xsd:string">tak</points>`)
	r := httptest.NewRequest("GET", "/?gate=Carriers/list/soap/wsdl", http.NoBody)
	w := httptest.NewRecorder()
	c.door.ServeHTTP(w, r)
	for _, part := range []string{`portType name="ApiCarriersPortType"`, `name="klucz"`, `name="size"`, `name="lista"`, "gate=Carriers/list/1/soap"} {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("the WSDL lacks %s: %s", part, w.Body)
		}
	}
	if noted := c.hub.Noted(); noted[1].Gate != "Carriers" || noted[1].Method != "list" || noted[4].Fault != "3" {
		t.Errorf("noted: %v", noted)
	}
}

func TestDoorRefusesABadDialect(t *testing.T) {
	t.Parallel()
	deps := partnertest.NewHub(nil).Deps(Partner)
	deps.Settings = partner.Settings{fieldDialect: {Text: `{"codes":{"nope":1},"fields":{"nope":"x"}}`}}
	if _, err := Partner.Door(deps); err == nil || !strings.Contains(err.Error(), "codes.nope: ") || !strings.Contains(err.Error(), "fields.nope: ") {
		t.Errorf("got %v", err)
	}
}
