package trustpilot_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/partner/trustpilot"
)

func TestRoute(t *testing.T) {
	t.Parallel()
	partnertest.RunRoute(t, trustpilot.Partner, "testdata/route")
}

// TestTokenSingleFlight lets twenty calls at once want a token, first when
// there is none, then when the one in use was taken back.
func TestTokenSingleFlight(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	for round := range 2 {
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() { d.delivered(d.side, sold(fmt.Sprintf("SO-%d-%d", round, i))) })
		}
		all.Wait()
		if got := len(d.fake.of(oauth)); got != round+1 {
			t.Errorf("%d token calls after %d rounds", got, round+1)
		}
		d.fake.revoke()
	}
}

// TestTokenIsKept starts anew and goes on with the same token, which stands
// nowhere as it is; with another login it asks for another one.
func TestTokenIsKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	d.delivered(d.side, sold("SO-1"))
	d.delivered(d.route(""), sold("SO-2"))
	if got := len(d.fake.of(oauth)); got != 1 {
		t.Errorf("%d token calls", got)
	}
	for key, value := range d.kept {
		if strings.Contains(key+value, "tpa-") {
			t.Errorf("%s holds the token as it is", key)
		}
	}
	d.delivered(d.route(`"api_secret":"n3w"`), sold("SO-3"))
	if got := len(d.fake.of(oauth)); got != 2 {
		t.Errorf("another login: %d token calls", got)
	}
}

// TestTokenLife uses a token until it ends and renews it then: with the
// password grant by refreshing, while the promised 30 days last.
func TestTokenLife(t *testing.T) {
	t.Parallel()
	f := func(settings string, wait time.Duration, want ...string) {
		t.Helper()
		d := newDesk(t, settings)
		d.delivered(d.side, sold("SO-1"))
		d.later(99 * time.Hour)
		d.delivered(d.side, sold("SO-2"))
		d.later(wait)
		d.delivered(d.side, sold("SO-3"))
		var got []string
		for _, c := range d.fake.of(oauth) {
			got = append(got, strings.TrimPrefix(c.path, oauth)+" "+c.body)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s:\n%s", settings, strings.Join(got, "\n"))
		}
	}
	f("", time.Hour, "accesstoken grant_type=client_credentials", "accesstoken grant_type=client_credentials")
	const login = `"grant":"password","username":"anna@nordljus.example","password":"p&p"`
	const grant = "accesstoken grant_type=password&password=p%26p&username=anna%40nordljus.example"
	f(login, time.Hour, grant, "refresh grant_type=refresh_token&refresh_token=tpr-1")
	f(login, 30*24*time.Hour, grant, grant)
}

// TestTokenWait makes no token call while Trustpilot wants none, not even after
// a restart.
func TestTokenWait(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	d.fake.answer(oauth+"accesstoken", "HTTP 429")
	for i, side := range []partner.Side{d.side, d.side, d.route("")} {
		o := d.send(side, sold("SO-1"))
		if o.Result != partner.ResultLater || o.Scope != partner.ScopeOrder || o.Code != "token_429" || o.After != time.Minute {
			t.Errorf("%d: %+v", i, o)
		}
	}
	if got := len(d.fake.of(oauth)); got != 1 {
		t.Errorf("%d token calls", got)
	}
	d.fake.answer(oauth+"accesstoken", `HTTP 200 {"access_token":"tpa-9","expires_in":360000}`)
	d.fake.mu.Lock()
	d.fake.accepts = "tpa-9"
	d.fake.mu.Unlock()
	d.later(time.Minute)
	d.delivered(d.side, sold("SO-1"))
}

