package app_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/app"
	consoletext "github.com/ordermux/ordermux/internal/console/text"
	"github.com/ordermux/ordermux/internal/node"
	"github.com/ordermux/ordermux/internal/store/postgres"
)

// browser is somebody who looks at the console, with his cookies.
type browser struct {
	t      *testing.T
	base   string
	lang   string
	client *http.Client
}

func (h *hub) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, base: h.URL(), client: &http.Client{Jar: jar}}
}

// do returns the status and the page where the browser ends up.
func (b *browser) do(method, path string, form url.Values, header ...string) (int, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if b.lang != "" {
		r.Header.Set("Accept-Language", b.lang)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if csp := resp.Header.Get("Content-Security-Policy"); csp != strictPolicy {
		b.t.Errorf("%s %s: policy %q", method, path, csp)
	}
	return resp.StatusCode, string(page)
}

// strictPolicy is what every page lets a browser do.
const strictPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// sees checks what a page says.
func (b *browser) sees(method, path string, form url.Values, status int, want ...string) string {
	b.t.Helper()
	got, page := b.do(method, path, form)
	if got != status {
		b.t.Errorf("%s %s: %d\n%s", method, path, got, page)
	}
	for _, w := range want {
		if !strings.Contains(page, w) {
			b.t.Errorf("%s %s: %q is missing in\n%s", method, path, w, page)
		}
	}
	return page
}

const goodPassword = "correct horse battery"

// first makes the first user, ada.
func (h *hub) first(t *testing.T) *browser {
	t.Helper()
	at, err := h.Welcome(t.Context())
	if err != nil || at == "" {
		t.Fatal(at, err)
	}
	b := h.browser(t)
	path := at[strings.Index(at, "/welcome/"):] // the public address may be another one
	b.sees("GET", path, nil, 200, "make the first user")
	b.sees("POST", path, url.Values{"name": {"ada"}, "password": {"short"}}, 422, "at least 12")
	b.sees("POST", path, url.Values{"name": {"ada"}, "password": {goodPassword}}, 200, "<h1>Overview</h1>", "ada")
	b.sees("GET", path, nil, 410, "used already")
	return b
}

// invites returns the path of a link for somebody.
func (b *browser) invites(name, role string) string {
	b.t.Helper()
	page := b.sees("POST", "/users", url.Values{"name": {name}, "role": {role}}, 200, "/welcome/")
	_, rest, _ := strings.Cut(page, "<code")
	_, rest, _ = strings.Cut(rest, ">")
	link, _, _ := strings.Cut(rest, "</code>")
	return link[strings.Index(link, "/welcome/"):]
}

// joins lets somebody in, and returns his browser.
func (b *browser) joins(h *hub, name, role string) *browser {
	b.t.Helper()
	link, other := b.invites(name, role), h.browser(b.t)
	other.sees("POST", link, url.Values{"password": {goodPassword}}, 200, "<h1>Overview</h1>")
	return other
}

func TestConsole(t *testing.T) { eachStore(t, testConsole) }

func testConsole(t *testing.T, at newPlace) {
	h := startHub(t, at(t), shop(adsRoute("http://127.0.0.1:1")))
	h.give(oneOrder("o-1<script>", "3.00"))
	stranger := h.browser(t)
	for _, path := range []string{"/", "/users", "/account", "/shops/nordlys/orders"} {
		stranger.sees("GET", path, nil, 200, "<h1>Sign in</h1>")
	}
	ada := h.first(t)
	ada.sees("GET", "/", nil, 200, "nordlys", "ads")
	ada.sees("GET", "/shops/nordlys/orders", nil, 200, "o-1&lt;script&gt;")
	ada.sees("GET", "/shops/nordlys/orders/o-1%3Cscript%3E", nil, 200, "<h1>Order o-1&lt;script&gt;</h1>", "citrusad:default", "ads")
	ada.sees("GET", "/shops/nordlys/orders/o-2", nil, 404)
	ada.sees("GET", "/shops/none/orders", nil, 404)
	ada.sees("GET", "/shops", nil, 404)

	bo := ada.joins(h, "bo", "operator")
	bo.sees("GET", "/users", nil, 403, "does not allow")
	bo.sees("POST", "/users/ada", url.Values{"act": {"remove"}}, 403)
	ada.sees("POST", "/users/ada", url.Values{"act": {"remove"}}, 409, "last admin")
	ada.sees("POST", "/users/bo", url.Values{"act": {"disable"}}, 200, "disabled")
	bo.sees("GET", "/", nil, 200, "<h1>Sign in</h1>")
	bo.sees("POST", "/sign-in", url.Values{"name": {"bo"}, "password": {goodPassword}}, 401, "wrong")
	ada.sees("POST", "/users/bo", url.Values{"act": {"enable"}}, 200)
	bo.sees("POST", "/sign-in", url.Values{"name": {"bo"}, "password": {goodPassword}, "to": {"/account"}}, 200, "<h1>Your account</h1>")
	bo.sees("POST", "/sign-in", url.Values{"name": {"bo"}, "password": {goodPassword}, "to": {"//elsewhere.example"}}, 200, "<h1>Overview</h1>")
	bo.sees("POST", "/account/password", url.Values{"old": {"x"}, "new": {goodPassword + "2"}}, 422)
	bo.sees("POST", "/account/password", url.Values{"old": {goodPassword}, "new": {goodPassword + "2"}}, 200, "<h1>Sign in</h1>")
	bo.sees("POST", "/sign-in", url.Values{"name": {"bo"}, "password": {goodPassword + "2"}}, 200, "<h1>Overview</h1>")
	bo.sees("POST", "/sign-out", url.Values{}, 200, "<h1>Sign in</h1>")
	bo.sees("GET", "/account", nil, 200, "<h1>Sign in</h1>")
}

// TestConsoleIsForItsOwnPages: what other sites' pages post does nothing.
func TestConsoleIsForItsOwnPages(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(adsRoute("http://127.0.0.1:1")))
	ada := h.first(t)
	form := url.Values{"name": {"mallory"}, "role": {"admin"}}
	for _, header := range [][2]string{{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}} {
		if status, page := ada.do("POST", "/users", form, header[0], header[1]); status != http.StatusForbidden {
			t.Errorf("%v: %d\n%s", header, status, page)
		}
	}
	if page := ada.sees("GET", "/users", nil, 200, "One user"); strings.Contains(page, "mallory") {
		t.Error("another site made a user")
	}
	ada.client.Jar.SetCookies(&url.URL{Scheme: "http", Host: strings.TrimPrefix(h.URL(), "http://")}, []*http.Cookie{{Name: "ordermux", Value: "sid_forged", Path: "/"}})
	ada.sees("GET", "/users", nil, 200, "<h1>Sign in</h1>")
}

