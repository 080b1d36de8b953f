package console

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// field is one field of an order that a person may correct. Exactly one of
// text, number and time is set: where its value stands.
type field struct {
	Path  string // of order.Diff: "customer.email", "lines[0].quantity"
	Label string // key of a text
	Value string // as it was, or as it was typed
	Fault string // key of a text; "": nothing is wrong with it
	About bool   // what went wrong is about it

	text   *string
	number *order.Decimal
	time   *order.Time
}

// fieldset are fields that belong together.
type fieldset struct {
	Name   string // key of a text
	Line   int    // of a line of the order: which, from 1
	Fields []field
	Open   bool // something of it is wrong, or was typed
}

// ID is what a field's input is known by in its page.
func (f field) ID() string { return "f-" + plain(f.Path) }

// fieldsets are the fields of an order that can be corrected by hand; what is set
// is set in o, which they fill up with empty parts.
func fieldsets(o *order.Order) []fieldset {
	if o.Customer == nil {
		o.Customer = &order.Customer{}
	}
	if o.Recipient == nil {
		o.Recipient = &order.Party{}
	}
	if o.Shipping == nil {
		o.Shipping = &order.Shipping{}
	}
	if o.Totals == nil {
		o.Totals = &order.Totals{}
	}
	c, r := o.Customer, o.Recipient
	out := []fieldset{
		{Name: "order.fields.customer", Fields: texts("customer", pairs{
			{"email", &c.Email}, {"first_name", &c.FirstName}, {"last_name", &c.LastName}, {"name", &c.Name}, {"company", &c.Company},
			{"phone", &c.Phone}, {"country", &c.Country}, {"language", &c.Language},
		})},
		{Name: "order.fields.recipient", Fields: texts("recipient", pairs{
			{"first_name", &r.FirstName}, {"last_name", &r.LastName}, {"name", &r.Name}, {"company", &r.Company}, {"street", &r.Street},
			{"number", &r.Number}, {"additional", &r.Additional}, {"postal_code", &r.PostalCode}, {"city", &r.City}, {"region", &r.Region},
			{"country", &r.Country}, {"email", &r.Email}, {"phone", &r.Phone},
		})},
		{Name: "order.fields.sale", Fields: append([]field{{Path: "placed_at", Label: "order.field.placed_at", time: &o.PlacedAt}}, texts("", pairs{
			{"currency", &o.Currency}, {"channel", &o.Channel}, {"store", &o.Store}, {"locale", &o.Locale}, {"session", &o.Session},
		})...)},
		{Name: "order.fields.shipping", Fields: texts("shipping", pairs{
			{"courier", &o.Shipping.Courier}, {"method", &o.Shipping.Method}, {"pickup_point", &o.Shipping.PickupPoint},
		})},
		{Name: "order.fields.totals", Fields: numbers("totals", sums{
			{"goods", &o.Totals.Goods}, {"shipping", &o.Totals.Shipping}, {"discount", &o.Totals.Discount}, {"tax", &o.Totals.Tax}, {"total", &o.Totals.Total},
		})},
	}
	for i := range o.Lines[:min(len(o.Lines), mostLines)] {
		out = append(out, ofLine(i, &o.Lines[i]))
	}
	for i := range out {
		for k := range out[i].Fields {
			out[i].Fields[k].read()
		}
	}
	return out
}

// mostLines bounds the lines that the form shows.
const mostLines = 50

func ofLine(i int, l *order.Line) fieldset {
	at := fmt.Sprintf("lines[%d]", i)
	fields := texts(at+".product", pairs{{"code", &l.Product.Code}, {"sku", &l.Product.SKU}, {"gtin", &l.Product.GTIN}, {"name", &l.Product.Name}})
	return fieldset{Name: "order.fields.line", Line: i + 1, Fields: append(fields, numbers(at, sums{
		{"quantity", &l.Quantity}, {"unit_price", &l.UnitPrice}, {"total", &l.Total},
	})...)}
}

type (
	pairs []struct {
		name string
		at   *string
	}
	sums []struct {
		name string
		at   *order.Decimal
	}
)

func texts(at string, list pairs) (out []field) {
	for _, f := range list {
		out = append(out, field{Path: below(at, f.name), Label: "order.field." + labelOf(at, f.name), text: f.at})
	}
	return out
}

func numbers(at string, list sums) (out []field) {
	for _, f := range list {
		out = append(out, field{Path: below(at, f.name), Label: "order.field." + labelOf(at, f.name), number: f.at})
	}
	return out
}