// TestStatuses is the whole table of answers to an invitation.
func TestStatuses(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	f := func(answer string, want partner.Result, scope partner.Scope) {
		t.Helper()
		d.fake.answer(invite, answer)
		if o := d.send(d.side, sold("SO-1")); o.Result != want || o.Scope != scope {
			t.Errorf("%s: %+v", answer, o)
		}
	}
	for _, status := range []int{200, 201, 202, 204, 207} {
		f(fmt.Sprintf("HTTP %d", status), partner.ResultDelivered, partner.ScopeOrder)
	}
	for _, status := range []int{408, 423, 425, 429, 500, 502, 503, 504, 507, 520, 521, 529} {
		f(fmt.Sprintf("HTTP %d no", status), partner.ResultLater, partner.ScopeOrder)
	}
	for _, status := range []int{400, 409, 413, 422} {
		f(fmt.Sprintf("HTTP %d {}", status), partner.ResultRefused, partner.ScopeOrder)
	}
	for _, status := range []int{301, 307, 401, 402, 404, 405, 410, 415, 501} {
		f(fmt.Sprintf("HTTP %d no", status), partner.ResultRefused, partner.ScopeRoute)
	}
	f(`HTTP 403 {"message":"Access to resource is forbidden","errorCode":1014}`, partner.ResultRefused, partner.ScopeRoute)
	f(`HTTP 403 {"fault":{"faultstring":"no"}}`, partner.ResultRefused, partner.ScopeRoute)
	f("HTTP 403 <html>no</html>", partner.ResultLater, partner.ScopeOrder)
	f("HTTP 403", partner.ResultLater, partner.ScopeOrder)
	f("HTTP 403 blocked", partner.ResultLater, partner.ScopeOrder)
}

// TestUnknownOutcome loses the answer: nobody knows, and only a route that is
// told to sends again.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	d.delivered(d.side, sold("SO-1")) // has a token now
	silent := make(chan struct{})
	defer close(silent)
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		<-silent
	}))
	defer slow.CloseClientConnections()
	deps := d.hub.Deps(trustpilot.Partner)
	deps.HTTP = outbound.New(outbound.Options{Timeout: 100 * time.Millisecond})
	side, err := trustpilot.Partner.Route(deps, partnertest.Settings(t, trustpilot.Partner, false, map[string]json.Value{
		"api_key": json.Value(`"k3y"`), "api_secret": json.Value(`"s3cret"`), "base_url": json.Value(`"` + d.fake.URL + `"`),
		"invitations_url": json.Value(`"` + slow.URL + `/v1/"`), "business_user_id": json.Value(`"u-1"`), "business_unit_id": json.Value(`"x"`),
	}))
	if err != nil {
		t.Fatal(err)
	}
	if o := d.send(side, sold("SO-2")); o.Result != partner.ResultUnknown || o.Code != "timeout" {
		t.Errorf("no answer: %+v", o)
	}
	if side.Repeat != partner.RepeatNever || d.route(`"resend_unknown":true`).Repeat != partner.RepeatSafe {
		t.Error("what is unknown goes again although nobody said so, or does not although somebody did")
	}
	slow.CloseClientConnections()
	slow.Listener.Close()
	if o := d.send(side, sold("SO-3")); o.Result != partner.ResultLater {
		t.Errorf("no connection: %+v", o)
	}
}

// TestCalls looks at what every call carries.
func TestCalls(t *testing.T) {
	t.Parallel()
	d := newDesk(t, `"templates":["t-1"]`)
	d.delivered(d.side, sold("SO-1"))
	for _, path := range []string{list, invite} {
		calls := d.fake.of(path)
		if len(calls) != 1 || calls[0].authorization != "Bearer tpa-1" || calls[0].key != "k3y" || calls[0].user != "u-1" {
			t.Errorf("%s: %+v", path, calls)
		}
	}
	if c := d.fake.of(oauth)[0]; c.authorization != "Basic azN5OnMzY3JldA==" {
		t.Errorf("token: %+v", c)
	}
	if d.side.Mode != partner.Once || d.side.Batch != 1 || d.side.MaxAge < 180*24*time.Hour || d.side.Rate > 833.0/300 || d.side.Rate < 2.7 {
		t.Errorf("side: %+v", d.side)
	}
}

