package api_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
)

// setups are routes of which one, that it names, was connected.
type setups string

// withSetups gives an API routes that can be connected.
func withSetups(o *api.Options) { o.Connections = setups("ads") }

func (setups) Partners() []api.RoutePartner {
	return []api.RoutePartner{{Name: "webhook", Title: "Webhook", Fields: []api.RouteField{
		{Name: "url", Description: "Address.", Kind: "url", Required: true, Anew: true}, {Name: "secret", Description: "Key.", Kind: "text", Secret: true},
		{Name: "repeats", Description: "Repeats.", Kind: "text", Default: "allowed", Choices: []string{"allowed", "never"}},
	}}}
}

func (s setups) Setup(_ context.Context, _, route string) (api.RouteSetup, error) {
	if route != string(s) {
		return api.RouteSetup{}, order.ErrNotFound
	}
	return api.RouteSetup{
		Name: route, Partner: "webhook", Title: "Webhook", From: api.FromStore, InForce: true, Changed: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC),
		Rules: map[string]api.FieldValue{"on": {"placed", "updated"}}, Settings: map[string]api.FieldValue{"url": {"https://hook.example"}}, Secrets: []string{"secret"},
		Limits: api.RouteLimits{Mode: "each", Batch: 1, Rate: 0.5}, Troubles: []string{},
	}, nil
}

func (setups) Idle(context.Context, string) ([]api.IdleRoute, error) {
	return []api.IdleRoute{{Name: "idle", Partner: "webhook", Fault: "settings.url: is missing"}, {Name: "ads", Partner: "webhook", Shadowed: true}}, nil
}

func (s setups) Connect(ctx context.Context, shop, route string, spec api.RouteSpec, change bool) (api.RouteSetup, error) {
	switch {
	case len(spec.Settings["url"]) == 0:
		return api.RouteSetup{}, order.Refuse("settings.url", order.Malformed, "is missing")
	case route == string(s) != change:
		return api.RouteSetup{}, &api.Problem{Type: "about:blank", Title: "Conflict", Status: 409, Detail: "is there"}
	}
	return s.Setup(ctx, shop, string(s))
}

func (s setups) Disconnect(ctx context.Context, shop, route string) error {
	_, err := s.Setup(ctx, shop, route)
	return err
}

func (s setups) Try(ctx context.Context, shop, route string, spec *api.RouteSpec) (api.Tried, error) {
	if spec == nil {
		_, err := s.Setup(ctx, shop, route)
		return api.Tried{OK: true, Said: "good", Exchanges: []api.Exchange{}}, err
	}
	return api.Tried{Said: "refuses the login", Code: "http_401", Exchanges: []api.Exchange{{Method: "GET", URL: "https://hook.example", Status: 401}}}, nil
}

func (s setups) Rehearse(ctx context.Context, shop, route, id string) (api.Rehearsal, error) {
	_, err := s.Setup(ctx, shop, route)
	return api.Rehearsal{
		Now: api.Verdict{Order: id, Seq: 1, Action: "skip", Code: "once"}, ByHand: api.Verdict{Order: id, Seq: 1, Action: "send", Body: "{}"},
		Requests: []api.Exchange{{Method: "POST", URL: "https://hook.example", RequestBody: "{}"}},
	}, err
}

func TestConnections(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(o *api.Options) { o.Connections = setups("hook") })
	f := func(method, path, body string, status int, want string) {
		t.Helper()
		r := h.call(method, path, admin, body)
		if r.status != status || !strings.Contains(r.body, want) {
			t.Errorf("%s %s %s: %d %s", method, path, body, r.status, r.body)
		}
	}
	const routes = "/api/v1/shops/nordlys/routes"
	f("GET", "/api/v1/partners", "", 200, `"anew":true`)
	f("GET", "/api/v1/partners?x=1", "", 400, "unknown parameter")
	f("GET", routes, "", 200, `"state":"idle","reason":"settings.url: is missing"`)
	f("GET", routes+"/hook", "", 200, `"on":["placed","updated"]`)
	f("GET", routes+"/none", "", 404, "")
	f("POST", routes, `{"name":"new","partner":"webhook","settings":{"url":"https://hook.example"},"rules":{"slots":3,"disabled":false}}`, 201, `"secrets":["secret"]`)
	f("POST", routes, `{"name":"hook","partner":"webhook","settings":{"url":"https://hook.example"}}`, 409, "")
	f("POST", routes, `{"name":"new","partner":"webhook"}`, 400, `"path":"settings.url"`)
	f("POST", routes, `{"name":"new","nope":1}`, 400, "nope")
	f("PUT", routes+"/hook", `{"partner":"webhook","settings":{"url":"https://hook.example","secret":null}}`, 200, "")
	f("DELETE", routes+"/hook", "", 200, `"done":true`)
	f("DELETE", routes+"/none", "", 404, "")
	f("POST", routes+"/hook/try", "", 200, `"ok":true`)
	f("POST", routes+"/none/try", "", 404, "")
	f("POST", "/api/v1/shops/nordlys/try-route", `{"name":"new","partner":"webhook"}`, 200, `"code":"http_401"`)
	f("POST", routes+"/hook/rehearse", `{"order":"1001"}`, 200, `"by_hand"`)
	f("POST", routes+"/hook/rehearse", `{}`, 400, "order")
}
