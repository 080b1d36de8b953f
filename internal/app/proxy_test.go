package app_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestTrustedProxies looks at which client the log names.
func TestTrustedProxies(t *testing.T) { eachStore(t, testTrustedProxies) }

func testTrustedProxies(t *testing.T, at newPlace) {
	asked := 0
	client := func(h *hub, forwarded string) string {
		t.Helper()
		asked++
		id := fmt.Sprintf("id-of-%d-", asked)
		req, _ := http.NewRequestWithContext(t.Context(), "GET", h.URL()+"/healthz", nil)
		if forwarded != "" {
			req.Header.Set("X-Forwarded-For", forwarded)
		}
		req.Header.Set("X-Request-Id", id)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		var line string
		eventually(t, "the line in the log", func() bool {
			for l := range strings.Lines(h.logs.String()) {
				if strings.Contains(l, id) {
					line = l
				}
			}
			return line != ""
		})
		_, after, _ := strings.Cut(line, "client=")
		host, _, _ := strings.Cut(after, ":")
		return host
	}
	f := func(h *hub, forwarded, want string) {
		t.Helper()
		if got := client(h, forwarded); got != want {
			t.Errorf("%q: client %q, want %q", forwarded, got, want)
		}
	}
	f(startHub(t, at(t), shop("")), "192.0.2.1", "127.0.0.1") // nobody is trusted
	trusting := startHub(t, at(t), shop("")+"trusted_proxies: [127.0.0.0/8, 10.0.0.7]\n")
	f(trusting, "", "127.0.0.1")
	f(trusting, "192.0.2.1", "192.0.2.1")
	f(trusting, "203.0.113.9, 192.0.2.1, 10.0.0.7", "192.0.2.1") // the first one may be made up
	f(trusting, "nonsense, 10.0.0.7", "10.0.0.7")
}

// TestSchemeOfAProxy looks at the address that a door hands out, where the hub
// has no public one: the scheme that a proxy speaks of is heard of trusted ones.
func TestSchemeOfAProxy(t *testing.T) {
	t.Parallel()
	f := func(more, scheme string) {
		t.Helper()
		h := startHub(t, inFolder(t), reviewShop("http://127.0.0.1:1")+more)
		req, _ := http.NewRequestWithContext(t.Context(), "POST", h.URL()+"/skeepers/v2/connector-settings?website-id="+reviewWebsite, strings.NewReader("{}"))
		req.Header.Set("Authorization", "Bearer "+h.reviewToken())
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Forwarded-Proto", "https")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		if !strings.Contains(string(body), `"pushOrdersEndpoint":"`+scheme+`://`) {
			t.Errorf("%d %s, want %s", resp.StatusCode, body, scheme)
		}
	}
	f("", "http")
	f("trusted_proxies: [127.0.0.0/8]\n", "https")
}
