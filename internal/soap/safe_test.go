package soap_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/soap"
)

// refuse reads a request and wants this error.
func refuse(t *testing.T, body, want string, code order.FaultCode) {
	t.Helper()
	m, err := soap.Parse([]byte(body))
	if err == nil {
		_, err = m.Decode(placeOrder().Request)
	}
	e, ok := errors.AsType[*soap.Error](err)
	if !ok || e.Error() != want || e.Code != code {
		t.Errorf("%.200s\n got %v (%+v)\nwant %s", body, err, e, want)
	}
}

func TestRefusesDangerousXML(t *testing.T) {
	t.Parallel()
	f := func(body, want string) {
		t.Helper()
		refuse(t, body, want, order.Malformed)
	}
	const declared = "a document type or other declaration is not accepted"
	// document types: entities of any kind, external subsets
	f(`<!DOCTYPE x><Envelope/>`, declared)
	f(`<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><Envelope><Body><a>&a;</a></Body></Envelope>`, declared)
	f(`<!DOCTYPE x SYSTEM "file:///etc/passwd"><Envelope/>`, declared)
	f(`<Envelope><Body><!DOCTYPE x></Body></Envelope>`, "Body: "+declared)
	f(`<Envelope><Body><!ENTITY a "b"></Body></Envelope>`, "Body: "+declared)
	f(`<!doctype html><html></html>`, declared)
	// entities that nobody declared
	f(`<Envelope><Body><a>&nbsp;</a></Body></Envelope>`, "Body/a: an entity that XML itself does not know is not accepted")
	f(`<Envelope><Body><a b="&x;"/></Body></Envelope>`, "Body/a: an entity that XML itself does not know is not accepted")
	f(`<Envelope><Body><a>&x</a></Body></Envelope>`, "Body/a: & in a text must be escaped")
	f(`<Envelope><Body><a>a & b</a></Body></Envelope>`, "Body/a: & in a text must be escaped")
	// references to what is no text
	for _, ref := range []string{"&#0;", "&#x1b;", "&#xD800;", "&#xFFFE;", "&#x110000;", "&#127;"} {
		f(`<Envelope><Body><a>`+ref+`</a></Body></Envelope>`, "Body/a: "+string(order.ErrControl))
	}
	for _, ref := range []string{"&#;", "&#x;", "&#-1;", "&#+1;", "&#x1_0;", "&#99999999999;"} {
		f(`<Envelope><Body><a>`+ref+`</a></Body></Envelope>`, "Body/a: not a reference to a character")
	}
	// processing instructions, a declaration in the wrong place
	f(`<Envelope><?php echo 1 ?></Envelope>`, "a processing instruction is not accepted")
	f(`<?xml-stylesheet href="x"?><Envelope/>`, "a processing instruction is not accepted")
	f(`<Envelope/><?xml version="1.0"?>`, "a processing instruction is not accepted")
	f(`<?xml version="1.1"?><Envelope/>`, "only XML 1.0 is accepted")
	f(`<?xml encoding="utf-8" encoding="utf-8"?><Envelope/>`, "not an XML declaration")
	f(`<?xml version="1.0" sneaky="1"?><Envelope/>`, "not an XML declaration")
	// control characters
	f("<Envelope><Body><a>\x00</a></Body></Envelope>", "Body/a: "+string(order.ErrControl))
	f("<Envelope><Body><a><![CDATA[\x1b]]></a></Body></Envelope>", "Body/a: "+string(order.ErrControl))
	f("<Envelope><Body><!-- \x01 --></Body></Envelope>", "Body: "+string(order.ErrControl))
	f("<Envelope><Body><a>\uFFFF</a></Body></Envelope>", "Body/a: "+string(order.ErrControl))
}

func TestRefusesOtherCharsets(t *testing.T) {
	t.Parallel()
	f := func(body, want string) {
		t.Helper()
		refuse(t, body, want, order.Malformed)
	}
	f("<?xml version='1.0' encoding='ISO-8859-2'?><Envelope><Body><a>\xb1</a></Body></Envelope>", "charset ISO-8859-2 is not accepted; send UTF-8")
	f(`<?xml version="1.0" encoding="windows-1250"?><Envelope/>`, "charset windows-1250 is not accepted; send UTF-8")
	f(`<?xml version="1.0" encoding="no one's"?><Envelope/>`, "charset ? is not accepted; send UTF-8")
	f("\xff\xfe<\x00E\x00", "charset UTF-16 is not accepted; send UTF-8")
	f("\x00<\x00E", "charset UTF-16 is not accepted; send UTF-8")
	f("<Envelope><Body><a>\xb1</a></Body></Envelope>", "not valid UTF-8")
	f("<Envelope><Body><a>\xed\xa0\x80</a></Body></Envelope>", "not valid UTF-8")
}

