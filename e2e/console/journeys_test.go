package console

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/e2e/browser"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/console/text"
	"github.com/ordermux/ordermux/internal/order"
)

// TestJourneys goes the ways that people go, in two languages at once, that of
// an integrator, and what strangers try in a browser. One test, so that one browser does for all.
func TestJourneys(t *testing.T) {
	t.Parallel()
	sandbox := startSandbox(t)
	chromium := browser.Start(t, nil)
	for _, lang := range []string{"en", "pl"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			j := startJourney(t, chromium, sandbox, lang)
			j.signsIn()
			j.mendsAnOrder()
			j.connectsAPartner()
			j.makesAToken()
			j.listens()
			j.runsAPromotion()
			j.quiet()
		})
	}
	t.Run("integrator", func(t *testing.T) {
		t.Parallel()
		integrates(t, chromium, sandbox)
	})
	t.Run("strangers", func(t *testing.T) {
		t.Parallel()
		strangers(t, startJourney(t, chromium, sandbox, "en"))
	})
}

// journey is somebody with a hub of his own, at a browser of his own.
type journey struct {
	*hub
	chromium *browser.Browser
	tab      *browser.Tab
	lang     string
	texts    *text.Catalogue
	partner  *choosy
	tell     func(string) // how long it took so far
}

// journeyFile is the hub's file; its partner refuses what it does not know.
const journeyFile = `
listen: 127.0.0.1:0
data: %s
admin_token: %s
outbound: {allow_private: [127.0.0.1]}
shops:
  nordlys:
    name: Nordlys Kaffe
    currency: SEK
    timezone: Europe/Stockholm
    doors:
      citrusad: {api_key: sk-12345, publishable_key: pk-12345, team_id: team-1}
      deliveryhero: {chain_id: %s, brand: pedidosya, country: se}
    routes:
      ads: {partner: citrusad, settings: {base_url: "%s/citrusad", api_key: sandbox-secret-key, read_back: "0"}}
`

const journeyChain = "3f1a6a0e-6f0b-4d5c-9a63-1f0d4c1c7a11"

func startJourney(t *testing.T, chromium *browser.Browser, sandbox, lang string) *journey {
	t.Helper()
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	partner := startChoosy(t, sandbox)
	h := startAt(t, sandbox, func(_ int, dir string) string { return fmt.Sprintf(journeyFile, dir, token, journeyChain, partner.URL) })
	chromium = chromium.Apart(t)
	j := &journey{hub: h, chromium: chromium, tab: chromium.Open(t, ""), lang: lang, texts: texts, partner: partner}
	j.tab.Language(lang)
	began := time.Now()
	j.tell = func(what string) { t.Logf("%s: after %d ms", what, time.Since(began).Milliseconds()) }
	return j
}

// says is a text of the console in the language of the journey; the blanks are
// names and values by turns.
func (j *journey) says(key string, blanks ...any) string {
	j.Helper()
	if !j.texts.Has(key) {
		j.Errorf("nothing is said by %s", key)
	}
	var list []text.Blank
	for i := 0; i+1 < len(blanks); i += 2 {
		list = append(list, text.Blank{Name: blanks[i].(string), Value: blanks[i+1]})
	}
	return j.texts.Say(j.lang, key, list...)
}

// sees waits until the tab is at a path, or below it, and shows all these texts.
func (j *journey) sees(path string, want ...string) {
	j.Helper()
	for _, w := range want {
		j.tab.Arrives(j.app.URL()+path, w)
	}
}

// quiet checks that nothing went wrong in the tab beside what was looked at.
func (j *journey) quiet() {
	for _, what := range j.tab.Troubles() {
		if !strings.Contains(what, "status of 4") { // pages that tell what is wrong
			j.Error(what)
		}
	}
}

