package console

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
)

// choosy is a partner before the sandbox's: it refuses a product that it does
// not know, and takes its time when it is told to.
type choosy struct {
	*httptest.Server
	words string                        // what it refuses with
	slow  atomic.Pointer[chan struct{}] // closed when it may answer
}

const (
	unknownProduct = "KAFFE-X"
	refusal        = "orders[0].orderItems[0].gtin: unknown " + unknownProduct
)

func startChoosy(t *testing.T, sandbox string) *choosy {
	t.Helper()
	to, err := url.Parse(sandbox)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	c := &choosy{words: refusal}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		case bytes.Contains(body, []byte(unknownProduct)):
			http.Error(w, c.words, http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if slow := c.slow.Load(); slow != nil {
			select {
			case <-*slow:
			case <-r.Context().Done():
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(c.Close)
	return c
}

// waits lets the partner answer no call until the function that it returns is
// called.
func (c *choosy) waits() (answer func()) {
	gate := make(chan struct{})
	c.slow.Store(&gate)
	return func() {
		c.slow.Store(nil)
		close(gate)
	}
}
