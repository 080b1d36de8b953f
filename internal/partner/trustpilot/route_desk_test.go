package trustpilot_test

import (
	"context"
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
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/partner/trustpilot"
)

const (
	unitID = "5f0c3b9a1d2e4f6071829304"
	oauth  = "/v1/oauth/oauth-business-users-for-applications/"
	invite = "/v1/private/business-units/" + unitID + "/email-invitations"
	erase  = "/v1/private/business-units/" + unitID + "/invitation-data/delete"
	list   = "/v1/private/business-units/" + unitID + "/templates"

	taken     = `HTTP 202`
	templates = `HTTP 200 {"templates":[{"id":"t-1"},{"id":"t-2"}]}`
	fault     = `HTTP 401 {"fault":{"faultstring":"Invalid access token","detail":{"errorcode":"oauth.v2.InvalidAccessToken"}}}`
)

// fake plays Trustpilot: it issues tokens by itself, takes the newest one only,
// and answers the rest by a table of paths.
type fake struct {
	*httptest.Server
	mu      sync.Mutex
	issued  int
	accepts string            // the token that is taken
	answers map[string]string // by path: "HTTP 200 body"
	calls   []seen
}

type seen struct{ path, authorization, key, user, body string }

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{answers: map[string]string{invite: taken, erase: taken, list: templates}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, seen{
		r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("apikey"), r.Header.Get("x-business-user-id"), string(body),
	})
	answer, ok := f.answers[r.URL.Path]
	switch {
	case ok && strings.HasPrefix(r.URL.Path, oauth), ok && !strings.Contains(r.URL.Path, "/private/"):
	case strings.HasPrefix(r.URL.Path, oauth):
		f.issued++
		f.accepts = fmt.Sprintf("tpa-%d", f.issued)
		refresh := ""
		if strings.Contains(string(body), "password") || strings.Contains(string(body), "refresh") {
			refresh = fmt.Sprintf(`,"refresh_token":"tpr-%d","refresh_token_expires_in":"7776000"`, f.issued)
		}
		answer = fmt.Sprintf(`HTTP 200 {"access_token":%q,"expires_in":"360000"%s}`, f.accepts, refresh)
	case !strings.Contains(r.URL.Path, "/private/"):
		answer = "HTTP 404"
	case r.Header.Get("Authorization") != "Bearer "+f.accepts:
		answer = fault
	case !ok:
		answer = "HTTP 404"
	}
	var status int
	_, _ = fmt.Sscanf(answer, "HTTP %d", &status)
	_, text, _ := strings.Cut(strings.TrimPrefix(answer, "HTTP "), " ")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// answer changes what a path is answered with.
func (f *fake) answer(path, with string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[path] = with
}

// revoke takes the token back, as Trustpilot may.
func (f *fake) revoke() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accepts = "none"
}

// of returns the calls of a path.
func (f *fake) of(path string) (list []seen) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		if strings.HasPrefix(c.path, path) {
			list = append(list, c)
		}
	}
	return list
}

// desk is a route with what is around it.
type desk struct {
	t    *testing.T
	hub  *partnertest.Hub
	fake *fake
	side partner.Side
	mu   sync.Mutex
	time time.Time
	kept map[string]string // what the side wrote to State
}

func newDesk(t *testing.T, settings string) *desk {
	t.Helper()
	return newDeskAt(t, newFake(t), settings)
}

// lonely is a desk whose route calls nobody.
func lonely(t *testing.T, settings string) *desk {
	t.Helper()
	return newDeskAt(t, &fake{Server: &httptest.Server{URL: "https://api.trustpilot.example"}}, settings)
}

func newDeskAt(t *testing.T, f *fake, settings string) *desk {
	t.Helper()
	d := &desk{t: t, fake: f, time: time.Date(2030, 1, 10, 12, 0, 0, 0, time.UTC), kept: map[string]string{}}
	d.hub = partnertest.NewHub(d.now)
	d.side = d.route(settings)
	return d
}

func (d *desk) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.time
}

func (d *desk) later(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.time = d.time.Add(by)
}

// route builds the route anew on the same hub, as a restart does. Settings
// stand over the usual ones.
func (d *desk) route(settings string) partner.Side {
	d.t.Helper()
	side, err := d.build(settings)
	if err != nil {
		d.t.Fatal(err)
	}
	return side
}

// values are the usual settings with others over them.
func (d *desk) values(settings string) map[string]json.Value {
	d.t.Helper()
	values := map[string]json.Value{}
	for _, text := range []string{
		`{"api_key":"k3y","api_secret":"s3cret","base_url":"` + d.fake.URL + `","business_user_id":"u-1","business_unit_id":"` + unitID + `"}`,
		`{` + settings + `}`,
	} {
		if err := json.Unmarshal([]byte(text), &values); err != nil {
			d.t.Fatal(err)
		}
	}
	return values
}

func (d *desk) build(settings string) (partner.Side, error) {
	d.t.Helper()
	deps := d.hub.Deps(trustpilot.Partner)
	d.t.Cleanup(deps.HTTP.CloseIdle)
	deps.State = spy{deps.State, d}
	return trustpilot.Partner.Route(deps, partnertest.Settings(d.t, trustpilot.Partner, false, d.values(settings)))
}

// spy notes what is written.
type spy struct {
	partner.State
	d *desk
}

func (s spy) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	s.d.mu.Lock()
	s.d.kept[key] = string(value)
	s.d.mu.Unlock()
	return s.State.Put(ctx, key, value, ttl)
}

// send delivers one order.
func (d *desk) send(side partner.Side, o order.Order) partner.Outcome {
	d.t.Helper()
	return side.Deliver(d.t.Context(), partnertest.Tasks(o))[0]
}

func (d *desk) delivered(side partner.Side, o order.Order) {
	d.t.Helper()
	if got := d.send(side, o); got.Result != partner.ResultDelivered {
		d.t.Errorf("%s: %+v", o.ID, got)
	}
}

func sold(id string) order.Order {
	return order.Order{ID: id, Locale: "sv-SE", Customer: &order.Customer{Email: "eva@kund.example", Name: "Eva Lind"}}
}
