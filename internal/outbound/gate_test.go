package outbound_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/ordermux/ordermux/internal/outbound"
)

// The gate is asked before the connection and before the first byte; shut, it
// lets nothing leave.
func TestGate(t *testing.T) {
	t.Parallel()
	var came atomic.Int64
	partner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		came.Add(1)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(partner.Close)
	client := outbound.New(outbound.Options{})
	for name, body := range map[string][]byte{"short": []byte("{}"), "long": bytes.Repeat([]byte("x"), 1<<20)} {
		f := func(open ...bool) (asked int, err error) {
			ctx, trace := outbound.WithTrace(t.Context())
			ctx = outbound.WithGate(ctx, func() bool {
				asked++
				return open[asked-1]
			})
			_, err = client.Do(ctx, outbound.Request{Method: "POST", URL: partner.URL, Body: body})
			if len(trace.List()) != 1 {
				t.Errorf("%s: %d exchanges", name, len(trace.List()))
			}
			return asked, err
		}
		shut := func(asked int, err error) {
			t.Helper()
			var e *outbound.Error
			if !errors.As(err, &e) || e.Op != outbound.OpGate || e.Left || came.Load() != 0 {
				t.Errorf("%s: asked %d times: %v, came %d", name, asked, err, came.Load())
			}
		}
		shut(f(false))
		shut(f(true, false))
		if asked, err := f(true, true); err != nil || asked != 2 || came.Swap(0) != 1 {
			t.Errorf("%s: asked %d times: %v", name, asked, err)
		}
		// A kept connection makes no difference, and is not tried again.
		asked, err := f(true, false)
		if shut(asked, err); asked != 2 {
			t.Errorf("%s: asked %d times", name, asked)
		}
	}
	if outbound.MayLeave(outbound.WithGate(t.Context(), func() bool { return false })) || !outbound.MayLeave(t.Context()) {
		t.Error("MayLeave")
	}
}
