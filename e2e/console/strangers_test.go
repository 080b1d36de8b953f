package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/e2e/browser"
	"github.com/ordermux/ordermux/internal/order"
)

// strangers try what a browser has to stand between: pages that frame the
// console, that post to it, and script in all that the console shows.
func strangers(t *testing.T, j *journey) {
	t.Helper()
	j.signsIn()
	evil := startEvil(t, j.app.URL())
	framed(t, j, evil)
	posted(t, j, evil)
	scripted(t, j, evil)
}

// startEvil serves the pages of somebody else. A browser takes them for pages of
// the console's site, as both have one address and two ports: it sends cookies
// along.
func startEvil(t *testing.T, console string) string {
	t.Helper()
	frames := ""
	for name, path := range map[string]string{"overview": "/", "orders": "/shops/nordlys/orders", "sign-in": "/sign-in", "docs": "/docs", "account": "/account"} {
		frames += fmt.Sprintf(`<iframe name=%q src="%s%s"></iframe>`, name, console, path)
	}
	neighbour := serve(t, map[string]string{"/": "<p>I am framed</p>"})
	return serve(t, map[string]string{
		"/frames": frames + `<iframe name="neighbour" src="` + neighbour + `/"></iframe>`,
		"/form":   `<form method="post" action="` + console + `/users"><input name="name" value="mallory"><input name="role" value="admin"></form><script>document.forms[0].submit()</script>`,
		"/bye":    `<form method="post" action="` + console + `/sign-out"></form><script>document.forms[0].submit()</script>`,
		"/fetch": `<script>fetch("` + console + `/users", {method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({name: "mallory", role: "admin"})})
			.then(() => document.body.append("sent"))</script><body></body>`,
		"/read": `<script>fetch("` + console + `/account", {credentials: "include"}).then(() => document.body.append("read"), () => document.body.append("not read"))</script><body></body>`,
		"/loud": `<script>alert("loud")</script>`,
		"/mute": `<meta http-equiv="Content-Security-Policy" content="script-src 'none'"><script>alert("mute")</script>`,
	})
}

