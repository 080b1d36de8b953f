package rehearsal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// Call is a request to a door.
type Call struct {
	Method string
	Below  string // where the door's address begins at its host: "/citrusad"; "": it has all of it
	Path   string // below the door's address, with its query: "/v1/orders?x=y"
	Header http.Header
	Body   []byte
	Remote string // the caller's address, as http.Request.RemoteAddr
	Host   string // that he called; "": none in particular
}

// Answer is what the door would answer, and what the call would have made.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Events []order.Event
}

// maxAnswer bounds the answer of a rehearsed call, in bytes.
const maxAnswer = 16 << 20

// ErrLong is the error of a call whose answer is longer than a rehearsal keeps.
var ErrLong = errors.New("the answer is too long for a rehearsal")

// Run rehearses a call at a door that build makes. Errors: *order.Invalid for a
// call that is no request, ErrLong.
func Run(ctx context.Context, build func(partner.Deps) (partner.Side, error), deps partner.Deps, prepare func(string, []order.Entry) []order.Entry, c Call) (Answer, error) {
	r := New(deps, prepare)
	side, err := build(r.Deps())
	if err != nil {
		return Answer{}, fmt.Errorf("rehearse: %w", err)
	}
	answer, err := Ask(ctx, side.Handler, c)
	answer.Events = r.Events()
	return answer, err
}

// Ask makes the call of a handler that keeps nothing. Errors: as of Run.
func Ask(ctx context.Context, h http.Handler, c Call) (Answer, error) {
	req, err := c.request(ctx)
	if err != nil {
		return Answer{}, err
	}
	w := &recorder{header: http.Header{}}
	h.ServeHTTP(w, req)
	if w.long {
		return Answer{}, ErrLong
	}
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return Answer{Status: w.status, Header: w.header, Body: w.body.Bytes()}, nil
}

func (c *Call) request(ctx context.Context) (*http.Request, error) {
	u, err := url.ParseRequestURI(c.Path)
	if err != nil || !strings.HasPrefix(c.Path, "/") {
		return nil, order.Refuse("path", order.Malformed, "begins with a slash, as it follows the door's address")
	}
	r, err := http.NewRequestWithContext(ctx, c.Method, "http://hub/", io.NopCloser(bytes.NewReader(c.Body)))
	if err != nil {
		return nil, order.Refuse("method", order.Malformed, "is no method of HTTP")
	}
	r.URL, r.RequestURI, r.Host, r.RemoteAddr, r.ContentLength = u, c.Below+c.Path, c.Host, c.Remote, int64(len(c.Body))
	for name, values := range c.Header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	return r, nil
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	long   bool
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status, w.header = status, w.header.Clone()
	}
}

func (w *recorder) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.body.Len()+len(b) > maxAnswer {
		w.long = true
		return 0, ErrLong
	}
	return w.body.Write(b)
}
