package capture

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
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
		got := string(policy{}.body([]byte(body), contentType, false))
		shows(t, got, hidden...)
		for _, k := range kept {
			if !strings.Contains(got, k) {
				t.Errorf("%q is missing in:\n%s", k, got)
			}
		}
		if again := string(policy{}.body([]byte(got), contentType, false)); kindOf([]byte(body), contentType) != otherKind && again != got {
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

func TestSecretsGoEvenWhereThePersonStays(t *testing.T) {
	t.Parallel()
	got := string(policy{keepPersonal: true}.body([]byte(`{"name":"Ada","email":"ada@customer.example","sessionKey":"sk-hush"}`), "", false))
	if got != `{"name":"Ada","email":"ada@customer.example","sessionKey":"[masked]"}` {
		t.Error(got)
	}
	if got := (policy{}).address("/a/ada@customer.example/b?email=Ada&page=2&key=sk-hush"); got != "/a/[personal]/b?email=[personal]&page=2&key=[masked]" {
		t.Error(got)
	}
}

func TestACutBodyShowsNoHalfAddress(t *testing.T) {
	t.Parallel()
	got := string(policy{}.body([]byte(`{"a":"b","c":"write to Lindqvist`), "", true))
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
		got := policy{}.body(b, contentType, len(b)%2 == 1)
		if k := kindOf(b, contentType); k == jsonKind && len(b)%2 == 0 && json.Valid(b) && !json.Valid(got) {
			t.Errorf("%q became %q", b, got)
		}
		call := (policy{}).scrubbed(Call{Method: "POST", URL: string(b), Request: b, RequestSize: int64(len(b)), RequestHead: string(b)})
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
