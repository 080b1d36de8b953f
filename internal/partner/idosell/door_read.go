package idosell

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/soap"
)

// The bounds of requests.
const (
	mostElements = 100 // of one list
	mostCode     = 200 // bytes of a product's code
)

// fields reads the fields of an object of a request. The first complaint stays;
// what is read after it means nothing.
type fields struct {
	v    soap.Value
	path string
	bad  *fault
}

func paramsOf(c *call) *fields { return &fields{v: c.params, path: "params"} }

// refuse complains about a field; "" is the object.
func (f *fields) refuse(code faultCode, name, text string) {
	if f.bad != nil {
		return
	}
	path := f.path
	if name != "" {
		path += "." + name
	}
	f.bad = &fault{code: code, path: path, text: text}
}

// err is the first complaint.
func (f *fields) err() error {
	if f.bad == nil {
		return nil
	}
	return f.bad
}

// has reports whether a field is there, be it empty.
func (f *fields) has(name string) bool { return !f.v.At(name).IsNil() }

// text returns a field without blanks around it; "" where it is missing.
func (f *fields) text(name string) string {
	v := f.v.At(name)
	if k := v.Kind(); k == soap.Object && len(v.Members()) > 0 || k == soap.List && len(v.Items()) > 0 {
		f.refuse(codeMalformed, name, "is not a text")
	}
	return strings.TrimSpace(v.Text())
}

// short returns a text of at most so many characters.
func (f *fields) short(name string, most int) string {
	s := f.text(name)
	if utf8.RuneCountInString(s) > most {
		f.refuse(codeMalformed, name, "is longer than "+strconv.Itoa(most)+" characters")
	}
	return s
}

// remark returns a text of at most as many bytes as an order's note holds.
func (f *fields) remark(name string) string {
	s := f.text(name)
	if len(s) > order.MaxText {
		f.refuse(codeMalformed, name, "is longer than "+strconv.Itoa(order.MaxText)+" bytes")
	}
	return s
}

// number returns a whole number; without where it is missing.
func (f *fields) number(name string, without int) int {
	s := f.text(name)
	if s == "" {
		return without
	}
	d, err := order.ParseDecimal(s)
	n, ok := d.Int64()
	if err != nil || !ok || n < 0 || n > 1<<31-1 {
		f.refuse(codeMalformed, name, "is not a whole number")
	}
	return int(n)
}

// word returns one of some words, in any letters; "" where it is missing.
func (f *fields) word(name string, words ...string) string {
	s := strings.ToLower(f.text(name))
	if s == "" {
		return ""
	}
	for _, w := range words {
		if s == w {
			return s
		}
	}
	f.refuse(codeMalformed, name, "is none of "+strings.Join(words, ", "))
	return ""
}

// date returns a day in a zone; zero where it is missing.
func (f *fields) date(name string, zone *time.Location) time.Time {
	s := f.text(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.ParseInLocation(time.DateOnly, s[:min(len(s), len(time.DateOnly))], zone)
	if err != nil {
		f.refuse(codeMalformed, name, "is not a date such as 2026-04-07")
	}
	return t
}

// list returns the elements of a list, each as an object.
func (f *fields) list(name string) []*fields {
	items := f.items(name)
	out := make([]*fields, len(items))
	for i, v := range items {
		out[i] = &fields{v: v, path: f.path + "." + name + "[" + strconv.Itoa(i) + "]"}
	}
	return out
}

// texts returns a list of texts.
func (f *fields) texts(name string) []string {
	items := f.items(name)
	out := make([]string, len(items))
	for i, v := range items {
		if out[i] = strings.TrimSpace(v.Text()); out[i] == "" {
			f.refuse(codeMalformed, name+"["+strconv.Itoa(i)+"]", "is empty")
		}
	}
	return out
}

func (f *fields) items(name string) []soap.Value {
	v := f.v.At(name)
	if v.Kind() != soap.List {
		if v.Text() != "" || len(v.Members()) > 0 {
			f.refuse(codeMalformed, name, "is not a list")
		}
		return nil
	}
	if len(v.Items()) > mostElements {
		f.refuse(codeTooMany, name, "")
		return nil
	}
	return v.Items()
}

// adopt takes over the first complaint about a part.
func (f *fields) adopt(part *fields) {
	if f.bad == nil {
		f.bad = part.bad
	}
}
