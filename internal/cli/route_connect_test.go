package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
)

// withSetups adds how routes are set up, one of them connected by people.
func withSetups(h *fakeHub) {
	const shop = "/api/v1/shops/nordlys"
	setup := api.RouteSetup{
		Name: "ads", Partner: "citrusad", Title: "CitrusAd", From: api.FromStore, InForce: true, Changed: now,
		Rules: map[string]api.FieldValue{"on": {"placed", "updated"}, "rate": {"2"}}, Settings: map[string]api.FieldValue{"base_url": {"https://ads.example\x1b[31m"}},
		Secrets: []string{"api_key"}, Troubles: []string{"the catalogue is older than a day"},
	}
	idle := setup
	idle.Name, idle.From, idle.InForce, idle.Shadowed, idle.Fault, idle.Troubles = "hook", api.FromFile, false, true, "settings.url: is missing", nil
	refused := api.Tried{Said: "the partner refuses the api_key\x1b[31m", Code: "http_401", Exchanges: []api.Exchange{{Method: "GET", URL: "https://ads.example/v1", Status: 401}}}
	h.answers["GET "+shop+"/routes/ads"] = setup
	h.answers["GET "+shop+"/routes/hook"] = idle
	h.answers["POST "+shop+"/routes"] = func(body []byte) any {
		if strings.Contains(string(body), `"name":"bad"`) {
			return &api.Problem{Status: 400, Detail: "settings.api_key: is required", Faults: []api.Fault{{Path: "settings.api_key", Code: order.Required, Reason: "is required"}}}
		}
		return setup
	}
	h.answers["POST "+shop+"/try-route"] = refused
	h.answers["POST "+shop+"/routes/ads/try"] = api.Tried{OK: true, Said: "logged in as nordlys", Exchanges: []api.Exchange{}}
	h.answers["POST "+shop+"/routes/hook/try"] = refused
	h.answers["DELETE "+shop+"/routes/ads"] = api.Done{Done: true}
	h.answers["POST "+shop+"/routes/ads/rehearse"] = api.Rehearsal{
		Now:    api.Verdict{Route: "ads", Order: "1001", Seq: 1, Action: "skip", Code: "once", Reason: "there is one"},
		ByHand: api.Verdict{Route: "ads", Order: "1001", Seq: 1, Action: "send", Body: `{"id":"1001"}`},
		Requests: []api.Exchange{
			{Method: "POST", URL: "https://ads.example/v1/login", RequestHead: "Authorization: ***", RequestBody: `{}`},
			{Method: "POST", URL: "https://ads.example/v1/orders", RequestHead: "Content-Type: application/json", RequestBody: "<order>\n\t\x1b[31m</order>"},
		},
	}
	h.answers["POST "+shop+"/routes/hook/rehearse"] = api.Rehearsal{ByHand: api.Verdict{Order: "1001", Seq: 1, Action: "hold", Reason: "needs lines"}, Requests: []api.Exchange{}}
}

func TestRouteIsShown(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	withSetups(h)
	for name, args := range map[string][]string{
		"route":         {"show", "ads"},
		"route-json":    {"show", "ads", "--json"},
		"route-idle":    {"show", "hook"},
		"route-request": {"test", "ads", "1001", "--request"},
		"request-json":  {"test", "ads", "1001", "--request", "--json"},
	} {
		r := h.run(t, "", append([]string{"route"}, append(args, "--shop", "nordlys")...)...)
		if r.code != 0 || r.err != "" {
			t.Errorf("%v: %+v", args, r)
		}
		golden(t, name, r.out)
	}
	if r := h.run(t, "", "route", "test", "hook", "1001", "--request", "--shop", "nordlys"); r.code != 0 || r.out != "hook: hold order 1001 (event #1): needs lines\n" {
		t.Errorf("%+v", r)
	}
}

// TestRouteIsConnected checks what connecting, trying and removing a route tell
// the hub, and the person.
func TestRouteIsConnected(t *testing.T) {
	t.Parallel()
	const shop = "/api/v1/shops/nordlys"
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(stdin string, args []string, code int, out, err string, calls ...string) {
		t.Helper()
		h := newHub(t)
		withSetups(h)
		r := h.run(t, stdin, append(append([]string{"route"}, args...), "--shop", "nordlys")...)
		if r.code != code || r.out != out || !strings.Contains(r.err, err) || err == "" && r.err != "" {
			t.Errorf("%v: code %d, out %q, err %q", args, r.code, r.out, r.err)
		}
		if d := cmp.Diff(calls, h.calls); d != "" {
			t.Errorf("%v (-want +got):\n%s", args, d)
		}
	}
	spec := []string{"--partner", "citrusad", "--set", "api_key=@" + file, "--set", "base_url=https://ads.example", "--rule", "on=placed", "--rule", "on=updated", "--rule", "when=order.channel == \"online\""}
	const body = `"partner":"citrusad","rules":{"on":["placed","updated"],"when":"order.channel == \"online\""},"settings":{"api_key":"hush","base_url":"https://ads.example"}}`
	f("", append([]string{"add", "ads"}, spec...), 0, "route ads is connected; orders from before go there by: ordermux route backfill ads\n", "", `POST `+shop+`/routes {"name":"ads",`+body)
	f("", append([]string{"add", "ads", "--try"}, spec...), 1, "", "ordermux: the partner refuses the api_key[31m\n", `POST `+shop+`/try-route {"name":"ads",`+body)
	f("", []string{"add", "bad", "--partner", "citrusad"}, 1, "", "settings.api_key: is required", `POST `+shop+`/routes {"name":"bad","partner":"citrusad","rules":{},"settings":{}}`)
	f("", []string{"add", "ads", "--partner", "citrusad", "--rule", "on"}, 2, "", "--rule takes KEY=VALUE")
	f("", []string{"add", "ads", "--partner", "citrusad", "--set", "=x"}, 2, "", "--set takes FIELD=VALUE")
	f("", []string{"add", "ads"}, 2, "", "--partner")

	f("", []string{"try", "ads"}, 0, "logged in as nordlys\n", "", "POST "+shop+"/routes/ads/try {}")
	f("", []string{"try", "hook"}, 1, "", "the partner refuses the api_key", "POST "+shop+"/routes/hook/try {}")
	f("", []string{"try", "none"}, 1, "", "route none is not known at shop nordlys", "POST "+shop+"/routes/none/try {}")
	f("", []string{"show", "none"}, 1, "", "route none is not known at shop nordlys", "GET "+shop+"/routes/none")
	f("", []string{"test", "none", "1", "--request"}, 1, "", "route none or order 1 is not known at shop nordlys", "POST "+shop+`/routes/none/rehearse {"order":"1"}`)

	f("y\n", []string{"remove", "ads"}, 0, "route ads is removed; what it delivered stays known\n", "is removed, with its settings and secrets", "DELETE "+shop+"/routes/ads")
	f("", []string{"remove", "ads", "--yes"}, 0, "route ads is removed; what it delivered stays known\n", "", "DELETE "+shop+"/routes/ads")
	f("n\n", []string{"remove", "ads"}, 1, "", "nothing was done")
	f("", []string{"remove", "none", "--yes"}, 1, "", "route none is not known at shop nordlys", "DELETE "+shop+"/routes/none")

	// Who reads the answer by a program learns from the exit code, too.
	h := newHub(t)
	withSetups(h)
	if r := h.run(t, "", "route", "try", "hook", "--json", "--shop", "nordlys"); r.code != 1 || r.err != "" || !strings.Contains(r.out, `"ok":false`) {
		t.Errorf("%+v", r)
	}
}
