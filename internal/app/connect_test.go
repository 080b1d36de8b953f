package app_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
)

// connecting is a shop's configuration that lets connected routes reach this
// machine.
func connecting(routes string) string {
	return "outbound: {allow_private: [127.0.0.1]}\n" + strings.TrimPrefix(shop(routes), "\n")
}

func adsSpec(url, key string) api.RouteSpec {
	return api.RouteSpec{
		Partner: "citrusad", Rules: map[string]api.FieldValue{"when": {`order.channel != "shop"`}},
		Settings: map[string]api.FieldValue{"base_url": {url}, "api_key": {key}},
	}
}

// problem checks the status and words of an error of the API.
func problem(t *testing.T, err error, status int, want string) {
	t.Helper()
	p, ok := errors.AsType[*api.Problem](err)
	if !ok || p.Status != status || !strings.Contains(p.Error(), want) {
		t.Errorf("%v, want %d with %q", err, status, want)
	}
}

// TestConnectedRoute: a route that is connected delivers, is changed, outlives a
// restart, and is removed.
func TestConnectedRoute(t *testing.T) { eachStore(t, testConnectedRoute) }

func testConnectedRoute(t *testing.T, at newPlace) {
	sandbox := startSandbox(t)
	p := at(t)
	h := startHub(t, p, connecting(""))
	ctx := t.Context()
	bad := adsSpec(sandbox.URL()+"/citrusad", "no-such-key")
	tried, err := h.api.TryNewRoute(ctx, "nordlys", api.NewRoute{Name: "ads", RouteSpec: bad})
	if err != nil || tried.OK || !strings.Contains(tried.Said, "refuses the login") || len(tried.Exchanges) != 1 || tried.Code == "" {
		t.Errorf("%+v %v", tried, err)
	}
	spec := adsSpec(sandbox.URL()+"/citrusad", "sandbox-secret-key")
	if tried, err := h.api.TryNewRoute(ctx, "nordlys", api.NewRoute{Name: "ads", RouteSpec: spec}); err != nil || !tried.OK {
		t.Errorf("%+v %v", tried, err)
	} else if text := fmt.Sprintf("%+v", tried); strings.Contains(text, "sandbox-secret-key") {
		t.Errorf("a secret is told: %s", text)
	}
	setup, err := h.api.ConnectRoute(ctx, "nordlys", api.NewRoute{Name: "ads", RouteSpec: spec})
	if err != nil {
		t.Fatal(err)
	}
	if setup.From != api.FromStore || !setup.InForce || len(setup.Secrets) != 1 || setup.Settings["base_url"][0] != sandbox.URL()+"/citrusad" || setup.Settings["api_key"] != nil {
		t.Errorf("%+v", setup)
	}
	_, err = h.api.ConnectRoute(ctx, "nordlys", api.NewRoute{Name: "ads", RouteSpec: spec})
	problem(t, err, http.StatusConflict, "connected already")
	h.give(oneOrder("o-1", "3.00"))
	eventually(t, "the order arrives", func() bool { return atSandbox(t, sandbox, "o-1") != "" })

	// Another rule, without saying the secret again.
	spec.Rules, spec.Settings = map[string]api.FieldValue{"when": {`order.channel == "shop"`}}, map[string]api.FieldValue{"base_url": {sandbox.URL() + "/citrusad"}}
	if setup, err = h.api.ChangeRoute(ctx, "nordlys", "ads", spec); err != nil || !setup.InForce || len(setup.Secrets) != 1 || setup.Rules["when"][0] != `order.channel == "shop"` {
		t.Fatalf("%+v %v", setup, err)
	}
	// Another address: the secret was not meant for it.
	spec.Settings = map[string]api.FieldValue{"base_url": {"http://127.0.0.1:1"}}
	_, err = h.api.ChangeRoute(ctx, "nordlys", "ads", spec)
	problem(t, err, http.StatusBadRequest, "settings.api_key: must be given again")
	_, err = h.api.TryNewRoute(ctx, "nordlys", api.NewRoute{Name: "ads", RouteSpec: spec})
	problem(t, err, http.StatusBadRequest, "settings.api_key: must be given again")

	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	// The file has a route of that name by now: the file wins.
	h = startHub(t, p, connecting(adsRoute("http://127.0.0.1:1")))
	if setup, err = h.api.RouteSetup(ctx, "nordlys", "ads"); err != nil || setup.From != api.FromFile || !setup.Shadowed || len(setup.Rules) != 0 {
		t.Errorf("%+v %v", setup, err)
	}
	_, err = h.api.ConnectRoute(ctx, "nordlys", api.NewRoute{Name: "other", RouteSpec: api.RouteSpec{
		Partner: "webhook", Rules: map[string]api.FieldValue{"connection": {"ads"}}, Settings: map[string]api.FieldValue{"url": {"https://hook.example"}, "secret": {hookKey}},
	}})
	problem(t, err, http.StatusBadRequest, "a route of the configuration has the connection ads")
	if err := h.api.DisconnectRoute(ctx, "nordlys", "ads"); err != nil {
		t.Fatal(err)
	}
	if setup, err = h.api.RouteSetup(ctx, "nordlys", "ads"); err != nil || setup.Shadowed {
		t.Errorf("%+v %v", setup, err)
	}
	problem(t, h.api.DisconnectRoute(ctx, "nordlys", "ads"), http.StatusConflict, "stands in the configuration")
	problem(t, h.api.DisconnectRoute(ctx, "nordlys", "none"), http.StatusNotFound, "")
}