func serve(t *testing.T, pages map[string]string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html>"+pages[r.URL.Path])
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// framed: no page of the console is shown in another one's frame; one of a
// neighbour is.
func framed(t *testing.T, j *journey, evil string) {
	t.Helper()
	j.tab.Go(evil + "/frames")
	for name, at := range j.tab.Frames() {
		if shown := at != ""; shown != (name == "neighbour") {
			t.Errorf("the frame %s shows %q", name, at)
		}
	}
	if n := len(j.tab.Frames()); n != 6 {
		t.Errorf("%d frames", n)
	}
}

// posted: what a page of somebody else sends in the name of who is signed in does
// nothing, and it can not read what he sees.
func posted(t *testing.T, j *journey, evil string) {
	t.Helper()
	j.tab.Go(evil + "/form")
	j.sees("/users", "cross-origin")
	j.tab.Go(evil + "/bye")
	j.sees("/sign-out", "cross-origin")
	j.tab.Go(evil + "/fetch")
	j.tab.Arrives(evil+"/fetch", "sent")
	j.tab.Go(evil + "/read")
	j.tab.Arrives(evil+"/read", "not read")
	users, err := j.api.Users(t.Context())
	if err != nil || len(users.Users) != 1 || users.Users[0].Name != "ada" {
		t.Errorf("%+v %v", users, err)
	}
	j.tab.Go(j.app.URL() + "/account")
	j.sees("/account", j.says("account.title")) // he is signed in still
}

// hostile is what must be shown as it is, wherever it stands.
const hostile = `"'><script>alert("x")</script><img src=x onerror=alert("y")><svg/onload=alert("z")>{{.}}`

// scripted: script in whatever an order says, in what a partner answers and in
// what people type does not run, and is read as it was written.
func scripted(t *testing.T, j *journey, evil string) {
	t.Helper()
	hears(t, j.tab, evil)
	j.partner.words = `{"message":` + fmt.Sprintf("%q", refusal+hostile) + `}`
	o := hostileOrder("o-" + hostile)
	happened := &order.Happening{}
	fill(reflect.ValueOf(happened).Elem(), hostile)
	happened.Kind = order.KindReviewed
	happened.At, happened.Extra, happened.Cancellation = order.At(time.Now()), nil, nil
	happened.Review.Stars, happened.Review.About, happened.Review.Platform = 4, order.AboutShop, ""
	of := order.Subject{Kind: order.SubjectOrder, ID: o.ID}
	if _, err := j.api.Append(t.Context(), "nordlys", []order.Entry{{Subject: of, Statement: &order.Statement{Order: o}}, {Subject: of, Happening: happened}}, false); err != nil {
		t.Fatal(err)
	}
	const shop = "/shops/nordlys"
	at := shop + "/orders/" + url.PathEscape(o.ID)
	j.tab.Go(j.app.URL() + at)
	j.sees(shop, j.says("cause.unknown_product"), hostile)
	if status, _ := j.send("GET", "/citrusad/v1/orders/"+url.PathEscape(hostile), "Basic "+hostile, ""); status != http.StatusUnauthorized {
		t.Error(status)
	}
	if err := j.api.Pause(t.Context(), "nordlys", "ads", hostile); err != nil {
		t.Fatal(err)
	}
	query := url.QueryEscape(hostile)
	for _, path := range []string{
		"/", shop + "/orders", shop + "/orders?q=" + query + "&from=" + query, at, shop + "/stuck", shop + "/stuck/ads/unknown_product", shop + "/routes", shop + "/routes/ads",
		shop + "/missing", shop + "/reviews", shop + "/invitations?q=" + query, shop + "/dropship?account=" + query, shop + "/doors", shop + "/catalog?text=" + query,
		shop + "/promotions?store=" + query + "&skus=" + query, "/audit", "/audit?shop=" + query, "/sign-in?to=" + url.QueryEscape("javascript:alert(1)"), "/shops/" + url.PathEscape(hostile) + "/orders",
	} {
		j.tab.Go(j.app.URL() + path)
		harmless(t, j, path)
	}
	correcting(t, j, at)
	j.quiet()
}

// correcting types script into the forms of an order.
func correcting(t *testing.T, j *journey, at string) {
	t.Helper()
	j.tab.Go(j.app.URL() + at + "/correct")
	harmless(t, j, at+"/correct")
	j.tab.Set(`[name="lines[0].product.name"]`, "Coffee "+hostile)
	j.tab.Choose(j.says("order.correct.preview"))
	j.sees("/shops/nordlys/orders/", j.says("order.difference"), "Coffee "+hostile)
	harmless(t, j, at+"/correct, the difference")
	j.tab.Go(j.app.URL() + "/shops/nordlys/routes/ads")
	j.tab.Set("[name=order]", "o-"+hostile)
	j.tab.Choose(j.says("route.trial.do"))
	j.sees("/shops/nordlys/routes/ads", j.says("route.trial.hand"))
	harmless(t, j, "an order tried")
}

// hears checks that a dialog and a refused script would be heard.
func hears(t *testing.T, tab *browser.Tab, evil string) {
	t.Helper()
	tab.Troubles()
	for path, want := range map[string]string{"/loud": "loud", "/mute": "Content Security Policy"} {
		tab.Go(evil + path)
		browser.Eventually(t, "it is heard", func() bool { return strings.Contains(strings.Join(tab.Troubles(), "\n"), want) })
	}
}

// harmless checks the page that is shown: it has no element that is not of its
// template. Where it has live parts, they came again at least once.
func harmless(t *testing.T, j *journey, name string) {
	t.Helper()
	browser.Eventually(t, "the stream of "+name, func() bool {
		return browser.Ask[bool](j.tab, `!document.querySelector("[data-live]") || document.documentElement.dataset.stream === "open"`)
	})
	found := browser.Ask[[]string](j.tab, `[...document.querySelectorAll("main script, img, iframe, object, embed, [onerror], [onload], [onclick], [href^='javascript:'], [style], style, main link")].map(e => e.outerHTML)`)
	for _, e := range found {
		t.Errorf("%s has %s", name, e)
	}
}

// hostileOrder is an order that says it in every field.
func hostileOrder(id string) order.Order {
	var o order.Order
	fill(reflect.ValueOf(&o).Elem(), hostile)
	o.ID, o.PlacedAt, o.Currency, o.Cancellation = id, order.At(time.Now()), "SEK", nil
	o.Lines[0].Kind, o.Lines[0].Product.Code = order.LineProduct, unknownProduct+hostile
	return o
}

// fill writes a text wherever one can stand: in every part and every list.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), text)
	case reflect.Struct:
		switch v.Interface().(type) {
		case order.Decimal:
			one, _ := order.ParseDecimal("1")
			v.Set(reflect.ValueOf(one))
			return
		case order.Time, time.Time:
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), text)
			}
		}
	}
}
