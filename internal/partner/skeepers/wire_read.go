package skeepers

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// A decoder reads events off the wire and collects what is wrong with each of
// them. Reuse keeps its memory.
type decoder struct {
	terms
	events   []wireEvent
	products []wireProduct // of all events, one behind the other
	faults   []fault       // in the sequence of the events

	tokens *json.Decoder
	wire   []byte // the compact elements, one behind the other
	check  bool   // some element holds what strangers must not send
}

// terms are what the door's configuration and the address demand of events.
type terms struct {
	zone    *time.Location // of dates without an offset
	website string         // that of the address; "": none
	shops   []string       // the shop_id values that are taken; nil: all
	names   bool           // first and last name are required
	history bool           // elements are wrapped: {"orderData": event, …}
	most    int            // events of one call
}

// noBody is read by a decoder that rests.
var noBody = bytes.NewReader(nil)

// reset forgets everything but the memory. The compact elements are left to
// whoever holds them.
func (d *decoder) reset(t terms) {
	clear(d.events)
	clear(d.products)
	d.events, d.products, d.faults, d.wire = d.events[:0], d.products[:0], nil, nil
	d.terms, d.check = t, false
	if d.tokens != nil {
		d.tokens.Reset(noBody)
	}
}

// read reads a bare array of events. Its error is an *order.Invalid or a
// *problem, and about the array; what is wrong with single events stands in d.faults.
func (d *decoder) read(body []byte, t terms) error {
	d.reset(t)
	d.check = json.CheckInput(body) != nil
	src := bytes.NewBuffer(body) // read in place, and never written to by the library
	if d.tokens == nil {
		d.tokens = json.NewDecoder(src)
	} else {
		d.tokens.Reset(src)
	}
	// Not pooled: the ledger may hold it for longer than the request lasts.
	d.wire = make([]byte, 0, len(body))
	err := d.readArray()
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
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if _, ok := json.Invalid(err); !ok {
		var whole json.Value
		if e := json.Unmarshal(body, &whole); e != nil {
			err = e
		} else {
			err = json.Explain(err)
		}
	}
	if invalid, ok := json.Invalid(err); ok {
		return invalid
	}
	return err
}

