package trustpilot_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/partner/trustpilot"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/secret"
)

// A bench is a door with one application and one user, and a clock.
type bench struct {
	testing.TB
	hub  *partnertest.Hub
	door http.Handler
	now  *atomic.Int64 // Unix
}

const basic = "Basic azN5LWRlbW86czNjcmV0LWRlbW8="

func newBench(t testing.TB, more map[string]string) *bench {
	t.Helper()
	b := &bench{TB: t, now: &atomic.Int64{}}
	b.now.Store(time.Date(2030, 1, 8, 9, 58, 35, 0, time.UTC).Unix())
	b.hub = partnertest.NewHub(func() time.Time { return time.Unix(b.now.Load(), 0) })
	values := map[string]json.Value{
		"api_key": json.Value(`"k3y-demo"`), "api_secret": json.Value(`"s3cret-demo"`), "business_unit_id": json.Value(`"` + unitID + `"`),
		"domains": json.Value(`["nordljus.example","localhost","127.0.0.1"]`), "display_name": json.Value(`"Nordljus <Kaffe>"`),
	}
	for name, v := range more {
		values[name] = json.Value(v)
	}
	b.hub.AddDoor(t, trustpilot.Partner, values)
	b.hub.AddCredential(trustpilot.Partner, "anna", "user", partner.Settings{
		"user_email": {Text: "anna@nordljus.example"}, "user_password": {Secret: secret.New("korrekt-hest-42")},
		"user_role": {Text: "Admin"}, "user_id": {Text: "5f0c3c001d2e4f60718293aa"},
	})
	b.door = partnertest.NewDoor(t, trustpilot.Partner, b.hub)
	return b
}

func (b *bench) call(method, path string, header map[string]string, body string) *httptest.ResponseRecorder {
	b.Helper()
	return callOn(b.door, method, path, header, body)
}

func callOn(door http.Handler, method, path string, header map[string]string, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for name, v := range header {
		r.Header.Set(name, v)
	}
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	return w
}

const formType = "application/x-www-form-urlencoded"

func (b *bench) token(form string) (answer map[string]string) {
	b.Helper()
	w := b.call("POST", oauth+"accesstoken", map[string]string{"Authorization": basic, "Content-Type": formType}, form)
	if w.Code != http.StatusOK {
		b.Fatalf("token: %d %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		b.Fatalf("every member is a string: %v in %s", err, w.Body)
	}
	return answer
}

const passwordGrant = "grant_type=password&username=anna@nordljus.example&password=korrekt-hest-42"

func bearer(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json"}
}

const minimal = `{"consumerEmail":"eva@kund.example","consumerName":"Eva Lind","referenceNumber":"SO-1"}`

func TestAccessTokenEnds(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	answer := b.token(passwordGrant)
	invite := func() *httptest.ResponseRecorder {
		return b.call("POST", invite, bearer(answer["access_token"]), minimal)
	}
	if w := invite(); w.Code != http.StatusAccepted {
		t.Fatalf("fresh: %d %s", w.Code, w.Body)
	}
	b.now.Add(100*3600 + 1)
	if w := invite(); w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), `"errorcode":"keymanagement.service.access_token_expired"`) {
		t.Errorf("expired: %d %s", w.Code, w.Body)
	}
	again := b.token("grant_type=refresh_token&refresh_token=" + answer["refresh_token"])
	if answer = again; invite().Code != http.StatusAccepted {
		t.Error("refreshed")
	}
	b.hub.Revoke("default")
	if w := invite(); w.Code != http.StatusUnauthorized {
		t.Errorf("of a revoked application: %d", w.Code)
	}
}

// TestRefreshGivesNewTokens: both are new, even within a second.
func TestRefreshGivesNewTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	first := b.token(passwordGrant)
	second := b.token("grant_type=refresh_token&refresh_token=" + first["refresh_token"])
	for _, name := range []string{"access_token", "refresh_token"} {
		if first[name] == second[name] {
			t.Errorf("%s stayed", name)
		}
	}
	if w := b.call("POST", oauth+"revoke", map[string]string{"Content-Type": formType}, "token="+second["refresh_token"]); w.Code != http.StatusOK {
		t.Fatalf("revoke: %d %s", w.Code, w.Body)
	}
	for _, token := range []string{first["access_token"], second["access_token"]} {
		if w := b.call("POST", invite, bearer(token), minimal); w.Code != http.StatusUnauthorized {
			t.Errorf("of a login that was ended: %d", w.Code)
		}
	}
}