// signsIn: the first user is made by the link that the hub prints, once; he
// signs out, and in again.
func (j *journey) signsIn() {
	link, err := j.app.Welcome(j.Context())
	if err != nil {
		j.Fatal(err)
	}
	j.tab.Go(j.app.URL())
	j.sees("/sign-in", j.says("sign.none"))
	j.tab.Go(link)
	j.sees("/welcome/", j.says("link.first"))
	if lang := browser.Ask[string](j.tab, `document.documentElement.lang`); lang != j.lang {
		j.Errorf("the page speaks %q", lang)
	}
	j.tab.Fill("input[name=name]", "ada")
	j.tab.Fill("input[name=password]", password)
	j.tab.Choose(j.says("link.do"))
	j.sees("/", j.says("overview.title"), j.says("overview.flowing"))
	j.tab.Go(link)
	j.sees("/welcome/", j.says("link.over"))

	j.tab.Go(j.app.URL())
	j.tab.Choose(j.says("nav.signout"))
	j.sees("/sign-in", j.says("sign.title"))
	j.signIn("wrong battery")
	j.sees("/sign-in", j.says("sign.wrong"))
	j.tab.Go(j.app.URL() + "/shops/nordlys/stuck") // where he wants to go comes after the sign-in
	j.sees("/sign-in?to=", j.says("sign.title"))
	j.signIn(password)
	j.sees("/shops/nordlys/stuck", j.says("stuck.none"))
	j.tell("signed in")
}

func (j *journey) signIn(password string) {
	j.Helper()
	j.tab.Fill("input[name=name]", "ada")
	j.tab.Fill("input[name=password]", password)
	j.tab.Choose(j.says("sign.do"))
}

// mendsAnOrder: an order gets stuck before somebody's eyes; he finds it, reads
// why, corrects it, and sees it arrive without loading anything again.
func (j *journey) mendsAnOrder() {
	id := "mend-" + j.lang
	j.tab.Go(j.app.URL())
	j.sees("/", j.says("overview.flowing"))
	j.tab.Mark()
	j.give(journeyOrder(id, unknownProduct))
	j.sees("/", j.says("overview.stuck", "n", 1), j.says("overview.person", "n", 1))
	if !j.tab.Marked() {
		j.Error("the overview was loaded again")
	}
	j.tab.Choose(j.says("overview.stuck", "n", 1))
	j.sees("/shops/nordlys/stuck", j.says("cause.unknown_product"), j.says("cause.unknown_product.why"), j.says("cause.unknown_product.mend"), refusal)
	j.tab.Choose(id)
	j.sees("/shops/nordlys/orders/"+id, j.says("delivery.refused"), j.says("cause.unknown_product"), refusal)

	j.tab.Choose(j.says("order.correct.retry"))
	j.sees("/shops/nordlys/orders/"+id+"/correct", j.says("order.correct.text"), refusal)
	j.tab.Fill(`[name="lines[0].product.code"]`, "KAFFE-1")
	j.tab.Choose(j.says("order.correct.preview"))
	j.sees("/shops/nordlys/orders/"+id+"/correct", j.says("order.difference"), j.says("order.correct.means"))
	if was := browser.Ask[string](j.tab, `[...document.querySelectorAll("del, ins")].map(e => e.innerText).join(" → ")`); was != unknownProduct+" → KAFFE-1" {
		j.Errorf("the difference is %q", was)
	}
	answer := j.partner.waits()
	j.tab.Choose(j.says("order.correct.do"))
	j.sees("/shops/nordlys/orders/"+id, j.says("done.order_corrected"), j.says("delivery.sending"))
	j.tab.Mark()
	if arrived := "ads: " + j.says("delivery.delivered"); strings.Contains(browser.Ask[string](j.tab, `document.body.innerText`), arrived) {
		j.Error("it arrived before it was sent")
	}
	answer()
	j.sees("/shops/nordlys/orders/"+id, "ads: "+j.says("delivery.delivered"))
	if !j.tab.Marked() {
		j.Error("the order was loaded again")
	}
	if got := j.atSandbox(id); !strings.Contains(got, `"KAFFE-1"`) {
		j.Errorf("the partner has %s", got)
	}
	j.tab.Go(j.app.URL())
	j.sees("/", j.says("overview.flowing"))
	j.tell("mended")
}