// TestIdleRoute: a connected route that can not run any more says why, raises an
// alert, and takes no order; it runs again when the reason is gone.
func TestIdleRoute(t *testing.T) {
	t.Parallel()
	p := inFolder(t)
	h := startHub(t, p, connecting(""))
	if _, err := h.api.ConnectRoute(t.Context(), "nordlys", api.NewRoute{Name: "late", RouteSpec: adsSpec("http://127.0.0.1:1", "sk-1")}); err != nil {
		t.Fatal(err)
	}
	again := func(routes string) {
		t.Helper()
		if err := h.stop(); err != nil {
			t.Fatal(err)
		}
		h = startHub(t, p, connecting(routes))
	}
	// Another route of the file keeps what a connection of this name keeps.
	again(strings.Replace(adsRoute("http://127.0.0.1:1"), "partner: citrusad", "partner: citrusad, connection: late", 1))
	eventually(t, "the alert", func() bool { return alerted(t, h, "route_idle") })
	list, err := h.api.Routes(t.Context(), "nordlys")
	if err != nil || len(list.Routes) != 2 || list.Routes[1].State != api.Idle || !strings.Contains(list.Routes[1].Reason, "has the connection late") {
		t.Errorf("%+v %v", list, err)
	}
	h.first(t).sees("GET", "/shops/nordlys/routes/late", nil, 200, "not in force", "has the connection late", "Change this route")
	again("")
	eventually(t, "the alert ends", func() bool { return !alerted(t, h, "route_idle") })
}

// TestConnectedRouteIsGuarded: who may connect routes does not reach what the
// hub can, and what is not right is told at its place.
func TestConnectedRouteIsGuarded(t *testing.T) {
	t.Parallel()
	sandbox := startSandbox(t)
	h := startHub(t, inFolder(t), shop(""))
	ctx := t.Context()
	new := api.NewRoute{Name: "ads", RouteSpec: adsSpec(sandbox.URL()+"/citrusad", "sandbox-secret-key")}
	if tried, err := h.api.TryNewRoute(ctx, "nordlys", new); err != nil || tried.OK || !strings.Contains(tried.Said, "private or reserved") {
		t.Errorf("%+v %v", tried, err)
	}
	hook := api.NewRoute{Name: "hook", RouteSpec: api.RouteSpec{Partner: "webhook", Settings: map[string]api.FieldValue{"url": {sandbox.URL()}, "secret": {hookKey}}}}
	if tried, err := h.api.TryNewRoute(ctx, "nordlys", hook); err != nil || tried.OK || !strings.Contains(tried.Said, "private or reserved") {
		t.Errorf("%+v %v", tried, err)
	}
	for _, host := range []string{"127.0.0.1", "localhost"} {
		post := api.NewRoute{Name: "post", RouteSpec: api.RouteSpec{Partner: "mail", Settings: map[string]api.FieldValue{"host": {host}, "port": {"25"}, "from": {"hej@nordlys.example"}}}}
		_, err := h.api.TryNewRoute(ctx, "nordlys", post)
		problem(t, err, http.StatusBadRequest, "public_url") // it is built as the hub would
	}
	if _, err := h.api.ConnectRoute(ctx, "nordlys", new); err != nil {
		t.Fatal(err)
	}
	h.give(oneOrder("o-1", "3.00"))
	eventually(t, "the guard is told of", func() bool {
		list, err := h.api.Deliveries(ctx, "nordlys", api.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.Deliveries) == 1 && strings.Contains(list.Deliveries[0].Reason, "private or reserved")
	})
	_, err := h.api.ConnectRoute(ctx, "nordlys", api.NewRoute{Name: "Bad!", RouteSpec: api.RouteSpec{
		Partner: "citrusad", Rules: map[string]api.FieldValue{"when": {"1 +"}}, Settings: map[string]api.FieldValue{"base_url": {"x"}, "colour": {"red"}},
	}})
	for _, want := range []string{"name: ", "rules.when: ", "settings.base_url: ", "settings.colour: "} {
		problem(t, err, http.StatusBadRequest, want)
	}
	_, err = h.api.ConnectRoute(ctx, "nordlys", api.NewRoute{Name: "x", RouteSpec: api.RouteSpec{Partner: "webhook", Settings: map[string]api.FieldValue{
		"url": {"https://hook.example"}, "secret": {hookKey}, "timeout": {"9h"},
	}}})
	problem(t, err, http.StatusBadRequest, "settings.timeout: ")
	for _, scope := range []api.Scope{api.Read, api.Operate} {
		token, err := h.api.CreateToken(ctx, "nordlys", string(scope), scope)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range []string{"POST routes", "POST try-route", "PUT routes/ads", "DELETE routes/ads"} {
			method, path, _ := strings.Cut(call, " ")
			if status, body := send(t, method, h.URL()+"/api/v1/shops/nordlys/"+path, "Bearer "+token.Token, `{}`); status != http.StatusForbidden {
				t.Errorf("%s: %s: %d %s", scope, call, status, body)
			}
		}
	}
}

