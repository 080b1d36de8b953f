package review_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

var coffee = review.Product{Ref: "P-1", Name: "Coffee <b>dark</b>"}

func TestFormIsShown(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	path, _ := d.link(review.Link{Kinds: []string{"shop", "product"}, Products: []review.Product{coffee, {Ref: "P-2"}, {Ref: "a\nb"}}, Locale: "sv-SE"})
	resp := d.do("GET", path, "", "")
	status, text := read(t, resp)
	if status != http.StatusOK {
		t.Fatal(status, text)
	}
	d.has(text, `<html lang="sv">`, "Hur nöjd är du med Nordlys Kaffe?", "Coffee &lt;b&gt;dark&lt;/b&gt;?", "Vad tycker du om P-2?", "Jag har inte fått min beställning",
		`name="stars.shop"`, `name="stars.p0"`, `name="text.p1"`, `content="width=device-width`)
	if strings.Contains(text, "p2") || strings.Contains(text, "<script") || strings.Contains(text, "1001") {
		t.Errorf("shows what it must not:\n%s", text)
	}
	h := resp.Header
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow",
		"X-Content-Type-Options": "nosniff", "Content-Language": "sv", "X-Frame-Options": "DENY",
	} {
		if h.Get(name) != want {
			t.Errorf("%s: %q", name, h.Get(name))
		}
	}
	csp := h.Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-") || !strings.Contains(csp, "form-action 'self';") {
		t.Error(csp)
	}
}

// A link that asks about nothing that can be rated asks about the shop.
func TestFormAlwaysAsks(t *testing.T) {
	t.Parallel()
	for _, l := range []review.Link{{Kinds: []string{}}, {Kinds: []string{"products"}}, {Kinds: []string{"product"}, Products: []review.Product{{Ref: "a\x00"}}}} {
		d := newDesk(t)
		path, _ := d.link(l)
		_, text := d.get(path)
		d.has(text, `name="stars.shop"`)
	}
	d := newDesk(t)
	path, _ := d.link(review.Link{Kinds: []string{"products"}, Products: []review.Product{coffee}})
	if _, text := d.get(path); strings.Contains(text, `name="stars.shop"`) || !strings.Contains(text, `name="stars.p0"`) {
		t.Error(text)
	}
}

func TestFormSpeaksTheCustomersLanguage(t *testing.T) {
	t.Parallel()
	f := func(locale, standard, lang string) {
		t.Helper()
		d := newDesk(t)
		d.settings.Language = standard
		path, _ := d.link(review.Link{Locale: locale})
		_, text := d.get(path)
		d.has(text, `<html lang="`+lang+`">`)
	}
	for _, lang := range []string{"en", "fr", "pl", "es", "sv", "de"} {
		f(lang, "", lang)
		f(lang+"-XX", "", lang)
	}
	f("de_AT", "fr", "de")
	f("fi", "sv", "sv")
	f("", "pl", "pl")
	f("", "", "en")
	f("<b>", "xx", "en")
}

// Looking changes nothing but when it was opened, once.
func TestFormOpened(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	path, _ := d.link(review.Link{})
	if status, text := read(t, d.do("HEAD", path, "", "")); status != 200 {
		t.Fatal(status, text)
	}
	if l := d.kept(review.Link{}); !l.Opened.IsZero() {
		t.Error("opened by HEAD")
	}
	first := d.now
	for range 2 {
		d.get(path)
		d.now = d.now.Add(time.Hour)
	}
	for _, below := range []string{"/thanks", "/missing", "/unsubscribe"} {
		if status, text := d.get(path + below); status != 200 {
			t.Error(below, status, text)
		}
	}
	want := review.Link{Opened: first}
	if l := d.kept(review.Link{}); !l.Opened.Equal(want.Opened) || !l.Answered.IsZero() || !l.Missing.IsZero() || !l.OptedOut.IsZero() || d.appended > 0 {
		t.Errorf("%+v, %d appended", l, d.appended)
	}
}

