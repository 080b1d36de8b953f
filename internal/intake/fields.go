package intake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// draft is the order being put together and its line of the present row.
type draft struct {
	order *order.Order
	line  *order.Line
}

// cellReader turns texts into values by the mapping's notation.
type cellReader struct {
	mapping  *Mapping
	location *time.Location
}

// field is what a column can be.
type field struct {
	perLine bool // of the row's line; else of the order, whose first row has it
	raw     bool // outer blanks belong to it
	set     func(c *cellReader, d draft, text string) error
}

// Fields returns the names a mapping can use, sorted.
func Fields() []string { return sorted(fields) }

// fields are the targets of columns and values.
var fields = allFields()

func allFields() map[string]field {
	all := map[string]field{
		"order.id":        text(func(o *order.Order) *string { return &o.ID }),
		"order.placed_at": {set: setDate(func(o *order.Order) *order.Time { return &o.PlacedAt })},
		"order.currency":  text(func(o *order.Order) *string { return &o.Currency }),
		"order.channel":   text(func(o *order.Order) *string { return &o.Channel }),
		"order.store":     text(func(o *order.Order) *string { return &o.Store }),
		"order.account":   text(func(o *order.Order) *string { return &o.Account }),
		"order.locale":    text(func(o *order.Order) *string { return &o.Locale }),
		"order.type":      text(func(o *order.Order) *string { return &o.Type }),
		"order.session":   text(func(o *order.Order) *string { return &o.Session }),
		"order.note":      {raw: true, set: setNote},
		"order.reference": {set: setReference},

		"customer.id":         text(func(o *order.Order) *string { return &customer(o).ID }),
		"customer.email":      text(func(o *order.Order) *string { return &customer(o).Email }),
		"customer.name":       text(func(o *order.Order) *string { return &customer(o).Name }),
		"customer.first_name": text(func(o *order.Order) *string { return &customer(o).FirstName }),
		"customer.last_name":  text(func(o *order.Order) *string { return &customer(o).LastName }),
		"customer.company":    text(func(o *order.Order) *string { return &customer(o).Company }),
		"customer.phone":      text(func(o *order.Order) *string { return &customer(o).Phone }),
		"customer.language":   text(func(o *order.Order) *string { return &customer(o).Language }),
		"customer.country":    text(func(o *order.Order) *string { return &customer(o).Country }),

		"shipping.courier": text(func(o *order.Order) *string { return &shipping(o).Courier }),
		"shipping.method":  text(func(o *order.Order) *string { return &shipping(o).Method }),
		"payment.kind":     text(func(o *order.Order) *string { return &payment(o).Kind }),
		"payment.status":   text(func(o *order.Order) *string { return &payment(o).Status }),
		"media.team":       text(func(o *order.Order) *string { return &media(o).Team }),
		"media.catalog":    text(func(o *order.Order) *string { return &media(o).Catalog }),

		"totals.goods":    {set: setAmount(func(t *order.Totals) *order.Money { return &t.Goods })},
		"totals.shipping": {set: setAmount(func(t *order.Totals) *order.Money { return &t.Shipping })},
		"totals.service":  {set: setAmount(func(t *order.Totals) *order.Money { return &t.Service })},
		"totals.discount": {set: setAmount(func(t *order.Totals) *order.Money { return &t.Discount })},
		"totals.tax":      {set: setAmount(func(t *order.Totals) *order.Money { return &t.Tax })},
		"totals.total":    {set: setAmount(func(t *order.Totals) *order.Money { return &t.Total })},

		"line.id":         lineText(func(l *order.Line) *string { return &l.ID }),
		"line.unit":       lineText(func(l *order.Line) *string { return &l.Unit }),
		"line.seller":     lineText(func(l *order.Line) *string { return &l.Seller }),
		"line.catalog":    lineText(func(l *order.Line) *string { return &l.Catalog }),
		"line.ad_id":      lineText(func(l *order.Line) *string { return &l.AdID }),
		"line.quantity":   lineNumber(func(l *order.Line) *order.Decimal { return &l.Quantity }),
		"line.weight":     lineNumber(func(l *order.Line) *order.Decimal { return &l.Weight }),
		"line.unit_price": lineNumber(func(l *order.Line) *order.Decimal { return &l.UnitPrice }),
		"line.total":      lineNumber(func(l *order.Line) *order.Decimal { return &l.Total }),
		"line.discount":   lineNumber(func(l *order.Line) *order.Decimal { return &l.Discount }),
		"line.tax_rate":   lineNumber(func(l *order.Line) *order.Decimal { return &l.TaxRate }),
	}
	addProductFields(all)
	addPartyFields(all, "recipient", recipient)
	addPartyFields(all, "billing", billing)
	return all
}