// TestRehearse: what a route would send is shown as it would be sent, and
// nothing is.
func TestRehearse(t *testing.T) {
	t.Parallel()
	hook, received := startReceiver(t)
	h := startHub(t, inFolder(t), shop(adsRoute("http://127.0.0.1:1")+hookRoute(hook)))
	h.give(oneOrder("o-1", "3.00"))
	eventually(t, "the message", func() bool { return len(received()) == 1 })
	r, err := h.api.Rehearse(t.Context(), "nordlys", "ads", "o-1")
	if err != nil {
		t.Fatal(err)
	}
	if r.ByHand.Action != "send" || len(r.Requests) != 1 {
		t.Fatalf("%+v", r)
	}
	x := r.Requests[0]
	if x.Method != "POST" || x.URL != "http://127.0.0.1:1/citrusad/v1/orders" || !strings.Contains(x.RequestBody, `"o-1"`) || strings.Contains(x.RequestHead+x.RequestBody, "sandbox-secret-key") || x.Error != "" {
		t.Errorf("%+v", x)
	}
	if r, err = h.api.Rehearse(t.Context(), "nordlys", "hook", "o-1"); err != nil || len(r.Requests) != 1 || !strings.Contains(r.Requests[0].RequestHead, "Webhook-Id") {
		t.Errorf("%+v %v", r, err)
	}
	if n := len(received()); n != 1 {
		t.Errorf("%d messages", n)
	}
	_, err = h.api.Rehearse(t.Context(), "nordlys", "ads", "o-2")
	problem(t, err, http.StatusNotFound, "")
	_, err = h.api.Rehearse(t.Context(), "nordlys", "none", "o-1")
	problem(t, err, http.StatusNotFound, "")
}

// TestConnectedRouteOnNodes: what is connected at one node is in force at all.
func TestConnectedRouteOnNodes(t *testing.T) {
	t.Parallel()
	sandbox := startSandbox(t)
	nodes := startNodes(t, inDatabase(t), 2, connecting(""))
	ctx := t.Context()
	if _, err := nodes[0].api.ConnectRoute(ctx, "nordlys", api.NewRoute{Name: "ads", RouteSpec: adsSpec(sandbox.URL()+"/citrusad", "sandbox-secret-key")}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other node has it", func() bool {
		setup, err := nodes[1].api.RouteSetup(ctx, "nordlys", "ads")
		return err == nil && setup.InForce
	})
	nodes[1].give(oneOrder("o-1", "3.00"))
	eventually(t, "the order arrives", func() bool { return atSandbox(t, sandbox, "o-1") != "" })
	if r, err := nodes[1].api.Rehearse(ctx, "nordlys", "ads", "o-1"); err != nil || len(r.Requests) != 1 {
		t.Errorf("%+v %v", r, err)
	}
	if err := nodes[1].api.DisconnectRoute(ctx, "nordlys", "ads"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other node has lost it", func() bool {
		_, err := nodes[0].api.RouteSetup(ctx, "nordlys", "ads")
		p, ok := errors.AsType[*api.Problem](err)
		return ok && p.Status == http.StatusNotFound
	})
}
