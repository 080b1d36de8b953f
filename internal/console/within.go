package console

import (
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/ordermux/ordermux/internal/api"
)

// within carries calls of the API to it without a network, as they are answered.
type within struct {
	api   http.Handler
	grant api.Grant
	place *place
	panic func(v any, stack []byte) // tells of a panic
}

var _ http.RoundTripper = within{}

// RoundTrip implements http.RoundTripper.
func (w within) RoundTrip(r *http.Request) (*http.Response, error) {
	if !w.place.may(r) {
		return nil, fmt.Errorf("%s does not name %s %s as a call of its own", w.place.at, r.Method, r.URL.EscapedPath())
	}
	body, to := io.Pipe()
	a := &answer{header: http.Header{}, body: to, begun: make(chan struct{})}
	go func() {
		defer a.ends(w.panic)
		w.api.ServeHTTP(a, r.WithContext(api.As(r.Context(), w.grant)))
	}()
	select {
	case <-r.Context().Done():
		_ = body.CloseWithError(r.Context().Err())
		return nil, r.Context().Err()
	case <-a.begun:
	}
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.sent, Body: body, ContentLength: -1, Request: r,
	}, nil
}

// may reports whether a place makes a call.
func (p *place) may(r *http.Request) bool {
	if r.Method == http.MethodGet {
		return true
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/api/v1")
	for _, call := range p.calls {
		if method, pattern, _ := strings.Cut(call, " "); method == r.Method && covers(pattern, path) {
			return true
		}
	}
	return false
}

// covers reports whether a path is one of a pattern's, whose parts in braces
// stand for any.
func covers(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return true
}

// answer hands on what the API writes.
type answer struct {
	header http.Header
	body   *io.PipeWriter
	once   sync.Once
	begun  chan struct{} // closed when status and sent are set
	status int
	sent   http.Header
}

var _ http.Flusher = (*answer)(nil)

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	a.once.Do(func() {
		a.status, a.sent = status, a.header.Clone()
		close(a.begun)
	})
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// Flush implements http.Flusher: nothing is held back.
func (a *answer) Flush() { a.WriteHeader(http.StatusOK) }

// ends ends an answer; one that panicked is cut off.
func (a *answer) ends(tell func(any, []byte)) {
	p := recover()
	if p == nil {
		a.WriteHeader(http.StatusOK)
		_ = a.body.Close()
		return
	}
	if p != http.ErrAbortHandler {
		tell(p, debug.Stack())
	}
	a.WriteHeader(http.StatusInternalServerError)
	_ = a.body.CloseWithError(io.ErrUnexpectedEOF)
}