func addProductFields(all map[string]field) {
	for name, of := range map[string]func(*order.Product) *string{
		"code":      func(p *order.Product) *string { return &p.Code },
		"sku":       func(p *order.Product) *string { return &p.SKU },
		"gtin":      func(p *order.Product) *string { return &p.GTIN },
		"upc":       func(p *order.Product) *string { return &p.UPC },
		"isbn":      func(p *order.Product) *string { return &p.ISBN },
		"mpn":       func(p *order.Product) *string { return &p.MPN },
		"brand":     func(p *order.Product) *string { return &p.Brand },
		"category":  func(p *order.Product) *string { return &p.Category },
		"size":      func(p *order.Product) *string { return &p.Size },
		"url":       func(p *order.Product) *string { return &p.URL },
		"image_url": func(p *order.Product) *string { return &p.ImageURL },
	} {
		all["line.product."+name] = lineText(func(l *order.Line) *string { return of(&l.Product) })
	}
	name := lineText(func(l *order.Line) *string { return &l.Product.Name })
	name.raw = true
	all["line.product.name"] = name
}

func addPartyFields(all map[string]field, prefix string, party func(*order.Order) *order.Party) {
	for name, of := range map[string]func(*order.Party) *string{
		"name":        func(p *order.Party) *string { return &p.Name },
		"first_name":  func(p *order.Party) *string { return &p.FirstName },
		"last_name":   func(p *order.Party) *string { return &p.LastName },
		"company":     func(p *order.Party) *string { return &p.Company },
		"tax_id":      func(p *order.Party) *string { return &p.TaxID },
		"street":      func(p *order.Party) *string { return &p.Street },
		"number":      func(p *order.Party) *string { return &p.Number },
		"additional":  func(p *order.Party) *string { return &p.Additional },
		"postal_code": func(p *order.Party) *string { return &p.PostalCode },
		"city":        func(p *order.Party) *string { return &p.City },
		"region":      func(p *order.Party) *string { return &p.Region },
		"country":     func(p *order.Party) *string { return &p.Country },
		"email":       func(p *order.Party) *string { return &p.Email },
		"phone":       func(p *order.Party) *string { return &p.Phone },
	} {
		all[prefix+"."+name] = text(func(o *order.Order) *string { return of(party(o)) })
	}
}

func text(of func(*order.Order) *string) field {
	return field{set: func(_ *cellReader, d draft, text string) error { *of(d.order) = text; return nil }}
}

func lineText(of func(*order.Line) *string) field {
	return field{perLine: true, set: func(_ *cellReader, d draft, text string) error { *of(d.line) = text; return nil }}
}

func lineNumber(of func(*order.Line) *order.Decimal) field {
	return field{perLine: true, set: func(c *cellReader, d draft, text string) (err error) {
		*of(d.line), err = c.number(text)
		return err
	}}
}

func setAmount(of func(*order.Totals) *order.Money) func(*cellReader, draft, string) error {
	return func(c *cellReader, d draft, text string) (err error) {
		if d.order.Totals == nil {
			d.order.Totals = &order.Totals{}
		}
		*of(d.order.Totals), err = c.number(text)
		return err
	}
}

func setDate(of func(*order.Order) *order.Time) func(*cellReader, draft, string) error {
	return func(c *cellReader, d draft, text string) (err error) {
		*of(d.order), err = parseDate(c.mapping.date, text, c.location)
		return err
	}
}

func setNote(_ *cellReader, d draft, text string) error {
	d.order.Notes = append(d.order.Notes, order.Note{From: "customer", Text: text})
	return nil
}

func setReference(_ *cellReader, d draft, text string) error {
	d.order.References = append(d.order.References, order.Reference{Kind: "import", Value: text})
	return nil
}

// number reads a decimal written by the mapping's signs.
func (c *cellReader) number(text string) (order.Decimal, error) {
	if c.mapping.Thousands != "" {
		text = strings.ReplaceAll(text, c.mapping.Thousands, "")
	}
	if c.mapping.Decimal == "," {
		if strings.Contains(text, ".") {
			return order.Decimal{}, errors.New("has a point where the decimal sign is a comma")
		}
		text = strings.Replace(text, ",", ".", 1)
	}
	// Spreadsheets leave the zero before the point out.
	if rest, negative := strings.CutPrefix(text, "-."); negative {
		text = "-0." + rest
	} else if strings.HasPrefix(text, ".") {
		text = "0" + text
	}
	d, err := order.ParseDecimal(text)
	if err != nil {
		return order.Decimal{}, errors.New("is no decimal number")
	}
	return d, nil
}

// The parts of an order that come into being with their first field.

func customer(o *order.Order) *order.Customer { return made(&o.Customer) }
func recipient(o *order.Order) *order.Party   { return made(&o.Recipient) }
func billing(o *order.Order) *order.Party     { return made(&o.Billing) }
func shipping(o *order.Order) *order.Shipping { return made(&o.Shipping) }
func payment(o *order.Order) *order.Payment   { return made(&o.Payment) }
func media(o *order.Order) *order.Media       { return made(&o.Media) }

func made[T any](p **T) *T {
	if *p == nil {
		*p = new(T)
	}
	return *p
}

// didYouMean names a field that ends like the wrong one.
func didYouMean(wrong string) string {
	last := wrong[strings.LastIndexByte(wrong, '.')+1:]
	near := slices.DeleteFunc(Fields(), func(name string) bool { return last == "" || !strings.HasSuffix(name, last) })
	if len(near) == 0 {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", near[0])
}
