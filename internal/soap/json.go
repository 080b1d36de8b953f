package soap

import (
	"bytes"
	"errors"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// DecodeJSON reads a JSON text, strictly, as t describes it: a number may stand
// as a text and the other way round, one object for a list of one, and what PHP
// writes for empty and gappy arrays. The error is an *Error.
func DecodeJSON(body []byte, t *Type) (Value, error) {
	if len(body) > MaxBytes {
		return Value{}, &Error{Reason: "body is too large", Code: order.TooLarge}
	}
	body = bytes.TrimPrefix(body, []byte(byteOrd))
	// Names are compared with each other: what has too many of anything is not
	// looked at further. No text has a use for that many commas.
	if bytes.Count(body, []byte(",")) > MaxElements {
		return Value{}, &Error{Reason: string(order.ErrTooMany), Code: order.TooLarge}
	}
	var raw json.Value
	if err := json.UnmarshalInput(body, &raw); err != nil {
		return Value{}, jsonError(err)
	}
	c := json.NewCursor(string(json.AppendCompact(nil, raw)))
	f := &fitter{left: MaxElements}
	return f.read(&c, t)
}

func jsonError(err error) error {
	if e, ok := errors.AsType[*json.PathError](err); ok {
		return &Error{Path: e.Path, Reason: e.Reason, Code: e.Code, Offset: int(e.Offset)}
	}
	return &Error{Reason: "not valid JSON", Code: order.Malformed}
}

// fitter reads JSON and bends what it reads to its type.
type fitter struct {
	path []step
	left int
}

func (f *fitter) fault(reason string, code order.FaultCode) error {
	return &Error{Path: pathOf(f.path, "."), Reason: reason, Code: code}
}

func (f *fitter) read(c *json.Cursor, t *Type) (Value, error) {
	if f.left--; f.left < 0 {
		return Value{}, f.fault(string(order.ErrTooMany), order.TooLarge)
	}
	switch c.Kind() {
	case '{':
		return f.object(c, t)
	case '[':
		return f.list(c, t)
	case '"':
		return f.simple(TextOf(c.Text()), t)
	case 'n':
		c.Raw()
		return Value{}, nil
	case 't', 'f':
		return f.simple(TextOf(c.Raw()), t)
	}
	return f.simple(NumberOf(c.Raw()), t)
}

// simple fits a text or number.
func (f *fitter) simple(v Value, t *Type) (Value, error) {
	switch {
	case t == nil:
		return v, nil
	case t.Class == Array && v.kind == Text && strings.Trim(v.text, blanks) == "":
		return ListOf(), nil
	case t.Class == Array:
		f.path = append(f.path, place(0))
		one, err := f.simple(v, t.Item)
		if err != nil {
			return Value{}, err
		}
		f.path = f.path[:len(f.path)-1]
		return ListOf(one), nil
	case t.Class == Struct:
		return Value{}, f.fault("must be an object", order.Malformed)
	}
	v, fault := scalar(v.text, t.Class)
	if fault != "" {
		return Value{}, f.fault(string(fault), fault.Code())
	}
	return v, nil
}

// object fits an object. In place of a list it is a list of one, an array with
// gaps ({"0":…,"2":…}), or the item layer of SOAP.
func (f *fitter) object(c *json.Cursor, t *Type) (Value, error) {
	if t != nil && t.Class == Array {
		return f.objectAsList(c, t)
	}
	if t != nil && t.Class != Struct {
		return Value{}, f.fault("must be "+classes[t.Class].must, order.Malformed)
	}
	v := ObjectOf()
	for c.Open(); c.More(); {
		name := c.Name()
		f.path = append(f.path, step{name: name})
		ft, _ := t.field(name)
		member, err := f.read(c, ft)
		if err != nil {
			return Value{}, err
		}
		f.path = f.path[:len(f.path)-1]
		v.members = append(v.members, Member{name, member})
	}
	return v, nil
}

func (f *fitter) objectAsList(c *json.Cursor, t *Type) (Value, error) {
	ahead := *c
	names, only := 0, ""
	numbered := true
	for ahead.Open(); ahead.More(); names++ {
		only = ahead.Name()
		numbered = numbered && only != "" && strings.Trim(only, "0123456789") == ""
		ahead.Raw()
	}
	_, declared := t.Item.field(only)
	switch {
	case names == 1 && only == "item" && !declared:
		c.Open()
		c.More()
		c.Name()
		v, err := f.read(c, t)
		c.More()
		return v, err
	case numbered && names > 0:
		return f.elements(c, t, func() { c.Name() })
	}
	f.path = append(f.path, place(0))
	one, err := f.read(c, t.Item)
	if err != nil {
		return Value{}, err
	}
	f.path = f.path[:len(f.path)-1]
	return ListOf(one), nil
}

// list fits a list. An empty one in place of an object is how PHP writes an
// empty object.
func (f *fitter) list(c *json.Cursor, t *Type) (Value, error) {
	if t != nil && t.Class != Array {
		c.Open()
		if t.Class == Struct && !c.More() {
			return ObjectOf(), nil
		}
		return Value{}, f.fault("must be "+classes[t.Class].must, order.Malformed)
	}
	return f.elements(c, t, func() {})
}

// elements reads the elements of an array; before each it calls skip.
func (f *fitter) elements(c *json.Cursor, t *Type, skip func()) (Value, error) {
	var item *Type
	if t != nil {
		item = t.Item
	}
	v := ListOf()
	for c.Open(); c.More(); {
		skip()
		f.path = append(f.path, place(len(v.items)))
		one, err := f.read(c, item)
		if err != nil {
			return Value{}, err
		}
		f.path = f.path[:len(f.path)-1]
		v.items = append(v.items, one)
	}
	return v, nil
}

// AppendJSON appends v to b, as t describes it: numbers and truth values
// without quotation marks where t says so, else as v holds them.
func AppendJSON(b []byte, v Value, t *Type) []byte {
	switch v.kind {
	case Text, Number:
		return appendScalar(b, v, t)
	case Object:
		b = append(b, '{')
		for i, m := range v.members {
			if i > 0 {
				b = append(b, ',')
			}
			ft, _ := t.field(m.Name)
			b = AppendJSON(append(json.AppendText(b, m.Name), ':'), m.Value, ft)
		}
		return append(b, '}')
	case List:
		var item *Type
		if t != nil {
			item = t.Item
		}
		b = append(b, '[')
		for i, one := range v.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = AppendJSON(b, one, item)
		}
		return append(b, ']')
	}
	return append(b, "null"...)
}

func appendScalar(b []byte, v Value, t *Type) []byte {
	bare := v.kind == Number
	if t != nil {
		switch t.Class {
		case Int, Decimal:
			bare = true
		case Boolean:
			if v.text == "true" || v.text == "false" {
				return append(b, v.text...)
			}
			bare = false
		default:
			bare = false
		}
	}
	if bare && isNumber(v.text) {
		return append(b, v.text...)
	}
	return json.AppendText(b, v.text)
}
