package idosell

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

// The bounds of an ICDF document.
const (
	icdfDepth      = 16
	icdfElements   = 50_000
	icdfAttributes = 32
)

// element is an element of an XML document.
type element struct {
	name     string
	attrs    map[string]string
	text     strings.Builder
	children []*element
	line     int
}

// readICDFXML reads a basket. Where the document has more elements than ICDF
// knows, they are stepped over.
func readICDFXML(doc []byte) (*icdfBasket, error) {
	root, err := parseXML(doc)
	if err != nil {
		return nil, err
	}
	list := root.find("products")
	if list == nil {
		return nil, &icdfError{path: "products", reason: "is missing", code: order.Required}
	}
	b := &icdfBasket{id: strings.TrimSpace(root.attrs["id"])}
	for _, p := range list.named("product") {
		it, err := p.item(fmt.Sprintf("products/product[%d]", len(b.items)))
		if err != nil {
			return nil, err
		}
		b.items, b.lines = append(b.items, it), append(b.lines, p.line)
	}
	if len(b.items) == 0 {
		return nil, &icdfError{path: "products", reason: "holds no product", code: order.Required}
	}
	return b, nil
}

// parseXML reads a document into elements: no document type, no processing
// instructions but the declaration, no entities but XML's own.
func parseXML(doc []byte) (*element, error) {
	t := &elementTree{decoder: xml.NewDecoder(bytes.NewReader(doc))}
	for {
		token, err := t.decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, t.fault("is not well-formed XML in UTF-8")
		}
		if err := t.take(token); err != nil {
			return nil, err
		}
	}
	if t.root == nil {
		return nil, &icdfError{reason: "holds no element", code: order.Malformed}
	}
	return t.root, nil
}

// elementTree is a document while it is read.
type elementTree struct {
	decoder *xml.Decoder
	root    *element
	open    []*element
	count   int // of elements so far
}

// fault is an error in the line that was read last.
func (t *elementTree) fault(reason string) error {
	line, _ := t.decoder.InputPos()
	return &icdfError{path: fmt.Sprintf("line %d", line), reason: reason, code: order.Malformed}
}

// take adds a token to the tree.
func (t *elementTree) take(token xml.Token) error {
	switch token := token.(type) {
	case xml.StartElement:
		return t.start(token)
	case xml.EndElement:
		t.open = t.open[:len(t.open)-1]
	case xml.CharData:
		if len(t.open) > 0 {
			t.open[len(t.open)-1].text.Write(token)
		}
	case xml.Directive:
		return &icdfError{reason: "a document type is not accepted", code: order.Malformed}
	case xml.ProcInst:
		if token.Target != "xml" {
			return &icdfError{reason: "processing instructions are not accepted", code: order.Malformed}
		}
	}
	return nil
}

// start opens an element, below the one that is open.
func (t *elementTree) start(token xml.StartElement) error {
	if t.count++; len(t.open) >= icdfDepth || t.count > icdfElements || len(token.Attr) > icdfAttributes {
		return t.fault("too many elements or attributes, or too deep")
	}
	line, _ := t.decoder.InputPos()
	e := &element{name: token.Name.Local, attrs: map[string]string{}, line: line}
	for _, a := range token.Attr {
		if _, twice := e.attrs[a.Name.Local]; twice {
			return t.fault("an attribute stands twice")
		}
		e.attrs[a.Name.Local] = a.Value
	}
	switch {
	case len(t.open) > 0:
		parent := t.open[len(t.open)-1]
		parent.children = append(parent.children, e)
	case t.root != nil:
		return &icdfError{reason: "more than one document", code: order.Malformed}
	default:
		t.root = e
	}
	t.open = append(t.open, e)
	return nil
}

// find returns the first element of a name: the element, or the nearest below.
func (e *element) find(name string) *element {
	for row := []*element{e}; len(row) > 0; {
		var next []*element
		for _, one := range row {
			if one.name == name {
				return one
			}
			next = append(next, one.children...)
		}
		row = next
	}
	return nil
}

// named are the children of a name.
func (e *element) named(name string) (list []*element) {
	for _, c := range e.children {
		if c.name == name {
			list = append(list, c)
		}
	}
	return list
}

// below returns the children, of a name, of the first child of another.
func (e *element) below(list, name string) []*element {
	if outer := e.named(list); len(outer) > 0 {
		return outer[0].named(name)
	}
	return nil
}

// words is the text of the first child of a name.
func (e *element) words(name string) string {
	if list := e.named(name); len(list) > 0 {
		return strings.TrimSpace(list[0].text.String())
	}
	return ""
}

// item reads a product.
func (e *element) item(path string) (it item, err error) {
	if it.Code, it.Type, err = e.code(path); err != nil {
		return it, err
	}
	if it.Quantity, err = readQuantity(strings.TrimSpace(e.attrs["quantity"])); err != nil {
		return it, &icdfError{path: path + "/@quantity", reason: err.Error(), code: order.Malformed}
	}
	it.Comment = e.words("comment")
	if it.Attachments, err = e.attachments(path); err != nil {
		return it, err
	}
	for i, p := range e.below("products", "product") {
		c := component{}
		if c.Code, c.Type, err = p.code(fmt.Sprintf("%s/products/product[%d]", path, i)); err != nil {
			return it, err
		}
		it.Components = append(it.Components, c)
	}
	if len(it.Components) > mostElements || len(it.Attachments) > mostElements {
		return it, &icdfError{path: path, reason: fmt.Sprintf("more than %d attachments or components", mostElements), code: order.TooLarge}
	}
	return it, nil
}

// attachments reads the files of a product.
func (e *element) attachments(path string) (files []order.Attachment, err error) {
	for i, a := range e.below("attachments", "attachment") {
		data, ok := decodeBase64(a.words("file"))
		if !ok {
			return nil, &icdfError{path: fmt.Sprintf("%s/attachments/attachment[%d]/file", path, i), reason: "is not base64", code: order.Malformed}
		}
		name := a.words("name")
		if len(name) > order.MaxText {
			return nil, &icdfError{path: fmt.Sprintf("%s/attachments/attachment[%d]/name", path, i), reason: order.ErrTextTooLong.Error(), code: order.Malformed}
		}
		files = append(files, order.Attachment{Name: name, Data: data})
	}
	return files, nil
}

func (e *element) code(path string) (string, catalog.CodeType, error) {
	code := strings.TrimSpace(e.attrs["code"])
	if err := checkCode(code); err != nil {
		return "", "", &icdfError{path: path + "/@code", reason: err.Error(), code: order.Malformed}
	}
	kind, ok := codeTypeOf(strings.ToLower(strings.TrimSpace(e.attrs["codeType"])))
	if !ok {
		return "", "", &icdfError{path: path + "/@codeType", reason: "is none of internal, producer, external", code: order.Malformed}
	}
	return code, kind, nil
}
