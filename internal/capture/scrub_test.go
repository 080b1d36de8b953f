package capture

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// hidden are words of people of our invention; no recording may show them.
var hidden = []string{"Ada", "Lindqvist", "ada@customer.example", "Storgatan", "11122", "Malmö", "701740605", "sk-hush", "Maillard"}

func shows(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if strings.Contains(text, w) {
			t.Errorf("%q shows in:\n%s", w, text)
		}
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	f := func(contentType, body string, kept ...string) {
		t.Helper()
		got := string(newPolicy(false, nil).body([]byte(body), contentType, false))
		shows(t, got, hidden...)
		for _, k := range kept {
			if !strings.Contains(got, k) {
				t.Errorf("%q is missing in:\n%s", k, got)
			}
		}
		if again := string(newPolicy(false, nil).body([]byte(got), contentType, false)); kindOf([]byte(body), contentType) != otherKind && again != got {
			t.Errorf("scrubbed twice:\n%s\n%s", got, again)
		}
	}
	// JSON: names, objects, labels, texts in texts; things keep their names.
	f("application/json", `{"customer": {"name": "Ada Lindqvist", "email":"ada@customer.example"}, "lines": [{"name":"Coffee 1 kg","quantity":2}]}`, `"Coffee 1 kg"`, `"quantity":2`, `{"customer": {"name": "[personal]"`)
	f("", `{"shippingAddress":{"line1":"Storgatan 1","zip":11122,"country":"SE","who":["Ada",{"x":"Lindqvist"}]}}`, `"country":"SE"`)
	f("", `{"apiKey":"sk-hush","systemKey":"sk-hush","access_token":"sk-hush","status":"ok"}`, `"status":"ok"`)
	f("", `{"fields":[{"name":"email","value":"Ada"},{"key":"first_name","value":"Ada"}],"memo":"call +46 701740605 or ada@customer.example"}`, `"name":"email"`)
	f("", `{"name":"Maillard","consumerName":"Ada","productName":"Filter"}`, `"Filter"`)
	f("", `{"inner":"{\"email\":\"ada@customer.example\",\"n\":1}","xml":"<a><firstName>Ada</firstName></a>"}`, `\"n\":1`)
	f("", `[{"customer":"Ada","message":"Hej Ada"},{"customerEmail":"ada@customer.example","phones":["701740605"]}]`)
	f("text/plain", `  {"recipient": {"first_name" : "Ada", "last_name" : "Lindqvist`, `"first_name" : `)
	f("", `{"x":"`+strings.Repeat("QWRhIExpbmRxdmlzdA", 10)+`"}`, "[base64 left out]")
	// XML: elements, attributes, CDATA, labels, other prefixes.
	f("text/xml", `<?xml version="1.0"?><ns:order id="7"><ns:client><ns:firstname>Ada</ns:firstname><city>Malmö</city></ns:client><product><name>Coffee</name></product></ns:order>`, `<name>Coffee</name>`, `id="7"`)
	f("text/xml", `<a><authenticate><systemKey>sk-hush</systemKey></authenticate><note><![CDATA[for Ada ]]]]><![CDATA[>]]></note><c email="ada@customer.example" n='1'/></a>`, `n='1'`)
	f("text/xml", `<p><item><key>email</key><value>Ada</value></item><field name="phone">701740605</field><field name="size" value="L"/><!-- Ada --></p>`, `value="L"`, "<key>email</key>")
	f("text/xml", `<o><deliveryAddress><a>Storgatan 1</a><b q="Malmö">x</b></deliveryAddress><name>Maillard`, "<deliveryAddress><a>")
	// Forms: paths of names, JSON in them.
	f("application/x-www-form-urlencoded", `order[customer][name]=Ada+Lindqvist&product[name]=Coffee&grant_type=password&code=sk-hush&email=ada%40customer.example&x=1`, "product[name]=Coffee", "x=1", "grant_type=password")
	f("application/x-www-form-urlencoded", `data=%7B%22email%22%3A%22ada%40customer.example%22%2C%22n%22%3A1%7D&who=ada%40customer.example`, "n%22%3A1")
	f("application/x-www-form-urlencoded", "To: ada@customer.example\nx=1")
	f("", `{"consumer":{"displayName":"Ada"}}`)
	// What nobody looks into is left out.
	f("text/csv", "email;name\nada@customer.example;Ada\n", "left out")
	f("text/html", "<html><p>Dear Ada Lindqvist", "left out")
	f("application/octet-stream", "\x00\x01Ada", "left out")
}

