package json

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ordermux/ordermux/internal/order"
)

// writer appends members to an object. Members without a value are left out.
type writer struct {
	b   []byte
	err error // the first
}

func (w *writer) open()  { w.b = append(w.b, '{') }
func (w *writer) close() { w.b = append(w.b, '}') }

func (w *writer) comma() {
	if c := w.b[len(w.b)-1]; c != '{' && c != '[' {
		w.b = append(w.b, ',')
	}
}

func (w *writer) name(name string) {
	w.comma()
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
}

func (w *writer) text(name, s string) {
	if s != "" {
		w.must(name, s)
	}
}

func (w *writer) must(name, s string) {
	w.name(name)
	w.quote(s)
}

func (w *writer) flag(name string, set bool) {
	if set {
		w.name(name)
		w.b = append(w.b, "true"...)
	}
}

func (w *writer) number(name string, d order.Decimal) {
	if d.IsZero() {
		return
	}
	w.name(name)
	w.b = append(w.b, '"')
	w.b, _ = d.AppendText(w.b)
	w.b = append(w.b, '"')
}

func (w *writer) time(name string, t order.Time) {
	if t.IsZero() {
		return
	}
	w.must(name, t.String())
}

func (w *writer) days(name string, n *int) {
	if n != nil {
		w.name(name)
		w.b = strconv.AppendInt(w.b, int64(*n), 10)
	}
}

func (w *writer) count(name string, n int) {
	if n != 0 {
		w.name(name)
		w.b = strconv.AppendInt(w.b, int64(n), 10)
	}
}

func (w *writer) texts(name string, texts []string) {
	if texts == nil {
		return
	}
	w.name(name)
	w.b = append(w.b, '[')
	for _, s := range texts {
		w.comma()
		w.quote(s)
	}
	w.b = append(w.b, ']')
}

func (w *writer) raw(name string, raw order.Raw) {
	if !raw.IsZero() {
		w.name(name)
		w.value(raw)
	}
}

// value appends a raw value without blanks; it is checked, for a source could
// have put anything there.
func (w *writer) value(raw order.Raw) {
	if raw.IsZero() {
		w.b = append(w.b, "null"...)
		return
	}
	var err error
	if w.b, err = jsontext.AppendFormat(w.b, raw, writing); err != nil && w.err == nil {
		w.err = explain(err, nil)
	}
}

func (w *writer) quote(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			w.quoteSlowly(s)
			return
		}
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, s...)
	w.b = append(w.b, '"')
}

func (w *writer) quoteSlowly(s string) {
	var err error
	if w.b, err = jsontext.AppendQuote(w.b, s); err != nil && w.err == nil {
		w.err = explain(err, nil)
	}
}

func part[T any](w *writer, name string, p *T, write func(*writer, *T)) {
	if p == nil {
		return
	}
	w.name(name)
	w.open()
	write(w, p)
	w.close()
}

func list[T any](w *writer, name string, elements []T, write func(*writer, *T)) {
	if elements == nil {
		return
	}
	w.name(name)
	w.b = append(w.b, '[')
	for i := range elements {
		w.comma()
		w.open()
		write(w, &elements[i])
		w.close()
	}
	w.b = append(w.b, ']')
}
