package rule

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// kind is the kind of a value in a rule.
type kind int8

const (
	boolean kind = iota
	text
	number
	instant
	record  // a part of an order, with fields
	list    // of elem
	mapping // text to text: `extra`
	opaque  // can only be asked for with has
	missing // nil
)

// typ is the type of a value in a rule.
type typ struct {
	kind kind
	elem *typ         // of a list
	of   reflect.Type // of a record: its struct
}

func (t typ) String() string {
	switch t.kind {
	case list:
		return "a list"
	case record:
		return "a part of the order (" + strings.ToLower(t.of.Name()) + ")"
	}
	return [...]string{boolean: "true or false", text: "a text", number: "a number", instant: "a time",
		mapping: "a set of named values", opaque: "data", missing: "nil"}[t.kind]
}

var (
	decimalType = reflect.TypeFor[order.Decimal]()
	timeType    = reflect.TypeFor[order.Time]()
	rawType     = reflect.TypeFor[order.Raw]()
	kindType    = reflect.TypeFor[order.LineKind]()
	extraType   = reflect.TypeFor[map[string]order.Raw]()
	daysType    = reflect.TypeFor[*int]()
	bytesType   = reflect.TypeFor[[]byte]()
	orderType   = reflect.TypeFor[order.Order]()
	lineType    = reflect.TypeFor[order.Line]()
)

// typeOf maps a Go type of the canonical order to a type of the language.
func typeOf(t reflect.Type) typ {
	switch t {
	case decimalType, daysType:
		return typ{kind: number}
	case timeType:
		return typ{kind: instant}
	case rawType:
		return typ{kind: text}
	case extraType:
		return typ{kind: mapping}
	case bytesType:
		return typ{kind: opaque}
	}
	switch t.Kind() {
	case reflect.Bool:
		return typ{kind: boolean}
	case reflect.String:
		return typ{kind: text}
	case reflect.Pointer:
		return typeOf(t.Elem())
	case reflect.Struct:
		return typ{kind: record, of: t}
	case reflect.Slice:
		elem := typeOf(t.Elem())
		return typ{kind: list, elem: &elem}
	}
	panic(fmt.Sprintf("rule: order has a field of a type that rules do not know: %v", t))
}

// fieldOf finds a field by its JSON name; otherwise it returns all names.
func fieldOf(t reflect.Type, name string) (f reflect.StructField, ok bool, names []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == "" || tag == "-" || !f.IsExported() {
			continue
		}
		if tag == name {
			return f, true, nil
		}
		names = append(names, tag)
	}
	return reflect.StructField{}, false, names
}

// reader makes the functions that read a value of type t out of the Go value
// that at finds; an invalid one is missing.
func reader(t reflect.Type, at func(*frame) reflect.Value) node {
	n := node{typ: typeOf(t)}
	switch n.typ.kind {
	case boolean:
		n.bool = func(f *frame) bool { v := at(f); return v.IsValid() && v.Bool() }
	case text:
		n.text = textReader(t, at)
	case number:
		n.number = numberReader(t, at)
	case instant:
		n.instant = func(f *frame) time.Time {
			if v := at(f); v.IsValid() {
				return v.Addr().Interface().(*order.Time).Time()
			}
			return time.Time{}
		}
	case record:
		n.record = at
		if t.Kind() == reflect.Pointer {
			n.record = func(f *frame) reflect.Value {
				if v := at(f); v.IsValid() {
					return v.Elem() // of a nil pointer: invalid
				}
				return reflect.Value{}
			}
		}
	case list:
		n.list = func(f *frame) elements { return elements{v: at(f)} }
	}
	n.raw = at
	return n
}

func textReader(t reflect.Type, at func(*frame) reflect.Value) func(*frame) string {
	switch t {
	case rawType:
		return func(f *frame) string {
			if v := at(f); v.IsValid() {
				return rawText(v.Bytes())
			}
			return ""
		}
	case kindType:
		return func(f *frame) string {
			if v := at(f); v.IsValid() && v.Len() > 0 {
				return v.String()
			}
			return "product" // order.LineProduct
		}
	}
	return func(f *frame) string {
		if v := at(f); v.IsValid() {
			return v.String()
		}
		return ""
	}
}

func numberReader(t reflect.Type, at func(*frame) reflect.Value) func(*frame) order.Decimal {
	if t == daysType {
		return func(f *frame) order.Decimal {
			if v := at(f); v.IsValid() && !v.IsNil() {
				return order.FromInt(v.Elem().Int(), 0)
			}
			return order.Decimal{}
		}
	}
	return func(f *frame) order.Decimal {
		if v := at(f); v.IsValid() {
			return *v.Addr().Interface().(*order.Decimal)
		}
		return order.Decimal{}
	}
}

// rawText returns a JSON string's value, and any other JSON value as it is
// written; null is missing.
func rawText(raw []byte) string {
	var s string
	if len(raw) == 0 || string(raw) == "null" || raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// elements are what a list holds: a slice, or the picked elements of one.
type elements struct {
	v      reflect.Value // a slice; invalid: none
	pick   []int
	picked bool
}

func (e elements) len() int {
	switch {
	case !e.v.IsValid():
		return 0
	case e.picked:
		return len(e.pick)
	}
	return e.v.Len()
}

func (e elements) at(i int) reflect.Value {
	if e.picked {
		i = e.pick[i]
	}
	return e.v.Index(i)
}
