package deliveryhero

import (
	"errors"
	"fmt"
	"io"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// productReader reads the list "products" of a body one element at a time, so
// that a body of any length takes the memory of one. Everything is read
// strictly; other members are passed over.
type productReader struct {
	in     *portioned
	d      *json.Decoder
	inside bool // the list
	found  bool
}

// mostElement bounds one product of a body, and everything that is no product,
// in bytes (our choice).
const mostElement = 1 << 20

func newProductReader(r io.Reader) *productReader {
	in := &portioned{r: r}
	return &productReader{in: in, d: json.NewDecoder(in)}
}

// next returns the next product until the one after it is read. Errors: io.EOF
// after a body that is whole, *json.PathError for one that is none, and those of
// the reader.
func (p *productReader) next() (json.Value, error) {
	p.in.most = p.d.InputOffset() + mostElement
	v, err := p.step()
	if err != nil && err != io.EOF {
		err = json.Explain(err)
	}
	if errors.Is(err, errBrokenOff) {
		err = &json.PathError{Reason: "the body breaks off", Code: order.Malformed}
	}
	return v, err
}

var errBrokenOff = errors.New("the body breaks off")

func (p *productReader) step() (json.Value, error) {
	if !p.inside {
		if err := p.open(); err != nil {
			return nil, brokenOff(err)
		}
	}
	if p.d.PeekKind() != ']' {
		v, err := p.d.ReadValue()
		return v, brokenOff(err)
	}
	if err := p.close(); err != nil {
		return nil, brokenOff(err)
	}
	return nil, io.EOF
}

// brokenOff makes of an end where none should be an error.
func brokenOff(err error) error {
	if err == io.EOF {
		return errBrokenOff
	}
	return err
}

// open reads up to the first product.
func (p *productReader) open() error {
	if err := p.begin('{', "must be an object"); err != nil {
		return err
	}
	if err := p.pass(); err != nil {
		return err
	}
	if !p.found {
		return &json.PathError{Path: "products", Reason: string(order.ErrRequired), Code: order.Required}
	}
	p.inside = true
	return p.begin('[', "must be a list")
}

func (p *productReader) begin(kind json.Kind, what string) error {
	token, err := p.d.ReadToken()
	if err == nil && token.Kind() != kind {
		path := ""
		if p.found {
			path = "products"
		}
		err = &json.PathError{Path: path, Reason: what, Code: order.Malformed}
	}
	return err
}

// pass reads members up to the products, or to the object's end.
func (p *productReader) pass() error {
	for {
		p.in.most = p.d.InputOffset() + mostElement
		token, err := p.d.ReadToken()
		if err != nil || token.Kind() == '}' {
			return err
		}
		if token.String() == "products" {
			p.found = true
			return nil
		}
		if err := p.d.SkipValue(); err != nil {
			return err
		}
	}
}

// close reads what comes after the last product.
func (p *productReader) close() error {
	if _, err := p.d.ReadToken(); err != nil { // the list's end
		return err
	}
	if err := p.pass(); err != nil {
		return err
	}
	p.in.most = p.d.InputOffset() + mostElement
	if _, err := p.d.ReadToken(); err != io.EOF {
		if err == nil {
			err = &json.PathError{Reason: "something comes after the object", Code: order.Malformed}
		}
		return err
	}
	return nil
}

// portioned reads no further than a place that is moved on by and by.
type portioned struct {
	r    io.Reader
	n    int64
	most int64
}

func (p *portioned) Read(b []byte) (int, error) {
	left := p.most - p.n
	if left <= 0 {
		return 0, &json.PathError{Reason: fmt.Sprintf("a part of the body is larger than %d MB", mostElement>>20), Code: order.TooLarge}
	}
	n, err := p.r.Read(b[:min(int64(len(b)), left)])
	p.n += int64(n)
	return n, err
}