// What one node revokes, another hears of within five seconds.
func TestRevocationReachesEveryNode(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	other := partnertest.NewDoor(t, trustpilot.Partner, b.hub)
	answer := b.token(passwordGrant)
	there := func() int { return callOn(other, "POST", invite, bearer(answer["access_token"]), minimal).Code }
	if code := there(); code != http.StatusAccepted {
		t.Fatal(code)
	}
	if w := b.call("POST", oauth+"revoke", map[string]string{"Content-Type": formType}, "token="+answer["refresh_token"]); w.Code != http.StatusOK {
		t.Fatal(w.Code)
	}
	if w := b.call("POST", invite, bearer(answer["access_token"]), minimal); w.Code != http.StatusUnauthorized {
		t.Errorf("here: %d", w.Code)
	}
	b.now.Add(5)
	if code := there(); code != http.StatusUnauthorized {
		t.Errorf("there: %d", code)
	}
}

func TestTemplateList(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	answer := b.token("grant_type=client_credentials")
	w := b.call("GET", "/v1/private/business-units/"+unitID+"/templates", bearer(answer["access_token"]), "")
	var got struct {
		Templates []struct {
			ID, Name, Locale, Type string
			IsDefaultTemplate      *bool `json:"isDefaultTemplate"`
		} `json:"templates"`
	}
	if err := json.Unmarshal([]byte(strings.NewReplacer(`"id"`, `"ID"`, `"name"`, `"Name"`, `"locale"`, `"Locale"`, `"type"`, `"Type"`).Replace(w.Body.String())), &got); err != nil || w.Code != 200 {
		t.Fatalf("%d %v %s", w.Code, err, w.Body)
	}
	ids := map[string]bool{}
	for _, l := range got.Templates {
		ids[l.ID] = true
		if len(l.ID) != 24 || l.Name == "" || len(l.Locale) != 5 || l.Type != "service" && l.Type != "product" || l.IsDefaultTemplate == nil {
			t.Errorf("%+v", l)
		}
	}
	own, err := b.hub.Book().Templates(t.Context(), partnertest.Shop)
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, o := range own {
		if ids[o.ID] {
			shown++
		}
	}
	if shown < 12 || !ids["529c0abfefb96008b894ad02"] || !ids["5c17c7ebb565bb0001046fbd"] {
		t.Errorf("%d of ours are shown: %s", shown, w.Body)
	}
}

