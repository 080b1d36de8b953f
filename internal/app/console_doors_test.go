package app_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	consoletext "github.com/ordermux/ordermux/internal/console/text"
)

var shownOnce = regexp.MustCompile(`<dt>(\w+)</dt><dd><code class="once">([^<]+)</code>`)

// secretsOf reads what a page shows once, by field.
func secretsOf(t *testing.T, page string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, m := range shownOnce.FindAllStringSubmatch(page, -1) {
		out[m[1]] = html.UnescapeString(m[2])
	}
	return out
}

// TestConsoleDoors: a credential's life, and the calls that were refused.
func TestConsoleDoors(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(adsRoute("http://127.0.0.1:1")))
	ada := h.first(t)
	const doors = "/shops/nordlys/doors"
	ada.sees("GET", doors, nil, 200, h.URL()+"/citrusad", "CitrusAd", "in the configuration file", "No call was refused", `href="/shops/nordlys/doors/deliveryhero?kind=token"`)

	// Made, shown once, used, and seen to be used.
	ada.sees("GET", doors+"/citrusad", nil, 200, "New credential", "v.api_key", "Left empty, it is made for you")
	if page := ada.sees("GET", doors, nil, 200); strings.Contains(page, "0 are in use") || strings.Contains(page, "<h3>Tokens") {
		t.Error("kinds of which there are none are folded to links")
	}
	page := ada.sees("POST", doors+"/citrusad", url.Values{"name": {"Big Shop"}, "v.channel": {"on<line"}, "v.require_session": {"true"}}, 400, "Nothing was changed", "a-z, 0-9", `value="Big Shop"`, `value="on&lt;line"`)
	if !strings.Contains(page, `<option value="true" selected>`) {
		t.Error("what was chosen is gone")
	}
	ada.sees("POST", doors+"/citrusad", url.Values{"name": {"till"}, "v.strict_batch": {"perhaps"}}, 400, "Nothing was changed", `aria-invalid="true"`)
	key := secretsOf(t, ada.sees("POST", doors+"/citrusad", url.Values{"name": {"till"}, "v.channel": {"till"}}, 200, "shown only once", "citrusad:till"))["api_key"]
	if key == "" {
		t.Fatal("no key was shown")
	}
	ada.sees("POST", doors+"/citrusad", url.Values{"name": {"till"}}, 409, "exists")
	if page := ada.sees("GET", doors+"/citrusad/till", nil, 200, "citrusad:till", "never"); strings.Contains(page, key) {
		t.Error("the key is shown again")
	}
	give := func(key string, want int) {
		t.Helper()
		if status, text := send(t, "POST", h.URL()+"/citrusad/v1/orders", "Basic "+key, oneOrder("o-1", "3.00")); status != want {
			t.Errorf("%d %s", status, text)
		}
	}
	give(key, 200)
	if page := ada.sees("GET", doors+"/citrusad/till", nil, 200, "Last used"); strings.Contains(page, "<dd>never</dd>") {
		t.Error("it was used")
	}

	// Changed, rotated with the old one left for an hour, its tokens ended, revoked.
	ada.sees("POST", doors+"/citrusad/till", url.Values{"act": {"change"}, "v.channel": {"outlet"}, "v.team_id": {"team-7"}}, 200, "The credential is changed", "outlet", "team-7")
	next := secretsOf(t, ada.sees("POST", doors+"/citrusad/till", url.Values{"act": {"rotate"}, "keep": {"3600"}}, 200, "shown only once", "Old secret works until"))["api_key"]
	give(next, 200)
	give(key, 200)
	next = secretsOf(t, ada.sees("POST", doors+"/citrusad/till", url.Values{"act": {"rotate"}, "keep": {"0"}}, 200))["api_key"]
	give(next, 200)
	ada.sees("POST", doors+"/citrusad/till", url.Values{"act": {"tokens"}}, 200, "access tokens are ended")
	ada.sees("POST", doors+"/citrusad/till", url.Values{"act": {"dance"}}, 404)
	ada.sees("POST", doors+"/citrusad/default", url.Values{"act": {"revoke"}}, 409, "stands in the configuration")
	ada.sees("POST", doors+"/citrusad/till", url.Values{"act": {"revoke"}}, 200, "The credential is revoked")
	give(next, 401)
	ada.sees("GET", doors+"/citrusad/till", nil, 404)
	ada.sees("GET", doors+"/nobody", nil, 404)
	ada.sees("GET", doors+"/citrusad?kind=none", nil, 404)

	// A kind with names, advice and a bound.
	made := ada.sees("POST", doors+"/deliveryhero?kind=token", url.Values{"name": {"Orders of the <b>till"}}, 200, "shown only once", "&lt;b&gt;")
	if secretsOf(t, made)["token"] == "" {
		t.Errorf("no token in %s", made)
	}
	ada.sees("GET", doors, nil, 200, "Orders of the &lt;b&gt;till", "The key, name or password is missing or wrong", "invalid credentials", "Callers that nobody knows")
}

