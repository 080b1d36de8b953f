package idosell

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// item is a line of a basket: the product structure of ICDF.
type item struct {
	Code        string             `json:"code"`
	Type        catalog.CodeType   `json:"type,omitzero"`
	Quantity    order.Decimal      `json:"quantity"`
	Comment     string             `json:"comment,omitzero"`
	Attachments []order.Attachment `json:"attachments,omitzero"`
	Components  []component        `json:"components,omitzero"` // of a set or collection

	at string // where it stands in the call: "params.products[2]"; "": in the basket
}

// component is what a set is made of.
type component struct {
	Code string           `json:"code"`
	Type catalog.CodeType `json:"type,omitzero"`
}

// readItems reads the products of a request, or what stands in their place: a
// basket as an ICDF document. None: an empty list.
func readItems(f *fields) ([]item, error) {
	if doc := f.text(fieldICDF); doc != "" {
		if len(f.v.At("products").Items()) > 0 {
			f.refuse(codeMalformed, fieldICDF, "stands beside products")
		}
		if f.bad != nil {
			return nil, f.bad
		}
		items, err := readICDF([]byte(doc))
		if err != nil {
			return nil, icdfFault(f.path+"."+fieldICDF, err)
		}
		for i := range items {
			items[i].at = f.path + "." + fieldICDF
		}
		return items, nil
	}
	list := f.list("products")
	items := make([]item, len(list))
	for i, p := range list {
		items[i] = readItem(p)
		f.adopt(p)
	}
	return items, f.err()
}

func readItem(p *fields) item {
	it := item{Quantity: p.quantity("quantity"), Comment: p.remark("comment"), at: p.path}
	it.Code, it.Type = p.code()
	for _, a := range p.list("attachments") {
		data, ok := decodeBase64(a.text("file"))
		if !ok {
			a.refuse(codeMalformed, "file", "is not base64")
		}
		it.Attachments = append(it.Attachments, order.Attachment{Name: a.remark("name"), Data: data})
		p.adopt(a)
	}
	for _, c := range p.list("products") {
		code, kind := c.code()
		it.Components = append(it.Components, component{code, kind})
		p.adopt(c)
	}
	return it
}

// code reads code and codeType.
func (f *fields) code() (string, catalog.CodeType) {
	code := f.text("code")
	if err := checkCode(code); err != nil {
		f.refuse(codeMalformed, "code", err.Error())
	}
	kind := f.word("codeType", string(catalog.Internal), string(catalog.Producer), string(catalog.External))
	if kind == "" {
		f.refuse(codeMalformed, "codeType", "is missing")
	}
	return code, catalog.CodeType(kind)
}

// checkCode says what is wrong with a product's code.
func checkCode(code string) error {
	switch {
	case code == "":
		return order.ErrRequired
	case len(code) > mostCode:
		return order.ErrTextTooLong
	case strings.ContainsFunc(code, func(r rune) bool { return unicode.IsControl(r) || r == '\ufffe' || r == '\uffff' }):
		return order.ErrControl
	}
	return nil
}

// quantity reads a decimal above 0.
func (f *fields) quantity(name string) order.Decimal {
	d, err := readQuantity(f.text(name))
	if err != nil {
		f.refuse(codeMalformed, name, err.Error())
	}
	return d
}

func readQuantity(text string) (order.Decimal, error) {
	if text == "" {
		return order.Decimal{}, order.ErrRequired
	}
	d, err := order.ParseDecimal(text)
	if err == nil && d.Sign() <= 0 {
		err = order.ValueError("is not above 0")
	}
	return d, err
}

// decodeBase64 reads base64 as encoders write it, with line ends or without.
func decodeBase64(text string) ([]byte, bool) {
	text = strings.Join(strings.Fields(text), "")
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		data, err = base64.RawStdEncoding.DecodeString(text)
	}
	return data, err == nil
}

// summed joins lines that name the same product in the same way: their
// quantities add up. Sets of other components stay apart.
func summed(items []item) []item {
	var out []item
	at := map[string]int{}
	for _, it := range items {
		key := fmt.Sprintf("%q", append([]component{{it.Code, it.Type}}, it.Components...))
		i, ok := at[key]
		if !ok {
			at[key] = len(out)
			out = append(out, it)
			continue
		}
		have := &out[i]
		have.Quantity = have.Quantity.Add(it.Quantity)
		have.Attachments = append(have.Attachments[:len(have.Attachments):len(have.Attachments)], it.Attachments...)
		if it.Comment != "" && it.Comment != have.Comment {
			have.Comment = strings.TrimPrefix(have.Comment+"\n"+it.Comment, "\n")
		}
	}
	return out
}

// orderable is summed for what is to become an order, which can not hold any
// number of remarks and files of one line.
func orderable(items []item) ([]item, error) {
	items = summed(items)
	for i := range items {
		switch it := &items[i]; {
		case len(it.Comment) > order.MaxText:
			return nil, &fault{code: codeMalformed, path: it.path(i) + ".comment", text: "is longer than " + strconv.Itoa(order.MaxText) + " bytes"}
		case len(it.Attachments) > order.MaxElements:
			return nil, &fault{code: codeTooMany, path: it.path(i) + ".attachments"}
		}
	}
	return items, nil
}

// path names an item, the i-th, to the caller: by where it stands in the call,
// else by its place in the basket.
func (it *item) path(i int) string {
	if it.at != "" {
		return it.at
	}
	return "products[" + strconv.Itoa(i) + "]"
}

// linesOf are the items as the catalogue is asked for them.
func linesOf(items []item) []catalog.Line {
	lines := make([]catalog.Line, len(items))
	for i, it := range items {
		lines[i] = catalog.Line{Type: it.Type, Code: it.Code, Quantity: it.Quantity}
	}
	return lines
}

// digestOf tells whether two baskets, or requests, say the same.
func digestOf(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}