func TestRefusesWhatIsNotWellFormed(t *testing.T) {
	t.Parallel()
	f := func(body, want string) {
		t.Helper()
		refuse(t, body, want, order.Malformed)
	}
	f(``, "not XML: no element")
	f(` `, "not XML: no element")
	f(`{"params":{}}`, "text outside of the envelope")
	f(`<Envelope>`, "XML ends too early")
	f(`<Envelope><Body><a><item/><item>x`, "Body/a[1]: XML ends too early")
	f(`<Envelope><Body></Envelope></Body>`, "Body: an end tag does not fit its start")
	f(`<a:Envelope></b:Envelope>`, "an end tag does not fit its start")
	f(`</Envelope>`, "an end tag without its start")
	f(`<Envelope/><Envelope/>`, "a second element beside the envelope")
	f(`<Envelope/>x`, "text outside of the envelope")
	f(`<Envelope/><![CDATA[x]]>`, "text outside of the envelope")
	f(`<Envelope><Body>x<a/></Body></Envelope>`, "Body: text beside elements")
	f(`<Envelope><Body><a/>x</Body></Envelope>`, "Body: text beside elements")
	f(`<Envelope><Body a="1" a="2"/></Envelope>`, "Body: an attribute stands twice")
	f(`<Envelope><Body a="1"b="2"/></Envelope>`, "Body: not a well-formed tag")
	f(`<Envelope><Body a=1/></Envelope>`, "Body: the value of an attribute needs quotation marks")
	f(`<Envelope><Body a></Body></Envelope>`, "Body: not a well-formed tag")
	f(`<Envelope><Body a="<"/></Envelope>`, "Body: < in an attribute must be escaped")
	f(`<Envelope><Body a="`, "Body: the value of an attribute does not end")
	f(`<Envelope><Body`, "Body: not a well-formed tag")
	f(`<Envelope><Body /`, "Body: not a well-formed tag")
	f(`<Envelope>< a/></Envelope>`, "not the name of an element")
	for _, name := range []string{"1", "-a", "a:", ":a", "a:b:c", "\u00d7", strings.Repeat("a", 257)} {
		f(`<Envelope><`+name+`/></Envelope>`, "not the name of an element")
	}
	f(`<Envelope><Body><!-- a -- b --></Body></Envelope>`, "Body: not a well-formed comment")
	f(`<Envelope><Body><!-- a`, "Body: not a well-formed comment")
	f(`<Envelope><Body><![CDATA[ a`, "Body: a CDATA section does not end")
	f(`<Envelope><Body><a>]]></a></Body></Envelope>`, "Body/a: ]]> in a text must be escaped")
}

func TestRefusesWhatIsNoCall(t *testing.T) {
	t.Parallel()
	refuse(t, `<html/>`, "not a SOAP envelope", order.Malformed)
	refuse(t, `<Envelope/>`, "the envelope has no Body", order.Required)
	refuse(t, `<Envelope><Body/></Envelope>`, "Body: no call in it", order.Required)
	refuse(t, `<Envelope><Body><a/><b/></Body></Envelope>`, "Body: more than one call", order.Malformed)
}

func TestErrorsNameThePath(t *testing.T) {
	t.Parallel()
	f := func(params, want string) {
		t.Helper()
		body := string(envelope(`<n:placeOrder><request><params>` + params + `</params></request></n:placeOrder>`))
		refuse(t, body, "Body/placeOrder/params"+want, order.Malformed)
	}
	f(`<products><item/><item/><item><quantity>two</quantity></item></products>`, `/products[2]/quantity: not a plain decimal number such as 12.50`)
	f(`<products/><products><quantity>1,5</quantity></products>`, `/products[0]/quantity: not a plain decimal number such as 12.50`)
	f(`<courierId>1.5</courierId>`, `/courierId: must be a whole number`)
	f(`<courierId>1</courierId><courierId>2</courierId>`, `/courierId: stands twice, and is no list`)
	f(`<courierId><item>1</item></courierId>`, `/courierId: must be a whole number, not elements`)
	f(`<address>Warszawa</address>`, `/address: must be an object, not a text`)
	f(`<products><item>text</item></products>`, `/products[0]: must be an object, not a text`)
	f(`<products>text</products>`, `/products[0]: must be an object, not a text`)
	f(`<address href="#x"/>`, `/address: refers to what is not in the message`)
	f(`<address href="cid:x"/>`, `/address: refers to what is not in the message`)
	f(`<address id="x" href="#x"/>`, `/address: refers to itself`)
	f(`<products href="#x"/>`, `/products: refers to what is not in the message`)
	f(`<products/><products href="#x"/>`, `/products: refers to what is not in the message`)
	f(`<x xsi:type="Map"><item href="#x"/></x>`, `/x: refers to what is not in the message`)
	f(`<x xsi:type="Map"><item><key href="#x"/><value/></item></x>`, `/x: refers to what is not in the message`)
	f(`<x><item><key>a</key><value/></item><item><key>a</key><value/></item></x>`, `/x: a key stands twice in a map, or is too long`)
	f(`<address xsi:type="Map"><item><key>a</key></item></address>`, `/address: an item of a map needs a key and a value`)
	f(`<ä><city><b/></city><courierId/></ä><address><city><b/></city></address>`, `/address/city: must be a text, not elements`)
	refuse(t, string(envelope(`<placeOrder><request id="a"/><b id="a"/></placeOrder>`)), "Body/placeOrder/b: an id stands twice", order.Malformed)
}

func TestRefusesWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	f := func(body, want string) {
		t.Helper()
		m, err := soap.Parse([]byte(body))
		if err == nil {
			_, err = m.Decode(placeOrder().Request)
		}
		e, ok := errors.AsType[*soap.Error](err)
		if !ok || e.Code != order.TooLarge || !strings.HasSuffix(e.Error(), want) || len(e.Error()) > 1000 {
			t.Errorf("%.80s: got %v, want %s", body, err, want)
		}
	}
	f(strings.Repeat(`<a>`, 10_000), string(order.ErrTooDeep))
	f(`<Envelope><Body>`+strings.Repeat(`<a>`, 63), string(order.ErrTooDeep))
	f(`<Envelope><Body>`+strings.Repeat(`<a/>`, soap.MaxElements), "too many elements")
	f(`<Envelope`+numbered(` a%d=""`, soap.MaxAttributes+1)+`/>`, "too many attributes")
	f(`<Envelope>`+strings.Repeat(` `, soap.MaxBytes), "body is too large")
	const much = "references make this too large or too deep"
	// every level twice the one below: 2^60 texts
	doubling := `<n id="r0"><a>x</a></n>`
	for i := 1; i <= 60; i++ {
		doubling += fmt.Sprintf(`<n id="r%d"><a href="#r%d"/><b href="#r%d"/></n>`, i, i-1, i-1)
	}
	f(string(envelope(`<placeOrder><request href="#r55"/></placeOrder>`+doubling)), much)
	// a long text, many times
	f(string(envelope(`<placeOrder><request>`+strings.Repeat(`<a href="#t"/>`, 1000)+`</request></placeOrder><t id="t">`+strings.Repeat("x", 100_000)+`</t>`)), much)
	// a ring
	f(string(envelope(`<placeOrder><request href="#a"/></placeOrder><n id="a"><x href="#b"/></n><n id="b"><x href="#a"/></n>`)), much)
	// a wide element, looked at for every reference to it
	wide := `<n id="w">` + strings.Repeat(`<item><key>k</key><value/></item>`, 20_000) + `<other/></n>`
	f(string(envelope(`<placeOrder><request><params>`+strings.Repeat(`<products href="#w"/>`, 50_000)+`</params></request></placeOrder>`+wide)), much)
	deep := strings.Repeat(`<item>`, 55) + strings.Repeat(`</item>`, 55)
	f(string(envelope(`<placeOrder><request><params><x id="d"><y>`+deep+`</y></x><z><z><z><z><z><z><z><z><z href="#d"/></z></z></z></z></z></z></z></z></params></request></placeOrder>`)), much)
	// Two members of one name, behind too many to look for them.
	twice := `{"a":1` + strings.Repeat(`,"a":1`, soap.MaxElements+1) + `}`
	for _, text := range []string{strings.Repeat("[", 10_000), "[" + strings.Repeat("0,", soap.MaxElements) + "0]", twice, strings.Repeat(" ", soap.MaxBytes+1)} {
		_, err := soap.DecodeJSON([]byte(text), nil)
		if e, ok := errors.AsType[*soap.Error](err); !ok || e.Code != order.TooLarge {
			t.Errorf("%.20s: %v", text, err)
		}
	}
}

// TestLargeIsRead reads shapes on which a careless reader would take quadratic
// time: minutes.
func TestLargeIsRead(t *testing.T) {
	t.Parallel()
	f := func(inner string) {
		t.Helper()
		m, err := soap.Parse(envelope(`<m><request>` + inner + `</request></m>`))
		if err != nil {
			t.Fatalf("%.80s: %v", inner, err)
		}
		if _, err := m.Decode(nil); err != nil {
			t.Fatalf("%.80s: %v", inner, err)
		}
	}
	const n = soap.MaxBytes / 32
	f(`<a>` + strings.Repeat(`<![CDATA[x]]>`, n/13) + `</a>`)
	f(`<a>` + strings.Repeat(`&lt;`, n/4) + `</a>`)
	f(`<a>` + strings.Repeat("\r", n) + `</a>`)
	f(`<a>` + strings.Repeat("x<!---->", n/8) + `</a>`)
	f(strings.Repeat(" <!---->", n/8) + `<a/>`)
	f(numbered(`<a%d/>`, 20_000))
	f(strings.Repeat(`<a/>`, soap.MaxElements-10)) // just allowed
	f(strings.Repeat(`<a`+numbered(` a%02d="x"`, soap.MaxAttributes)+`/>`, n/900))
	f(strings.Repeat(`<a>`, 60) + strings.Repeat(`</a>`, 60))
}

func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}
