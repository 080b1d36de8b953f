package json

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ordermux/ordermux/internal/order"
)

// asSpelled leaves names, strings and numbers as they are, right or wrong.
var asSpelled = jsontext.PreserveRawStrings(true)

// Compact removes the blanks outside strings, in place, and changes nothing
// else: numbers and escapes keep their spelling. A text that is not strict
// JSON is a *PathError.
func Compact(text []byte) (Value, error) {
	v := Value(text)
	err := v.Compact(jsontext.AllowDuplicateNames(false), jsontext.AllowInvalidUTF8(false))
	return v, explain(err, text)
}

// AppendCompact appends text without blanks outside strings to b. Text must be
// valid JSON, as Unmarshal has found it to be: it is not checked again.
func AppendCompact(b, text []byte) []byte {
	if !hasBlank(text) {
		return append(b, text...)
	}
	return order.AppendCompact(b, text)
}

// hasBlank reports whether there is anything that could have to go: most
// clients write none, and looking for four bytes costs a tenth of the removing.
func hasBlank(text []byte) bool {
	return bytes.IndexByte(text, ' ') >= 0 || bytes.IndexByte(text, '\n') >= 0 ||
		bytes.IndexByte(text, '\t') >= 0 || bytes.IndexByte(text, '\r') >= 0
}

// Indent returns text on several lines, two blanks per level, for people.
func Indent(text []byte) (Value, error) {
	v := Value(bytes.Clone(text))
	err := v.Indent(asSpelled, jsontext.WithIndent("  "))
	return v, explain(err, text)
}

// Valid reports whether text is one JSON value by the strict rules.
func Valid(text []byte) bool { return Value(text).IsValid() }

// Equal reports whether two valid texts are the same but for blanks outside
// strings: the same sequence of names, the same spelling of every number.
func Equal(a, b []byte) bool {
	return bytes.Equal(AppendCompact(nil, a), AppendCompact(nil, b))
}
