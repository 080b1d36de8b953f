package skeepers

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

func (r *eventReader) product(c *json.Cursor, n int, p *wireProduct) {
	if c.Kind() != '{' {
		c.Raw()
		r.fault(place{n, ""}, order.Malformed, "must be an object")
		return
	}
	var ean13 string
	for c.Open(); c.More(); {
		switch name := c.Name(); name {
		case "product_ref":
			ean13 = r.productRef(c, n, p)
		case "name":
			p.Name = r.text(c, place{n, "name"}, maxText)
		case "price":
			p.Price = r.decimal(c, place{n, "price"})
		case "brand":
			p.Brand = r.text(c, place{n, "brand"}, maxText)
		case "category":
			p.Category = r.text(c, place{n, "category"}, maxText)
		case "product_url":
			p.URL = r.text(c, place{n, "product_url"}, maxText)
		case "image_url":
			p.Image = r.text(c, place{n, "image_url"}, maxText)
		case "not_received":
			p.NotReceived = r.flag(c, place{n, "not_received"})
		case "delay":
			p.Delay = r.days(c, place{n, "delay"})
		default:
			r.keep(place{n, ""}, name, c.Raw())
		}
	}
	r.either(n, p, ean13)
	r.require(place{n, "product_ref.reference"}, filled(p.Reference))
}

// filled reports whether a field holds more than blanks.
func filled(text string) bool { return strings.TrimSpace(text) != "" }

// productRef reads the codes of a product, and returns the one that stands in
// ean13.
func (r *eventReader) productRef(c *json.Cursor, n int, p *wireProduct) (ean13 string) {
	r.object(c, place{n, "product_ref"}, func(c *json.Cursor, name string) bool {
		to, field := p.code(name)
		if name == "ean13" {
			to, field = &ean13, "product_ref.ean13"
		}
		if to == nil {
			return false
		}
		*to = r.word(c, place{n, field}, maxText)
		return true
	})
	return ean13
}

// code is where a member of product_ref goes, and its path; nil: the API does
// not have it.
func (p *wireProduct) code(name string) (to *string, path string) {
	switch name {
	case "reference":
		return &p.Reference, "product_ref.reference"
	case "sku":
		return &p.SKU, "product_ref.sku"
	case "ean":
		return &p.EAN, "product_ref.ean"
	case "upc":
		return &p.UPC, "product_ref.upc"
	case "mpn":
		return &p.MPN, "product_ref.mpn"
	case "isbn":
		return &p.ISBN, "product_ref.isbn"
	}
	return nil, ""
}

// either takes ean13 for ean, which the shop module's two ways name
// differently, and keeps it where both stand there and differ.
func (r *eventReader) either(n int, p *wireProduct, ean13 string) {
	switch {
	case p.EAN == "":
		p.EAN = ean13
	case ean13 != "" && ean13 != p.EAN:
		r.keep(place{n, "product_ref"}, "ean13", string(json.AppendText(nil, ean13)))
	}
}

// demand complains about what is missing or can not be.
func (r *eventReader) demand() {
	e := r.e
	r.require(at("purchase_reference"), filled(e.Reference))
	r.require(at("purchase_date"), !e.Date.IsZero())
	r.require(at("consumer.first_name"), filled(e.First) || !r.d.names)
	r.require(at("consumer.last_name"), filled(e.Last) || !r.d.names)
	r.require(at("consumer.email"), e.Email != "")
	if e.Email != "" && !isEmail(e.Email) {
		r.fault(at("consumer.email"), order.Malformed, "is not a valid e-mail address")
	}
	r.demandChannel()
	r.demandType()
}

func (r *eventReader) demandChannel() {
	e := r.e
	switch e.Channel {
	case channelOnline:
	case channelOffline:
		if e.Shop == "" {
			r.fault(at("sales_channel.shop_id"), order.Required, "is required where channel is offline")
		}
	case "":
		r.require(at("sales_channel.channel"), false)
	default:
		r.fault(at("sales_channel.channel"), order.Malformed, "must be online or offline, in small letters")
	}
	if e.Website != "" && r.d.website != "" && !strings.EqualFold(e.Website, r.d.website) {
		r.fault(at("sales_channel.website_id"), order.Malformed, "is not the website of the address")
	}
	if e.Shop != "" && r.d.shops != nil && !slices.Contains(r.d.shops, e.Shop) {
		r.fault(at("sales_channel.shop_id"), order.Malformed, "is not known")
	}
}

