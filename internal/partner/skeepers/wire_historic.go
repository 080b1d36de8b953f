package skeepers

import (
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// pushOrder is the only query of the historic web service that hands an order
// over (https://help.rr.skeepers.com/hc/en-us/articles/18487847498012, seen
// 2026).
const pushOrder = "pushCommandeSHA1"

// maxHistoricDelay is the longest delay of the historic service, in days.
const maxHistoricDelay = 30

// historic is a message of the historic web service: an event in other words.
type historic struct {
	Query string
	Sign  string
	Date  string // as signed
	Delay string // as signed; "": none
}

// readHistoric reads a message, a compact JSON object, as the decoder's only
// event.
func (d *decoder) readHistoric(message []byte, t terms) historic {
	d.reset(t)
	d.events = append(d.events, wireEvent{Raw: message, Channel: channelOnline})
	r := eventReader{d: d, e: &d.events[0]}
	c := json.NewCursor(string(message))
	if c.Kind() != '{' {
		r.fault(at("message"), order.Malformed, "must be an object")
		return historic{}
	}
	h := r.historic(&c)
	r.demandHistoric(&h)
	return h
}

func (r *eventReader) historic(c *json.Cursor) (h historic) {
	e := r.e
	for c.Open(); c.More(); {
		switch name := c.Name(); name {
		case "query":
			h.Query = r.text(c, at("query"), maxText)
		case "sign":
			h.Sign = r.text(c, at("sign"), maxText)
		case "order_ref":
			e.Reference = r.word(c, at("order_ref"), maxID)
		case "order_date":
			h.Date = r.text(c, at("order_date"), maxText)
		case "email":
			e.Email = r.text(c, at("email"), maxText)
		case "firstname":
			e.First = r.text(c, at("firstname"), maxText)
		case "lastname":
			e.Last = r.text(c, at("lastname"), maxText)
		case "phone":
			e.Phone = r.word(c, at("phone"), maxText)
		case "delay":
			before := *c
			h.Delay = r.word(&before, at("delay"), maxText)
			e.Delay = r.days(c, at("delay"))
		case "delay_product":
			e.DelayProducts = r.days(c, at("delay_product"))
		case "canal", "channel":
			if text := r.text(c, at("canal"), maxText); text != "" {
				e.Channel = text
			}
		case "id_shop":
			e.Shop = r.word(c, at("id_shop"), maxText)
		case "PRODUCTS", "products":
			r.historicProducts(c)
		default:
			r.keep(at(""), name, c.Raw())
		}
	}
	return h
}

// historicProducts reads an array, or an object with the keys "0", "1", ….
func (r *eventReader) historicProducts(c *json.Cursor) {
	kind := c.Kind()
	if kind != '[' && kind != '{' {
		if c.Raw() != "null" {
			r.fault(at("PRODUCTS"), order.Malformed, "must be an array")
		}
		return
	}
	first := len(r.d.products)
	n := 0
	for c.Open(); c.More(); n++ {
		if kind == '{' {
			c.Name()
		}
		if n == maxProducts {
			r.fault(at("PRODUCTS"), order.TooLarge, "more than 1000 products")
			c.Raw()
			for c.More() {
				if kind == '{' {
					c.Name()
				}
				c.Raw()
			}
			break
		}
		r.d.products = append(r.d.products, wireProduct{})
		r.historicProduct(c, n, &r.d.products[len(r.d.products)-1])
	}
	r.e.Products = r.d.products[first:len(r.d.products):len(r.d.products)]
}

func (r *eventReader) historicProduct(c *json.Cursor, n int, p *wireProduct) {
	if c.Kind() != '{' {
		r.wrong(c, place{n, ""}, "must be an object")
		return
	}
	for c.Open(); c.More(); {
		name := c.Name()
		if to := p.historic(name); to == nil {
			r.keep(place{n, ""}, name, c.Raw())
		} else if text := r.word(c, place{n, name}, maxText); text != "" {
			*to = text
		}
	}
	r.require(place{n, "id_product"}, filled(p.Reference))
	r.require(place{n, "name_product"}, filled(p.Name))
}

// historic is where a member of a product of the historic service goes; nil:
// the service does not have it.
func (p *wireProduct) historic(name string) *string {
	switch name {
	case "id_product":
		return &p.Reference
	case "name_product":
		return &p.Name
	case "url_product":
		return &p.URL
	case "url_image_product", "url_product_image": // the articles disagree
		return &p.Image
	case "GTIN_EAN":
		return &p.EAN
	case "GTIN_UPC":
		return &p.UPC
	case "GTIN_JAN":
		return &p.JAN
	case "GTIN_ISBN":
		return &p.ISBN
	case "MPN":
		return &p.MPN
	case "sku":
		return &p.SKU
	case "brand_name":
		return &p.Brand
	}
	return nil
}

func (r *eventReader) demandHistoric(h *historic) {
	e := r.e
	r.require(at("order_ref"), filled(e.Reference))
	if strings.ContainsAny(e.Reference, "\t\r\n") {
		r.fault(at("order_ref"), order.Malformed, notOneLine)
	}
	r.require(at("order_date"), h.Date != "")
	if h.Date != "" {
		var err error
		if e.Date, err = parseDate(h.Date, r.d.zone, apiDates); err != nil {
			r.fault(at("order_date"), order.Malformed, err.Error())
		}
	}
	r.require(at("firstname"), filled(e.First))
	r.require(at("lastname"), filled(e.Last))
	r.require(at("email"), e.Email != "")
	if e.Email != "" && !isEmail(e.Email) {
		r.fault(at("email"), order.Malformed, "is not a valid e-mail address")
	}
	if e.Delay != nil && *e.Delay > maxHistoricDelay {
		r.fault(at("delay"), order.Malformed, "must be 0 to 30 days")
	}
	e.Type = typeBoth
	if len(e.Products) == 0 {
		e.Type = typeBrand
	}
}

// signed reports whether a message carries the signature that the key makes:
// the last name before the first one, delay only where there is one (four
// clients of the service agree, seen 2026). Texts may have been signed in
// ISO-8859-1.
func (h *historic) signed(e *wireEvent, key string) bool {
	text := h.Query + e.Reference + e.Email + e.Last + e.First + h.Date + h.Delay
	if h.is(text + key) {
		return true
	}
	old, ok := latin1Of(text)
	return ok && old != text && h.is(old+key)
}

func (h *historic) is(text string) bool {
	sum := sha1.Sum([]byte(text))
	return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(strings.ToLower(h.Sign))) == 1
}