func TestFormTaken(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	path, token := d.link(review.Link{
		Route: "mail", Kinds: []string{"shop", "product"}, Products: []review.Product{coffee, {Ref: "P-2"}}, Locale: "sv-SE", Location: "Lund",
		Tags: []string{"web", "web", "", "a\x00"}, Redirect: "https://shop.nordlys.example/tack?a=1&b=2",
	})
	fields := []string{
		"do", "send", "stars.shop", "5", "title.shop", " Snabbt \n och bra ", "text.shop", "Rad ett\r\nrad två\x01 ",
		"stars.p1", "3", "stars.p0", "",
	}
	status, _, location := d.post(path, fields...)
	if status != http.StatusSeeOther || location != "https://shop.nordlys.example/tack?a=1&b=2" {
		t.Fatal(status, location)
	}
	if len(d.entries) != 2 {
		t.Fatalf("%d entries", len(d.entries))
	}
	shop, product := d.entries[0].Happening, d.entries[1].Happening
	if d.entries[0].Subject.ID != "1001" || d.entries[0].Origin != "mail" || shop.Kind != order.KindReviewed || !shop.At.Time().Equal(d.now) ||
		shop.Title != "Snabbt och bra" || shop.Note != "Rad ett\nrad två" {
		t.Errorf("%+v %+v", d.entries[0], shop)
	}
	if r := shop.Review; r.About != order.AboutShop || r.Stars != 5 || r.Locale != "sv-SE" || r.Location != "Lund" || !slices.Equal(r.Tags, []string{"web"}) || !r.Verified || r.Platform != "" {
		t.Errorf("%+v", r)
	}
	if r := product.Review; r.About != order.AboutProduct || r.Product != "P-2" || r.Stars != 3 || r.ID == shop.Review.ID || product.Note != "" {
		t.Errorf("%+v", r)
	}
	if strings.Contains(shop.Review.ID, token) {
		t.Error("the review's id tells the token")
	}
	if l := d.kept(review.Link{Route: "mail"}); !l.Answered.Equal(d.now) {
		t.Errorf("%+v", l)
	}
	// Sent again, with something else: harmless, and nothing changes.
	fields[3] = "1"
	if status, _, again := d.post(path, fields...); status != http.StatusSeeOther || again != location || len(d.entries) != 2 || d.appended != 1 {
		t.Error(status, again, len(d.entries), d.appended)
	}
	if _, text := d.get(path); !strings.Contains(text, "Vi har redan fått ditt omdöme") || strings.Contains(text, "<form") {
		t.Error(text)
	}
}

// Two tabs at once, and a hub that ended between review and link: a ref is
// stored once.
func TestFormTakenTwiceAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	path, _ := d.link(review.Link{})
	var tabs sync.WaitGroup
	for range 8 {
		tabs.Go(func() {
			if status, _, _ := d.post(path, "stars.shop", "4"); status != http.StatusSeeOther {
				t.Error(status)
			}
		})
	}
	tabs.Wait()
	if len(d.entries) != 1 {
		t.Errorf("%d entries", len(d.entries))
	}
	// Another link to the same order, as a door's caller makes one.
	other, _ := d.link(review.Link{Route: "door"})
	if status, _, _ := d.post(other, "stars.shop", "1"); other == path || status != http.StatusSeeOther || len(d.entries) != 1 {
		t.Errorf("%d, %d entries", status, len(d.entries))
	}
}

func TestFormLeadsToOurOwnPage(t *testing.T) {
	t.Parallel()
	for _, redirect := range []string{"", "javascript:alert(1)", "//evil.example", "ftp://shop.example/", "/thanks", "https://", "https://shop.example/\r\nX: y"} {
		d := newDesk(t)
		path, token := d.link(review.Link{Redirect: redirect})
		status, _, location := d.post(path, "stars.shop", "4")
		if status != http.StatusSeeOther || location != token+"/thanks" {
			t.Errorf("%q: %d %q", redirect, status, location)
		}
		if status, text := d.get(path + "/thanks"); status != 200 || !strings.Contains(text, "Thank you for your review") {
			t.Error(status, text)
		}
	}
}

func TestFormSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	path, _ := d.link(review.Link{Kinds: []string{"shop", "product"}, Products: []review.Product{coffee}})
	bad := func(fields ...string) string {
		t.Helper()
		status, text, _ := d.post(path, fields...)
		if status != http.StatusUnprocessableEntity || len(d.entries) > 0 {
			t.Errorf("%v: %d, %d entries", fields, status, len(d.entries))
		}
		d.has(text, `role="alert"`, "<title>Error: ")
		return text
	}
	d.has(bad(), "Choose at least one rating.")
	for _, stars := range []string{"0", "6", "-1", "5.0", "five", "٣"} {
		d.has(bad("stars.shop", stars), "Choose at least one rating.")
	}
	// What was typed is there again, quoted.
	text := bad("stars.shop", "2", "title.shop", `"><script>x`, "text.p0", "\n<b>Hm</b>")
	d.has(text, "Choose the stars: Coffee", `value="2" checked`, `value="&#34;&gt;&lt;script&gt;x"`, "&lt;b&gt;Hm&lt;/b&gt;</textarea>", `href="#at-p0"`)
	d.has(bad("stars.shop", "2", "text.shop", strings.Repeat("å", 2001)), "at most 2000 characters", strings.Repeat("å", 2001), `aria-invalid="true"`)
	d.has(bad("stars.shop", "2", "title.shop", strings.Repeat("å", 151)), "at most 150 characters")
	// As much as there may be, in the widest letters.
	if status, text, _ := d.post(path, "stars.shop", "2", "text.shop", strings.Repeat("😀", 2000)); status != http.StatusSeeOther {
		t.Error(status, text)
	}
}

