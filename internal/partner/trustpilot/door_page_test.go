package trustpilot_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/partner/trustpilot"
)

const loginPath = "/?client_id=k3y-demo&response_type=code&state=a%26b%22&redirect_uri="

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z_]+)" value="([^"]*)">`)

func TestLoginPage(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	const back = "https://nordljus.example/back?x=1"
	w := b.call("GET", loginPath+url.QueryEscape(back), nil, "")
	page := w.Body.String()
	if w.Code != http.StatusOK || !strings.Contains(page, "Nordljus &lt;Kaffe&gt;") || !strings.Contains(page, "<form") || strings.Contains(page, "<script") {
		t.Fatalf("%d %s", w.Code, page)
	}
	style := page[strings.Index(page, "<style>")+7 : strings.Index(page, "</style>")]
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self' https://nordljus.example; frame-ancestors 'none'; base-uri 'none'"
	if got := w.Header().Get("Content-Security-Policy"); got != want {
		t.Errorf("policy\n got %s\nwant %s", got, want)
	}
	form := url.Values{"username": {"anna@nordljus.example"}, "password": {"korrekt-hest-42"}, "answer": {"allow"}}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], htmlText(m[2]))
	}
	post := map[string]string{"Content-Type": formType}
	w = b.call("POST", "/", post, form.Encode())
	to, err := url.Parse(w.Header().Get("Location"))
	if w.Code != http.StatusSeeOther || err != nil || to.Host != "nordljus.example" || to.Query().Get("x") != "1" || to.Query().Get("state") != `a&b"` {
		t.Fatalf("%d %q", w.Code, w.Header().Get("Location"))
	}
	code := "grant_type=authorization_code&code=" + to.Query().Get("code") + "&redirect_uri="
	if w := b.call("POST", oauth+"accesstoken", map[string]string{"Authorization": basic, "Content-Type": formType}, code+"https://nordljus.example/other"); w.Code != http.StatusUnauthorized {
		t.Errorf("another redirect_uri: %d", w.Code)
	}
	answer := b.token(code + url.QueryEscape(back))
	if answer["app_enduser"] != "5f0c3c001d2e4f60718293aa" || answer["refresh_token"] == "" {
		t.Errorf("%v", answer)
	}
	if w := b.call("POST", invite, bearer(answer["access_token"]), minimal); w.Code != http.StatusAccepted {
		t.Errorf("invite: %d %s", w.Code, w.Body)
	}
	if w := b.call("POST", oauth+"accesstoken", map[string]string{"Authorization": basic, "Content-Type": formType}, code+url.QueryEscape(back)); w.Code != http.StatusUnauthorized {
		t.Errorf("twice: %d", w.Code)
	}
}

func htmlText(s string) string {
	return strings.NewReplacer("&amp;", "&", "&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&#43;", "+").Replace(s)
}

func TestLoginRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	form := url.Values{"client_id": {"k3y-demo"}, "redirect_uri": {"https://nordljus.example/b"}, "response_type": {"code"}, "username": {"anna@nordljus.example"}, "password": {"not-this-one"}}
	post := map[string]string{"Content-Type": formType}
	w := b.call("POST", "/", post, form.Encode())
	if w.Code != http.StatusUnauthorized || w.Header().Get("Location") != "" || !strings.Contains(w.Body.String(), "is not right") || strings.Contains(w.Body.String(), "not-this-one") {
		t.Errorf("wrong password: %d %s", w.Code, w.Body)
	}
	form.Set("username", "nobody@nordljus.example")
	if other := b.call("POST", "/", post, form.Encode()); other.Code != w.Code {
		t.Errorf("an unknown user: %d", other.Code)
	}
	form.Set("username", "anna@nordljus.example")
	form.Set("password", "korrekt-hest-42")
	for _, from := range []map[string]string{
		{"Content-Type": formType, "Sec-Fetch-Site": "cross-site"},
		{"Content-Type": formType, "Origin": "https://other.example"},
	} {
		if w := b.call("POST", "/", from, form.Encode()); w.Code != http.StatusForbidden || w.Header().Get("Location") != "" {
			t.Errorf("%v: %d", from, w.Code)
		}
	}
	form.Set("answer", "deny")
	form.Set("password", "")
	w = b.call("POST", "/", post, form.Encode())
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "https://nordljus.example/b?error=access_denied" {
		t.Errorf("denied: %d %s", w.Code, w.Header().Get("Location"))
	}
	if w := b.call("POST", "/", post, strings.Repeat("a=b&", 10000)); w.Code != http.StatusBadRequest {
		t.Errorf("a long form: %d", w.Code)
	}
}

// The browser goes back to the application's own domains only.
func TestLoginRedirects(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	f := func(status int, back string) {
		t.Helper()
		w := b.call("GET", loginPath+url.QueryEscape(back), nil, "")
		if w.Code != status || status != http.StatusOK && strings.Contains(w.Body.String(), "<form") {
			t.Errorf("%q: %d", back, w.Code)
		}
	}
	f(200, "https://nordljus.example/")
	f(200, "https://Nordljus.Example:8443/a?b=c")
	f(200, "http://localhost:3000/back")
	f(200, "http://127.0.0.1/back")
	f(400, "http://nordljus.example/")
	f(400, "https://www.nordljus.example/") // no domain of this application
	f(400, "https://nordljus.example.evil.example/")
	f(400, "https://nordljus.example@evil.example/")
	f(400, "https://evil.example\\@nordljus.example/")
	f(400, "https://user:word@nordljus.example/")
	f(400, "https://nordljus.example/#a")
	f(400, "//nordljus.example/")
	f(400, "nordljus.example")
	f(400, "javascript:alert(1)")
	f(400, "")
	for _, path := range []string{
		"/?client_id=other&response_type=code&redirect_uri=https://nordljus.example/",
		"/?client_id=k3y-demo&response_type=token&redirect_uri=https://nordljus.example/",
		"/?client_id=k3y-demo&redirect_uri=https://nordljus.example/",
	} {
		if w := b.call("GET", path, nil, ""); w.Code != http.StatusBadRequest || !strings.Contains(w.Header().Get("Content-Security-Policy"), "form-action 'self';") {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	off := newBench(t, map[string]string{"api_access": "false"})
	if w := off.call("GET", loginPath+"https://nordljus.example/", nil, ""); w.Code != http.StatusBadRequest {
		t.Errorf("without access to the API: %d", w.Code)
	}
}

// A code that is used in several places at the same time opens one of them at
// most.
func TestCodeOpensOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	form := url.Values{"client_id": {"k3y-demo"}, "redirect_uri": {"https://nordljus.example/b"}, "response_type": {"code"}, "username": {"anna@nordljus.example"}, "password": {"korrekt-hest-42"}}
	w := b.call("POST", "/", map[string]string{"Content-Type": formType}, form.Encode())
	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil || to.Query().Get("code") == "" {
		t.Fatal(w.Code)
	}
	body := "grant_type=authorization_code&code=" + to.Query().Get("code") + "&redirect_uri=" + url.QueryEscape("https://nordljus.example/b")
	var opened atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		door := partnertest.NewDoor(t, trustpilot.Partner, b.hub)
		all.Go(func() {
			if callOn(door, "POST", oauth+"accesstoken", map[string]string{"Authorization": basic, "Content-Type": formType}, body).Code == http.StatusOK {
				opened.Add(1)
			}
		})
	}
	all.Wait()
	if n := opened.Load(); n > 1 {
		t.Errorf("opened %d times", n)
	}
}
