package rehearsal_test

import (
	"net/http"
	"testing"

	"github.com/ordermux/ordermux/internal/rehearsal"
)

// TestBelow: a door makes addresses of itself out of what it was asked by.
func TestBelow(t *testing.T) {
	t.Parallel()
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.URL.Path + " " + r.RequestURI + " " + r.Host))
	})
	for below, want := range map[string]string{
		"":          "/v1/x /v1/x?y=1 hub.example",
		"/skeepers": "/v1/x /skeepers/v1/x?y=1 hub.example",
	} {
		got, err := rehearsal.Ask(t.Context(), echo, rehearsal.Call{Method: http.MethodGet, Below: below, Path: "/v1/x?y=1", Host: "hub.example"})
		if err != nil || string(got.Body) != want {
			t.Errorf("below %q: %q, want %q (%v)", below, got.Body, want, err)
		}
	}
}