// connectsAPartner: by the form, tried with a wrong key and a right one; then an
// order arrives there.
func (j *journey) connectsAPartner() {
	j.tab.Go(j.app.URL() + "/shops/nordlys/routes")
	j.tab.Choose("CitrusAd")
	j.sees("/shops/nordlys/connect?partner=citrusad", j.says("connect.kept"))
	j.tab.Fill("[name=name]", "adverts")
	j.tab.Fill(`[name="s.base_url"]`, j.sandbox+"/citrusad")
	j.tab.Fill(`[name="s.api_key"]`, "nobody-knows-this")
	j.tab.Set(`[name="s.read_back"]`, "0")
	j.tab.Choose(j.says("route.try"))
	j.sees("/shops/nordlys/connect", j.says("route.tried.bad"))
	j.tab.Fill(`[name="s.api_key"]`, "sandbox-secret-key")
	j.tab.Choose(j.says("route.try"))
	j.sees("/shops/nordlys/connect", j.says("route.tried.good"))
	j.tab.Choose(j.says("connect.do"))
	j.sees("/shops/nordlys/routes/adverts", j.says("done.route_connected"), j.says("state.flowing"), j.says("route.secret"))
	if strings.Contains(browser.Ask[string](j.tab, `document.documentElement.outerHTML`), "sandbox-secret-key") {
		j.Error("the key is shown")
	}

	id := "connected-" + j.lang
	j.give(journeyOrder(id, unknownProduct)) // the other route's partner refuses it
	browser.Eventually(j.T, "the order is at the connected partner", func() bool { return strings.Contains(j.atSandbox(id), unknownProduct) })
	j.tab.Go(j.app.URL() + "/shops/nordlys/orders/" + id)
	j.sees("/shops/nordlys/orders/"+id, "adverts: "+j.says("delivery.delivered"), "ads: "+j.says("delivery.refused"))
	j.tell("connected")
}

// makesAToken: it is shown once, opens the door, and does not when it is
// revoked.
func (j *journey) makesAToken() {
	const name = "till"
	j.tab.Go(j.app.URL() + "/shops/nordlys/doors")
	j.tab.Choose("Delivery Hero, " + j.says("doors.kind.deliveryhero.token"))
	j.sees("/shops/nordlys/doors/deliveryhero?kind=token", j.says("doors.new"))
	j.tab.Fill("[name=name]", name)
	j.tab.Choose(j.says("doors.create"))
	j.sees("/shops/nordlys/doors/deliveryhero", j.says("doors.once"))
	secret := browser.Ask[string](j.tab, `[...document.querySelectorAll("code.once")].at(-1).innerText`)
	if len(secret) < 20 {
		j.Fatalf("the token is %q", secret)
	}
	if got := j.asks(secret); got != http.StatusNotFound { // of the order that is asked for
		j.Errorf("the token is answered %d", got)
	}
	shown := func() bool {
		return strings.Contains(browser.Ask[string](j.tab, `document.documentElement.outerHTML`), secret)
	}
	j.tab.Reload()
	j.sees("/shops/nordlys/doors/deliveryhero", j.says("doors.new"))
	if shown() {
		j.Error("the token is shown when the page is loaded again")
	}
	j.tab.Go(j.app.URL() + "/shops/nordlys/doors")
	j.tab.Choose(name)
	j.sees("/shops/nordlys/doors/deliveryhero/"+name, j.says("doors.secrets"))
	if shown() {
		j.Error("the token is shown again")
	}
	j.tab.Choose(j.says("doors.revoke"))
	j.tab.Choose(j.says("doors.revoke.do"))
	j.sees("/shops/nordlys/doors", j.says("done.credential_revoked"))
	if got := j.asks(secret); got != http.StatusUnauthorized {
		j.Errorf("the revoked token is answered %d", got)
	}
	j.tell("made and revoked a token")
}

// asks asks a door for an order that is not there, with a token.
func (j *journey) asks(token string) int {
	j.Helper()
	status, _ := j.send("GET", "/deliveryhero/v2/orders/6d5a0e3e-0b3f-4c43-9a2f-000000000001", "Bearer "+token, "")
	return status
}

