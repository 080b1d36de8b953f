package app_test

import (
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
)

// TestConsoleFindsOrders: what the page of orders is asked for, on both stores,
// with the index behind it.
func TestConsoleFindsOrders(t *testing.T) { eachStore(t, testConsoleFindsOrders) }

func testConsoleFindsOrders(t *testing.T, at newPlace) {
	h := startHub(t, at(t), shop(adsRoute("http://127.0.0.1:1")))
	h.give(oneOrder("o-1", "3.00"))
	h.state(`{"order":{"id":"o-2","currency":"SEK","customer":{"email":"Anna@nordlys.example"},
		"lines":[{"product":{"code":"TEA-1"},"quantity":"1"}],"references":[{"kind":"market","value":"M/7"}],"shipping":{"parcels":[{"number":"PK 42"}]}}}`)
	h.indexed()
	ada := h.first(t)
	find := func(query string, status int, want ...string) string {
		t.Helper()
		return ada.sees("GET", "/shops/nordlys/orders?"+query, nil, status, want...)
	}
	const one, two = "/shops/nordlys/orders/o-1", "/shops/nordlys/orders/o-2"
	only := func(query, want, not string) {
		t.Helper()
		if page := find(query, 200, want); strings.Contains(page, not) {
			t.Errorf("%s: finds %s too\n%s", query, not, page)
		}
	}
	find("", 200, one, two, "Download as CSV")
	only("q=o-1", one, two)
	for _, q := range []string{"anna@nordlys.example", "TEA-1", "m/7", "PK42"} {
		only("q="+url.QueryEscape(q), two, one)
	}
	only("q=tea-1&by=sku", `value="tea-1"`, one)
	only("q=A1&by=sku&from=2020-01-01&to=2099-01-01&route=ads", one, two)
	find("q=tea-1&by=parcel", 200, "No order matches", "Show all orders")
	find("from=2099-01-01", 200, "No order matches", `value="2099-01-01"`)
	find("state=delivered&route=ads", 200, "No order matches")
	find("from=yesterday&q=o-1", 422, "This is no date", `aria-invalid="true"`, `value="o-1"`)
	find("q="+strings.Repeat("x", 501), 422, "is too long")
	find("q="+url.QueryEscape(`"><script>`), 200, "&#34;&gt;&lt;script&gt;", "No order matches")
	find("state=nonsense&by=nothing", 200, one)
	// What was found is had as a file, with what was looked for.
	const file = "/shops/nordlys/download/orders"
	href := file + html.UnescapeString(between(t, find("q=tea-1&by=sku&from=2020-01-01&to=2099-01-01", 200, two), `href="`+file, `"`))
	if text := ada.sees("GET", href, nil, 200, "id,", "o-2,"); strings.Contains(text, "o-1,") {
		t.Errorf("%s: %s", href, text)
	}
	ada.sees("GET", file+"?format=ndjson", nil, 200, `{"id":"o-2"`, `{"id":"o-1"`)
	if page := find("q=o-2", 200, two); strings.Contains(page, " SEK<") {
		t.Error("an order of unknown value shows its currency alone")
	}

	// An erased person is found by nothing that names him.
	if err := h.api.Erase(t.Context(), "nordlys", "o-2"); err != nil {
		t.Fatal(err)
	}
	find("q=anna@nordlys.example", 200, "No order matches")
	h.indexed()
	find("q=anna@nordlys.example", 200, "No order matches")
	only("q=TEA-1", two, one)
}

// state says something of the shop's orders by our API.
func (h *hub) state(entry string) {
	h.t.Helper()
	if status, body := send(h.t, "POST", h.URL()+"/api/v1/shops/nordlys/events", "Bearer "+adminToken, entry); status != 200 {
		h.t.Fatal(status, body)
	}
}

// indexed waits until the search knows all events.
func (h *hub) indexed() {
	h.t.Helper()
	eventually(h.t, "the index of orders", func() bool {
		page, err := h.api.Orders(h.t.Context(), "nordlys", api.ListOptions{Find: api.Find{Text: "x"}})
		return err == nil && page.Behind == 0
	})
}
