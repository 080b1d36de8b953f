package citrusad

import (
	"bytes"
	"io"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// A decoder reads orders off the wire and collects what is wrong with them.
// Reuse keeps its memory.
type decoder struct {
	orders []wireOrder
	items  []wireItem // of all orders, one behind the other
	faults []order.Fault
	loose  []extraField // unknown fields beside "orders"
	answer bool         // a partner's answer: nothing is required of it, nothing unknown is kept

	tokens *json.Decoder
	wire   []byte // the compact elements, one behind the other
}

// noBody is read by a decoder that rests.
var noBody = bytes.NewReader(nil)

// reset forgets everything but the memory. The compact elements are left to
// whoever holds them.
func (d *decoder) reset(answer bool) {
	clear(d.orders)
	clear(d.items)
	clear(d.loose)
	d.orders, d.items, d.loose, d.faults, d.wire = d.orders[:0], d.items[:0], d.loose[:0], nil, nil
	d.answer = answer
	if d.tokens != nil {
		d.tokens.Reset(noBody)
	}
}

// readRequest reads {"orders":[…]}. Its error is an *order.Invalid with every
// complaint.
//
// Two blocks of the seed's samples begin with a whole JSON value and go on
// with stray brackets, so what follows the value is an error; the complaints
// about the value itself come first, for they name the place.
func (d *decoder) readRequest(body []byte) error {
	d.reset(false)
	err := json.CheckInput(body)
	if err == nil {
		err = d.read(body)
	}
	if err != nil {
		invalid, ok := json.Invalid(err)
		if !ok {
			return err
		}
		d.faults = append(d.faults, invalid.Faults...)
	}
	if len(d.faults) > 0 {
		return &order.Invalid{Faults: d.faults}
	}
	return nil
}

// readAnswer reads a partner's {"orders":[…]} or a bare order. What it can not
// understand of an order stays unset; the error is about the JSON only.
func (d *decoder) readAnswer(body []byte) error {
	d.reset(true)
	if err := json.CheckInput(body); err != nil {
		return err
	}
	if err := d.read(body); err != nil {
		return err
	}
	if len(d.orders) > 0 {
		return nil
	}
	// No "orders" at all: a bare order, as GET by id answers.
	d.wire = json.AppendCompact(make([]byte, 0, len(body)), body)
	d.readOrder(string(d.wire))
	return nil
}

// read walks over the top level with the JSON library, which checks every
// byte, and over the orders with a cursor, which checks none again.
func (d *decoder) read(body []byte) error {
	// A Buffer is read in place, and never written to by the library.
	src := bytes.NewBuffer(body)
	if d.tokens == nil {
		d.tokens = json.NewDecoder(src)
	} else {
		d.tokens.Reset(src)
	}
	// Not pooled: the ledger may hold it for longer than the request lasts.
	d.wire = make([]byte, 0, len(body))
	err := d.readTop()
	if err == nil {
		if _, err = d.tokens.ReadToken(); err == io.EOF {
			return nil
		}
	}
	return explain(err, body)
}

// explain says what is wrong with a body: by reading it once more, for the
// library's own words need the whole text.
func explain(err error, body []byte) error {
	if _, ok := json.Invalid(err); ok {
		return err
	}
	var whole json.Value
	if e := json.Unmarshal(body, &whole); e != nil {
		return e
	}
	return json.Explain(err)
}

func (d *decoder) readTop() error {
	if d.tokens.PeekKind() != '{' {
		if _, err := d.tokens.ReadValue(); err != nil {
			return err
		}
		d.fault("", order.Malformed, `the body must be an object with "orders"`)
		return nil
	}
	if _, err := d.tokens.ReadToken(); err != nil {
		return err
	}
	found := false
	for d.tokens.PeekKind() == '"' {
		name, err := d.tokens.ReadToken()
		if err != nil {
			return err
		}
		if text := name.String(); text != "orders" {
			if err := d.readLoose(text); err != nil {
				return err
			}
			continue
		}
		found = true
		if err := d.readOrders(); err != nil {
			return err
		}
	}
	if _, err := d.tokens.ReadToken(); err != nil { // the closing brace
		return err
	}
	if !d.answer && (!found || len(d.orders) == 0) {
		d.require(place{-1, -1, "orders", -1}, false)
	}
	return nil
}

// readLoose keeps an unknown field beside "orders".
func (d *decoder) readLoose(name string) error {
	v, err := d.tokens.ReadValue()
	if err != nil || d.answer {
		return err
	}
	f := extraField{Path: string(appendName([]byte("$"), name)), Value: string(json.AppendCompact(nil, v))}
	size := len(f.Path) + len(f.Value)
	for _, g := range d.loose {
		size += len(g.Path) + len(g.Value)
	}
	if size > maxLoose {
		d.fault("", order.TooLarge, `unknown fields beside "orders" are larger than 4 KB`)
		return nil
	}
	d.loose = append(d.loose, f)
	return nil
}

func (d *decoder) readOrders() error {
	if kind := d.tokens.PeekKind(); kind != '[' {
		if _, err := d.tokens.ReadValue(); err != nil {
			return err
		}
		if kind != 'n' { // null is as good as missing
			d.fault("orders", order.Malformed, "must be an array")
		}
		return nil
	}
	if _, err := d.tokens.ReadToken(); err != nil {
		return err
	}
	for d.tokens.PeekKind() != ']' {
		v, err := d.tokens.ReadValue()
		if err != nil {
			return err
		}
		if len(d.orders) == maxOrders {
			return &json.PathError{Path: "orders", Reason: "more than 10000 orders", Code: order.TooLarge}
		}
		d.readElement(v)
	}
	_, err := d.tokens.ReadToken()
	return err
}

func (d *decoder) readElement(v []byte) {
	start := len(d.wire)
	d.wire = json.AppendCompact(d.wire, v)
	raw := d.wire[start:len(d.wire):len(d.wire)]
	d.readOrder(string(raw)).Raw = raw
}
