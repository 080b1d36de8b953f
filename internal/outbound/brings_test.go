package outbound_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/outbound"
)

// TestSecretsOfAnswers: what an answer brings is hidden wherever it stands,
// beside what was known to be secret.
func TestSecretsOfAnswers(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Session", "brand-new-session")
		_, _ = w.Write([]byte(`<a><sessionKey>brand-new-session</sessionKey><b>known-before</b></a>`))
	}))
	t.Cleanup(srv.Close)
	c := outbound.New(outbound.Options{})
	t.Cleanup(c.CloseIdle)
	ctx, trace := outbound.WithTrace(t.Context())
	known := make([]string, 1, 8)
	known[0] = "known-before"
	for range 2 {
		reply, err := c.Do(ctx, outbound.Request{URL: srv.URL, Mask: known, Brings: func(b []byte) []string {
			_, rest, _ := strings.Cut(string(b), "<sessionKey>")
			key, _, _ := strings.Cut(rest, "<")
			return []string{key, ""}
		}})
		if err != nil || !strings.Contains(string(reply.Body), "brand-new-session") {
			t.Fatalf("%s, %v", reply.Body, err)
		}
	}
	for _, x := range trace.List() {
		if shown := x.ResponseHead + string(x.ResponseBody); strings.Contains(shown, "brand-new") || strings.Contains(shown, "known-before") || !strings.Contains(shown, "<b>") {
			t.Errorf("evidence %s", shown)
		}
	}
	if len(trace.List()) != 2 || known[:2][1] != "" {
		t.Error("the caller's list of secrets was written to")
	}
}