// TestConsoleSignsIn: a wrong password counts once, a session ends with the next
// one, and a language is one of ours.
func TestConsoleSignsIn(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(""))
	ada := h.first(t)
	session := func() string {
		for _, c := range ada.client.Jar.Cookies(&url.URL{Scheme: "http", Host: strings.TrimPrefix(h.URL(), "http://")}) {
			return c.Value
		}
		return ""
	}
	was := session()
	ada.sees("POST", "/sign-in", url.Values{"name": {"ada"}, "password": {"wrong"}}, 401, "wrong")
	ada.sees("POST", "/account/password", url.Values{"old": {"wrong"}, "new": {goodPassword + "2"}}, 422)
	if n := h.WrongTries(); n < 1.5 || n > 2 {
		t.Errorf("two wrong passwords count as %v", n)
	}
	ada.sees("POST", "/account/language", url.Values{"language": {strings.Repeat("x", 900_000)}}, 422)
	ada.sees("POST", "/sign-in", url.Values{"name": {"ada"}, "password": {goodPassword}}, 200, "<h1>Overview</h1>")
	if now := session(); now == was || now == "" {
		t.Fatal("the session is the one of before")
	}
	old := h.browser(t)
	if _, page := old.do("GET", "/account", nil, "Cookie", "ordermux="+was); !strings.Contains(page, "<h1>Sign in</h1>") {
		t.Error("the session of before goes on")
	}
}

// TestConsoleIsBusy: who finds too many others signing in is told to come again,
// before his password is looked at, and loses nothing by it.
func TestConsoleIsBusy(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(""))
	ada := h.first(t)
	const busy = "Too many people are signing in at once"
	link := ada.invites("bo", "operator")
	tries := func(status int) {
		t.Helper()
		ada.sees("POST", "/sign-in", url.Values{"name": {"ada"}, "password": {"wrong"}, "to": {"/users"}}, status, busy, `value="ada"`, `value="/users"`)
		ada.sees("POST", "/account/password", url.Values{"old": {"wrong"}, "new": {goodPassword + "2"}}, status, busy)
	}
	var leave []func()
	for l, ok := h.SignsIn("127.0.0.1:1"); ok; l, ok = h.SignsIn("127.0.0.1:1") {
		leave = append(leave, l)
	}
	tries(http.StatusTooManyRequests)
	for _, l := range leave {
		l()
	}
	if err := h.FloodPasswords(t.Context()); err != nil {
		t.Fatal(err)
	}
	tries(http.StatusServiceUnavailable)
	bo := h.browser(t)
	bo.sees("POST", link, url.Values{"password": {goodPassword}}, http.StatusServiceUnavailable, busy)
	bo.sees("GET", link, nil, 200, "bo")
	if n := h.WrongTries(); n != 0 || len(leave) != 16 {
		t.Errorf("%v wrong tries, %d sign in at once", n, len(leave))
	}
}