// TestConsoleRolesAtDoors: who may not, can not, and is not shown how.
func TestConsoleRolesAtDoors(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(adsRoute("http://127.0.0.1:1")))
	if status, _ := send(t, "POST", h.URL()+"/citrusad/v1/orders", "Basic wrong", oneOrder("o-1", "3.00")); status != 401 {
		t.Fatal(status)
	}
	ada := h.first(t)
	for _, role := range []string{"viewer", "operator"} {
		b := ada.joins(h, role, role)
		page := b.sees("GET", "/shops/nordlys/doors", nil, 200, h.URL()+"/citrusad", "One is in use", "Credentials are for admins")
		for _, hidden := range []string{"New credential", "Callers that nobody knows", "doors/citrusad/default"} {
			if strings.Contains(page, hidden) {
				t.Errorf("%s sees %q", role, hidden)
			}
		}
		b.sees("POST", "/shops/nordlys/doors/citrusad", url.Values{"name": {"x"}}, 403)
		b.sees("GET", "/shops/nordlys/doors/citrusad/default", nil, 403)
		b.sees("GET", "/shops/nordlys/tokens", nil, 403)
		b.sees("POST", "/shops/nordlys/tokens", url.Values{"name": {"x"}, "scope": {"read"}}, 403)
		b.sees("GET", "/tokens", nil, 403)
		if page := b.sees("GET", "/shops/nordlys/settings", nil, 200, "Europe/Stockholm"); strings.Contains(page, "Read it again") {
			t.Errorf("%s may reload", role)
		}
		b.sees("POST", "/shops/nordlys/settings", url.Values{}, 403)
	}
	viewer := h.browser(t)
	viewer.sees("POST", "/sign-in", url.Values{"name": {"viewer"}, "password": {goodPassword}}, 200)
	if page := viewer.sees("GET", "/audit", nil, 200, "invite user"); strings.Contains(page, "Verify") {
		t.Error("a viewer may verify")
	}
	viewer.sees("POST", "/audit", url.Values{"shop": {"nordlys"}}, 403)
}

