package console

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/e2e/browser"
	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/secret"
)

// integrates tries a door from its page, as an integrator who has a key and no
// user: simulated first, then for real.
func integrates(t *testing.T, chromium *browser.Browser, address string) {
	t.Helper()
	hub, err := api.NewClient(address, secret.New(app.SandboxAdminToken), http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	kept := func() (n int) { // of the page's example; the others' orders go there, too
		t.Helper()
		list, err := hub.Orders(t.Context(), "sandbox", api.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list.Orders {
			if o.ID == "1001" {
				n++
			}
		}
		return n
	}
	tab := chromium.Apart(t).Open(t, address+"/docs")
	tab.Resize(1200, 900)
	tab.Arrives(address+"/docs", "CitrusAd")
	tab.Click(`a[href="/docs/citrusad"]`)
	tab.Arrives(address+"/docs/citrusad", "Hand in orders")
	tab.Fill(`#docs-form input[type=password]`, "Basic sandbox-secret-key")
	tab.Click(`#docs-form button`)
	execute := func() {
		t.Helper()
		tab.Click(`#docs-ui .opblock-post .execute`)
		tab.Arrives(address+"/docs/citrusad", `"teamId": "sandbox-team"`)
	}
	browser.Eventually(t, "the page with the key", func() bool {
		return browser.Ask[bool](tab, `!!document.querySelector("#docs-ui .opblock-post .opblock-summary-control")`)
	})
	tab.Click(`#docs-ui .opblock-post .opblock-summary-control`)
	execute()
	if n := kept(); n != 0 {
		t.Errorf("%d orders are kept after a simulated call", n)
	}
	if text := browser.Ask[string](tab, `document.getElementById("docs-outcome").innerText`); !strings.Contains(text, "Operators who are signed in") || strings.Contains(text, "customer-1") {
		t.Errorf("a stranger is told %q", text)
	}
	tab.Click(`#docs-real`)
	tab.Click(`#docs-ui .opblock-post .btn-clear`)
	execute()
	browser.Eventually(t, "the order of the real call", func() bool { return kept() == 1 })
	for _, trouble := range tab.Troubles() {
		t.Error(trouble)
	}
}
