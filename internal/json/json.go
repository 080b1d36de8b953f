// Package json is our one door to the JSON library. It reads strictly
// (duplicate names, invalid UTF-8 and trailing data are refused), writes
// deterministically, keeps the spelling of raw values, and its errors name the
// path of a fault without a word of the input.
package json

import (
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Value is a raw JSON value. In a struct, `json:",embed"` on a Value collects
// the members that the struct does not know; see AddExtra.
type Value = jsontext.Value

// Kind is the kind of a value or token: 'n' null, 'f' false, 't' true, '"'
// string, '0' number, '{' and '}' object, '[' and ']' array.
type Kind = jsontext.Kind

// Token is one lexical piece of JSON.
type Token = jsontext.Token

// Encoder writes tokens and values one after the other; see NewEncoder.
type Encoder = jsontext.Encoder

// Decoder reads tokens and values one after the other; see NewDecoder.
type Decoder = jsontext.Decoder

// MarshalerTo is a type that writes itself.
type MarshalerTo = json.MarshalerTo

// UnmarshalerFrom is a type that reads itself.
type UnmarshalerFrom = json.UnmarshalerFrom

// The tokens of structure, for hand-written encoding.
var (
	BeginObject = jsontext.BeginObject
	EndObject   = jsontext.EndObject
	BeginArray  = jsontext.BeginArray
	EndArray    = jsontext.EndArray
	Null        = jsontext.Null
)

// String is the token of a string.
func String(s string) Token { return jsontext.String(s) }

// Int is the token of a whole number.
func Int(n int64) Token { return jsontext.Int(n) }

// Bool is the token of true or false.
func Bool(b bool) Token { return jsontext.Bool(b) }

// writing keeps maps in sequence of their keys, and raw values as spelled.
var writing = json.JoinOptions(json.Deterministic(true), jsontext.PreserveRawStrings(true))

// Marshal encodes v. Equal values give equal bytes.
func Marshal(v any) ([]byte, error) {
	if b, ok, err := appendKnown(nil, v); ok {
		return b, err
	}
	b, err := json.Marshal(v, writing)
	return b, explain(err, nil)
}

// MarshalAppend appends the encoding of v to b, which may be nil. After an
// error the bytes after len(b) are undefined.
func MarshalAppend(b []byte, v any) ([]byte, error) {
	if b, ok, err := appendKnown(b, v); ok {
		return b, err
	}
	w := appender{b}
	err := json.MarshalWrite(&w, v, writing)
	return w.b, explain(err, nil)
}

type appender struct{ b []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.b = append(a.b, p...)
	return len(p), nil
}

// MarshalWrite writes the encoding of v, without a line end.
func MarshalWrite(w io.Writer, v any) error {
	return explain(json.MarshalWrite(w, v, writing), nil)
}

// MarshalEncode writes v as the encoder's next value.
func MarshalEncode(e *Encoder, v any) error {
	return json.MarshalEncode(e, v, writing)
}

// NewEncoder writes values to w, each with a line end (NDJSON).
func NewEncoder(w io.Writer) *Encoder { return jsontext.NewEncoder(w, writing) }

// NewDecoder reads a row of values from r, strictly. Pass the errors of its
// own methods to Explain.
func NewDecoder(r io.Reader) *Decoder { return jsontext.NewDecoder(r) }
