package promotion

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
)

// The bounds of a request's parts.
const (
	mostCode   = 200 // bytes of a SKU or a store
	mostName   = 1000
	mostNames  = 100
	mostDigits = 18            // of an amount
	mostCount  = 1_000_000_000 // of a limit
)

// Validate returns what is wrong with a request of a shop that has so many
// stores, by path ("discounts[2].skus[0]"); nil: nothing.
func (r *Request) Validate(stores int) *order.Invalid {
	c := &complaints{}
	c.names(&r.Header)
	c.times(&r.Header)
	c.kind(&r.Header)
	c.limits(&r.Limits)
	c.stores(r.Stores)
	c.discounts(r.Discounts, r.Inactive)
	if len(c.faults) == 0 {
		c.size(r, stores)
	}
	if len(c.faults) == 0 {
		return nil
	}
	return &order.Invalid{Faults: c.faults}
}

type complaints struct{ faults []order.Fault }

func (c *complaints) full() bool { return len(c.faults) >= order.MaxFaults }

func (c *complaints) add(path string, code order.FaultCode, reason string) {
	if !c.full() {
		c.faults = append(c.faults, order.Fault{Path: path, Code: code, Reason: reason})
	}
}

func (c *complaints) value(path string, e order.ValueError) { c.add(path, e.Code(), e.Error()) }

// text checks one line of text.
func (c *complaints) text(path, text string, most int) {
	if fault := textFault(text, most); fault != "" {
		c.value(path, fault)
	}
}

func textFault(text string, most int) order.ValueError {
	switch {
	case text == "":
		return order.ErrRequired
	case len(text) > most:
		return order.ErrTextTooLong
	case !utf8.ValidString(text):
		return order.ErrUTF8
	case strings.ContainsFunc(text, unicode.IsControl):
		return order.ErrControl
	}
	return ""
}

func (c *complaints) names(h *Header) {
	if h.Name != "" || len(h.Names) == 0 {
		c.text("name", h.Name, mostName)
	}
	if len(h.Names) > mostNames {
		c.value("names", order.ErrTooMany)
		return
	}
	for language, name := range h.Names {
		c.text("names", language, mostCode)
		c.text("names", name, mostName)
	}
}

func (c *complaints) times(h *Header) {
	if h.Start.IsZero() {
		c.value("start", order.ErrRequired)
	}
	if h.End.IsZero() {
		c.value("end", order.ErrRequired)
	}
	if !h.Start.IsZero() && !h.End.IsZero() && h.Start.Time().UnixMicro() >= h.End.Time().UnixMicro() {
		c.add("end", order.Malformed, "is not after the start")
	}
}

func (c *complaints) kind(h *Header) {
	c.text("reason", string(h.Reason), mostName)
	switch h.Type {
	case Strikethrough:
		if h.Bundle != (Bundle{}) {
			c.add("bundle", order.Malformed, "belongs to bundles only")
		}
	case SameItemBundle:
		c.count("bundle.purchased", h.Bundle.Purchased, 1)
		c.count("bundle.discounted", h.Bundle.Discounted, 1)
	case "":
		c.value("type", order.ErrRequired)
	default:
		c.add("type", order.Malformed, "is neither strikethrough nor same_item_bundle")
	}
}

func (c *complaints) count(path string, n, least int64) {
	if n < least || n > mostCount {
		c.add(path, order.Malformed, fmt.Sprintf("is not a number from %d to %d", least, int64(mostCount)))
	}
}

func (c *complaints) limits(l *Limits) {
	c.count("limits.global", l.Global, 0)
	c.count("limits.max_items_per_order", l.MaxItemsPerOrder, 0)
	if l.MaxDiscountPerOrder.IsSet() {
		c.amount("limits.max_discount_per_order", l.MaxDiscountPerOrder, 0)
	}
}

// amount checks a number that is not below 0, or above it (least 1).
func (c *complaints) amount(path string, d order.Decimal, least int) {
	switch {
	case !d.IsSet():
		c.value(path, order.ErrRequired)
	case d.Sign() < 0, least > 0 && d.Sign() == 0:
		c.add(path, order.Malformed, "is too low")
	case len(d.String()) > mostDigits+1:
		c.add(path, order.TooLarge, fmt.Sprintf("has more than %d digits", mostDigits))
	}
}

func (c *complaints) stores(list []string) {
	if len(list) == 0 {
		c.value("stores", order.ErrRequired)
	}
	for i, s := range list {
		if c.full() {
			return
		}
		if fault := textFault(s, mostCode); fault != "" {
			c.value(fmt.Sprintf("stores[%d]", i), fault)
		}
		if s == Every && len(list) > 1 {
			c.add(fmt.Sprintf("stores[%d]", i), order.Malformed, "stands for all stores, so it stands alone")
		}
	}
}

// discounts are needed but to end a promotion.
func (c *complaints) discounts(list []Discount, inactive bool) {
	if len(list) == 0 && !inactive {
		c.value("discounts", order.ErrRequired)
	}
	for i := range list {
		if c.full() {
			return
		}
		d, entry := &list[i], i
		if len(d.From) > 0 {
			entry = int(d.From[0])
		}
		path := fmt.Sprintf("discounts[%d].", entry)
		if !d.Remove {
			c.terms(path, &d.Terms)
		}
		if len(d.SKUs) == 0 {
			c.value(path+"skus", order.ErrRequired)
		}
		for j, sku := range d.SKUs {
			if fault := textFault(sku, mostCode); fault != "" && !c.full() {
				entry, at := d.place(i, j)
				c.value(fmt.Sprintf("discounts[%d].skus[%d]", entry, at), fault)
			}
		}
	}
}

func (c *complaints) terms(path string, t *Terms) {
	c.count(path+"max_quantity", t.MaxQuantity, 0)
	switch t.Subtype {
	case FinalPrice, Absolute:
		c.amount(path+"value", t.Value, 1)
	case Percentage:
		c.amount(path+"value", t.Value, 0)
		if t.Value.IsSet() && (t.Value.Cmp(one) < 0 || t.Value.Cmp(hundred) > 0) {
			c.add(path+"value", order.Malformed, "is not a percentage from 1 to 100")
		}
	case "":
		c.value(path+"subtype", order.ErrRequired)
	default:
		c.add(path+"subtype", order.Malformed, "is none of final_price, percentage and absolute")
	}
}

// size counts pairs as they are listed: what is listed twice counts twice.
func (c *complaints) size(r *Request, stores int) {
	if r.Stores[0] != Every {
		stores = len(r.Stores)
	}
	skus := 0
	for i := range r.Discounts {
		skus += len(r.Discounts[i].SKUs)
	}
	// Both are below the number of bytes of a request, so the product fits.
	if pairs := int64(max(stores, 1)) * int64(skus); pairs > MostPairs {
		c.add("discounts", order.TooLarge, fmt.Sprintf("%d pairs of a store and a SKU; a request has at most %d", pairs, MostPairs))
	}
}