// TestTemplatesAreChecked finds a template that is gone: in the daily look, and
// before an invitation would name it; and takes it back when it is there.
func TestTemplatesAreChecked(t *testing.T) {
	t.Parallel()
	d := newDesk(t, `"templates":["t-1"],"product_templates":["sv=t-2"]`)
	ctx := t.Context()
	if err := d.side.Poll(ctx); err != nil {
		t.Fatal(err)
	}
	d.delivered(d.side, sold("SO-1"))
	if err := d.side.Poll(ctx); err != nil || len(d.fake.of(list)) != 1 {
		t.Errorf("%v, %d lists", err, len(d.fake.of(list)))
	}
	d.fake.answer(list, `HTTP 200 {"templates":[{"id":"t-2"}]}`)
	d.later(25 * time.Hour)
	if err := d.side.Poll(ctx); err == nil || !strings.Contains(err.Error(), "templates: t-1 is none") {
		t.Errorf("daily look: %v", err)
	}
	o := d.send(d.side, sold("SO-2"))
	if o.Result != partner.ResultRefused || o.Scope != partner.ScopeRoute || o.Code != "template_unknown" {
		t.Errorf("%+v", o)
	}
	if _, err := d.side.Connect(ctx); err == nil {
		t.Error("connect says nothing")
	}
	if got := len(d.fake.of(invite)); got != 1 {
		t.Errorf("%d invitations", got)
	}
	d.fake.answer(list, templates)
	d.later(2 * time.Minute)
	d.delivered(d.side, sold("SO-2"))
	// A list that can not be had now does not stop what was good yesterday.
	d.fake.answer(list, "HTTP 503")
	d.later(48 * time.Hour)
	d.delivered(d.side, sold("SO-3"))
}

// TestConnect says what it found, or what is wrong.
func TestConnect(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	f := func(settings, want string) {
		t.Helper()
		got, err := d.route(settings).Connect(t.Context())
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s", settings, got)
		}
	}
	f("", "no_business_unit")
	d.fake.answer("/v1/business-units/"+unitID, `HTTP 200 {"id":"`+unitID+`","displayName":"Nordljus Kaffe"}`)
	d.fake.answer("/v1/business-units/find", `HTTP 200 {"id":"`+unitID+`","displayName":"Nordljus Kaffe"}`)
	f("", "business unit Nordljus Kaffe ("+unitID+"), 2 templates")
	f(`"business_unit_id":"","domain":"nordljus.example"`, "business unit Nordljus Kaffe")
	f(`"templates":["t-9"]`, "t-9 is none of the account's")
	d.fake.answer(list, `HTTP 403 {"message":"Access to resource is forbidden","errorCode":1014}`)
	f("", "http_403_1014: no access")
	d.fake.answer(oauth+"accesstoken", `HTTP 401`)
	f(`"api_secret":"wrong"`, "token_http_401: api_key, api_secret")
	if len(d.fake.of(invite)) != 0 {
		t.Error("something was left there")
	}
}

// TestConnectAlone logs in as a check of the configuration does: with no hub
// around.
func TestConnectAlone(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	d.fake.answer("/v1/business-units/"+unitID, `HTTP 200 {"id":"`+unitID+`","displayName":"Nordljus Kaffe"}`)
	side, err := trustpilot.Partner.Route(partner.Deps{State: nothing{}, HTTP: outbound.New(outbound.Options{})},
		partnertest.Settings(t, trustpilot.Partner, false, d.values("")))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := side.Connect(t.Context()); err != nil || !strings.HasSuffix(got, "2 templates") {
		t.Errorf("%q %v", got, err)
	}
	if p := side.Plan(&order.Order{ID: "SO-1"}, day(1), day(1)); p.Skip != "" {
		t.Errorf("%+v", p)
	}
}

// nothing is a state that keeps nothing.
type nothing struct{ partner.State }

func (nothing) Get(context.Context, string) ([]byte, bool, error)        { return nil, false, nil }
func (nothing) Put(context.Context, string, []byte, time.Duration) error { return nil }

