package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
)

// covers is the table of who may do what, written down once more by hand.
var covers = map[api.Scope][]api.Scope{
	api.Submit:  {api.Submit},
	api.Read:    {api.Read},
	api.Operate: {api.Submit, api.Read, api.Operate},
	api.Admin:   {api.Submit, api.Read, api.Operate, api.Admin},
}

// bodies are good bodies of calls that need one.
var bodies = map[string]string{
	"/events":          `{"order":{"id":"2001"}}`,
	"/correct":         `{"order":{"channel":"online"}}`,
	"/retry":           `{"all":true}`,
	"/drop":            `{"route":"ads","dry_run":true}`,
	"/hold":            `{"route":"ads","reason":"stocktaking"}`,
	"/release":         `{"orders":["1001"]}`,
	"/send":            `{"route":"ads","order":"1001"}`,
	"/replay":          `{"all":true}`,
	"/backfill":        `{"from_seq":1}`,
	"/test":            `{"order":"1001"}`,
	"/rehearse":        `{"order":"1001"}`,
	"/routes":          `{"name":"new","partner":"webhook","settings":{"url":"https://hook.example"}}`,
	"/routes/ads":      `{"partner":"webhook","settings":{"url":"https://hook.example"}}`,
	"/try-route":       `{"name":"new","partner":"webhook"}`,
	"/tokens":          `{"name":"erp","scope":"submit"}`,
	"/backup":          `{"dir":"/backups/one"}`,
	"/faults/citrusad": `{"share_429":0.5}`,

	"/cancel":            ``,
	"/settings":          `{"delay":3}`,
	"/templates":         ownTemplate,
	"/templates/preview": `{"id":"` + ownID + `"}`,
	"/templates/test":    `{"id":"` + ownID + `","to":"ops@shop.example"}`,

	"/users":       `{"name":"bo","role":"viewer"}`,
	"/users/nread": `{"role":"viewer"}`,
	"/reset":       `{}`,

	"/ship":         `{"parcel":"P-1"}`,
	"/test-message": `{"account":"nordshop"}`,
	"/test-orders":  `{"store":"K-1","status":"ready","lines":[{"product":{"sku":"S-1"},"quantity":"2"}]}`,

	"/products":              `{"code":"K-39"}`,
	"/products/stock":        `{"stock":[{"code":"K-38","quantity":"1"}]}`,
	"/products/activate":     `{"codes":["K-38"]}`,
	"/products/deactivate":   `{"codes":["K-38"]}`,
	"/products/import":       "code\nK-40\n",
	"/promotions":            promotionBody,
	"/availability":          `{"lines":[{"code":"K-38"}]}`,
	"/imports":               "a;b",
	"/imports/1001/settings": `{"format":"ndjson"}`,
	"/checks/missing":        `{"route":"ads"}`,

	"/credentials/citrusad":       `{"name":"erp","values":{"api_key":"k"}}`,
	"/captures":                   `{"door":"citrusad","seconds":60}`,
	"/credentials/citrusad/nread": `{"values":{"channel":"online"}}`,
}

func bodyOf(method, path string) string {
	if method == http.MethodGet || method == http.MethodDelete {
		return ""
	}
	longest := ""
	for end := range bodies {
		if strings.HasSuffix(path, end) && len(end) > len(longest) {
			longest = end
		}
	}
	return bodies[longest]
}

// TestWhoMayDoWhat tries every endpoint with a token of every scope, of the
// shop, of another shop and of the hub.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	for _, e := range api.Endpoints() {
		t.Run(e.Method+" "+e.Pattern, func(t *testing.T) {
			t.Parallel()
			ofShop := strings.Contains(e.Pattern, "{shop}")
			shared := e.Pattern == "/api/v1/shops" || e.Pattern == "/api/v1/alerts" || e.Pattern == "/api/v1/partners"
			path := strings.NewReplacer("{job}", "0197", "{promotion}", "1", "{shop}", "nordlys", "{kind}", "missing", "{id}", "1001", "{route}", "ads", "{name}", "nread", "{partner}", "citrusad", "{order}", "1001", "{code}", "K-38").Replace(e.Pattern)
			query := ""
			if strings.HasSuffix(path, "/reconcile") {
				query = "?route=ads"
			}
			if strings.HasSuffix(path, "/promotions/shown") {
				query = "?store=K-1&sku=S-1"
			}
			if e.Method == http.MethodDelete && strings.HasSuffix(path, "/templates") {
				query = "?id=" + ownID
			}
			untouched := newHub(t, withSetups).seed()
			for scope, list := range covers {
				may := false
				for _, c := range list {
					may = may || c == e.Scope
				}
				for _, owner := range []string{"nordlys", "aurora", "hub"} {
					allowed := may && (owner == "hub" || ofShop && owner == "nordlys" || shared)
					h := untouched
					if allowed && e.Method != http.MethodGet {
						h = newHub(t, withSetups).seed() // what it does must be there to be done
					}
					var header []string
					if strings.HasSuffix(path, "/products/import") {
						header = []string{"Content-Type", "text/csv"}
					}
					r := h.call(e.Method, path+query, owner+"-"+string(scope), bodyOf(e.Method, path), header...)
					if got := r.status < 300; got != allowed || !allowed && r.status != http.StatusForbidden {
						t.Errorf("%s token of %s: %d %s", scope, owner, r.status, r.body)
					}
				}
			}
		})
	}
}

func TestTokensThatDoNotCount(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	f := func(header string) {
		t.Helper()
		r := h.call("GET", "/api/v1/shops", "", "", "Authorization", header)
		if r.status != http.StatusUnauthorized || r.header.Get("WWW-Authenticate") != `Bearer realm="ordermux"` {
			t.Errorf("%q: %d %v", header, r.status, r.header)
		}
	}
	f("")
	f("Bearer")
	f("Bearer ")
	f("Bearer wrong")
	f("Basic " + admin)
	f(admin)

	// The scheme's case does not matter.
	if r := h.call("GET", "/api/v1/shops", "", "", "Authorization", "bearer "+admin); r.status != 200 {
		t.Errorf("bearer: %d", r.status)
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	f := func(method, path, token string, status int) {
		t.Helper()
		if r := h.call(method, path, token, ""); r.status != status {
			t.Errorf("%s %s: %d %s", method, path, r.status, r.body)
		}
	}
	f("GET", "/api/v1/shops/nobody/orders", admin, 404)
	f("GET", "/api/v1/shops/_hub/orders", admin, 404)
	f("GET", "/api/v1/shops/nordlys/orders/none", admin, 404)
	f("POST", "/api/v1/shops/nordlys/routes/none/pause", admin, 404)
	f("POST", "/api/v1/shops/nordlys/routes/none/resume", admin, 404)
	f("GET", "/api/v1/shops/nordlys/reconcile?route=none", admin, 404)
	f("POST", "/api/v1/shops/nordlys/orders/none/erase", admin, 404)
	f("POST", "/api/v1/shops/nordlys/tokens/none/rotate", admin, 404)
	f("DELETE", "/api/v1/shops/nordlys/tokens/none", admin, 404)
	f("GET", "/api/v1/faults/nobody", admin, 404)
	f("GET", "/api/v2", admin, 404)
	f("GET", "/api/", admin, 404)
	f("PATCH", "/api/v1/shops", admin, 405)
}

func TestOpenAPIIsServed(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	res, err := http.Get(h.url + "/api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/json" || int(res.ContentLength) != len(api.OpenAPI()) {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}