// A link leads to a form of ours, whose wish says all but who is asked.
func TestLinkIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	token := b.token("grant_type=client_credentials")["access_token"]
	w := b.call("POST", "/v1/private/business-units/"+unitID+"/invitation-links", bearer(token),
		`{"referenceId":"SO-1","email":"eva@kund.example","name":"Eva","locale":"sv_SE","locationId":"L","tags":["a"],"redirectUri":"https://nordljus.example/tack"}`)
	var made struct {
		ID  string `json:"id"`
		URL string `json:"url"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || w.Code != http.StatusOK || len(made.ID) != 32 {
		t.Fatalf("%d %v %s", w.Code, err, w.Body)
	}
	secretPart, ok := strings.CutPrefix(made.URL, "https://hub.example/review/"+partnertest.Shop+"/")
	if !ok || strings.Contains(made.URL, made.ID) {
		t.Fatalf("url %s", made.URL)
	}
	l, err := b.hub.Book().Change(t.Context(), partnertest.Shop, secretPart, unchanged)
	if err != nil {
		t.Fatal(err)
	}
	if l.Order != "SO-1" || l.Locale != "sv-SE" || l.Location != "L" || !slices.Equal(l.Tags, []string{"a"}) ||
		l.Redirect != "https://nordljus.example/tack" || !slices.Equal(l.Kinds, []string{order.AboutShop}) || l.Source != "trustpilot:default/link" {
		t.Errorf("%+v", l)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	b := newBench(t, map[string]string{"tags": `"warn"`, "redirects": `"warn"`})
	token := b.token(passwordGrant)["access_token"]
	n := 0
	f := func(words string, member string) {
		t.Helper()
		n++
		id := fmt.Sprintf("SO-%d", n)
		w := b.call("POST", invite, bearer(token), `{"consumerEmail":"eva@kund.example","consumerName":"Eva Lind","referenceNumber":"`+id+`"`+member+`}`)
		got, err := b.hub.Merged(t.Context(), partnertest.Shop, []string{id})
		if w.Code != http.StatusAccepted || err != nil || got[0] == nil {
			t.Fatalf("%d %s %v", w.Code, w.Body, err)
		}
		list := trustpilot.Partner.Warnings(got[0])
		if words == "" && len(list) > 0 || words != "" && (len(list) != 1 || !strings.Contains(list[0], words)) {
			t.Errorf("%s: %q", member, list)
		}
	}
	f("", ``)
	f("", `,"serviceReviewInvitation":{"templateId":"529c0abfefb96008b894ad02","tags":["a.b_C-1"],"redirectUri":"http://a.example"},"locale":"sv-SE"`)
	f("", `,"productReviewInvitation":{"products":[{"sku":"A","name":"B","productUrl":"https://a.example","imageUrl":"https://a.example"}]}`)
	f("a tag holds", `,"serviceReviewInvitation":{"tags":["a b","c d"]}`)
	f("known to support", `,"locale":"tr-TR"`)
	f("", `,"locale":"sv"`)
	f("was left out", `,"locale":"swedish"`)
	f("catalogue does not have", `,"productReviewInvitation":{"productSkus":["A"]}`)
	if list := trustpilot.Partner.Warnings(&order.Order{ID: "a#1", Review: &order.Review{}}); len(list) != 1 {
		t.Errorf("%q", list)
	}
	if list := trustpilot.Partner.Warnings(&order.Order{ID: "a#1"}); list != nil {
		t.Errorf("no wish: %q", list)
	}
}

// The help page's own sample names a template that nobody has and a time long
// past: it is taken, is due at once, and carries a warning.
func TestHelpPageSample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/vendor/help-page-invitation/order.json")
	if err != nil {
		t.Fatal(err)
	}
	var o order.Order
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	if at := o.Review.Shop.SendAt.Time(); !at.Before(time.Now()) {
		t.Errorf("planned at %v", at)
	}
	e := newBench(t, nil).hub.Book().Effective(partnertest.Shop, &o, time.Now(), time.Now())
	if !slices.ContainsFunc(e.Warnings, func(w string) bool { return strings.Contains(w, "template that was asked for is not known") }) {
		t.Errorf("%q", e.Warnings)
	}
}

// The business unit tells what the hub knows of reviews.
func TestUnitCountsReviews(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for _, stars := range []int{5, 4, 5, 0} {
		b.hub.Reviews = append(b.hub.Reviews, review.Review{Reviewed: order.Reviewed{About: order.AboutShop, Stars: stars}})
	}
	b.hub.Reviews = append(b.hub.Reviews, review.Review{Reviewed: order.Reviewed{About: order.AboutProduct, Stars: 1}})
	w := b.call("GET", "/v1/business-units/find?name=nordljus.example", map[string]string{"apikey": "k3y-demo"}, "")
	const counts = `"numberOfReviews":{"total":3,"usedForTrustScoreCalculation":3,"oneStar":0,"twoStars":0,"threeStars":0,"fourStars":1,"fiveStars":2}`
	if !strings.Contains(w.Body.String(), counts) || !strings.Contains(w.Body.String(), `"score":{"trustScore":4.7,"stars":4.5}`) {
		t.Errorf("%s", w.Body)
	}
}

// Deleting that takes too long says so, and goes on where it stopped.
func TestDeleteGoesOn(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	deps := b.hub.Deps(trustpilot.Partner)
	slow := &slowPeople{now: b.now}
	deps.People = slow
	side, err := trustpilot.Partner.Door(deps)
	if err != nil {
		t.Fatal(err)
	}
	token := b.token(passwordGrant)["access_token"]
	del := func() *httptest.ResponseRecorder {
		return callOn(side.Handler, "POST", erase, bearer(token), `{"deleteOlderThan":"2029-01-01T00:00:00Z"}`)
	}
	if w := del(); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for range 10 {
		if w := del(); w.Code == http.StatusOK {
			break
		}
	}
	if want := []string{"o-0", "o-1", "o-2", "o-3", "o-4"}; !slices.Equal(slow.erased, want) {
		t.Errorf("erased %q", slow.erased)
	}
	deps.People = nil
	if side, err = trustpilot.Partner.Door(deps); err != nil {
		t.Fatal(err)
	}
	if w := del(); w.Code != http.StatusNotImplemented {
		t.Errorf("nobody erases: %d", w.Code)
	}
}
