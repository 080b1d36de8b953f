package deliveryhero

import (
	"errors"
	"io"
	"strconv"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/promotion"
)

// errTooManySKUs is the error of a body that lists more than any request may.
var errTooManySKUs = errors.New("too many SKUs")

// readPromotion reads the body of PUT …/promotion as a stream: its discounts,
// which may be millions, are not in the first result. Entries of the same terms
// are gathered in one, which says where each SKU stood: an entry each takes five
// times the memory. What the body has beside is left out. Errors:
// *json.PathError, errTooManySKUs, those of r.
func readPromotion(r io.Reader) (*wirePromotion, []promotion.Discount, error) {
	p := promotionReader{d: json.NewDecoder(r), at: map[gathered]int{}}
	if err := p.object(); err != nil {
		return nil, nil, err
	}
	if _, err := p.d.ReadToken(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = &json.PathError{Reason: "there is something behind the object", Code: order.Malformed}
		}
		return nil, nil, json.Explain(err)
	}
	var w wirePromotion
	if err := json.UnmarshalInput(append(p.head, '}'), &w); err != nil {
		return nil, nil, err
	}
	return &w, p.discounts, nil
}

type promotionReader struct {
	d         *json.Decoder
	head      []byte // an object of all members but the discounts, still open
	discounts []promotion.Discount
	at        map[gathered]int // where in discounts entries of the same terms are
	entries   int
	skus      int
}

// gathered is what entries that are gathered have in common.
type gathered struct {
	terms  promotion.Terms
	remove bool
}

// mostGathered bounds the terms that are remembered: a body with more has some
// of them several times.
const mostGathered = 1 << 18

func (p *promotionReader) object() error {
	if kind := p.d.PeekKind(); kind != '{' {
		if kind != 0 {
			return &json.PathError{Reason: "is not an object", Code: order.Malformed}
		}
		return p.fault()
	}
	if _, err := p.d.ReadToken(); err != nil {
		return json.Explain(err)
	}
	p.head = append(p.head, '{')
	for p.d.PeekKind() != '}' {
		name, err := p.d.ReadToken()
		if err != nil {
			return json.Explain(err)
		}
		switch text := name.String(); text {
		case "discount":
			err = p.list()
		case "vendors", "type", "active", "reason", "display_name", "conditions", "limits":
			err = p.keep(text)
		default:
			err = json.Explain(p.d.SkipValue())
		}
		if err != nil {
			return err
		}
	}
	_, err := p.d.ReadToken()
	return json.Explain(err)
}

// fault is why there is no next token.
func (p *promotionReader) fault() error {
	_, err := p.d.ReadToken()
	if errors.Is(err, io.EOF) {
		return &json.PathError{Reason: "is empty", Code: order.Malformed}
	}
	return json.Explain(err)
}

// keep reads a member that is read with the others.
func (p *promotionReader) keep(name string) error {
	v, err := p.d.ReadValue()
	if err != nil {
		return json.Explain(err)
	}
	if len(p.head) > 1 {
		p.head = append(p.head, ',')
	}
	p.head = append(json.AppendText(p.head, name), ':')
	p.head = append(p.head, v...)
	return nil
}

// list reads the discounts one by one.
func (p *promotionReader) list() error {
	if p.d.PeekKind() != '[' {
		return p.keep("discount") // null, or what is refused with the others
	}
	if _, err := p.d.ReadToken(); err != nil {
		return json.Explain(err)
	}
	for p.d.PeekKind() != ']' {
		v, err := p.d.ReadValue()
		if err != nil {
			return json.Explain(err)
		}
		var one wireDiscount
		if err := json.UnmarshalInput(v, &one); err != nil {
			return json.Within(err, "discount["+strconv.Itoa(p.entries)+"]")
		}
		if p.skus += max(len(one.SKU), 1); p.skus > promotion.MostPairs {
			return errTooManySKUs
		}
		p.gather(&one)
	}
	_, err := p.d.ReadToken()
	return json.Explain(err)
}

// gather adds an entry to those of the same terms.
func (p *promotionReader) gather(one *wireDiscount) {
	key := gathered{remove: !said(one.Active)}
	if !key.remove { // of what is taken out nothing else is said
		key.terms = one.terms()
	}
	entry := int32(p.entries)
	p.entries++
	if len(one.SKU) == 0 { // refused with the others
		p.discounts = append(p.discounts, promotion.Discount{Terms: key.terms, Remove: key.remove, From: []int32{entry}})
		return
	}
	at, ok := p.at[key]
	if !ok {
		if len(p.at) == mostGathered {
			clear(p.at)
		}
		at = len(p.discounts)
		p.at[key] = at
		p.discounts = append(p.discounts, promotion.Discount{Terms: key.terms, Remove: key.remove})
	}
	d := &p.discounts[at]
	d.SKUs = append(d.SKUs, one.SKU...)
	for range one.SKU {
		d.From = append(d.From, entry)
	}
}
