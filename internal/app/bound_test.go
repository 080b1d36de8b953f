package app_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
)

// flood is a body that does not end; it counts what was read of it.
type flood struct{ read atomic.Int64 }

func (f *flood) Read(b []byte) (int, error) {
	n := copy(b, blanks)
	f.read.Add(int64(n))
	return n, nil
}

var blanks = bytes.Repeat([]byte{' '}, 1<<20)

func (f *flood) Close() error { return nil }

// TestBodiesAreBounded floods what reads a body to its end, and what bounds it
// by itself, at every address that takes one.
func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	greedy := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var large *http.MaxBytesError
		if _, err := io.Copy(io.Discard, r.Body); !errors.As(err, &large) {
			t.Error(err)
		}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	})
	side := partner.Side{Handler: greedy}
	const most, long = 64 << 20, 80 << 20
	p := partner.Partner{
		Name: "greedy", Door: func(partner.Deps) (partner.Side, error) { return side, nil },
		Route: func(partner.Deps, partner.Settings) (partner.Side, error) { return side, nil },
	}
	q := partner.Partner{Name: "long", LongBodies: long, Door: p.Door}
	at := inFolder(t)
	cfg, err := parse(at, shop("      g: {partner: greedy}\n"), p)
	if err != nil {
		t.Fatal(err)
	}
	h := startHub(t, at, shop(""), func(o *app.Options) { o.Partners, o.Config = append(all.List(), p, q), cfg })
	f := func(method, path, authorization string, status int, bound int64) {
		t.Helper()
		body := &flood{}
		r, w := httptest.NewRequest(method, path, body), httptest.NewRecorder()
		r.ContentLength = -1
		r.Header.Set("Authorization", authorization)
		r.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(w, r)
		if n := body.read.Load(); n > bound+1<<20 || w.Code != status {
			t.Errorf("%s %s: %d MB were read, and answered %d %.200s", method, path, n>>20, w.Code, w.Body)
		}
	}
	f("POST", "/greedy/x", "", 413, most)
	f("POST", "/in/nordlys/g/", "", 413, most)
	f("POST", "/long/x", "", 413, long)
	const admin = "Bearer " + adminToken
	f("POST", "/api/v1/shops/nordlys/events", admin, 413, partner.MaxBody)
	f("PUT", "/api/v1/shops/nordlys/products", admin, 413, partner.MaxBody)
	f("PUT", "/api/v1/shops/nordlys/promotions", admin, 413, most)
	f("POST", "/citrusad/v1/orders", "Basic sk-12345", 413, partner.MaxBody)
	f("POST", "/healthz", "", 200, 0)
	f("POST", "/review/x", "", 404, partner.MaxBody)
}
