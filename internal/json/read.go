package json

import (
	"errors"
	"io"

	"github.com/go-json-experiment/json"

	"github.com/ordermux/ordermux/internal/order"
)

// Unmarshal decodes one JSON value into v. Duplicate names, invalid UTF-8 and
// trailing data are refused, names match exactly, unknown members are left
// out. For what strangers send use UnmarshalInput. The error is a *PathError.
func Unmarshal(b []byte, v any) error {
	return explain(json.Unmarshal(b, v), b)
}

// UnmarshalInput is Unmarshal after CheckInput: for bodies of callers.
func UnmarshalInput(b []byte, v any) error {
	if err := CheckInput(b); err != nil {
		return err
	}
	return Unmarshal(b, v)
}

// UnmarshalStrict is UnmarshalInput that refuses unknown members too.
func UnmarshalStrict(b []byte, v any) error {
	if err := CheckInput(b); err != nil {
		return err
	}
	return explain(json.Unmarshal(b, v, json.RejectUnknownMembers(true)), b)
}

// UnmarshalRead reads r to its end, at most limit bytes, and decodes it as
// UnmarshalInput does. Errors of r itself are returned as they are.
func UnmarshalRead(r io.Reader, limit int64, v any) error {
	b, err := ReadAll(r, limit)
	if err != nil {
		return err
	}
	return UnmarshalInput(b, v)
}

// ReadAll reads r to its end; more than limit bytes are a *PathError with the
// code TooLarge.
func ReadAll(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, &PathError{Reason: "body is too large", Code: order.TooLarge}
	}
	return b, nil
}

// UnmarshalDecode decodes the decoder's next value into v. At the end of the
// input it returns io.EOF; other errors stay as the library has them, so that
// a type that reads itself may return them; Explain them at the end.
func UnmarshalDecode(d *Decoder, v any) error { return json.UnmarshalDecode(d, v) }

// Explain translates an error of a Decoder or Encoder into a *PathError; io.EOF
// and errors of the reader or writer stay as they are.
func Explain(err error) error {
	if errors.Is(err, io.EOF) {
		return err
	}
	return explain(err, nil)
}
