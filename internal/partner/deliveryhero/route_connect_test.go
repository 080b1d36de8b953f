package deliveryhero_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

// TestConnect asks without leaving anything.
func TestConnect(t *testing.T) {
	t.Parallel()
	f := func(settings string, status int, body, want, calls string) {
		t.Helper()
		c := newCounter(t, settings)
		c.platform.says(func(string, int, url.Values) (int, string) { return status, body })
		said, err := c.side.Connect(t.Context())
		if err != nil {
			said = "error: " + err.Error()
		}
		if !strings.Contains(said, want) {
			t.Errorf("%s: %s", settings, said)
		}
		for _, call := range c.platform.asked() {
			if !strings.HasPrefix(call, "GET /v2/chains/"+routeChain+calls) {
				t.Errorf("%s", call)
			}
		}
	}
	const outlets, order = `"vendors":["A=290056","s8ym"]`, "/orders/00000000-0000-4000-8000-000000000000"
	f(outlets, 200, `{"orders":[]}`, "2 outlets", "/vendors/")
	f(outlets, 401, `{"code":"UNAUTHORIZED","message":"no"}`, "error: outlet 290056: http_401", "/vendors/290056/orders?")
	f(outlets, 404, `{"code":"NOT_FOUND","message":"vendor"}`, "error: outlet 290056: http_404", "/vendors/290056/orders?")
	f(outlets, 404, ``, "base_url does not seem to be", "/vendors/290056/orders?")
	f(``, 404, `{"code":"NOT_FOUND","message":"order"}`, "no outlet is named", order)
	f(``, 403, `{"code":"FORBIDDEN","message":"chain"}`, "error: http_403", order)
}

// TestRouteSettings says what is wrong with settings.
func TestRouteSettings(t *testing.T) {
	t.Parallel()
	f := func(settings, want string) {
		t.Helper()
		values := map[string]json.Value{}
		text := `{"base_url":"https://uy.dh.example/v2/","chain_id":"` + routeChain + `"` + settings + `}`
		if err := json.Unmarshal([]byte(text), &values); err != nil {
			t.Fatal(err)
		}
		_, err := deliveryhero.Partner.Route(partnertest.NewHub(nil).Deps(deliveryhero.Partner), partnertest.Settings(t, deliveryhero.Partner, false, values))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", settings, err)
		}
	}
	f(`,"token":"t"`, "")
	f(`,"client_id":"c","client_secret":"s"`, "")
	f(``, "give a token, or client_id and client_secret")
	f(`,"client_id":"c"`, "together with client_secret")
	f(`,"token":"t","client_id":"c"`, "not both")
	f(`,"token":"t","vendors":["A=1","B=1"]`, "vendors: B=1 is named twice")
	f(`,"token":"t","vendors":["=1"]`, "VENDOR or STORE=VENDOR")
	f(`,"token":"t","poll_every":"1ms"`, "poll_every")
	f(`,"token":"t","calls_per_minute":1`, "calls_per_minute")
}
