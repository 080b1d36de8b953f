package deliveryhero

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// loose is a text that some write as a number: ids of outlets are digits at
// some brands.
type loose string

// UnmarshalJSON reads a string, a number as it is spelled, or null.
func (l *loose) UnmarshalJSON(b []byte) error {
	text, err := looseText(b)
	*l = loose(text)
	return err
}

var errNotText = errors.New("must be a text or a number")

func looseText(b []byte) (string, error) {
	switch c := json.Value(b).Kind(); c {
	case '"':
		var text string
		err := json.Unmarshal(b, &text)
		return text, err
	case '0':
		return string(b), nil
	case 'n':
		return "", nil
	}
	return "", errNotText
}

// degrees are decimal degrees as they were written.
type degrees string

// UnmarshalJSON reads a number, a text or null.
func (d *degrees) UnmarshalJSON(b []byte) error {
	text, err := looseText(b)
	*d = degrees(text)
	return err
}

// MarshalJSON writes a number, or what is none as a text.
func (d degrees) MarshalJSON() ([]byte, error) {
	if n, err := order.ParseDecimal(string(d)); err == nil {
		return n.AppendNumber(nil), nil
	}
	return json.AppendText(nil, string(d)), nil
}

// number is a JSON number; some write it as a text. Not set is written as 0.
type number struct{ order.Decimal }

// UnmarshalJSON reads a number, a text that holds one, or null. Some libraries
// write a hundred as 1E+2.
func (n *number) UnmarshalJSON(b []byte) error {
	if json.Value(b).Kind() == '0' {
		b = withoutExponent(b)
	}
	return n.UnmarshalNumberOrString(b)
}

// MarshalJSON writes a number.
func (n number) MarshalJSON() ([]byte, error) {
	if !n.IsSet() {
		return []byte("0"), nil
	}
	return n.AppendNumber(nil), nil
}

// barcodes are written as one text, or as a list of texts where there are
// several; both are read, whatever their number.
type barcodes []string

// UnmarshalJSON reads a text (or number), a list of them, or null.
func (c *barcodes) UnmarshalJSON(b []byte) error {
	*c = nil
	if json.Value(b).Kind() != '[' {
		text, err := looseText(b)
		if text != "" {
			*c = barcodes{text}
		}
		return err
	}
	return json.Elements(b, func(_ int, v json.Value) error {
		text, err := looseText(v)
		if text != "" {
			*c = append(*c, text)
		}
		return err
	})
}

// MarshalJSON writes one as a text, several as a list.
func (c barcodes) MarshalJSON() ([]byte, error) {
	if len(c) == 1 {
		return json.AppendText(nil, c[0]), nil
	}
	return json.Marshal([]string(c))
}

// IsZero reports whether there are none.
func (c barcodes) IsZero() bool { return len(c) == 0 }

// moment is a time. One without offset is UTC, as the API's queries have it;
// of one that can not be read the text alone is kept.
type moment struct {
	order.Time
	Odd string // as it came, if it can not be read
}

// momentOf is an instant as the platform writes it: UTC with milliseconds.
func momentOf(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	at, err := order.ParseTime(t.UTC().Format("2006-01-02T15:04:05.000Z"))
	if err != nil { // the year is out of range
		return moment{}
	}
	return moment{Time: at}
}

// readMoment reads a time.
func readMoment(text string) moment {
	if text == "" {
		return moment{}
	}
	at, err := order.ParseTime(text)
	if errors.Is(err, order.ErrNoOffset) {
		at, err = order.ParseTime(text + "Z")
	}
	if err != nil {
		return moment{Odd: text}
	}
	return moment{Time: at}
}

// UnmarshalText reads a time.
func (m *moment) UnmarshalText(b []byte) error {
	*m = readMoment(string(b))
	return nil
}

// MarshalText writes it as it came.
func (m moment) MarshalText() ([]byte, error) { return []byte(m.text()), nil }

// AppendText would be the time's, without what is odd.
func (m moment) AppendText(b []byte) ([]byte, error) { return append(b, m.text()...), nil }

func (m moment) text() string {
	if m.Odd != "" {
		return m.Odd
	}
	return m.Time.String()
}

// IsZero reports whether nothing was said.
func (m moment) IsZero() bool { return m.text() == "" }

// amounts reads what is named sums in one of the two shapes seen, {"name": 1}
// and [{"name": "name", "value": 1}]; false: it is something else, and nobody
// says what.
func amounts(raw order.Raw, kind string) ([]order.Amount, bool) {
	if raw.IsZero() || string(raw) == "null" {
		return nil, true
	}
	var list []struct {
		Name  string `json:"name"`
		Value number `json:"value"`
	}
	var byName map[string]number
	var out []order.Amount
	switch {
	case json.Unmarshal(raw, &byName) == nil:
		for name, n := range byName {
			out = append(out, order.Amount{Kind: kind, Name: name, Value: n.Decimal})
		}
		slices.SortFunc(out, func(a, b order.Amount) int { return strings.Compare(a.Name, b.Name) })
	case json.Unmarshal(raw, &list) == nil:
		for _, a := range list {
			out = append(out, order.Amount{Kind: kind, Name: a.Name, Value: a.Value.Decimal})
		}
	default:
		return nil, false
	}
	return out, true
}

// readOrder reads the order object. Its error is a *json.PathError.
func readOrder(body []byte) (*wireOrder, error) {
	var o wireOrder
	if err := json.UnmarshalInput(body, &o); err != nil {
		return nil, err
	}
	return &o, nil
}
