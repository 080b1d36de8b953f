package json

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ordermux/ordermux/internal/order"
)

// MaxDepth is how deep objects and arrays of strangers may be nested.
const MaxDepth = 64

// CheckInput refuses what is JSON but not acceptable from strangers: more than
// MaxDepth levels, and control characters other than tab and line ends,
// escaped or not. It is one pass without allocation, and does not check that b
// is JSON at all. The error is a *PathError.
func CheckInput(b []byte) error {
	depth, inString := 0, false
	for i := 0; i < len(b); i++ {
		c := b[i]
		if !special[c] {
			continue
		}
		switch c {
		case '"':
			inString = !inString
		case '\\':
			if inString && order.EscapesControl(b[i+1:]) {
				return faultAt(b, i, order.ErrControl)
			}
			i++
		case '{', '[':
			if inString {
				continue
			}
			if depth++; depth > MaxDepth {
				return faultAt(b, i, order.ErrTooDeep)
			}
		case '}', ']':
			if !inString {
				depth--
			}
		default:
			return faultAt(b, i, order.ErrControl)
		}
	}
	return nil
}

// CheckText is CheckInput without the depth, for a part of a text: a raw value
// or some members of an object.
func CheckText(b []byte) error {
	if i := controlAt(b); i >= 0 {
		return faultAt(b, i, order.ErrControl)
	}
	return nil
}

func controlAt(b []byte) int {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case !special[c]:
		case c == '\\':
			if order.EscapesControl(b[i+1:]) {
				return i
			}
			i++
		case c < ' ' || c == 0x7f:
			return i
		}
	}
	return -1
}

// special marks the bytes that CheckInput must look at.
var special = func() (t [256]bool) {
	for _, c := range []byte("\"\\{}[]\x7f") {
		t[c] = true
	}
	for c := range byte(' ') {
		t[c] = c != '\t' && c != '\n' && c != '\r'
	}
	return t
}()

// faultAt makes the error for the byte at i; it reads up to there for the path.
func faultAt(b []byte, i int, what order.ValueError) *PathError {
	f := &PathError{Reason: string(what), Code: what.Code(), Offset: int64(i)}
	d := jsontext.NewDecoder(bytes.NewReader(b))
	for d.InputOffset() <= int64(i) {
		if _, err := d.ReadToken(); err != nil {
			break
		}
		f.Path = path(d.StackPointer())
	}
	return f
}
