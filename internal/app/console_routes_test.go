package app_test

import (
	"net/url"
	"strings"
	"testing"

	consoletext "github.com/ordermux/ordermux/internal/console/text"
)

// TestConsoleRoutes: a partner is connected by the form, tried, changed and
// removed; a route is paused, tried on an order and replayed.
func TestConsoleRoutes(t *testing.T) {
	t.Parallel()
	sandbox := startSandbox(t)
	hook, received := startReceiver(t)
	h := startHub(t, inFolder(t), connecting(hookRoute(hook)))
	h.give(oneOrder("o-1", "3.00"))
	eventually(t, "the message", func() bool { return len(received()) == 1 })
	ada := h.first(t)
	bo, vi := ada.joins(h, "bo", "operator"), ada.joins(h, "vi", "viewer")

	// The form is made of what the partner declares; what is wrong stands beside
	// its field, and what was typed stays.
	ada.sees("GET", "/shops/nordlys/routes", nil, 200, "hook", "CitrusAd", "/shops/nordlys/connect?partner=citrusad")
	ada.sees("GET", "/shops/nordlys/connect", nil, 200, "CitrusAd")
	ada.sees("GET", "/shops/nordlys/connect?partner=citrusad", nil, 200, `name="s.base_url"`, `type="password"`, "Secret API key", `name="r.retry.first"`, "more settings, with usual values", "default (auto)")
	form := url.Values{"partner": {"citrusad"}, "name": {"ads"}, "s.base_url": {"citrusad"}, "s.api_key": {"sandbox-secret-key"}, "r.when": {"1 +"}, "r.on": {"placed, updated"}, "act": {"save"}}
	ada.sees("POST", "/shops/nordlys/connect", form, 400, "must be a whole address", `value="citrusad"`, "the expression can not be used", "<details open>", `value="placed, updated"`, `aria-invalid="true"`)
	form.Set("name", "Bad name")
	ada.sees("POST", "/shops/nordlys/connect", form, 400, `value="Bad name" required maxlength="64" autocapitalize="none" autocomplete="off" aria-describedby="name-hint" aria-invalid="true"`)
	form.Set("name", "ads")
	form.Set("s.base_url", sandbox.URL()+"/citrusad")
	form.Set("r.when", `order.channel != "shop"`)
	form.Set("s.api_key", "wrong")
	form.Set("act", "try")
	ada.sees("POST", "/shops/nordlys/connect", form, 200, "It does not work.", "refuses the login", "Compare the key with the one", `value="ads"`)
	form.Set("s.api_key", "sandbox-secret-key")
	ada.sees("POST", "/shops/nordlys/connect", form, 200, "It works.", "login at")
	form.Set("act", "save")
	page := ada.sees("POST", "/shops/nordlys/connect", form, 200, "Connected. New orders go there", "kept sealed, never shown", sandbox.URL())
	if strings.Contains(page, "sandbox-secret-key") {
		t.Error("a secret is shown")
	}
	h.give(oneOrder("o-2", "3.00"))
	eventually(t, "the order arrives", func() bool { return atSandbox(t, sandbox, "o-2") != "" })

	// Changed, with the secret that is there; and not to another address with it.
	page = ada.sees("GET", "/shops/nordlys/routes/ads/edit", nil, 200, "One is kept", `value="placed, updated"`)
	if strings.Contains(page, "sandbox-secret-key") {
		t.Error("a secret is shown")
	}
	form.Del("s.api_key")
	form.Set("r.rate", "5")
	ada.sees("POST", "/shops/nordlys/routes/ads/edit", form, 200, "The route was changed", "Most calls per second")
	form.Set("s.base_url", "https://ads.example")
	ada.sees("POST", "/shops/nordlys/routes/ads/edit", form, 400, "must be given again")
	ada.sees("GET", "/shops/nordlys/routes/hook/edit", nil, 409, "configuration file")

	// What people do to a route.
	one := "/shops/nordlys/routes/ads"
	bo.sees("POST", one, url.Values{"act": {"pause"}, "reason": {"stock<b>"}}, 200, "The route is paused", "stock&lt;b&gt;", "Go on")
	bo.sees("POST", one, url.Values{"act": {"trial"}, "order": {"o-1"}}, 200, "nothing was sent by this route", "The route stands still")
	bo.sees("POST", one, url.Values{"act": {"resume"}}, 200, "The route goes on")
	bo.sees("POST", one, url.Values{"act": {"try"}}, 200, "It works.")
	bo.sees("POST", one, url.Values{"act": {"trial"}, "order": {"o-2"}}, 200, "<dt>So far</dt><dd>", "would be sent", "POST "+sandbox.URL()+"/citrusad/v1/orders", "Authorization: [masked]", "&#34;o-2&#34;")
	bo.sees("POST", one, url.Values{"act": {"trial"}, "order": {"o-9"}}, 422, "no such order", `value="o-9"`)
	bo.sees("POST", "/shops/nordlys/routes/hook", url.Values{"act": {"replay"}, "from": {"soon"}}, 422, "a day and an hour", `name="from" value="soon"`)
	bo.sees("POST", "/shops/nordlys/routes/hook", url.Values{"act": {"replay"}}, 200, "2 orders would be sent again", "Send 2 again", "o-1")
	before := len(received())
	bo.sees("POST", "/shops/nordlys/routes/hook", url.Values{"act": {"replaying"}}, 200, "2 orders are being sent again")
	eventually(t, "they come again", func() bool { return len(received()) == before+2 })

	// Who may not, does not see it and can not do it.
	page = bo.sees("GET", one, nil, 200, "Test the connection")
	if strings.Contains(page, "Remove this route") || strings.Contains(page, "/edit") {
		t.Error("an operator is offered what admins may do")
	}
	bo.sees("POST", one, url.Values{"act": {"remove"}}, 403)
	bo.sees("POST", "/shops/nordlys/connect", form, 403)
	if page = vi.sees("GET", one, nil, 200); strings.Contains(page, `method="post" action="/shops`) {
		t.Error("a viewer is offered acts")
	}
	vi.sees("POST", one, url.Values{"act": {"pause"}}, 403)
	for _, lang := range consoletext.Languages {
		ada.lang = lang
		for _, path := range []string{"/shops/nordlys/routes", one, one + "/edit", "/shops/nordlys/routes/hook", "/shops/nordlys/connect", "/shops/nordlys/connect?partner=idosell"} {
			if page := ada.sees("GET", path, nil, 200); unsaid.MatchString(page) {
				t.Errorf("%s in %s: %s", path, lang, unsaid.FindString(page))
			}
		}
	}
	ada.lang = "en"
	ada.sees("POST", one, url.Values{"act": {"remove"}}, 200, "The route was removed", "not configured any more")
	ada.sees("GET", one, nil, 200, "not set up any more")
	ada.sees("GET", "/shops/nordlys/routes/none", nil, 404)
}
