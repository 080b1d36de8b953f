package skeepers

import (
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// appendVerdicts appends the answer to an array of events: one element each,
// in their sequence. An element of an event that was taken has neither
// error_description nor error, for clients count those as refused, even under
// 200 (source code of a client that cites the vendor's reference).
func (d *decoder) appendVerdicts(b []byte, notes []string) []byte {
	b = append(b, '[')
	next := 0
	for i := range d.events {
		if i > 0 {
			b = append(b, ',')
		}
		b = json.AppendText(append(b, `{"purchase_reference":`...), shortID(d.events[i].Reference))
		first := next
		for next < len(d.faults) && d.faults[next].event == i {
			next++
		}
		switch {
		case next > first:
			b = json.AppendText(append(b, `,"error_description":`...), told(d.faults[first:next]))
		case i < len(notes) && notes[i] != "":
			b = json.AppendText(append(b, `,"warning":`...), notes[i])
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

// shortID bounds what is echoed of a reference that is refused.
func shortID(id string) string {
	if len(id) > maxID {
		return id[:maxID]
	}
	return id
}

// told is what is wrong with an event as one line.
func told(faults []fault) string {
	var b strings.Builder
	for i, f := range faults {
		if i == maxTold {
			return b.String() + " (and " + strconv.Itoa(len(faults)-i) + " more)"
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(faultText(f.Fault))
	}
	return b.String()
}

// faultText is a complaint as a sentence: "consumer.email: is required".
func faultText(f order.Fault) string {
	if f.Path == "" {
		return f.Reason
	}
	return f.Path + ": " + f.Reason
}

// appendEvent appends an event as the route sends it: what is not known is
// left out, prices are numbers, references are strings, dates are UTC.
func appendEvent(b []byte, e *wireEvent) []byte {
	b = json.AppendText(append(b, `{"purchase_reference":`...), e.Reference)
	b = json.AppendText(append(b, `,"purchase_date":`...), e.Date.String())
	b = appendNumber(b, "price", e.Price)
	b = append(b, `,"consumer":{"first_name":`...)
	b = json.AppendText(b, e.First)
	b = json.AppendText(append(b, `,"last_name":`...), e.Last)
	b = json.AppendText(append(b, `,"email":`...), e.Email)
	b = appendText(b, "language", e.Language)
	b = appendText(b, "country", e.Country)
	b = append(b, `,"hide_personal_data":`...)
	b = strconv.AppendBool(b, e.Hide)
	b = json.AppendText(append(b, `},"sales_channel":{"channel":`...), e.Channel)
	b = appendText(b, "website_id", e.Website)
	b = appendText(b, "shop_id", e.Shop)
	b = json.AppendText(append(b, `},"solicitation_parameters":{"purchase_event_type":`...), e.Type)
	b = appendDays(b, "delay", e.Delay)
	b = append(appendDays(b, "delay_product", e.DelayProducts), '}')
	if len(e.Products) > 0 { // no product variable at all where none is asked about
		b = append(b, `,"products":[`...)
		for i := range e.Products {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendProduct(b, &e.Products[i])
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

func appendProduct(b []byte, p *wireProduct) []byte {
	b = json.AppendText(append(b, `{"product_ref":{"reference":`...), p.Reference)
	b = appendText(b, "sku", p.SKU)
	b = appendText(b, "ean", p.EAN)
	b = appendText(b, "upc", p.UPC)
	b = appendText(b, "mpn", p.MPN)
	b = appendText(b, "isbn", p.ISBN)
	b = json.AppendText(append(b, `},"name":`...), p.Name)
	b = appendNumber(b, "price", p.Price)
	b = appendText(b, "brand", p.Brand)
	b = appendText(b, "category", p.Category)
	b = appendText(b, "product_url", p.URL)
	b = appendText(b, "image_url", p.Image)
	b = append(b, `,"not_received":`...)
	b = strconv.AppendBool(b, p.NotReceived)
	return append(appendDays(b, "delay", p.Delay), '}')
}

// appendName appends a comma and the name of a member.
func appendName(b []byte, name string) []byte {
	return append(append(append(b, `,"`...), name...), `":`...)
}

func appendText(b []byte, name, s string) []byte {
	if s == "" {
		return b
	}
	return json.AppendText(appendName(b, name), s)
}

func appendNumber(b []byte, name string, n order.Decimal) []byte {
	if !n.IsSet() {
		return b
	}
	return n.AppendNumber(appendName(b, name))
}

func appendDays(b []byte, name string, n *int) []byte {
	if n == nil {
		return b
	}
	return strconv.AppendInt(appendName(b, name), int64(*n), 10)
}
