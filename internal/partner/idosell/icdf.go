package idosell

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

// fieldICDF is the parameter in which a basket may come as an ICDF document, in
// place of products: its text, or that in base64 (our choice).
const fieldICDF = "icdf"

// icdfError is what is wrong with an ICDF document.
type icdfError struct {
	path   string // "products/product[2]/@quantity", "line 3"; "": the whole
	reason string
	code   order.FaultCode
}

func (e *icdfError) Error() string {
	if e.path == "" {
		return e.reason
	}
	return e.path + ": " + e.reason
}

// icdfFault is the fault of a document that came as a parameter.
func icdfFault(path string, err error) *fault {
	f := &fault{code: codeMalformed, path: path, text: err.Error()}
	if e := (*icdfError)(nil); errors.As(err, &e) {
		f.inside, f.text = e.path, e.reason
		if e.code == order.TooLarge {
			f.code = codeTooMany
		}
	}
	return f
}

// readICDF reads a basket: XML or CSV, as it is or in base64. The error is an
// *icdfError.
func readICDF(doc []byte) ([]item, error) {
	doc = bytes.TrimSpace(bytes.TrimPrefix(doc, bom))
	if packed, ok := packedICDF(doc); ok {
		doc = packed
	}
	b, err := readBasket(doc)
	if err != nil {
		return nil, err
	}
	if len(b.items) > mostElements {
		return nil, &icdfError{reason: fmt.Sprintf("more than %d products", mostElements), code: order.TooLarge}
	}
	return b.items, nil
}

// packedICDF opens base64; false: it is none. A document of either kind has a
// character that base64 has not.
func packedICDF(doc []byte) ([]byte, bool) {
	if len(doc) == 0 || bytes.ContainsAny(doc, "<;") {
		return nil, false
	}
	plain := bytes.Join(bytes.Fields(doc), nil)
	out := make([]byte, base64.StdEncoding.DecodedLen(len(plain)))
	n, err := base64.StdEncoding.Decode(out, plain)
	return bytes.TrimSpace(bytes.TrimPrefix(out[:n], bom)), err == nil
}

var bom = []byte("\xef\xbb\xbf")

// icdfBasket is an ICDF document.
type icdfBasket struct {
	id    string // of the envelope, if it has one
	items []item
	lines []int // where each item stands, from 1
}

// readBasket reads a document of either kind.
func readBasket(doc []byte) (*icdfBasket, error) {
	doc = bytes.TrimPrefix(doc, bom)
	if bytes.HasPrefix(bytes.TrimSpace(doc), []byte("<")) {
		return readICDFXML(doc)
	}
	return readICDFCSV(doc)
}

// orderOf is a basket as an order of products only. Its id is that of the
// document, or a digest of what is in it: the same file is the same order.
func (b *icdfBasket) order(currency string) (*order.Order, error) {
	id := b.id
	if id == "" {
		digest, err := digestOf(b.items)
		if err != nil {
			return nil, err
		}
		id = "icdf-" + digest[:16]
	}
	o := &order.Order{ID: id, Currency: currency, Channel: channel}
	for i, it := range b.items {
		l := order.Line{Product: productOf(it.Type, it.Code), Quantity: it.Quantity, Attachments: it.Attachments}
		for _, c := range it.Components {
			l.Components = append(l.Components, c.product())
		}
		o.Lines = append(o.Lines, l)
		if it.Comment != "" {
			o.Notes = append(o.Notes, order.Note{About: fmt.Sprintf("lines[%d]", i), From: "customer", Text: it.Comment})
		}
	}
	return o, nil
}

// codeTypeOf reads a codeType; without one a code is the shop's own.
func codeTypeOf(text string) (catalog.CodeType, bool) {
	t := catalog.CodeType(text)
	if t == "" {
		t = catalog.Internal
	}
	return t, t.Known()
}
