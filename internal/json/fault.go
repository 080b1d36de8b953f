package json

import (
	"encoding"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/ordermux/ordermux/internal/order"
)

// PathError is what is wrong with a JSON text. Neither path nor reason holds a
// value of it; names of members are shown only if they are plain words.
type PathError struct {
	Path   string // "orders[1].orderItems[0].gtin"; "" is the whole text
	Reason string // for people
	Code   order.FaultCode
	Offset int64 // of the byte at or after which the fault stands; 0: unknown
}

func (e *PathError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// Fault returns the error as a complaint about input.
func (e *PathError) Fault() order.Fault {
	return order.Fault{Path: e.Path, Code: e.Code, Reason: e.Reason}
}

// Invalid turns an error of this package into the error for refused input;
// false if it is none (a reader's error, a trouble of ours).
func Invalid(err error) (*order.Invalid, bool) {
	if e, ok := errors.AsType[*PathError](err); ok {
		return &order.Invalid{Faults: []order.Fault{e.Fault()}}, true
	}
	return nil, false
}

// Within puts a path before the path of the error, if it is a *PathError:
// Within(err, "orders[1]") for a part that was decoded by itself.
func Within(err error, path string) error {
	e, ok := errors.AsType[*PathError](err)
	if !ok {
		return err
	}
	within := *e
	within.Path = Join(path, e.Path)
	return &within
}

// Join puts two paths together: "orders" and "[1].id" are "orders[1].id".
func Join(a, b string) string {
	if a == "" || b == "" || b[0] == '[' {
		return a + b
	}
	return a + "." + b
}

// explain translates the library's errors; others are returned as they are.
// text is the input, if there was one.
func explain(err error, text []byte) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return explainSyntax(e, text)
	}
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		return explainMeaning(e)
	}
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return &PathError{Reason: "JSON value ends too early or is missing", Code: order.Malformed}
	}
	return err
}

func explainSyntax(e *jsontext.SyntacticError, text []byte) *PathError {
	f := &PathError{Path: path(e.JSONPointer), Code: order.Malformed, Offset: e.ByteOffset}
	said := e.Err.Error()
	switch {
	case errors.Is(e.Err, jsontext.ErrDuplicateName):
		f.Reason = "this name stands twice in one object"
	case errors.Is(e.Err, jsontext.ErrNonStringName):
		f.Reason = "the name of a member must be a string"
	case errors.Is(e.Err, io.ErrUnexpectedEOF):
		f.Reason = "JSON value ends too early"
	case strings.Contains(said, "UTF-8") || strings.Contains(said, "surrogate"):
		f.Reason = "not valid UTF-8"
	case strings.Contains(said, "max depth"):
		f.Reason, f.Code = "nested too deeply", order.TooLarge
	case strings.Contains(said, "after top-level value"):
		f.Path, f.Reason = "", "data follows the JSON value"
	case strings.Contains(said, "after object name"):
		// What stands there as a name may be a value that lost its place.
		f.Path, f.Reason = path(e.JSONPointer.Parent()), "a colon is missing after a name"
	case startsNotFinite(text, e.ByteOffset):
		f.Reason = "NaN and infinity are not JSON numbers"
	case strings.Contains(said, "escape sequence"):
		f.Reason = "not a JSON escape sequence"
	case strings.Contains(said, "in string"):
		f.Reason = "a control character in a string must be escaped"
	case strings.Contains(said, "number"):
		f.Reason = "not a JSON number"
	default:
		f.Reason = "not valid JSON"
	}
	if f.Offset > 0 {
		f.Reason += " (at byte " + strconv.FormatInt(f.Offset, 10) + ")"
	}
	return f
}

func startsNotFinite(text []byte, at int64) bool {
	if at < 0 || at >= int64(len(text)) {
		return false
	}
	rest := strings.TrimPrefix(string(text[at:min(at+9, int64(len(text)))]), "-")
	return strings.HasPrefix(rest, "NaN") || strings.HasPrefix(rest, "Inf")
}

func explainMeaning(e *json.SemanticError) *PathError {
	f := &PathError{Path: path(e.JSONPointer), Code: order.Malformed, Offset: e.ByteOffset}
	if inner, ok := errors.AsType[*PathError](e.Err); ok {
		return &PathError{Path: Join(f.Path, inner.Path), Reason: inner.Reason, Code: inner.Code, Offset: f.Offset}
	}
	if inner, ok := errors.AsType[*order.Invalid](e.Err); ok && len(inner.Faults) > 0 {
		first := inner.Faults[0]
		return &PathError{Path: Join(f.Path, first.Path), Reason: first.Reason, Code: first.Code, Offset: f.Offset}
	}
	if value, ok := errors.AsType[order.ValueError](e.Err); ok {
		f.Reason, f.Code = string(value), value.Code()
		return f
	}
	switch {
	case errors.Is(e.Err, json.ErrUnknownName):
		f.Reason = "unknown field"
	case errors.Is(e.Err, strconv.ErrRange):
		f.Reason = "number is out of range"
	case e.GoType == nil || (e.Err != nil && readsItself(e.GoType, e.JSONKind)) || expected(e.GoType) == "":
		f.Reason = "not acceptable here"
	default:
		f.Reason = "must be " + expected(e.GoType)
	}
	return f
}

// readsItself reports whether a type has a method of its own that reads such a
// value. Its errors could say anything.
func readsItself(t reflect.Type, kind Kind) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[json.UnmarshalerFrom]()) ||
		(kind == '"' && readsText(t))
}

func readsText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// expected says in a person's words what a Go type takes.
func expected(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[order.Decimal]():
		return "a number in a string, such as \"12.50\""
	case readsText(t):
		return "a string"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a string"
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Pointer:
		return expected(t.Elem())
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "a string in base64"
		}
		return "a list"
	}
	return ""
}

// path turns "/orders/1/id" into "orders[1].id". A number is taken for the
// place in a list: the library's pointers do not tell.
func path(p jsontext.Pointer) string {
	var b []byte
	for name := range p.Tokens() {
		switch {
		case isIndex(name):
			b = append(append(append(b, '['), name...), ']')
			continue
		case len(b) > 0:
			b = append(b, '.')
		}
		b = append(b, shown(name)...)
	}
	return string(b)
}

func isIndex(name string) bool {
	if len(name) > 8 {
		return false
	}
	for i := range len(name) {
		if name[i] < '0' || name[i] > '9' {
			return false
		}
	}
	return name != ""
}

// shown is a member's name as a path shows it: a name comes from the input,
// and could be somebody's e-mail address.
func shown(name string) string {
	if name == "" || len(name) > 64 {
		return "?"
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '$':
		default:
			return "?"
		}
	}
	return name
}
