package citrusad

import (
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// Limits of what the door takes. The vendor documents only maxBatch, in prose
// ("up to 100"; the unit is orders by inference; see README.md); the others
// are our choice.
const (
	maxBatch    = 100    // documented orders per request; more only without strict_batch
	maxOrders   = 10_000 // orders per request, whatever the settings
	maxItems    = order.MaxLines
	maxAdIDs    = 1_000 // ad ids per order
	maxID       = order.MaxID
	maxText     = order.MaxText
	maxFaults   = 100     // complaints listed in one answer
	maxLoose    = 4 << 10 // bytes of unknown fields beside "orders"
	maxQuantity = 1<<31 - 1
)

// wireOrder is an order as it stands on the wire, of requests and of answers
// of every layer of the API (README.md, "Layers"). "" and nil mean that the
// field was left out, null or blank: no source tells these apart.
type wireOrder struct {
	ID       string
	Date     order.Time
	Session  string
	Customer string
	Catalog  string // order level: the seed's layer
	Team     string
	AdIDs    []string
	Items    []wireItem
	Extra    []extraField
	Raw      []byte // the element of the request, blanks outside strings removed
}

// wireItem is one line of an order.
type wireItem struct {
	GTIN        string
	Quantity    order.Decimal
	Unit        order.Money // regularUnitPrice
	Total       order.Money // totalOrderItemPriceAfterDiscounts: the whole line
	Discount    order.Money // citrusDiscountAmount
	Seller      string
	Catalog     string // item level: the newest layer
	AdID        string
	Substituted order.Raw // an OrderItem, a string or null: the layers differ
}

// extraField is a field that no layer knows, under its path in the order.
type extraField struct {
	Path  string
	Value string
}

func (d *decoder) fault(path string, code order.FaultCode, reason string) {
	if len(d.faults) < maxFaults {
		d.faults = append(d.faults, order.Fault{Path: path, Code: code, Reason: reason})
	}
}

// place is where in a request the decoder stands, turned into a path only when
// something is wrong there.
type place struct {
	order, item int    // -1: not inside one
	field       string // "" for the whole
	index       int    // in a list field; -1: not in one
}

// String returns "orders[1].orderItems[0].gtin".
func (p place) String() string {
	b := make([]byte, 0, 64)
	if p.order >= 0 {
		b = appendIndex(append(b, "orders"...), p.order)
	}
	if p.item >= 0 {
		b = appendIndex(appendName(b, "orderItems"), p.item)
	}
	if p.field != "" {
		b = appendName(b, p.field)
	}
	if p.index >= 0 {
		b = appendIndex(b, p.index)
	}
	return string(b)
}

func (p place) at(field string) place {
	p.field, p.index = field, -1
	return p
}

// readOrder reads one element of "orders", whose compact text is s, to the end
// of d.orders. Its strings are parts of s.
func (d *decoder) readOrder(s string) *wireOrder {
	p := place{order: len(d.orders), item: -1, index: -1}
	d.orders = append(d.orders, wireOrder{})
	o := &d.orders[p.order]
	c := json.NewCursor(s)
	if c.Kind() != '{' {
		d.fault(p.String(), order.Malformed, "must be an object")
		return o
	}
	for c.Open(); c.More(); {
		switch name := c.Name(); name {
		case "id":
			o.ID = d.text(&c, p.at(name), maxID)
			d.oneLine(o.ID, p.at(name))
		case "orderDate":
			o.Date = d.time(&c, p.at(name))
		case "sessionId":
			o.Session = d.text(&c, p.at(name), maxText)
		case "customerId":
			o.Customer = d.text(&c, p.at(name), maxText)
		case "catalogId":
			o.Catalog = d.text(&c, p.at(name), maxText)
		case "teamId":
			o.Team = d.text(&c, p.at(name), maxText)
		case "adIds":
			o.AdIDs = d.texts(&c, p.at(name))
		case "orderItems":
			o.Items = d.lines(&c, p, o)
		default:
			d.keep(o, "", name, c.Raw())
		}
	}
	if !d.answer {
		d.require(p.at("orderDate"), !o.Date.IsZero())
		d.require(p.at("orderItems"), o.Items != nil)
	}
	return o
}

// lines reads "orderItems" into the decoder's own memory. Nil means that there
// were none at all, which is not yet a complaint.
func (d *decoder) lines(c *json.Cursor, p place, o *wireOrder) []wireItem {
	if c.Kind() == 'n' {
		c.Raw()
		return nil
	}
	if c.Kind() != '[' {
		d.wrong(c, p.at("orderItems"), "must be an array")
		return []wireItem{}
	}
	first := len(d.items)
	for c.Open(); c.More(); {
		p.item = len(d.items) - first
		if p.item == maxItems {
			d.fault(place{p.order, -1, "orderItems", -1}.String(), order.TooLarge, "more than 10000 lines")
			c.Rest()
			break
		}
		d.items = append(d.items, wireItem{})
		d.item(c, p, o, &d.items[len(d.items)-1])
	}
	if len(d.items) == first {
		return nil
	}
	return d.items[first:len(d.items):len(d.items)]
}

func (d *decoder) item(c *json.Cursor, p place, o *wireOrder, it *wireItem) {
	if c.Kind() != '{' {
		d.wrong(c, p, "must be an object")
		return
	}
	for c.Open(); c.More(); {
		switch name := c.Name(); name {
		case "gtin":
			it.GTIN = d.text(c, p.at(name), maxText)
		case "quantity":
			it.Quantity = d.quantity(c, p.at(name))
		case "regularUnitPrice":
			it.Unit = d.decimal(c, p.at(name))
		case "totalOrderItemPriceAfterDiscounts":
			it.Total = d.decimal(c, p.at(name))
		case "citrusDiscountAmount":
			it.Discount = d.decimal(c, p.at(name))
		case "sellerId":
			it.Seller = d.text(c, p.at(name), maxText)
		case "catalogId":
			it.Catalog = d.text(c, p.at(name), maxText)
		case "adId":
			it.AdID = d.text(c, p.at(name), maxText)
		case "substitutedFor":
			if raw := c.Raw(); raw != "null" {
				it.Substituted = order.Raw(raw)
			}
		default:
			d.keep(o, itemPath(p.item), name, c.Raw())
		}
	}
	if !d.answer {
		d.require(p.at("gtin"), it.GTIN != "")
		d.require(p.at("quantity"), it.Quantity.IsSet())
	}
}

// require complains about a missing field, unless the field itself has a
// complaint already.
func (d *decoder) require(p place, ok bool) {
	if ok {
		return
	}
	path := p.String()
	for _, f := range d.faults {
		if f.Path == path {
			return
		}
	}
	d.fault(path, order.Required, "is required")
}

// keep remembers a field that no layer of the API knows.
func (d *decoder) keep(o *wireOrder, prefix, name, raw string) {
	if d.answer {
		return
	}
	o.Extra = append(o.Extra, extraField{Path: string(appendName([]byte(prefix), name)), Value: raw})
}

// wrong complains about the next value and steps over it.
func (d *decoder) wrong(c *json.Cursor, p place, reason string) {
	d.fault(p.String(), order.Malformed, reason)
	c.Raw()
}

func (d *decoder) text(c *json.Cursor, p place, limit int) string {
	switch c.Kind() {
	case '"':
		s := c.Text()
		if len(s) > limit {
			d.fault(p.String(), order.TooLarge, order.ErrTextTooLong.Error())
		}
		return s
	case 'n':
		c.Raw()
	default:
		d.wrong(c, p, "must be a string")
	}
	return ""
}

// oneLine complains about tabs and line ends: an id is referred to.
func (d *decoder) oneLine(id string, p place) {
	if strings.ContainsAny(id, "\t\r\n") {
		d.fault(p.String(), order.Malformed, order.ErrControl.Error())
	}
}

func (d *decoder) texts(c *json.Cursor, p place) (list []string) {
	switch c.Kind() {
	case 'n':
		c.Raw()
	case '[':
		for c.Open(); c.More(); {
			p.index = len(list)
			if len(list) == maxAdIDs {
				d.fault(p.at(p.field).String(), order.TooLarge, order.ErrTooMany.Error())
				c.Rest()
				return list
			}
			list = append(list, d.text(c, p, maxText))
		}
	default:
		d.wrong(c, p, "must be an array of strings")
	}
	return list
}

func (d *decoder) time(c *json.Cursor, p place) order.Time {
	text := d.text(c, p, maxText)
	if text == "" {
		return order.Time{}
	}
	t, err := order.ParseTime(text)
	if err != nil {
		d.fault(p.String(), order.Malformed, err.Error())
	}
	return t
}

// decimal reads a JSON number, or a string that holds one: the layers differ.
func (d *decoder) decimal(c *json.Cursor, p place) order.Decimal {
	var text string
	switch k := c.Kind(); {
	case k == 'n':
		c.Raw()
		return order.Decimal{}
	case k == '"':
		text = c.Text()
	case k == '-' || k >= '0' && k <= '9':
		text = c.Raw()
	default:
		d.wrong(c, p, "must be a number")
		return order.Decimal{}
	}
	n, err := order.ParseDecimal(text)
	if err != nil {
		d.fault(p.String(), order.Malformed, err.Error())
	}
	return n
}

// quantity reads a whole number; 3.0 is one too, and a string that holds one.
func (d *decoder) quantity(c *json.Cursor, p place) order.Decimal {
	n := d.decimal(c, p)
	if reason := quantityFault(n); reason != "" {
		d.fault(p.String(), order.Malformed, reason)
	}
	return n
}

// quantityFault says why a set number is no quantity; "" if it is one. Zero
// and negative ones are taken: no source refuses them.
func quantityFault(n order.Decimal) string {
	switch {
	case n.IsSet() && !n.IsInteger():
		return "must be a whole number"
	case n.Cmp(largestQuantity) > 0 || n.Cmp(smallestQuantity) < 0:
		return "must fit in 32 bits" // int32 in L5
	}
	return ""
}

var (
	largestQuantity  = order.FromInt(maxQuantity, 0)
	smallestQuantity = order.FromInt(-maxQuantity-1, 0)
)
