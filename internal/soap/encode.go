package soap

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
)

// Operation is one method, described for both sides and for its WSDL.
type Operation struct {
	Name              string // of the method: "placeOrder"; with it goes "placeOrderResponse"
	Space             string // namespace; "" is the name
	Part              string // of the request; "" is the name
	Request, Response *Type  // Structs
	Doc               string
}

// ResponsePart is the name of an answer's part.
const ResponsePart = "response"

func (o *Operation) space() string {
	if o.Space != "" {
		return o.Space
	}
	return o.Name
}

func (o *Operation) part() string {
	if o.Part != "" {
		return o.Part
	}
	return o.Name
}

const (
	nsEnvelope  = "http://schemas.xmlsoap.org/soap/envelope/"
	nsEncoding  = "http://schemas.xmlsoap.org/soap/encoding/"
	nsSchema    = "http://www.w3.org/2001/XMLSchema"
	nsInstance  = "http://www.w3.org/2001/XMLSchema-instance"
	xmlHead     = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	envelopeEnd = "</SOAP-ENV:Body></SOAP-ENV:Envelope>\n"
)

// EncodeRequest writes the envelope of a call. The error is an *Error: the
// value does not fit its type, or holds a name that XML can not have.
func EncodeRequest(o *Operation, v Value) ([]byte, error) {
	return encode(o, o.Name, o.part(), v, o.Request)
}

// EncodeResponse writes the envelope of an answer, as EncodeRequest does.
func EncodeResponse(o *Operation, v Value) ([]byte, error) {
	return encode(o, o.Name+"Response", ResponsePart, v, o.Response)
}

func encode(o *Operation, element, part string, v Value, t *Type) ([]byte, error) {
	e := encoder{b: envelope(make([]byte, 0, 1024), o.space())}
	e.path = append(e.path, step{name: "Body"}, step{name: element})
	e.b = append(append(append(e.b, "<ns1:"...), element...), '>')
	if err := e.element(part, v, t); err != nil {
		return nil, err
	}
	e.b = append(append(append(e.b, "</ns1:"...), element...), '>')
	return append(e.b, envelopeEnd...), nil
}

// envelope begins an envelope up to its body. Space is bound to ns1.
func envelope(b []byte, space string) []byte {
	b = append(b, xmlHead+`<SOAP-ENV:Envelope xmlns:SOAP-ENV="`+nsEnvelope+`"`...)
	if space != "" {
		b = append(appendText(append(b, ` xmlns:ns1="`...), space), '"')
	}
	return append(b, ` xmlns:xsd="`+nsSchema+`" xmlns:xsi="`+nsInstance+`" xmlns:SOAP-ENC="`+nsEncoding+
		`" SOAP-ENV:encodingStyle="`+nsEncoding+`"><SOAP-ENV:Body>`...)
}

type encoder struct {
	b     []byte
	path  []step
	depth int // of elements
}

func (e *encoder) fault(reason string, code order.FaultCode) error {
	return &Error{Path: pathOf(e.path, "/"), Reason: reason, Code: code}
}

// text appends markup and then an escaped text.
func (e *encoder) text(markup, s string) { e.b = appendText(append(e.b, markup...), s) }

// element writes one value.
func (e *encoder) element(name string, v Value, t *Type) error {
	if !isName(name) {
		return e.fault("a name that an XML element can not have", order.Malformed)
	}
	// Envelope, Body and the method's element stand above.
	if e.depth++; e.depth+3 > MaxDepth {
		return e.fault(string(order.ErrTooDeep), order.TooLarge)
	}
	e.b = append(append(e.b, '<'), name...)
	err := e.content(v, t)
	e.b = append(append(append(e.b, "</"...), name...), '>')
	e.depth--
	return err
}

// content writes the attributes, the end of the start tag, and what is inside.
func (e *encoder) content(v Value, t *Type) error {
	switch {
	case v.kind == Nil:
		e.b = append(e.b, ` xsi:nil="true">`...)
		return nil
	case v.kind == List && (t == nil || t.Class == Array):
		return e.list(v, t)
	case v.kind == Object && (t == nil || t.Class == Struct):
		return e.object(v, t)
	case (v.kind == Text || v.kind == Number) && (t == nil || t.Class != Struct && t.Class != Array):
		e.b = append(append(e.b, ` xsi:type="`...), simpleType(v, t)...)
		e.text(`">`, v.text)
		return nil
	}
	return e.fault("must be "+classes[t.Class].must, order.Malformed)
}

func (e *encoder) list(v Value, t *Type) error {
	var item *Type
	if t != nil {
		item = t.Item
	}
	e.b = append(append(e.b, ` xsi:type="SOAP-ENC:Array" SOAP-ENC:arrayType="`...), typeName(item, "ns1:", "[]")...)
	e.b = append(strconv.AppendInt(append(e.b, '['), int64(len(v.items)), 10), `]">`...)
	for i, one := range v.items {
		e.path = append(e.path, place(i))
		if err := e.element("item", one, item); err != nil {
			return err
		}
		e.path = e.path[:len(e.path)-1]
	}
	return nil
}

func (e *encoder) object(v Value, t *Type) error {
	name := "SOAP-ENC:Struct"
	if t != nil {
		name = typeName(t, "ns1:", "")
	}
	e.b = append(append(append(e.b, ` xsi:type="`...), name...), `">`...)
	for _, m := range v.members {
		e.path = append(e.path, step{name: m.Name})
		ft, _ := t.field(m.Name)
		if err := e.element(m.Name, m.Value, ft); err != nil {
			return err
		}
		e.path = e.path[:len(e.path)-1]
	}
	return nil
}

// typeName names a type; a list inside a list by its items and a suffix.
func typeName(t *Type, prefix, suffix string) string {
	switch {
	case t == nil:
		return "xsd:anyType"
	case t.Class == Struct && t.Name == "":
		return "SOAP-ENC:Struct"
	case t.Class == Struct:
		return prefix + t.Name
	case t.Class == Array:
		return typeName(t.Item, prefix, suffix) + suffix
	}
	return "xsd:" + classes[t.Class].xsd
}

// simpleType is the xsi:type of a text or number. A number that no xsd:int
// holds says that it is longer.
func simpleType(v Value, t *Type) string {
	if t != nil && (t.Class != Int || v.kind != Number) {
		return "xsd:" + classes[t.Class].xsd
	}
	if t == nil && v.kind == Text {
		return "xsd:string"
	}
	switch n, err := strconv.ParseInt(v.text, 10, 64); {
	case err == nil && n >= math.MinInt32 && n <= math.MaxInt32:
		return "xsd:int"
	case err == nil:
		return "xsd:long"
	case strings.ContainsAny(v.text, "eE"):
		return "xsd:double"
	case strings.Contains(v.text, "."):
		return "xsd:decimal"
	}
	return "xsd:integer"
}

// appendText escapes a text for content and attributes. A character that XML
// can not carry becomes U+FFFD.
func appendText(b []byte, s string) []byte {
	start := 0
	for i, r := range s {
		esc := escape(r)
		if esc == "" {
			continue
		}
		n := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, n = utf8.DecodeRuneInString(s[i:])
		}
		b = append(append(b, s[start:i]...), esc...)
		start = i + n
	}
	return append(b, s[start:]...)
}

func escape(r rune) string {
	switch r {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '"':
		return "&quot;"
	case '\r':
		return "&#13;"
	}
	if r == utf8.RuneError || !isText(r) {
		return "\uFFFD"
	}
	return ""
}