// The bodies of a drop-ship order, as SOAP and JSON have them.
const (
	placedBySOAP = `<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="placeOrder" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/">
<SOAP-ENV:Body><ns1:placeOrder><placeOrder xsi:type="ns1:requestType"><authenticate xsi:type="ns1:authenticateType"><sessionKey xsi:type="xsd:string">sk-hush</sessionKey><dropshippingKey>sk-hush</dropshippingKey><systemKey>sk-hush</systemKey><password>sk-hush</password></authenticate>
<params><courierId xsi:type="xsd:int">5</courierId><clientDeliveryAddress xsi:type="ns1:clientDeliveryAddressType"><clientDeliveryAddressFirstName>Ada</clientDeliveryAddressFirstName><clientDeliveryAddressLastName xsi:type="xsd:string">Lindqvist</clientDeliveryAddressLastName><clientDeliveryAddressStreet><![CDATA[Storgatan 1]]></clientDeliveryAddressStreet><clientDeliveryAddressPhone1>701740605</clientDeliveryAddressPhone1></clientDeliveryAddress>
<payerAddress><payerAddressFirm>Maillard</payerAddressFirm><payerAddressNip>11122</payerAddressNip></payerAddress><clientNoteToOrder>for Ada</clientNoteToOrder><orderExternalId>WWW-7</orderExternalId>
<products SOAP-ENC:arrayType="ns1:productType[1]"><item xsi:type="ns1:productType"><code>KX-1</code><quantity>2</quantity><comment>Ada</comment><attachments><item><name>ada.txt</name><file>QWRhIExpbmRxdmlzdA==</file></item></attachments></item></products></params></placeOrder></ns1:placeOrder></SOAP-ENV:Body></SOAP-ENV:Envelope>`
	recipientsByJSON = `{"errors":{"faultCode":0,"faultString":""},"results":[{"clientDeliveryAddressId":"11122","clientDeliveryAddressFirstName":"Ada","clientDeliveryAddressLastName":"Lindqvist",` +
		`"clientDeliveryAddressCity":"Malmö","clientDeliveryAddressCountryId":"SE"}],"sessionKey":"sk-hush","couriers":[{"courierId":5,"courierName":"DPD"}]}`
	renamed = `{"uwierzytelnienie":{"klucz":"sk-hush","kluczHurtowni":"sk-hush"},"parametry":{"odbiorca":{"imie":"Ada","nazwisko":"Lindqvist","ulica":"Storgatan 1"},"kurier":5,"towary":[{"kod":"KX-1","ilosc":2}]}}`
)

func TestDropshippingBodies(t *testing.T) {
	t.Parallel()
	f := func(p policy, body string, kept ...string) string {
		t.Helper()
		got := string(p.body([]byte(body), "", false))
		for _, k := range kept {
			if !strings.Contains(got, k) {
				t.Errorf("%q is missing in:\n%s", k, got)
			}
		}
		return got
	}
	secretly := append([]string{"QWRhIExp"}, hidden...)
	got := f(newPolicy(false, nil), placedBySOAP, `<code>KX-1</code>`, `SOAP-ENC:arrayType="ns1:productType[1]"`, `<courierId xsi:type="xsd:int">5</courierId>`, "WWW-7", "[masked]</sessionKey>", "<quantity>2</quantity>")
	shows(t, got, secretly...)
	if err := wellFormed([]byte(got)); err != nil {
		t.Error(err)
	}
	shows(t, f(newPolicy(false, nil), recipientsByJSON, `"courierName":"DPD"`, `"faultCode":0`, `"clientDeliveryAddressCountryId":"SE"`), secretly...)
	for _, body := range []string{placedBySOAP, recipientsByJSON} {
		shows(t, f(newPolicy(true, nil), body, "Ada", "Lindqvist"), "sk-hush")
	}
	for _, query := range []string{"systemKey", "sessionKey", "dropshippingKey", "system_key", "password"} {
		shows(t, newPolicy(true, nil).address("/customer-api/?gate=a/b/1/json&"+query+"=sk-hush"), "sk-hush")
	}
	// An operator gave the fields names of his own.
	names := Names{"klucz": {"systemKey"}, "kluczHurtowni": {"dropshippingKey"}, "odbiorca": {"clientDeliveryAddress"}, "kod": {"code"}}
	shows(t, f(newPolicy(false, names), renamed, `"kod":"KX-1"`, `"kurier":5`), secretly...)
	shows(t, f(newPolicy(true, names), `<x:klucz>sk-hush</x:klucz>`, "[masked]"), secretly...)
	// A basket that is written into a text.
	shows(t, f(newPolicy(false, nil), `{"basket":"SKU;quantity;comments\nKX-1;2;for Ada\n","description":"fine\nground"}`, `fine\nground`), secretly...)
}

