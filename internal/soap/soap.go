// Package soap speaks SOAP 1.1 RPC/encoded, as a server and as a client, and
// writes WSDL 1.1. It works on a neutral tree, Value, to which JSON and SOAP
// both map, and on descriptions of types, Type; it knows no partner.
//
// What comes in is read leniently where clients of SOAP differ (prefixes,
// namespaces, names of parts, xsi:type, arrays with and without their item
// layer, references, nil) and strictly where leniency is dangerous: no document
// type, no entities but the five of XML, no processing instructions, bounded
// depth, size and number of elements. What goes out always carries xsi:type,
// arrayType and item.
//
// The XML reader is our own. encoding/xml hands out directives and processing
// instructions as if they were harmless, accepts an attribute twice, several
// roots and text behind them, and holds all attributes of an element before
// anybody can count them. SOAP 1.1 forbids half of XML (section 3), so that a
// reader of the other half is small; this one also knows the path of a fault.
package soap

import (
	"mime"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// ContentType is the Content-Type of everything this package encodes as XML.
const ContentType = "text/xml; charset=utf-8"

// Limits of what is read. A message over one of them is refused with the code
// order.TooLarge.
const (
	MaxBytes      = 10 << 20 // of a body, and of its texts once references are resolved
	MaxDepth      = json.MaxDepth
	MaxElements   = 200_000 // in a message, and in a value once references are resolved
	MaxAttributes = 64      // of one element
	maxName       = 256     // bytes of a name
)

// Error is what is wrong with a message. Neither path nor reason holds a value
// of it; names are shown only if they are plain words.
type Error struct {
	Path   string // "Body/placeOrder/params/products[2]/quantity", from 0; in JSON with points; "" is the whole text
	Reason string // for people
	Code   order.FaultCode
	Offset int // of the byte at or after which the fault stands; 0: unknown
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// Fault returns the error as a complaint about input.
func (e *Error) Fault() order.Fault {
	return order.Fault{Path: e.Path, Code: e.Code, Reason: e.Reason}
}

// CheckContentType refuses a Content-Type header that names another charset
// than UTF-8. The media type is not looked at: clients of SOAP send text/xml,
// application/soap+xml and whatever their library thinks best.
func CheckContentType(header string) error {
	_, params, err := mime.ParseMediaType(header)
	if err != nil {
		return nil // no readable header promises nothing; the text itself is checked
	}
	return checkCharset(params["charset"])
}

func checkCharset(name string) error {
	name = strings.Trim(name, `"' `)
	if name == "" || strings.EqualFold(name, "utf-8") || strings.EqualFold(name, "utf8") {
		return nil
	}
	return &Error{Reason: "charset " + shown(name) + " is not accepted; send UTF-8", Code: order.Malformed}
}

// step is one step of a path: into a member, or to a place in a list.
type step struct {
	name  string
	index int
	list  bool
}

// place is the step to a place in a list.
func place(i int) step { return step{index: i, list: true} }

// pathOf writes steps as the path of an error.
func pathOf(steps []step, separator string) string {
	var b []byte
	for _, s := range steps {
		if s.list {
			b = append(strconv.AppendInt(append(b, '['), int64(s.index), 10), ']')
			continue
		}
		if len(b) > 0 {
			b = append(b, separator...)
		}
		b = append(b, shown(s.name)...)
	}
	return string(b)
}

// shown is a name as an error shows it: a name comes from the input, and could
// be anything.
func shown(name string) string {
	if name == "" || len(name) > 64 {
		return "?"
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-':
		default:
			return "?"
		}
	}
	return name
}