// unsaid is how a text is shown that no language has.
var unsaid = regexp.MustCompile(`\[[a-z]+(\.[a-z_]+)+\]`)

// TestConsoleSpeaksEveryLanguage: no page lacks a text.
func TestConsoleSpeaksEveryLanguage(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(adsRoute("http://127.0.0.1:1")))
	h.give(oneOrder("o-1", "3.00"))
	ada := h.first(t)
	for _, lang := range consoletext.Languages {
		for _, b := range []*browser{ada, h.browser(t)} {
			b.lang = lang
			for _, path := range []string{"/", "/users", "/account", "/shops/nordlys/orders", "/shops/nordlys/orders/o-1", "/sign-in", "/shops/none"} {
				_, page := b.do("GET", path, nil)
				if !strings.Contains(page, `<html lang="`+lang+`">`) || unsaid.MatchString(page) {
					t.Errorf("%s in %s:\n%s", path, lang, page)
				}
			}
		}
	}
	ada.lang = "en"
	ada.sees("POST", "/account/language", url.Values{"language": {"pl"}}, 200, "Twoje konto")
}

// liveLines are what an open overview is told.
type liveLines struct {
	t *testing.T
	*bufio.Scanner
}

// lives opens the overview's stream.
func (b *browser) lives(t *testing.T) liveLines {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", b.base+"/live?at=%2F", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatal(got)
	}
	return liveLines{t, bufio.NewScanner(resp.Body)}
}

// until waits for a line with all of the words.
func (l liveLines) until(want ...string) {
	l.t.Helper()
	var seen []string
	for l.Scan() {
		seen = append(seen, l.Text())
		if contains(l.Text(), want) {
			return
		}
	}
	l.t.Fatalf("%q was not told: %v, %q", want, l.Err(), seen)
}

// TestConsoleLives: an overview that is open says what changes, until its user
// signs out.
func TestConsoleLives(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(adsRoute("http://127.0.0.1:1")))
	ada := h.first(t)
	until := ada.lives(t).until
	until(`"name":"live-overview"`, "Everything is flowing")
	if status, body := send(t, "POST", h.URL()+"/api/v1/shops/nordlys/routes/ads/pause", "Bearer "+adminToken, `{"reason":"<b>stock"}`); status != 200 {
		t.Fatal(status, body)
	}
	until(`"name":"live-overview"`, "paused", "&lt;b&gt;stock")
	ada.sees("POST", "/sign-out", url.Values{}, 200, "<h1>Sign in</h1>")
	until("event: over")
}

// TestConsoleOfADeadNode: while a node does not answer and is not given up yet,
// the overview shows the rest, and says so; open ones go on.
func TestConsoleOfADeadNode(t *testing.T) {
	t.Parallel()
	p := inDatabase(t)
	h := startHub(t, p, shop(adsRoute("http://127.0.0.1:1")), func(o *app.Options) { o.Node.Patience = 200 * time.Millisecond })
	ada := h.first(t)
	base, err := postgres.Open(t.Context(), p.database, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = base.Close() })
	ada.sees("GET", "/", nil, 200, "Everything is flowing")
	lines := ada.lives(t)
	lines.until(`"name":"live-overview"`, "Everything is flowing")
	if err := base.Nodes().Join(t.Context(), node.Member{ID: "0123456789abcdef", Name: "dead", Version: "test", Lease: time.Minute}); err != nil {
		t.Fatal(err)
	}
	lines.until(`"name":"live-overview"`, "does not answer")
	if page := ada.sees("GET", "/", nil, 200, "does not answer", "Nordlys Kaffe"); strings.Contains(page, "Everything is flowing") {
		t.Error(page)
	}
	if err := base.Nodes().Leave(t.Context(), "0123456789abcdef"); err != nil {
		t.Fatal(err)
	}
	lines.until(`"name":"live-overview"`, "Everything is flowing")
}

// TestConsoleLivesOnPagesAlone: what is no page of the user has no parts.
func TestConsoleLivesOnPagesAlone(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(adsRoute("http://127.0.0.1:1")))
	ada := h.first(t)
	for _, path := range []string{"/live?at=%2Flive", "/live?at=%2Fnone", "/live?at=%2Fshops%2Fnordlys%2Fexport%2Forders.csv"} {
		ada.sees("GET", path, nil, 200, "event: over")
	}
}

func contains(s string, all []string) bool {
	for _, w := range all {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}