func below(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

// labelOf tells the fields apart that have one name and two meanings.
func labelOf(at, name string) string {
	switch {
	case strings.HasSuffix(at, ".product") && name == "name":
		return "product_name"
	case at == "totals" && name == "shipping":
		return "shipping_cost"
	}
	return name
}

// read takes the value over from the order.
func (f *field) read() {
	switch {
	case f.text != nil:
		f.Value = *f.text
	case f.number != nil:
		f.Value = f.number.String()
	case !f.time.IsZero():
		f.Value = f.time.String()
	}
}

// set writes a value into the order.
func (f *field) set(value string) error {
	var err error
	switch {
	case f.text != nil:
		*f.text = value
	case f.number != nil && value == "":
		*f.number = order.Decimal{}
	case f.number != nil:
		*f.number, err = order.ParseDecimal(strings.ReplaceAll(value, ",", "."))
	case value == "":
		*f.time = order.Time{}
	default:
		*f.time, err = order.ParseTime(value)
	}
	return err
}

// shapes are how values look that a person types; what a source says is taken as
// it comes.
var shapes = map[string]*regexp.Regexp{
	"country":  regexp.MustCompile(`^[A-Za-z]{2}$`),
	"language": regexp.MustCompile(`^[A-Za-z]{2}$`),
	"currency": regexp.MustCompile(`^[A-Za-z]{3}$`),
	"email":    regexp.MustCompile(`^[^\s@]+@[^\s@]+$`),
}

// wrong is what there is to say of a value, as the key of a text; err: it could
// not be set.
func (f *field) wrong(value string, err error) string {
	name := f.Path[strings.LastIndex(f.Path, ".")+1:]
	shape := shapes[name]
	switch {
	case err != nil && f.number != nil:
		return "order.fault.number"
	case err != nil:
		return "order.fault.time"
	case value != "" && shape != nil && !shape.MatchString(value):
		return "order.fault." + name
	}
	return ""
}

// typed writes what a form sent into the order; false: something of it is no
// value. Fields that the form did not send stay.
func typed(sets []fieldset, form url.Values) bool {
	good := true
	for i := range sets {
		for k := range sets[i].Fields {
			f := &sets[i].Fields[k]
			if !form.Has(f.Path) {
				continue
			}
			value := strings.TrimSpace(form.Get(f.Path))
			if value == strings.TrimSpace(f.Value) {
				continue // what was not touched stays byte for byte
			}
			if f.Fault = f.wrong(value, f.set(value)); f.Fault != "" {
				good = false
			}
			f.Value, sets[i].Open = value, true
		}
	}
	return good
}

// blame marks the fields that faults are about; others are returned.
func blame(sets []fieldset, faults []order.Fault) (rest []order.Fault) {
	for _, fault := range faults {
		at := find(sets, strings.TrimPrefix(fault.Path, "order."))
		if at == nil {
			rest = append(rest, fault)
			continue
		}
		at.Fault = "order.fault." + strings.ToLower(string(fault.Code))
	}
	for i := range sets {
		for _, f := range sets[i].Fields {
			sets[i].Open = sets[i].Open || f.Fault != "" || f.About
		}
	}
	return rest
}

func find(sets []fieldset, path string) *field {
	for i := range sets {
		for k := range sets[i].Fields {
			if sets[i].Fields[k].Path == path {
				return &sets[i].Fields[k]
			}
		}
	}
	return nil
}

// faultsOf are the faults that an error tells of; nil: it tells of none.
func faultsOf(err error) []order.Fault {
	var bad *order.Invalid
	if errors.As(err, &bad) {
		return bad.Faults
	}
	return nil
}

// hints are words in what partners say, with the fields that they are about.
var hints = []struct {
	word  string
	paths []string
}{
	{"email", []string{"customer.email", "recipient.email"}},
	{"mail", []string{"customer.email"}},
	{"phone", []string{"customer.phone", "recipient.phone"}},
	{"name", []string{"customer.first_name", "customer.last_name", "recipient.first_name", "recipient.last_name"}},
	{"address", []string{"recipient.street", "recipient.number", "recipient.postal_code", "recipient.city", "recipient.country"}},
	{"street", []string{"recipient.street"}},
	{"postal", []string{"recipient.postal_code"}},
	{"postcode", []string{"recipient.postal_code"}},
	{"zip", []string{"recipient.postal_code"}},
	{"city", []string{"recipient.city"}},
	{"country", []string{"recipient.country"}},
	{"session", []string{"session"}},
	{"placed_at", []string{"placed_at"}},
	{"date", []string{"placed_at"}},
	{"currency", []string{"currency"}},
	{"courier", []string{"shipping.courier"}},
	{"language", []string{"customer.language", "locale"}},
	{"locale", []string{"locale"}},
}

// lineHints are those of every line.
var lineHints = []struct{ word, name string }{
	{"gtin", "product.gtin"}, {"gtin", "product.code"}, {"sku", "product.sku"}, {"product", "product.code"}, {"price", "unit_price"}, {"price", "total"}, {"quantity", "quantity"},
}

// about marks the fields that troubles name.
func about(sets []fieldset, list []trouble) {
	for _, t := range list {
		said := strings.ToLower(t.Said)
		for _, h := range hints {
			if strings.Contains(said, h.word) {
				mark(sets, h.paths...)
			}
		}
		for _, h := range lineHints {
			if !strings.Contains(said, h.word) {
				continue
			}
			for i := range sets {
				if n := sets[i].Line; n > 0 {
					mark(sets, fmt.Sprintf("lines[%d].%s", n-1, h.name))
				}
			}
		}
	}
}

func mark(sets []fieldset, paths ...string) {
	for _, path := range paths {
		if f := find(sets, path); f != nil {
			f.About = true
		}
	}
}