// TestSettings refuses what can not work, all of it at once.
func TestSettings(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	f := func(settings, says string) {
		t.Helper()
		if _, err := d.build(settings); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", settings, err)
		}
	}
	f(`"api_key":""`, "api_key: is required")
	f(`"api_secret":""`, "api_secret: is required")
	f(`"base_url":"api.trustpilot.example"`, "base_url: must be an absolute")
	f(`"base_url":"https://api.trustpilot.example/?a=b"`, "base_url: must have no query")
	f(`"invitations_url":"x"`, "invitations_url: must be an absolute")
	f(`"business_user_id":""`, "business_user_id: is required with the grant")
	f(`"grant":"password"`, "username: is required")
	f(`"grant":"implicit"`, "grant: must be")
	f(`"business_unit_id":""`, "business_unit_id: is required, or domain")
	f(`"per_hour":0`, "per_hour: must be")
	f(`"per_5_minutes":"many"`, "per_5_minutes: must be")
	f(`"templates":["sv="]`, "templates: each must be written")
	f(`"product_templates":["=x"]`, "product_templates: each must be written")
	f(`"redirect_uri":"nordljus.example"`, "redirect_uri: must be an absolute")
	f(`"ask":"everything"`, "ask: must be")
	f(`"locale":"swedish"`, "locale: must be written")
	f(`"locales":["sv"]`, "locale: must be written")
	f(`"webhook_header":"X-Secret"`, "webhook_token: is required with")
	f(`"webhook_token":"short"`, "webhook_token: must have at least 16")
	f(`"webhook_token":"with/slash/0123456789"`, "webhook_token: must consist of")
	_, err := d.build(`"api_key":"","business_unit_id":"","ask":"x"`)
	if got := strings.Count(err.Error(), "\n"); got != 2 {
		t.Errorf("not all at once: %v", err)
	}
}

// TestHosts sends each call to the host that serves it.
func TestHosts(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	other := newFake(t)
	side := d.route(`"base_url":"` + d.fake.URL + `/v1/","invitations_url":"` + other.URL + `//"`)
	other.accepts = "tpa-1"
	d.delivered(side, sold("SO-1"))
	if len(other.of(oauth)) != 0 || len(other.of(invite)) != 1 || len(d.fake.of(invite)) != 0 {
		t.Errorf("%+v %+v", d.fake.calls, other.calls)
	}
}

// TestErasure passes an erasure on, keeps it until it was taken, and shows the
// address nowhere meanwhile.
func TestErasure(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	ctx, o := t.Context(), sold("SO-1")
	d.delivered(d.side, o)
	if err := d.side.Forget(ctx, &o); err != nil {
		t.Fatal(err)
	}
	if err := d.side.Forget(ctx, &order.Order{ID: "SO-2"}); err != nil {
		t.Fatal(err)
	}
	for key, value := range d.kept {
		if strings.Contains(key+value, "kund.example") {
			t.Errorf("%s shows the address", key)
		}
	}
	d.fake.answer(erase, "HTTP 503")
	if err := d.side.Poll(ctx); err == nil {
		t.Error("nobody hears that it was not passed on")
	}
	d.fake.answer(erase, "HTTP 204")
	for range 2 {
		if err := d.route("").Poll(ctx); err != nil { // after a restart too
			t.Fatal(err)
		}
	}
	calls := d.fake.of(erase)
	if len(calls) != 2 || calls[1].body != `{"customerEmails":["eva@kund.example"]}` || calls[1].user != "u-1" {
		t.Errorf("%+v", calls)
	}
	if d.route(`"pass_erasure":false`).Forget != nil {
		t.Error("passed on although nobody wants it")
	}
}

// TestErasureRefused gives up what Trustpilot will never do, and goes on.
func TestErasureRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "")
	a, b := sold("SO-1"), sold("SO-2")
	if err := errors.Join(d.side.Forget(t.Context(), &a), d.side.Forget(t.Context(), &b)); err != nil {
		t.Fatal(err)
	}
	d.fake.answer(erase, `HTTP 400 {"message":"The request was malformed","errorCode":1001}`)
	if err := d.side.Poll(t.Context()); err != nil {
		t.Error(err)
	}
	if err := d.side.Poll(t.Context()); err != nil || len(d.fake.of(erase)) != 2 {
		t.Errorf("%v, %d calls", err, len(d.fake.of(erase)))
	}
}
