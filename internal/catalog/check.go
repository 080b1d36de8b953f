package catalog

import (
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// The bounds of a product.
const (
	mostCode       = 200 // bytes
	mostWarehouses = 100
	mostNames      = 50
)

// Validate returns what is wrong with a product, by path; nil: nothing.
func (p *Product) Validate() *order.Invalid {
	c := &complaints{}
	c.texts(p)
	c.codes(p)
	if !p.Kind.Known() {
		c.add("kind", order.Malformed, "is none of ours (empty), fixed and live")
	}
	c.amount("price", p.Price)
	c.amount("buffer", p.Buffer)
	c.amount("weight", p.Weight)
	if p.Currency != "" && !isCurrency(p.Currency) {
		c.add("currency", order.Malformed, "is not a currency such as EUR")
	}
	c.stock(p.Stock)
	if len(c.faults) == 0 {
		return nil
	}
	return &order.Invalid{Faults: c.faults}
}

type complaints struct{ faults []order.Fault }

func (c *complaints) add(path string, code order.FaultCode, reason string) {
	c.faults = append(c.faults, order.Fault{Path: path, Code: code, Reason: reason})
}

// texts checks texts by the rules of an order's line.
func (c *complaints) texts(p *Product) {
	const product = "lines[0].product."
	o := &order.Order{ID: "x", Lines: []order.Line{{Product: p.Product, Quantity: order.FromInt(1, 0)}}}
	if bad := order.Validate(o); bad != nil {
		for _, f := range bad.Faults {
			c.add(strings.TrimPrefix(f.Path, product), f.Code, f.Reason)
		}
	}
	c.plain("parent", p.Parent)
	c.plain("store", p.Store)
	if len(p.Names) > mostNames {
		c.add("names", order.TooLarge, string(order.ErrTooMany))
	}
	for language, name := range p.Names {
		if c.plain("names", language); language == "" {
			c.add("names", order.Required, "a name without a language")
		}
		c.plain("names", name)
	}
}

// plain checks a text as that of a name is.
func (c *complaints) plain(path, text string) {
	if simple(text) {
		return
	}
	o := &order.Order{ID: "x", Lines: []order.Line{{Product: order.Product{Name: text}, Quantity: order.FromInt(1, 0)}}}
	if bad := order.Validate(o); bad != nil {
		c.add(path, bad.Faults[0].Code, bad.Faults[0].Reason)
	}
	if len(text) > 10*mostCode {
		c.add(path, order.TooLarge, string(order.ErrTextTooLong))
	}
}

// simple reports whether nothing can be wrong with a text: most are so.
func simple(text string) bool {
	if len(text) > mostCode {
		return false
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

func (c *complaints) codes(p *Product) {
	if p.Code == "" {
		c.add("code", order.Required, string(order.ErrRequired))
	}
	for _, f := range []struct{ path, text string }{
		{"code", p.Code}, {"sku", p.SKU}, {"gtin", p.GTIN}, {"upc", p.UPC}, {"isbn", p.ISBN}, {"jan", p.JAN},
		{"mpn", p.MPN}, {"producer", p.Producer}, {"external", p.External}, {"parent", p.Parent}, {"store", p.Store},
	} {
		if len(f.text) > mostCode {
			c.add(f.path, order.TooLarge, fmt.Sprintf("a code has at most %d bytes", mostCode))
		}
		if strings.TrimSpace(f.text) != f.text {
			c.add(f.path, order.Malformed, "begins or ends with a blank")
		}
	}
}

func (c *complaints) amount(path string, d order.Decimal) {
	if d.Sign() < 0 {
		c.add(path, order.Malformed, "is below 0")
	}
}

func (c *complaints) stock(list []Stock) {
	if len(list) > mostWarehouses {
		c.add("stock", order.TooLarge, fmt.Sprintf("at most %d warehouses", mostWarehouses))
		return
	}
	seen := map[string]bool{}
	for i, s := range list {
		path := fmt.Sprintf("stock[%d]", i)
		c.plain(path+".warehouse", s.Warehouse)
		if !s.Quantity.IsSet() {
			c.add(path+".quantity", order.Required, string(order.ErrRequired))
		}
		c.amount(path+".quantity", s.Quantity)
		if seen[s.Warehouse] {
			c.add(path+".warehouse", order.Malformed, "the warehouse is listed twice")
		}
		seen[s.Warehouse] = true
	}
}

func isCurrency(text string) bool {
	return len(text) == 3 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// checkLines returns what is wrong with lines that ask for something.
func checkLines(lines []Line, quantities bool) error {
	if len(lines) > MostLines {
		return order.Refuse("lines", order.TooLarge, fmt.Sprintf("at most %d lines", MostLines))
	}
	for i, l := range lines {
		path := fmt.Sprintf("lines[%d]", i)
		if !l.Type.Known() {
			return order.Refuse(path+".type", order.Malformed, "is none of internal, producer and external")
		}
		if quantities && l.Quantity.Sign() <= 0 {
			return order.Refuse(path+".quantity", order.Malformed, "is not above 0")
		}
	}
	return nil
}
