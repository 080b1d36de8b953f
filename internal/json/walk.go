package json

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ordermux/ordermux/internal/order"
)

// Element is a value together with the place where it stood in the input: a
// door decodes []Element[wireOrder] and has each order's bytes without reading
// it twice.
type Element[T any] struct {
	Value      T
	start, end int64
}

var (
	_ UnmarshalerFrom = (*Element[int])(nil)
	_ MarshalerTo     = (*Element[int])(nil)
)

// UnmarshalJSONFrom decodes the value and remembers its place.
func (e *Element[T]) UnmarshalJSONFrom(d *Decoder) error {
	e.start = d.InputOffset()
	err := UnmarshalDecode(d, &e.Value)
	e.end = d.InputOffset()
	return err
}

// MarshalJSONTo writes the value.
func (e *Element[T]) MarshalJSONTo(enc *Encoder) error { return MarshalEncode(enc, &e.Value) }

// Raw returns the bytes of the value in the text it was decoded from, which
// must be given whole. They are a part of it, not a copy.
func (e *Element[T]) Raw(text []byte) Value {
	// From the last token to the value there are blanks, a colon or a comma.
	return bytes.TrimLeft(text[e.start:e.end], " \t\r\n,:")
}

// Elements calls f for each element of the array text. The element is a part
// of text, not a copy. Faults of the text are *PathErrors; f's errors end the
// walk and are returned, a *PathError with the element's path before its own.
func Elements(text []byte, f func(i int, element Value) error) error {
	w := newWalk(text)
	if err := w.begin('['); err != nil {
		return err
	}
	for i := 0; w.d.PeekKind() != ']'; i++ {
		element, err := w.value()
		if err != nil {
			return err
		}
		if err := f(i, element); err != nil {
			return Within(err, path(w.d.StackPointer()))
		}
	}
	return w.end()
}

// Members calls f for each member of the object text, as Elements does.
func Members(text []byte, f func(name string, value Value) error) error {
	w := newWalk(text)
	if err := w.begin('{'); err != nil {
		return err
	}
	for w.d.PeekKind() != '}' {
		token, err := w.d.ReadToken()
		if err != nil {
			return explain(err, text)
		}
		name := token.String()
		value, err := w.value()
		if err != nil {
			return err
		}
		if err := f(name, value); err != nil {
			return Within(err, path(w.d.StackPointer()))
		}
	}
	return w.end()
}

// AddExtra keeps unknown members in extra, which it makes if needed, under
// their path in the source's body: the member colour of the object at
// "orderItems[2]" as "orderItems[2].colour". Unknown may be nil. The values are
// copied.
func AddExtra(extra *map[string]order.Raw, at string, unknown Value) error {
	if len(unknown) == 0 {
		return nil
	}
	return Members(unknown, func(name string, value Value) error {
		if *extra == nil {
			*extra = map[string]order.Raw{}
		}
		compact, err := Compact(slices.Clone(value))
		(*extra)[Join(at, name)] = order.Raw(compact)
		return err
	})
}

// walk reads a text token by token.
type walk struct {
	text []byte
	d    *Decoder
}

func newWalk(text []byte) walk {
	return walk{text, jsontext.NewDecoder(bytes.NewBuffer(text))}
}

func (w walk) begin(kind Kind) error {
	token, err := w.d.ReadToken()
	if err != nil {
		return explain(err, w.text)
	}
	if token.Kind() != kind {
		what := "must be an object"
		if kind == '[' {
			what = "must be a list"
		}
		return &PathError{Reason: what, Code: order.Malformed}
	}
	return nil
}

// value reads the next value as a part of the text.
func (w walk) value() (Value, error) {
	value, err := w.d.ReadValue()
	if err != nil {
		return nil, explain(err, w.text)
	}
	end := w.d.InputOffset()
	return w.text[end-int64(len(value)) : end : end], nil
}

// end reads the closing bracket, after which nothing may come.
func (w walk) end() error {
	if _, err := w.d.ReadToken(); err != nil {
		return explain(err, w.text)
	}
	rest := bytes.TrimLeft(w.text[w.d.InputOffset():], " \t\r\n")
	if len(rest) > 0 {
		return &PathError{Reason: "data follows the JSON value", Code: order.Malformed, Offset: w.d.InputOffset()}
	}
	return nil
}