// listens: the count rises before somebody's eyes, and what was heard is in the
// archive that he downloads.
func (j *journey) listens() {
	j.tab.Go(j.app.URL() + "/shops/nordlys/listening")
	j.sees("/shops/nordlys/listening", j.says("listening.none"))
	j.tab.Set("[name=what]", "door:citrusad")
	j.tab.Set("[name=minutes]", "5")
	j.tab.Choose(j.says("listening.start"))
	j.sees("/shops/nordlys/listening/shop/", j.says("done.listening.started", "n", 5), j.says("listening.wait"))
	j.tab.Mark()
	for n := 1; n <= 2; n++ {
		body := fmt.Sprintf(`{"orders":[{"customerId":"c-1","sessionId":"s-1","orderDate":"2026-03-02T15:00:00+01:00","id":"heard-%s-%d",
			"orderItems":[{"gtin":"KAFFE-1","quantity":1,"regularUnitPrice":"9.00","totalOrderItemPriceAfterDiscounts":"9.00"}]}]}`, j.lang, n)
		if status, answer := j.send("POST", "/citrusad/v1/orders", "Basic sk-12345", body); status != http.StatusOK {
			j.Fatal(status, answer)
		}
		browser.Eventually(j.T, "the call is counted", func() bool {
			return browser.Ask[string](j.tab, `document.querySelector("[data-live=live-count] strong").innerText`) == fmt.Sprint(n)
		})
	}
	browser.Eventually(j.T, "the picture has both calls", func() bool { return browser.Ask[int](j.tab, `document.querySelectorAll("svg circle").length`) == 2 })
	if !j.tab.Marked() {
		j.Error("the count was loaded again")
	}
	j.tab.Choose(j.says("listening.stop"))
	j.sees("/shops/nordlys/listening/shop/", j.says("done.listening.stopped"), j.says("listening.over"))
	downloaded := j.tab.Downloads()
	j.tab.Choose(j.says("listening.zip"))
	files := unzipped(j.T, downloaded("capture-*.zip"))
	all := ""
	for _, content := range files {
		all += content
	}
	if len(files) != 5 || files["report.xml"] == "" || !strings.Contains(all, "heard-"+j.lang+"-1") || !strings.Contains(all, "heard-"+j.lang+"-2") || strings.Contains(all, "sk-12345") {
		j.Errorf("%d files:\n%s", len(files), all)
	}
	j.tell("listened")
}

// unzipped are the files of an archive, by name.
func unzipped(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(content)
		_ = r.Close()
	}
	return out
}

// runsAPromotion: it is put, done, shown to customers, and ended.
func (j *journey) runsAPromotion() {
	price, _ := order.ParseDecimal("20.00")
	if _, err := j.api.PutProducts(j.Context(), "nordlys", []catalog.Product{{Product: order.Product{Code: "K-38", SKU: "K-38"}, Store: "K-1", Active: true, Price: price, Currency: "SEK"}}); err != nil {
		j.Fatal(err)
	}
	const list = "/shops/nordlys/promotions"
	j.tab.Go(j.app.URL() + list)
	j.sees(list, j.says("promotions.none"))
	j.tab.Choose(j.says("promotions.new"))
	j.sees(list+"/new", j.says("promotions.identity"))
	j.tab.Fill("[name=name]", "Spring & coffee")
	j.tab.Set("[name=start]", time.Now().AddDate(0, 0, -1).Format("2006-01-02T15:04"))
	j.tab.Set("[name=stores]", "K-1")
	j.tab.Set("[name=skus0]", "K-38")
	j.tab.Set("[name=subtype0]", "percentage")
	j.tab.Fill("[name=value0]", "10,5")
	j.tab.Choose(j.says("promotions.put"))
	j.sees(list, j.says("promotions.handed"), "Spring & coffee")
	j.tab.Choose(j.says("promotions.own"))
	j.sees(list+"/jobs/", j.says("promotions.job.completed"), j.says("promotions.number", "n", 1))
	j.tab.Choose(j.says("promotions.number", "n", 1))
	j.sees(list+"/1", j.says("promotions.state.running"))

	shows := func(path, want string) {
		j.Helper()
		j.tab.Go(j.app.URL() + list)
		j.tab.Fill("[name=store]", "K-1")
		j.tab.Fill("[name=skus]", "K-38")
		j.tab.Choose(j.says("promotions.show"))
		j.sees(path, want)
	}
	shows(list+"?store=K-1", "17.90")

	other := j.chromium.Open(j.T, j.app.URL()+list+"/1") // somebody else looks at it meanwhile
	other.Language(j.lang)
	other.Go(j.app.URL() + list + "/1")
	other.Mark()
	j.tab.Go(j.app.URL() + list + "/1")
	j.tab.Choose(j.says("promotions.endnow"))
	j.sees(list+"/1", j.says("promotions.handed.end"))
	other.Arrives(j.app.URL()+list+"/1", j.says("promotions.state.deactivated"))
	if !other.Marked() {
		j.Error("the promotion was loaded again")
	}
	shows(list+"?store=K-1", j.says("promotions.noneholds"))
	j.sees(list, j.says("promotions.change.deactivated"))
	j.tell("ran a promotion")
}
