package console

import (
	"bytes"
	"io"
	"net/http"

	"github.com/ordermux/ordermux/internal/api"
)

// within carries calls of the API to it without a network.
type within struct {
	api   http.Handler
	grant api.Grant
}

var _ http.RoundTripper = within{}

// RoundTrip implements http.RoundTripper.
func (w within) RoundTrip(r *http.Request) (*http.Response, error) {
	a := &answer{header: http.Header{}}
	w.api.ServeHTTP(a, r.WithContext(api.As(r.Context(), w.grant)))
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()), Request: r,
	}, nil
}

// answer keeps what the API writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}