func TestFormRefusesWhatIsNoForm(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	path, _ := d.link(review.Link{})
	f := func(want int, method, contentType, body string) {
		t.Helper()
		if status, text := read(t, d.do(method, path, contentType, body)); status != want || len(d.entries) > 0 {
			t.Errorf("%s %s: %d instead of %d, %s", method, contentType, status, want, text)
		}
	}
	f(http.StatusBadRequest, "POST", "application/x-www-form-urlencoded", "stars.shop=5%zz")
	f(http.StatusRequestEntityTooLarge, "POST", "application/x-www-form-urlencoded", "text.shop="+strings.Repeat("a", 3<<20))
	f(http.StatusUnprocessableEntity, "POST", "application/json", `{"stars.shop":5}`)
	f(http.StatusMethodNotAllowed, "DELETE", "", "")
	f(http.StatusMethodNotAllowed, "PUT", "application/x-www-form-urlencoded", "stars.shop=5")
}

// A trouble of ours loses nothing of what was typed.
func TestFormWhileTheLedgerIsAway(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	path, _ := d.link(review.Link{Locale: "de"})
	d.fail = order.ErrBusy
	status, text, _ := d.post(path, "stars.shop", "4", "text.shop", "So gut!")
	if status != http.StatusServiceUnavailable {
		t.Error(status)
	}
	d.has(text, "konnte gerade nicht gespeichert werden", "So gut!</textarea>", `value="4" checked`)
	if l := d.kept(review.Link{}); !l.Answered.IsZero() {
		t.Error("answered")
	}
	d.fail = nil
	if status, _, _ := d.post(path, "stars.shop", "4", "text.shop", "So gut!"); status != http.StatusSeeOther || len(d.entries) != 1 {
		t.Error(status, len(d.entries))
	}
}

// Whoever guesses learns nothing: not which shops there are, nor which tokens.
func TestFormOfNobody(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	path, token := d.link(review.Link{})
	d.mu.Lock()
	d.keys[strings.Replace(linkOf(d), "nordlys", "closed", 1)] = d.keys[linkOf(d)] // a shop that is gone
	d.mu.Unlock()
	var want string
	for i, p := range []string{
		"/review/nordlys/" + strings.Repeat("A", 27), "/review/other/" + token, "/review/closed/" + token, "/review/nordlys/" + token[:26], "/review/nordlys/",
		"/review/nordlys/" + strings.ToUpper(token), "/review/nordlys/" + token + "x", path + "/../" + token, path + "/nothing", path + "/thanks/x", "/review/", "/review/nordlys",
		"/review/nordlys/" + strings.Repeat("a", 5000),
	} {
		for _, method := range []string{"GET", "POST"} {
			resp := d.do(method, p, "application/x-www-form-urlencoded", "stars.shop=5")
			status, text := read(t, resp)
			if i == 0 && method == "GET" {
				want = text
			}
			if status != http.StatusNotFound || text != want || resp.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: %d %s", method, p, status, text)
			}
		}
	}
	if len(d.entries) > 0 {
		t.Error("stored")
	}
	d.mu.Lock()
	d.gets = 0
	d.mu.Unlock()
	for _, shop := range []string{"nordlys", "other"} {
		d.get("/review/" + shop + "/" + strings.Repeat("B", 27))
	}
	if d.gets != 2 {
		t.Errorf("%d look-ups for two guesses", d.gets)
	}
}

// linkOf is the key of the desk's only link. The caller holds the lock.
func linkOf(d *desk) string {
	for key := range d.keys {
		if strings.Contains(key, "\x00link/") {
			return key
		}
	}
	d.Fatal("no link")
	return ""
}

// A token is good for its own shop and order only.
func TestTokensAreOfOneOrder(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	seen := map[string]bool{}
	for _, v := range [][3]string{{"nordlys", "mail", "1"}, {"nordlys", "mail", "2"}, {"nordlys", "mail2", "1"}, {"other", "mail", "1"}, {"nordlys", "", "mail\x001"}, {"nordlys", "mail\x00", "1"}} {
		token := d.book.Token(v[0], v[1], v[2])
		if len(token) < 27 || seen[token] {
			t.Errorf("%q: %s", v, token)
		}
		seen[token] = true
	}
}

// FuzzForm: whatever is sent, what is stored is valid, and nothing panics.
func FuzzForm(f *testing.F) {
	f.Add("stars.shop=5&text.shop=Hej&title.shop=%22")
	f.Add("do=missing")
	f.Add("stars.p0=3&title.p0=%ff%00%1f&text.p0=%e2%80%a8%c2%85")
	f.Add("stars.shop=5;x=%zz")
	f.Fuzz(func(t *testing.T, body string) {
		d := newDesk(t)
		path, _ := d.link(review.Link{Kinds: []string{"shop", "product"}, Products: []review.Product{coffee}, Locale: "sv"})
		resp := d.do("POST", path, "application/x-www-form-urlencoded", body)
		switch resp.StatusCode {
		case http.StatusSeeOther, http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		default:
			t.Errorf("status %d", resp.StatusCode)
		}
		if (resp.StatusCode == http.StatusSeeOther) != (len(d.entries) > 0) {
			t.Errorf("status %d, %d entries", resp.StatusCode, len(d.entries))
		}
	})
}
