package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
)

// status is what the door says to a key.
func (h *hub) status(key string) int {
	h.t.Helper()
	status, _ := send(h.t, "GET", h.URL()+"/citrusad/v1/orders", "Basic "+key, "")
	return status
}

func TestReload(t *testing.T) { eachStore(t, testReload) }

func testReload(t *testing.T, at newPlace) {
	sandbox := startSandbox(t)
	receiver, received := startReceiver(t)
	p := at(t)
	text := shop(adsRoute(sandbox.URL()))
	h := startHub(t, p, text, func(o *app.Options) {
		o.Load = func() (*config.Config, error) { return parse(p, text) }
	})
	h.give(oneOrder("o-1", "3.00"))
	h.settled()

	// A new key, a new route.
	text = strings.Replace(shop(adsRoute(sandbox.URL())+hookRoute(receiver)), "sk-12345", "sk-67890", 1)
	if _, err := h.api.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h.status("sk-12345") != http.StatusUnauthorized || h.status("sk-67890") != http.StatusOK {
		t.Error("the keys did not change")
	}
	good := text
	if status, body := send(t, "POST", h.URL()+"/citrusad/v1/orders", "Basic sk-67890", oneOrder("o-2", "3.00")); status != http.StatusOK {
		t.Fatal(status, body)
	}
	h.settled()
	// A new route starts at the head: o-1 is not told again.
	if got := types(received()); len(got) != 1 || got[0] != "order.placed o-2" {
		t.Errorf("the new route sent %v", got)
	}

	// Whole or not at all.
	for _, change := range []struct{ from, to, want string }{
		{"api_key: sandbox-secret-key", "api_key: \"\"", "api_key"},
		{"listen: 127.0.0.1:0", "listen: 127.0.0.1:1", "listen can not change while the hub runs; restart it"},
		{"data: ./data", "data: ./other", "can not change while the hub runs"},
		{"currency: SEK", "currency: crowns", "currency"},
	} {
		text = strings.Replace(strings.Replace(good, change.from, change.to, 1), "sk-67890", "sk-99999", 1)
		if _, err := h.api.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), change.want) {
			t.Errorf("%s: %v", change.to, err)
		}
		if h.status("sk-67890") != http.StatusOK || h.status("sk-99999") != http.StatusUnauthorized {
			t.Errorf("%s: half of it was applied", change.to)
		}
	}
	// A vanished route is gone, and comes back paused.
	text = strings.Replace(shop(adsRoute(sandbox.URL())), "sk-12345", "sk-67890", 1)
	if _, err := h.api.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	text = good
	if _, err := h.api.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := h.api.Routes(t.Context(), "nordlys")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list.Routes {
		if r.Name == "hook" && r.State != "paused" || r.Name == "ads" && r.State != "flowing" {
			t.Errorf("route %s is %s", r.Name, r.State)
		}
	}
}
