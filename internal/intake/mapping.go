package intake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Mapping says how a CSV file of any shop is read: one row per order line,
// several rows per order. It is the content of a small YAML (or JSON) file;
// see internal/demo/data/online-retail.map.yml for one with comments.
type Mapping struct {
	Delimiter  string `yaml:"delimiter"`   // one character, or "tab"; default ","
	Encoding   string `yaml:"encoding"`    // default utf-8, with or without byte-order mark
	Quotes     string `yaml:"quotes"`      // "double" (default), "lazy", "none"
	Header     *bool  `yaml:"header"`      // default true; without one columns are named "1", "2", …
	Decimal    string `yaml:"decimal"`     // "." (default) or ","
	Thousands  string `yaml:"thousands"`   // what stands between thousands; default nothing
	DateFormat string `yaml:"date_format"` // "DD-MM-YY H:mm"; default RFC 3339
	Zone       string `yaml:"zone"`        // IANA, of dates without offset; default the shop's
	Currency   string `yaml:"currency"`    // ISO 4217; default the shop's
	Group      string `yaml:"group"`       // "contiguous" (default) or "key"
	Totals     string `yaml:"totals"`      // "computed" (default): sums of the lines; "none"

	// Columns says what each column is: a field such as "order.id",
	// "line.product.code" or "recipient.country"; see Fields.
	Columns map[string]string `yaml:"columns"`
	// Values sets fields to the same text in every row.
	Values map[string]string `yaml:"values"`
	// Translate replaces a field's texts by others, whole texts only.
	Translate map[string]map[string]string `yaml:"translate"`

	Cancel *Cancel `yaml:"cancel"`
	Codes  Codes   `yaml:"codes"`
	// Adjustment lists what a row must be, all together, to be a correction of
	// stock and no sale: "price_zero", "name_empty".
	Adjustment []string `yaml:"adjustment"`

	date     string // Go's layout
	location *time.Location
}

// Cancel says which rows take an order back.
type Cancel struct {
	// Prefix of the order id that marks a cancellation: "C".
	Prefix string `yaml:"prefix"`
	// Kind of what happened: "cancelled" (default) or "refunded".
	Kind order.Kind `yaml:"kind"`
	// ID says which order is meant: "without_prefix" (default) or
	// "as_written".
	ID string `yaml:"id"`
}

// Codes lists the product codes that are no products.
type Codes struct {
	Postage    []string `yaml:"postage"`
	Discount   []string `yaml:"discount"`
	Fee        []string `yaml:"fee"`
	Adjustment []string `yaml:"adjustment"`
}

// Decode reads a mapping file's text into a value, refusing unknown names;
// config.DecodeYAML is one.
type Decode func(text []byte, into any) error

// ParseMapping reads and checks a mapping file. Its error names every
// complaint.
func ParseMapping(text []byte, decode Decode) (*Mapping, error) {
	m := &Mapping{}
	if err := decode(text, m); err != nil {
		return nil, fmt.Errorf("read mapping: %w", err)
	}
	if err := m.complete(); err != nil {
		return nil, fmt.Errorf("mapping: %w", err)
	}
	return m, nil
}

// complete fills in the defaults and checks the rest.
func (m *Mapping) complete() error {
	var complaints []error
	complain := func(format string, args ...any) {
		complaints = append(complaints, fmt.Errorf(format, args...))
	}
	choice := func(name string, value *string, choices ...string) {
		if *value == "" {
			*value = choices[0]
		}
		if !slices.Contains(choices, *value) {
			complain("%s: %q is none of %s", name, *value, strings.Join(choices, ", "))
		}
	}
	choice("quotes", &m.Quotes, "double", "lazy", "none")
	choice("decimal", &m.Decimal, ".", ",")
	choice("group", &m.Group, "contiguous", "key")
	choice("totals", &m.Totals, "computed", "none")
	choice("encoding", &m.Encoding, encodingNames()...)
	switch m.Delimiter {
	case "":
		m.Delimiter = ","
	case "tab", `\t`:
		m.Delimiter = "\t"
	}
	if d := []rune(m.Delimiter); len(d) != 1 || strings.ContainsAny(m.Delimiter, "\"\r\n\uFFFD") {
		complain(`delimiter: must be one character, or "tab"`)
	}
	if m.Thousands == m.Decimal {
		complain("thousands: is the decimal sign as well")
	}
	var err error
	if m.date, err = dateLayout(m.DateFormat); err != nil {
		complain("date_format: %w", err)
	}
	if m.Zone != "" {
		if m.location, err = time.LoadLocation(m.Zone); err != nil {
			complain("zone: %q is no time zone such as Europe/London", m.Zone)
		}
	}
	m.completeFields(complain)
	m.completeKinds(complain, choice)
	return errors.Join(complaints...)
}

// completeFields checks what names fields.
func (m *Mapping) completeFields(complain func(string, ...any)) {
	from := map[string]string{}
	for _, column := range sorted(m.Columns) {
		field := m.Columns[column]
		if _, ok := fields[field]; !ok {
			complain("columns: %s: there is no field %q%s", column, field, didYouMean(field))
		}
		if other, twice := from[field]; twice {
			complain("columns: %s and %s are both %s", other, column, field)
		}
		from[field] = column
	}
	for _, field := range sorted(m.Values) {
		if _, ok := fields[field]; !ok {
			complain("values: there is no field %q%s", field, didYouMean(field))
		}
		if column, twice := from[field]; twice {
			complain("values: %s comes from column %s already", field, column)
		}
	}
	for _, field := range sorted(m.Translate) {
		if _, ok := fields[field]; !ok {
			complain("translate: there is no field %q%s", field, didYouMean(field))
		}
	}
	if from["order.id"] == "" {
		complain("columns: no column is order.id")
	}
}

// completeKinds checks what tells orders, cancellations and lines apart.
func (m *Mapping) completeKinds(complain func(string, ...any), choice func(string, *string, ...string)) {
	if c := m.Cancel; c != nil {
		if c.Prefix == "" {
			complain("cancel: prefix is missing")
		}
		kind := string(c.Kind)
		choice("cancel: kind", &kind, string(order.KindCancelled), string(order.KindRefunded))
		c.Kind = order.Kind(kind)
		choice("cancel: id", &c.ID, "without_prefix", "as_written")
	}
	for _, what := range m.Adjustment {
		choice("adjustment", &what, "price_zero", "name_empty")
	}
	seen := map[string]bool{}
	for _, code := range slices.Concat(m.Codes.Postage, m.Codes.Discount, m.Codes.Fee, m.Codes.Adjustment) {
		if seen[code] {
			complain("codes: %s stands there twice", code)
		}
		seen[code] = true
	}
}

// kindOf tells a line's kind by its product code.
func (m *Mapping) kindOf(code string) order.LineKind {
	switch {
	case code == "":
		return order.LineProduct
	case slices.Contains(m.Codes.Postage, code):
		return order.LinePostage
	case slices.Contains(m.Codes.Discount, code):
		return order.LineDiscount
	case slices.Contains(m.Codes.Fee, code):
		return order.LineFee
	case slices.Contains(m.Codes.Adjustment, code):
		return order.LineAdjustment
	}
	return order.LineProduct
}

func (m *Mapping) header() bool { return m.Header == nil || *m.Header }

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