func (d *decoder) readArray() error {
	if d.tokens.PeekKind() != '[' {
		if _, err := d.tokens.ReadValue(); err != nil {
			return err
		}
		return &json.PathError{Reason: "the body must be an array of events, also for a single one", Code: order.Malformed}
	}
	if _, err := d.tokens.ReadToken(); err != nil {
		return err
	}
	for d.tokens.PeekKind() != ']' {
		v, err := d.tokens.ReadValue()
		if err != nil {
			return err
		}
		if len(d.events) == d.most {
			return tooMany(d.most)
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
	d.events = append(d.events, wireEvent{Raw: raw})
	r := eventReader{d: d, e: &d.events[len(d.events)-1], event: len(d.events) - 1}
	if d.check {
		if invalid, ok := json.Invalid(json.CheckInput(raw)); ok {
			d.faults = append(d.faults, fault{r.event, invalid.Faults[0]})
		}
	}
	c := json.NewCursor(string(raw))
	if d.history {
		r.readWrapped(&c)
		return
	}
	r.readEvent(&c)
}

// An eventReader reads one event.
type eventReader struct {
	d     *decoder
	e     *wireEvent
	event int
}

// readWrapped reads an element of the shop module's history import:
// {"orderData": event, "status": "5", "purchase_date": "…"}. A bare event is
// taken too.
func (r *eventReader) readWrapped(c *json.Cursor) {
	whole, before := *c, len(r.d.faults)
	var date string
	if c.Kind() != '{' {
		r.readEvent(c)
		return
	}
	inner, found := json.Cursor{}, false
	for c.Open(); c.More(); {
		switch name := c.Name(); name {
		case "orderData":
			inner, found = *c, true
			c.Raw()
		case "purchase_date":
			date = r.text(c, at(name), maxText)
		default:
			r.keep(at(""), name, c.Raw())
		}
	}
	if !found {
		r.e.Extra, r.d.faults = nil, r.d.faults[:before]
		r.readEvent(&whole)
		return
	}
	r.readDated(&inner, date)
}

// notOneLine is said of references with tabs and line ends: they are referred
// to.
const notOneLine = "must be of one line, without tabs"

// readEvent reads the next value as an event.
func (r *eventReader) readEvent(c *json.Cursor) { r.readDated(c, "") }

// readDated does so; date is that of an event that has none.
func (r *eventReader) readDated(c *json.Cursor, date string) {
	if c.Kind() != '{' {
		r.fault(place{-1, ""}, order.Malformed, "must be an object")
		return
	}
	e := r.e
	for c.Open(); c.More(); {
		switch name := c.Name(); name {
		case "purchase_reference":
			e.Reference = r.word(c, at("purchase_reference"), maxID)
			if strings.ContainsAny(e.Reference, "\t\r\n") {
				r.fault(at("purchase_reference"), order.Malformed, notOneLine)
			}
		case "purchase_date":
			if text := r.text(c, at("purchase_date"), maxText); text != "" {
				date = text
			}
		case "price":
			e.Price = r.decimal(c, at("price"))
		case "consumer":
			r.object(c, at("consumer"), r.consumer)
		case "sales_channel":
			r.object(c, at("sales_channel"), r.channel)
		case "solicitation_parameters":
			r.object(c, at("solicitation_parameters"), r.wishes)
		case "products":
			r.products(c)
		default:
			r.keep(at(""), name, c.Raw())
		}
	}
	r.date(date)
	r.demand()
}

func (r *eventReader) date(text string) {
	if text == "" {
		return
	}
	t, err := parseDate(text, r.d.zone, apiDates)
	if err != nil {
		r.fault(at("purchase_date"), order.Malformed, err.Error())
	}
	r.e.Date = t
}

// object reads the members of an object by field; null is as good as missing,
// and so is the empty array that PHP makes of an empty object.
func (r *eventReader) object(c *json.Cursor, p place, field func(c *json.Cursor, name string) bool) {
	switch c.Kind() {
	case '{':
		for c.Open(); c.More(); {
			if name := c.Name(); !field(c, name) {
				r.keep(p, name, c.Raw())
			}
		}
	case 'n':
		c.Raw()
	default:
		if c.Raw() != "[]" {
			r.fault(p, order.Malformed, "must be an object")
		}
	}
}

func (r *eventReader) consumer(c *json.Cursor, name string) bool {
	switch name {
	case "first_name":
		r.e.First = r.text(c, at("consumer.first_name"), maxText)
	case "last_name":
		r.e.Last = r.text(c, at("consumer.last_name"), maxText)
	case "email":
		r.e.Email = r.text(c, at("consumer.email"), maxText)
	case "language":
		r.e.Language = r.text(c, at("consumer.language"), maxText)
	case "country":
		r.e.Country = r.text(c, at("consumer.country"), maxText)
	case "hide_personal_data":
		r.e.Hide = r.flag(c, at("consumer.hide_personal_data"))
	default:
		return false
	}
	return true
}

func (r *eventReader) channel(c *json.Cursor, name string) bool {
	switch name {
	case "channel":
		r.e.Channel = r.text(c, at("sales_channel.channel"), maxText)
	case "website_id":
		r.e.Website = r.text(c, at("sales_channel.website_id"), maxText)
	case "shop_id":
		r.e.Shop = r.word(c, at("sales_channel.shop_id"), maxText)
	default:
		return false
	}
	return true
}

func (r *eventReader) wishes(c *json.Cursor, name string) bool {
	switch name {
	case "delay":
		r.e.Delay = r.days(c, at("solicitation_parameters.delay"))
	case "delay_product":
		r.e.DelayProducts = r.days(c, at("solicitation_parameters.delay_product"))
	case "purchase_event_type":
		r.e.Type = r.text(c, at("solicitation_parameters.purchase_event_type"), maxText)
	default:
		return false
	}
	return true
}

// products reads "products": absent, null and [] are the same, and the shop
// module's history import writes an empty array where a product has no id.
func (r *eventReader) products(c *json.Cursor) {
	if c.Kind() == 'n' {
		c.Raw()
		return
	}
	if c.Kind() != '[' {
		c.Raw()
		r.fault(at("products"), order.Malformed, "must be an array")
		return
	}
	first := len(r.d.products)
	n := 0
	for c.Open(); c.More(); n++ {
		if n == maxProducts {
			r.fault(at("products"), order.TooLarge, "more than 1000 products")
			c.Rest()
			break
		}
		if c.Kind() == '[' {
			if c.Raw() != "[]" {
				r.fault(place{n, ""}, order.Malformed, "must be an object")
			}
			continue
		}
		r.d.products = append(r.d.products, wireProduct{})
		r.product(c, n, &r.d.products[len(r.d.products)-1])
	}
	r.e.Products = r.d.products[first:len(r.d.products):len(r.d.products)]
}