// TestConsoleTokensAndAudit: tokens of our API, of a shop and of the hub, and
// what is written down of them.
func TestConsoleTokensAndAudit(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(adsRoute("http://127.0.0.1:1")))
	ada := h.first(t)
	for path, shop := range map[string]string{"/shops/nordlys/tokens": "nordlys", "/tokens": "_hub"} {
		ada.sees("GET", path, nil, 200, "There are no tokens yet")
		ada.sees("POST", path, url.Values{"name": {"Bad Name"}, "scope": {"read"}}, 400, `value="Bad Name"`, `<option value="read" selected>`)
		token := secretsOf(t, ada.sees("POST", path, url.Values{"name": {"shelf"}, "scope": {"read"}}, 200, "shown only once"))["shelf"]
		ask := func(token string, want int) {
			t.Helper()
			if status, body := send(t, "GET", h.URL()+"/api/v1/shops/nordlys/orders", "Bearer "+token, ""); status != want {
				t.Errorf("%s: %d %s", shop, status, body)
			}
		}
		ask(token, 200)
		if page := ada.sees("GET", path, nil, 200, "look at everything"); strings.Contains(page, token) || strings.Contains(page, "<td>never</td>") {
			t.Error("the token is shown again, or its use is not")
		}
		next := secretsOf(t, ada.sees("POST", path+"/shelf", url.Values{"act": {"rotate"}, "keep": {"0"}}, 200))["shelf"]
		ask(next, 200)
		ask(token, 401)
		ada.sees("POST", path+"/shelf", url.Values{"act": {"revoke"}}, 200, "The token is revoked", "There are no tokens yet")
		ask(next, 401)
		ada.sees("POST", path+"/shelf", url.Values{"act": {"revoke"}}, 404)

		ada.sees("GET", "/audit?shop="+shop, nil, 200, "create token shelf: scope=read", "rotate token shelf", "revoke token shelf", "ada")
		ada.sees("POST", "/audit", url.Values{"shop": {shop}}, 200, shop+": the chain is whole")
	}
	ada.sees("GET", "/audit", nil, 200, "nordlys", "the hub itself")
	ada.sees("GET", "/audit?shop=none", nil, 404)
	ada.sees("POST", "/audit", url.Values{"shop": {"none"}}, 404)
}

// TestConsoleUsersAndSettings: what is wrong is said on the page itself.
func TestConsoleUsersAndSettings(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(adsRoute("http://127.0.0.1:1")))
	ada := h.first(t)
	ada.sees("POST", "/users", url.Values{"name": {"bad name"}, "role": {"operator"}}, 400, "Nothing was changed", `value="bad name"`, `<option value="operator" selected>`)
	ada.sees("POST", "/users/ada", url.Values{"act": {"role"}, "role": {"viewer"}}, 409, "last admin", "<h1>Users</h1>")
	ada.joins(h, "bo", "viewer")
	ada.sees("POST", "/users/bo", url.Values{"act": {"role"}, "role": {"operator"}}, 200, "The role is changed")
	ada.sees("POST", "/users/bo", url.Values{"act": {"remove"}}, 200, "The user is removed", "One user")
	ada.sees("GET", "/shops/nordlys/settings", nil, 200, "Nordlys Kaffe", "SEK", "SQLite", "citrusad", "default", "ads")
	ada.sees("POST", "/shops/nordlys/settings", url.Values{}, 404) // no file to read again
}

// TestConsoleDoorsSpeakEveryLanguage: none of these pages lacks a text.
func TestConsoleDoorsSpeakEveryLanguage(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(adsRoute("http://127.0.0.1:1")))
	ada := h.first(t)
	for _, key := range []string{"wrong", "sk-12345"} {
		send(t, "GET", h.URL()+"/citrusad/v1/orders/none", "Basic "+key, "")
	}
	ada.sees("POST", "/shops/nordlys/tokens", url.Values{"name": {"shelf"}, "scope": {"operate"}}, 200)
	ada.sees("POST", "/shops/nordlys/doors/citrusad", url.Values{"name": {"till"}}, 200)
	for _, lang := range consoletext.Languages {
		ada.lang = lang
		for _, path := range []string{
			"/shops/nordlys/doors", "/shops/nordlys/doors/trustpilot?kind=user", "/shops/nordlys/doors/citrusad/till", "/shops/nordlys/doors/citrusad/default",
			"/shops/nordlys/tokens", "/tokens", "/audit", "/users", "/shops/nordlys/settings",
		} {
			status, page := ada.do("GET", path, nil)
			if status != 200 || !strings.Contains(page, `<html lang="`+lang+`">`) || unsaid.MatchString(page) {
				t.Errorf("%s in %s: %d\n%s", path, lang, status, page)
			}
		}
	}
}