func TestSecretsGoEvenWhereThePersonStays(t *testing.T) {
	t.Parallel()
	got := string(newPolicy(true, nil).body([]byte(`{"name":"Ada","email":"ada@customer.example","sessionKey":"sk-hush"}`), "", false))
	if got != `{"name":"Ada","email":"ada@customer.example","sessionKey":"[masked]"}` {
		t.Error(got)
	}
	// A link that opens something for who has it.
	for _, personal := range []bool{true, false} {
		got := string(newPolicy(personal, nil).body([]byte(`{"download_url":"https://hub.example/f?a=1&token=Ahush-1","more":"see https://hub.example/f?token=hush\u0026b=2 there","x":1}`), "", false))
		if got != `{"download_url":"https://hub.example/f?a=1&token=[masked]","more":"see https://hub.example/f?token=[masked]&b=2 there","x":1}` {
			t.Error(got)
		}
	}
	if got := newPolicy(false, nil).address("/a/ada@customer.example/b?email=Ada&page=2&key=sk-hush"); got != "/a/[personal]/b?email=[personal]&page=2&key=[masked]" {
		t.Error(got)
	}
}

func TestACutBodyShowsNoHalfAddress(t *testing.T) {
	t.Parallel()
	got := string(newPolicy(false, nil).body([]byte(`{"a":"b","c":"write to Lindqvist`), "", true))
	shows(t, got, "Lindqvist")
}

// What strangers send is scrubbed without a panic, twice like once where it was
// whole, and a valid body stays valid.
func FuzzScrub(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,{"email":"x@y.example"}],"name":"n"}`, `<a b="c"><![CDATA[x]]>y</a>`, `a=b&c[d]=e`, `{"a":"\u00`, `<a b='`, "<", `"`, `{"a":"{\"b\":\"<c>\"}"}`,
		`<a><key>email</key><value>x</value></a>`, `]]]}}}`, "</a></b>",
	} {
		f.Add([]byte(s), "application/x-www-form-urlencoded")
	}
	f.Fuzz(func(t *testing.T, b []byte, contentType string) {
		got := newPolicy(false, nil).body(b, contentType, len(b)%2 == 1)
		if k := kindOf(b, contentType); k == jsonKind && len(b)%2 == 0 && json.Valid(b) && !json.Valid(got) {
			t.Errorf("%q became %q", b, got)
		}
		call := newPolicy(false, nil).scrubbed(Call{Method: "POST", URL: string(b), Request: b, RequestSize: int64(len(b)), RequestHead: string(b)})
		if err := wellFormed(call.xml(Capture{Door: "d"}, 1)); err != nil {
			t.Error(err)
		}
		if h, err := call.har(Capture{Door: "d"}); err != nil || !json.Valid(h) {
			t.Errorf("%s %v", h, err)
		}
	})
}

func wellFormed(b []byte) error {
	d := xml.NewDecoder(strings.NewReader(string(b)))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestXMLOfACall(t *testing.T) {
	t.Parallel()
	f := func(body string, base64 bool) {
		t.Helper()
		c := Call{Method: "POST", URL: "/a?b=1&c=<", Request: []byte(body), Status: 200}
		var got struct {
			Request struct {
				Text     string `xml:",chardata"`
				Encoding string `xml:"encoding,attr"`
			} `xml:"request"`
		}
		if err := xml.Unmarshal(c.xml(Capture{ID: "c1", Door: "d"}, 17), &got); err != nil {
			t.Fatal(err)
		}
		if base64 != (got.Request.Encoding == "base64") || !base64 && got.Request.Text != body {
			t.Errorf("%q: %+v", body, got)
		}
	}
	f(`{"a":1}`, false)
	f("<![CDATA[x]]>", false)
	f("]]]]>>]]>", false)
	f("å\n\t", false)
	f("\xff\xfe", true)
	f("a\x00b", true)
	f("a\r\nb", true)
}

// What reads batches of calls reads what was written, and refuses the rest
// without a panic.
func FuzzBatch(f *testing.F) {
	for _, s := range []string{"", "\x01", "\x01\x02{}\x00\x00", "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = readBatch(b)
		at := time.Unix(1_700_000_000, 123_000).UTC()
		batch := appendCall(nil, Call{URL: "/a", Request: b, Start: at, In: true, Status: 200})
		batch = appendCall(batch, Call{URL: "/b", Response: b, Erased: true, Nanos: -1})
		packed, err := (&packer{}).pack(batch)
		if err != nil {
			t.Fatal(err)
		}
		list, err := readBatch(packed)
		if err != nil || len(list) != 2 || string(list[0].Request) != string(b) || string(list[1].Response) != string(b) || list[1].URL != "/b" ||
			!list[0].Start.Equal(at) || !list[0].In || list[0].Erased || list[0].Status != 200 || !list[1].Erased || list[1].Nanos != -1 {
			t.Errorf("%+v %v", list, err)
		}
		if _, err := readBatch(packed[:len(packed)-1]); err == nil {
			t.Error("half a batch is read")
		}
	})
}
