package app_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	consoletext "github.com/ordermux/ordermux/internal/console/text"
)

// until asks for a page until it says something.
func (b *browser) until(path, want string) string {
	b.t.Helper()
	page := ""
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-time.After(20 * time.Millisecond) {
		if _, page = b.do("GET", path, nil); strings.Contains(page, want) {
			return page
		}
	}
	b.t.Fatalf("%s never says %q:\n%s", path, want, page)
	return ""
}

func TestConsoleStuck(t *testing.T) { eachStore(t, testConsoleStuck) }

// testConsoleStuck: what a partner refuses is told with its cause, in every
// language, and goes on when it is sent again; a wrong key stops the route.
func testConsoleStuck(t *testing.T, at newPlace) {
	var status atomic.Int64
	status.Store(400)
	partner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, `{"message":"orders[0].orderItems[0].gtin: unknown <b>code"}`, int(status.Load()))
	}))
	t.Cleanup(partner.Close)
	h := startHub(t, at(t), shop(adsRoute(partner.URL)))
	ada := h.first(t)
	ada.sees("GET", "/shops/nordlys/stuck", nil, 200, "Nothing is stuck")
	h.give(oneOrder("o-1", "3.00"))
	h.give(oneOrder("o-2", "3.00"))

	ada.until("/shops/nordlys/stuck", "2 deliveries")
	ada.sees("GET", "/", nil, 200, "2 deliveries need a person", `href="/shops/nordlys/stuck?route=ads"`)
	ada.sees("GET", "/shops/nordlys/stuck?route=ads", nil, 200, "2 deliveries", "All that is stuck")
	ada.sees("GET", "/shops/nordlys/stuck?route=mail", nil, 200, "Nothing is stuck")
	page := ada.sees("GET", "/shops/nordlys/stuck", nil, 200, "Unknown product", "2 need a person", "unknown &lt;b&gt;code", "catalogue", `href="/shops/nordlys/orders/o-1"`, "Send again")
	if strings.Contains(page, "<b>code") {
		t.Error("the partner's words are a part of the page")
	}
	group := "/shops/nordlys/stuck/ads/unknown_product"
	ada.sees("GET", group, nil, 200, "o-1", "o-2", "refused by the partner", "Correct the order")
	ada.sees("GET", "/shops/nordlys/stuck/ads/bad_luck", nil, 404)
	ada.sees("POST", group, url.Values{"act": {"dance"}}, 404)
	for _, lang := range consoletext.Languages {
		ada.lang = lang
		for _, path := range []string{"/shops/nordlys/stuck", group} {
			if page := ada.sees("GET", path, nil, 200); unsaid.MatchString(page) {
				t.Errorf("%s in %s:\n%s", path, lang, page)
			}
		}
		ada.sees("POST", group, url.Values{"act": {"retry"}}, 200, `name="sure"`)
	}
	ada.lang = "en"

	vi := ada.joins(h, "vi", "viewer")
	if page := vi.sees("GET", "/shops/nordlys/stuck", nil, 200, "Unknown product"); strings.Contains(page, "Send again") {
		t.Error("a viewer is shown buttons")
	}
	vi.sees("POST", group, url.Values{"act": {"retry"}, "sure": {"yes"}}, 403)

	status.Store(401)
	ada.sees("POST", group, url.Values{"act": {"drop"}}, 200, "2 deliveries would be dropped", "Do nothing")
	ada.sees("POST", group, url.Values{"act": {"retry"}}, 200, "2 deliveries would be sent again")
	ada.sees("POST", group, url.Values{"act": {"retry"}, "sure": {"yes"}}, 200, "2 deliveries are sent again.")
	ada.until("/shops/nordlys/stuck", "The whole route waits")
	key := "/shops/nordlys/stuck/ads/wrong_key"
	ada.sees("GET", "/shops/nordlys/stuck", nil, 200, "Wrong key or login", "Let the route go on")
	ada.sees("GET", group, nil, 200, "None of these")
	ada.sees("POST", group, url.Values{"act": {"retry"}}, 200, "Nothing would be done")

	status.Store(503)
	ada.sees("POST", key, url.Values{"act": {"resume"}}, 200, "The route goes on.")
	ada.until("/shops/nordlys/stuck", "The partner is down")
	ada.sees("GET", "/shops/nordlys/stuck", nil, 200, "all go on by themselves", "What helps if it lasts")
	if err := h.api.Pause(t.Context(), "nordlys", "ads", ""); err != nil {
		t.Fatal(err)
	}
	if page := ada.sees("GET", "/shops/nordlys/stuck", nil, 200, "The route is paused", `value="resume"`); strings.Contains(page, "all go on by themselves") {
		t.Error("what a paused route has goes on by itself")
	}
	ada.sees("POST", "/shops/nordlys/stuck/ads/partner_down", url.Values{"act": {"resume"}}, 200, "The route goes on.")
	ada.sees("POST", "/shops/nordlys/stuck/ads/partner_down", url.Values{"act": {"drop"}, "sure": {"yes"}}, 200, "deliveries were dropped")
	ada.until("/shops/nordlys/stuck", "Nothing is stuck")
}
