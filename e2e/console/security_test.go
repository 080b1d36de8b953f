package console

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/e2e/browser"
	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/console"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/user"
)

// visitor looks at the console without a browser, with his cookies.
type visitor struct {
	t      *testing.T
	base   string
	client *http.Client
}

func (h *hub) visitor(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, base: h.app.URL(), client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// asks returns the status of an answer, where it leads to, and the page's main
// part.
func (v *visitor) asks(method, path string, form url.Values) (status int, to, page string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), browser.Patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	_, main, _ := strings.Cut(string(b), "<main")
	return resp.StatusCode, resp.Header.Get("Location"), main
}

// joins lets somebody in: the first user by the hub's link, the others by the
// first one's.
func (h *hub) joins(t *testing.T, name string, role user.Role) *visitor {
	t.Helper()
	link, err := h.app.Welcome(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if link == "" {
		made, err := h.api.InviteUser(t.Context(), api.NewUser{Name: name, Role: role})
		if err != nil {
			t.Fatal(err)
		}
		link = h.app.URL() + "/welcome/" + url.PathEscape(made.Token)
	}
	v := h.visitor(t)
	if status, to, page := v.asks("POST", strings.TrimPrefix(link, h.app.URL()), url.Values{"name": {name}, "password": {password}}); status != http.StatusSeeOther || to != "/" {
		t.Fatalf("%s is not let in: %d\n%s", name, status, page)
	}
	return v
}

// act is a form of the console, and who may send it.
type act struct {
	place string // of console.Acts
	path  string
	form  string
	role  user.Role
}

// openActs are for everybody, or about one's own session and account.
var openActs = []string{"POST /sign-in", "POST /sign-out", "POST /welcome/{token}", "POST /account/{act}", "POST /docs/{api}/rehearse"}

// acts are all others; the path is below the shop where it begins without a
// slash.
var acts = []act{
	{"POST /users", "/users", "name=eve&role=admin", user.Admin},
	{"POST /users/{name}", "/users/vi", "act=role&role=admin", user.Admin},
	{"POST /users/{name}", "/users/vi", "act=reset", user.Admin},
	{"POST /users/{name}", "/users/bo", "act=disable", user.Admin},
	{"POST /users/{name}", "/users/bo", "act=enable", user.Admin},
	{"POST /users/{name}", "/users/nobody", "act=remove", user.Admin},
	{"POST /tokens", "/tokens", "name=shelf&scope=admin", user.Admin},
	{"POST /tokens/{name}", "/tokens/shelf", "act=rotate&keep=0", user.Admin},
	{"POST /tokens/{name}", "/tokens/shelf", "act=revoke", user.Admin},
	{"POST /shops/{shop}/tokens", "tokens", "name=shelf&scope=read", user.Admin},
	{"POST /shops/{shop}/tokens/{name}", "tokens/shelf", "act=rotate&keep=0", user.Admin},
	{"POST /shops/{shop}/tokens/{name}", "tokens/shelf", "act=revoke", user.Admin},
	{"POST /shops/{shop}/doors/{partner}", "doors/citrusad", "name=till", user.Admin},
	{"POST /shops/{shop}/doors/{partner}/{name}", "doors/citrusad/till", "act=rotate&keep=0", user.Admin},
	{"POST /shops/{shop}/doors/{partner}/{name}", "doors/citrusad/till", "act=change&v.channel=x", user.Admin},
	{"POST /shops/{shop}/doors/{partner}/{name}", "doors/citrusad/till", "act=tokens", user.Admin},
	{"POST /shops/{shop}/doors/{partner}/{name}", "doors/citrusad/till", "act=revoke", user.Admin},
	{"POST /shops/{shop}/settings", "settings", "", user.Admin},
	{"POST /shops/{shop}/settings/retention", "settings/retention", "", user.Admin},
	{"POST /shops/{shop}/connect", "connect", "partner=webhook&name=other&act=try&s.url=http://127.0.0.1:1/in&s.secret=0123456789abcdef0123456789abcdef", user.Admin},
	{"POST /shops/{shop}/connect", "connect", "partner=webhook&name=other&act=save&s.url=http://127.0.0.1:1/in&s.secret=0123456789abcdef0123456789abcdef", user.Admin},
	{"POST /shops/{shop}/routes/{route}/edit", "routes/hook/edit", "act=save&s.url=http://127.0.0.1:2/in", user.Admin},
	{"POST /shops/{shop}/routes/{route}/edit", "routes/hook/edit", "act=try", user.Admin},
	{"POST /shops/{shop}/routes/{route}", "routes/other", "act=remove", user.Admin},
	{"POST /shops/{shop}/routes/{route}", "routes/ads", "act=pause&reason=x", user.Operator},
	{"POST /shops/{shop}/routes/{route}", "routes/ads", "act=resume", user.Operator},
	{"POST /shops/{shop}/routes/{route}", "routes/ads", "act=try", user.Operator},
	{"POST /shops/{shop}/routes/{route}", "routes/hook", "act=message", user.Operator},
	{"POST /shops/{shop}/routes/{route}", "routes/ads", "act=trial&order=o-1", user.Operator},
	{"POST /shops/{shop}/routes/{route}", "routes/ads", "act=replay", user.Operator},
	{"POST /shops/{shop}/routes/{route}", "routes/ads", "act=replaying", user.Operator},
	{"POST /shops/{shop}/stuck/{route}/{cause}", "stuck/ads/unknown_product", "act=retry", user.Operator},
	{"POST /shops/{shop}/stuck/{route}/{cause}", "stuck/ads/unknown_product", "act=retry&sure=yes", user.Operator},
	{"POST /shops/{shop}/stuck/{route}/{cause}", "stuck/ads/unknown_product", "act=drop&sure=yes", user.Operator},
	{"POST /shops/{shop}/stuck/{route}/{cause}", "stuck/ads/unknown_product", "act=resume", user.Operator},
	{"POST /shops/{shop}/orders/{id}", "orders/o-1", "act=send&route=ads", user.Operator},
	{"POST /shops/{shop}/orders/{id}", "orders/o-1", "act=retry&route=ads", user.Operator},
	{"POST /shops/{shop}/orders/{id}", "orders/o-1", "act=drop&route=ads", user.Operator},
	{"POST /shops/{shop}/orders/{id}", "orders/o-1", "act=hold", user.Operator},
	{"POST /shops/{shop}/orders/{id}", "orders/o-1", "act=release", user.Operator},
	{"POST /shops/{shop}/orders/{id}/correct", "orders/o-1/correct", "customer.email=eve@shop.example", user.Operator},
	{"POST /shops/{shop}/orders/{id}/correct", "orders/o-1/correct", "customer.email=eve@shop.example&act=do", user.Operator},
	{"POST /shops/{shop}/orders/{id}", "orders/o-1", "act=cancel", user.Operator},
	{"POST /shops/{shop}/import", "import", "", user.Operator},
	{"POST /shops/{shop}/import/{id}", "import/none", "act=start", user.Operator},
	{"POST /shops/{shop}/missing", "missing", "route=ads", user.Operator},
	{"POST /shops/{shop}/missing/{kind}/{id}", "missing/missing/none", "act=cancel", user.Operator},
	{"POST /shops/{shop}/missing/{kind}/{id}", "missing/missing/none", "act=backfill", user.Operator},
	{"POST /shops/{shop}/invitations/orders/{order}", "invitations/orders/o-1", "", user.Operator},
	{"POST /shops/{shop}/invitations/settings", "invitations/settings", "sender_name=x", user.Operator},
	{"POST /shops/{shop}/invitations/templates/edit", "invitations/templates/edit", "act=save&name=x&kind=shop&locale=en&subject=x&text=x", user.Operator},
	{"POST /shops/{shop}/invitations/templates/edit", "invitations/templates/edit", "act=test&id=x&to=eve@shop.example", user.Operator},
	{"POST /shops/{shop}/invitations/templates/edit", "invitations/templates/edit", "act=delete&id=x", user.Operator},
	{"POST /shops/{shop}/promotions", "promotions", "name=x&start=2026-01-01T00:00&end=2030-01-01T00:00&type=strikethrough&reason=trading&stores=*&skus0=K-38&subtype0=percentage&value0=10", user.Operator},
	{"POST /shops/{shop}/promotions/{promotion}", "promotions/1", "", user.Operator},
	{"POST /shops/{shop}/catalog/products/{code}", "catalog/products/K-38", "act=stock&warehouse=main&quantity=1", user.Operator},
	{"POST /shops/{shop}/catalog/products/{code}", "catalog/products/K-38", "act=deactivate", user.Operator},
	{"POST /shops/{shop}/catalog/products/{code}", "catalog/products/K-38", "act=activate", user.Operator},
	{"POST /shops/{shop}/catalog/products/{code}", "catalog/products/K-38", "act=delete", user.Operator},
	{"POST /shops/{shop}/catalog/import", "catalog/import", "act=import&held=eA==", user.Operator},
	{"POST /shops/{shop}/dropship/orders/{id}", "dropship/orders/o-1", "parcel=P-1&courier=dpd", user.Operator},
	{"POST /shops/{shop}/listening", "listening", "what=door:citrusad&minutes=1", user.Operator},
	{"POST /shops/{shop}/listening/{of}/{id}", "listening/shop/none", "", user.Operator},
	{"POST /audit", "/audit", "shop=nordlys", user.Operator},
}

// TestRoles: nobody does anything that his role does not allow, wherever he sends
// a form.
func TestRoles(t *testing.T) {
	t.Parallel()
	h := startGuarded(t, nil)
	everyAct(t)
	price, _ := order.ParseDecimal("20.00")
	if _, err := h.api.PutProducts(t.Context(), "nordlys", []catalog.Product{{Product: order.Product{Code: "K-38", SKU: "K-38"}, Active: true, Price: price, Currency: "SEK"}}); err != nil {
		t.Fatal(err)
	}
	h.give(journeyOrder("o-1", "KAFFE-1"))
	hook := api.NewRoute{Name: "hook", RouteSpec: api.RouteSpec{Partner: "webhook", Settings: map[string]api.FieldValue{
		"url": {"http://127.0.0.1:1/in"}, "secret": {"0123456789abcdef0123456789abcdef"},
	}}}
	if _, err := h.api.ConnectRoute(t.Context(), "nordlys", hook); err != nil {
		t.Fatal(err)
	}
	people := []*visitor{h.joins(t, "ada", user.Admin), h.joins(t, "vi", user.Viewer), h.joins(t, "bo", user.Operator)}
	ada := people[0]
	if status, to, _ := ada.asks("POST", "/shops/nordlys/promotions", fields(t, acts[slices.IndexFunc(acts, func(a act) bool { return a.place == "POST /shops/{shop}/promotions" })].form)); status != http.StatusOK {
		t.Fatal(status, to)
	}
	before := h.acted("vi", "bo")
	refuses(t, people[1], user.Viewer)
	refuses(t, people[2], user.Operator)
	if after := h.acted("vi", "bo"); !slices.Equal(before, after) {
		t.Errorf("they did %q", after[len(before):])
	}
	allows(t, people[2], user.Operator)
	allows(t, ada, user.Admin)
}

// everyAct: what the table lacks nobody tries.
func everyAct(t *testing.T) {
	t.Helper()
	tried := map[string]bool{}
	for _, a := range acts {
		tried[a.place] = true
	}
	for _, place := range openActs {
		tried[place] = true
	}
	for _, place := range console.Acts() {
		if !tried[place] {
			t.Errorf("%s is not tried", place)
		}
		delete(tried, place)
	}
	for place := range tried {
		t.Errorf("%s is no act", place)
	}
}

// rank orders roles.
func rank(r user.Role) int { return slices.Index(user.Roles(), r) }

// at is the path of an act.
func (a act) at() string {
	if strings.HasPrefix(a.path, "/") {
		return a.path
	}
	return "/shops/nordlys/" + a.path
}

func fields(t *testing.T, form string) url.Values {
	t.Helper()
	out, err := url.ParseQuery(form)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// refuses checks what is not for a role.
func refuses(t *testing.T, v *visitor, role user.Role) {
	t.Helper()
	for _, a := range acts {
		if rank(a.role) <= rank(role) {
			continue
		}
		if status, _, page := v.asks("POST", a.at(), fields(t, a.form)); status != http.StatusForbidden {
			t.Errorf("%s %s?%s: %d\n%s", role, a.at(), a.form, status, page)
		}
	}
}

// allows checks that the same is not refused to whom it is for: what is wrong
// there is another matter.
func allows(t *testing.T, v *visitor, role user.Role) {
	t.Helper()
	for _, a := range acts {
		if a.role != role {
			continue
		}
		if status, to, page := v.asks("POST", a.at(), fields(t, a.form)); status == http.StatusForbidden || status >= 500 || strings.HasPrefix(to, "/sign-in") {
			t.Errorf("%s %s?%s: %d\n%s", role, a.at(), a.form, status, page)
		}
	}
}

// acted is what people did by the log of acts.
func (h *hub) acted(names ...string) (list []string) {
	h.Helper()
	for _, log := range []string{"nordlys", api.Hub} {
		found, err := h.api.Acts(h.Context(), log, api.ListOptions{Limit: 500})
		if err != nil {
			h.Fatal(err)
		}
		for _, a := range found.Acts {
			if text := fmt.Sprintf("%+v", a); slices.ContainsFunc(names, func(name string) bool { return strings.Contains(text, "operator:"+name) }) {
				list = append(list, text)
			}
		}
	}
	return list
}

// startGuarded starts a hub whose clock is ahead; nil: it is not.
func startGuarded(t *testing.T, ahead *atomic.Int64) *hub {
	t.Helper()
	nowhere := "http://127.0.0.1:1" // its partners are of no matter
	return startAt(t, nowhere, func(_ int, dir string) string { return fmt.Sprintf(journeyFile, dir, token, journeyChain, nowhere) }, func(o *app.Options) {
		if ahead != nil {
			o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		}
	})
}

// TestSessions: a session that is over is worth nothing, and no other one is
// made up.
func TestSessions(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	h := startGuarded(t, &ahead)
	ada := h.joins(t, "ada", user.Admin)
	invite := url.Values{"name": {"mallory"}, "role": {"admin"}}
	out := func(v *visitor, why string) {
		t.Helper()
		if status, to, _ := v.asks("GET", "/users", nil); status != http.StatusSeeOther || !strings.HasPrefix(to, "/sign-in") {
			t.Errorf("%s: %d, %s", why, status, to)
		}
		if status, to, _ := v.asks("POST", "/users", invite); status != http.StatusSeeOther || to != "/sign-in" {
			t.Errorf("%s, a form: %d, %s", why, status, to)
		}
		if status, to, _ := v.asks("GET", "/live?at=%2Fusers", nil); status != http.StatusSeeOther || !strings.HasPrefix(to, "/sign-in") {
			t.Errorf("%s, live: %d, %s", why, status, to)
		}
	}
	if status, _, _ := ada.asks("GET", "/users", nil); status != http.StatusOK {
		t.Fatal(status)
	}
	home, err := url.Parse(h.app.URL())
	if err != nil {
		t.Fatal(err)
	}
	good := ada.client.Jar.Cookies(home)[0]
	for why, value := range map[string]string{
		"forged": "sid_" + strings.Repeat("A", 43), "empty": "", "another one's beginning": good.Value[:len(good.Value)-1], "of other letters": strings.ToUpper(good.Value),
		"an API token": token, "with a path": "../session/" + good.Value,
	} {
		stranger := h.visitor(t)
		stranger.client.Jar.SetCookies(home, []*http.Cookie{{Name: good.Name, Value: value, Path: "/"}})
		out(stranger, why)
	}
	ahead.Store(int64(user.LivesFor - time.Minute)) // it was not used for that long
	out(ada, "idle")
	ahead.Store(0)

	again := h.visitor(t)
	sign := url.Values{"name": {"ada"}, "password": {password}}
	if status, _, page := again.asks("POST", "/sign-in", sign); status != http.StatusSeeOther {
		t.Fatal(status, page)
	}
	for used := time.Duration(0); used < user.LivesFor; used += user.IdleFor - time.Minute {
		ahead.Store(int64(used))
		if status, to, _ := again.asks("GET", "/account", nil); status != http.StatusOK {
			t.Fatalf("after %s: %d, %s", used, status, to)
		}
	}
	ahead.Store(int64(user.LivesFor))
	out(again, "expired, however much it was used")
	users, err := h.api.Users(t.Context())
	if err != nil || len(users.Users) != 1 {
		t.Errorf("%+v %v", users, err)
	}
}