// demandType settles what is asked for. Without purchase_event_type it follows
// from the products, as the help page says: brand only is without any.
func (r *eventReader) demandType() {
	e := r.e
	switch e.Type {
	case typeBoth, typeBrand:
	case typeProducts:
		if len(e.Products) == 0 && !r.complained("products") {
			r.fault(at("products"), order.Required, "at least one is required with "+typeProducts)
		}
	case "":
		e.Type = typeBoth
		if len(e.Products) == 0 {
			e.Type = typeBrand
		}
	default:
		r.fault(at("solicitation_parameters.purchase_event_type"), order.Malformed,
			"must be "+typeBoth+", "+typeBrand+" or "+typeProducts)
	}
}

// maxEmail is the longest address that mail can be sent to (RFC 5321,
// 4.5.3.1.3, less the brackets).
const maxEmail = 254

// isEmail reports whether mail could be sent there: one @, with something
// before it and a host behind it, and nothing that ends a header line.
func isEmail(s string) bool {
	local, host, ok := strings.Cut(s, "@")
	return ok && local != "" && host != "" && host[0] != '.' && host[len(host)-1] != '.' && len(s) <= maxEmail &&
		!strings.ContainsAny(s, `<>,;"`) && !strings.ContainsFunc(s, isBlankOrControl) &&
		!strings.Contains(host, "@") && !strings.Contains(host, "..")
}

func isBlankOrControl(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }

func (r *eventReader) fault(p place, code order.FaultCode, reason string) {
	r.d.faults = append(r.d.faults, fault{r.event, order.Fault{Path: p.String(), Code: code, Reason: reason}})
}

// require complains about a missing field, unless the field itself has a
// complaint already.
func (r *eventReader) require(p place, ok bool) {
	if !ok && !r.complained(p.String()) {
		r.fault(p, order.Required, "is required")
	}
}

// complained reports whether a field of the event, or what it stands in, has a
// complaint already.
func (r *eventReader) complained(path string) bool {
	for i := len(r.d.faults) - 1; i >= 0 && r.d.faults[i].event == r.event; i-- {
		if f := r.d.faults[i]; f.Path == path || strings.HasPrefix(path, f.Path+".") {
			return true
		}
	}
	return false
}

// keep remembers a field that the API does not have.
func (r *eventReader) keep(p place, name, raw string) {
	r.e.Extra = append(r.e.Extra, extraField{Path: json.Join(p.String(), name), Value: raw})
}

// wrong complains about the next value and steps over it.
func (r *eventReader) wrong(c *json.Cursor, p place, reason string) {
	r.fault(p, order.Malformed, reason)
	c.Raw()
}

func (r *eventReader) text(c *json.Cursor, p place, limit int) string {
	switch c.Kind() {
	case '"':
		s := c.Text()
		if len(s) > limit {
			r.fault(p, order.TooLarge, order.ErrTextTooLong.Error())
		}
		return s
	case 'n':
		c.Raw()
	default:
		r.wrong(c, p, "must be a string")
	}
	return ""
}

// word reads a string, or a number as its digits stand there: ids of a
// database arrive as either, by the version of PHP (inferred).
func (r *eventReader) word(c *json.Cursor, p place, limit int) string {
	if k := c.Kind(); k >= '0' && k <= '9' || k == '-' {
		s := c.Raw()
		if len(s) > limit || strings.Trim(s, "-0123456789") != "" {
			r.fault(p, order.Malformed, "must be a string or a whole number")
		}
		return s
	}
	return r.text(c, p, limit)
}

// flag reads true or false.
func (r *eventReader) flag(c *json.Cursor, p place) bool {
	switch c.Kind() {
	case 't', 'f', 'n':
		return c.Raw() == "true"
	}
	r.wrong(c, p, "must be true or false")
	return false
}

// decimal reads a number, or a string that holds one: the shop module's
// history import writes prices as a database does.
func (r *eventReader) decimal(c *json.Cursor, p place) order.Decimal {
	var text string
	switch k := c.Kind(); {
	case k == 'n':
		c.Raw()
	case k == '"':
		text = c.Text()
	case k == '-' || k >= '0' && k <= '9':
		text = c.Raw()
	default:
		r.wrong(c, p, "must be a number")
	}
	if text == "" {
		return order.Decimal{}
	}
	n, err := order.ParseDecimal(text)
	if err != nil {
		r.fault(p, order.Malformed, err.Error())
	}
	return n
}

// days reads a whole number of days, 0 or more; nil where there is none.
func (r *eventReader) days(c *json.Cursor, p place) *int {
	before := len(r.d.faults)
	n := r.decimal(c, p)
	if !n.IsSet() || len(r.d.faults) > before {
		return nil
	}
	days, ok := n.Int64()
	if !ok || days < 0 || days > maxDelay {
		r.fault(p, order.Malformed, "must be a whole number of days, 0 to "+strconv.Itoa(maxDelay))
		return nil
	}
	d := int(days)
	return &d
}
