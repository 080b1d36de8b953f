package skeepers_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/partner/skeepers"
)

// platform plays Skeepers: it counts, and answers as told.
type platform struct {
	*httptest.Server
	tokens, calls atomic.Int64
	status        atomic.Int64
	answer        atomic.Value // string
	hold          chan struct{}
	mu            sync.Mutex
	bodies        []string
}

func newPlatform(t *testing.T) *platform {
	p := &platform{}
	p.status.Store(200)
	p.answer.Store("[]")
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/token" {
			if n := p.tokens.Add(1); p.hold != nil {
				<-p.hold
				fmt.Fprintf(w, `{"access_token":"t-%d"}`, n)
			} else {
				fmt.Fprintf(w, `{"access_token":"t-%d","expires_in":100}`, n)
			}
			return
		}
		p.calls.Add(1)
		p.mu.Lock()
		p.bodies = append(p.bodies, string(b))
		p.mu.Unlock()
		w.WriteHeader(int(p.status.Load()))
		_, _ = io.WriteString(w, p.answer.Load().(string))
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *platform) last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bodies[len(p.bodies)-1]
}

// route builds a route to the platform; more are settings as JSON members.
func (p *platform) route(t *testing.T, now func() time.Time, more string) partner.Side {
	t.Helper()
	values := map[string]json.Value{}
	base := `{"token_url":"{{base}}/token","base_url":"{{base}}","client_id":"c","client_secret":"s","website_id":"` + website + `"` + more + `}`
	if err := json.Unmarshal([]byte(base), &values); err != nil {
		t.Fatal(err)
	}
	return partnertest.NewRoute(t, skeepers.Partner, partnertest.NewHub(now), p.URL, values)
}

func sample(t testing.TB, id string) order.Order {
	return order.Order{
		ID: id, PlacedAt: mustTime(t, "2026-05-30T09:30:00Z"),
		Customer: &order.Customer{Email: "ada@mail.example", FirstName: "Ada", LastName: "Martin"},
		Lines:    []order.Line{{Product: order.Product{Code: "P-1", Name: "Mug"}}},
	}
}

// One token serves all calls until 30 seconds before its end.
func TestTokenIsKept(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	now := time.Date(2026, 5, 31, 9, 30, 0, 0, time.UTC)
	side := p.route(t, func() time.Time { return now }, "")
	f := func(after time.Duration, tokens int64) {
		t.Helper()
		now = now.Add(after)
		if o := side.Deliver(t.Context(), partnertest.Tasks(sample(t, "W-1"))); o[0].Result != partner.ResultDelivered {
			t.Error(o)
		}
		if got := p.tokens.Load(); got != tokens {
			t.Errorf("after %v: %d tokens, want %d", after, got, tokens)
		}
	}
	f(0, 1)
	f(69*time.Second, 1)
	f(time.Second, 2)
	f(69*time.Second, 2)
	if said, err := side.Connect(t.Context()); err != nil || said == "" || p.tokens.Load() != 2 {
		t.Errorf("%q, %v, %d tokens", said, err, p.tokens.Load())
	}
}

// Many calls that need a token at once ask for it once.
func TestOneTokenForAll(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.hold = make(chan struct{})
	side := p.route(t, nil, "")
	var done sync.WaitGroup
	for i := range 20 {
		done.Go(func() {
			o := side.Deliver(t.Context(), partnertest.Tasks(sample(t, letter("W-", i))))
			if o[0].Result != partner.ResultDelivered {
				t.Errorf("%+v", o)
			}
		})
	}
	close(p.hold)
	done.Wait()
	if p.tokens.Load() != 1 || p.calls.Load() != 20 {
		t.Errorf("%d tokens, %d calls", p.tokens.Load(), p.calls.Load())
	}
}

// A connection that a person tries says what is wrong.
func TestConnect(t *testing.T) {
	t.Parallel()
	hub := partnertest.NewHub(nil)
	hub.AddDoor(t, skeepers.Partner, map[string]json.Value{
		"client_id": json.Value(`"c"`), "client_secret": json.Value(`"s"`), "website_id": json.Value(`"` + website + `"`)})
	server := httptest.NewServer(partnertest.NewDoor(t, skeepers.Partner, hub))
	defer server.Close()
	f := func(key string, good bool) {
		t.Helper()
		side := partnertest.NewRoute(t, skeepers.Partner, hub, server.URL, map[string]json.Value{
			"token_url": json.Value(`"{{base}}/am/oauth2/alpha/access_token"`), "base_url": json.Value(`"{{base}}"`),
			"client_id": json.Value(`"c"`), "client_secret": json.Value(`"` + key + `"`), "website_id": json.Value(`"` + website + `"`)})
		if _, err := side.Connect(t.Context()); (err == nil) != good {
			t.Error(key, err)
		}
	}
	f("s", true)
	f("wrong", false)
}

// Every status has its verdict.
func TestStatuses(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	side := p.route(t, nil, "")
	two := partnertest.Tasks(sample(t, "W-1"), sample(t, "W-2"))
	for status := 200; status < 600; status++ {
		if status == 206 || status == 204 || status == 205 || status == 304 {
			continue // no body, or one that says more: fixtures
		}
		p.status.Store(int64(status))
		want := partner.Unknown("", "")
		switch outbound.Verdict(status) {
		case outbound.OK:
			want = partner.Delivered("")
		case outbound.Later:
			want = partner.Later(0, "", "")
		case outbound.Login:
			want = partner.Refused("", "").Of(partner.ScopeRoute)
		case outbound.Refused:
			want = partner.Refused("", "").Of(partner.ScopeBatch)
		}
		got := side.Deliver(t.Context(), two)[1]
		if got.Result != want.Result || got.Scope != want.Scope || status >= 300 && got.Code != fmt.Sprintf("http_%d", status) {
			t.Errorf("%d: %+v, want %+v", status, got, want)
		}
		if want.Scope == partner.ScopeBatch {
			if got := side.Deliver(t.Context(), two[:1])[0]; got.Scope != partner.ScopeOrder || got.Result != partner.ResultRefused {
				t.Errorf("%d, alone: %+v", status, got)
			}
		}
	}
}

// What passed here since the order was received is not waited again there.
func TestDelayCountsFromReception(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	received := time.Date(2026, 5, 31, 9, 30, 0, 0, time.UTC)
	now := received
	side := p.route(t, func() time.Time { return now }, `,"delay":"7","delay_product":"10"`)
	days := func(n int) *int { return &n }
	f := func(after time.Duration, review *order.Review, want string) {
		t.Helper()
		now = received.Add(after)
		o := sample(t, "W-1")
		o.Review, o.Lines[0].ReviewDelay = review, days(4)
		tasks := partnertest.Tasks(o)
		tasks[0].Planned = received
		body, err := side.Render(tasks[0])
		if err != nil || !strings.Contains(string(body), `"solicitation_parameters":{`+want+`}`) {
			t.Errorf("after %v: %s %v\nwant %s", after, body, err, want)
		}
		own := fmt.Sprintf(`"not_received":false,"delay":%d}`, max(4-int(after/(24*time.Hour)), 0))
		if asked := strings.Contains(want, "PRODUCT"); asked != strings.Contains(string(body), own) {
			t.Errorf("after %v: %s\nthe product's own delay: %s", after, body, own)
		}
		side.Deliver(t.Context(), tasks)
		if p.last() != "["+string(body)+"]" {
			t.Errorf("sent %s, not what Render says", p.last())
		}
	}
	const both = `"purchase_event_type":"BRAND_AND_PRODUCT",`
	f(0, nil, both+`"delay":7,"delay_product":10`)
	f(5*time.Second, nil, both+`"delay":7,"delay_product":10`)
	f(24*time.Hour, nil, both+`"delay":6,"delay_product":9`)
	f(8*24*time.Hour, nil, both+`"delay":0,"delay_product":2`)
	f(100*24*time.Hour, nil, both+`"delay":0,"delay_product":0`)
	f(24*time.Hour, &order.Review{Shop: &order.Invitation{Delay: days(3)}}, `"purchase_event_type":"PURCHASE_ONLY","delay":2`)
	f(0, &order.Review{Products: &order.Invitation{SendAt: order.At(received.Add(36 * time.Hour)), Delay: days(30)}}, `"purchase_event_type":"PRODUCT_ONLY","delay_product":2`)
}

// What a delivery claims is what it asks about; it waits here only if told so.
func TestPlan(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	received := time.Date(2026, 5, 31, 9, 30, 0, 0, time.UTC)
	days := func(n int) *order.Invitation { return &order.Invitation{Delay: &n} }
	day := func(n int) time.Time { return received.Add(time.Duration(n) * 24 * time.Hour) }
	f := func(settings string, o order.Order, at time.Time, code string, invites ...string) {
		t.Helper()
		plan := p.route(t, nil, settings).Plan(&o, received, received)
		if plan.Code != code || (plan.Skip != "") != (code != "") || !plan.At.Equal(at) || fmt.Sprint(plan.Invites) != fmt.Sprint(invites) {
			t.Errorf("%s: %+v", settings, plan)
		}
	}
	var never time.Time
	whole, bare := sample(t, "W-1"), sample(t, "W-1")
	bare.Lines = nil
	f("", whole, never, "", "shop", "products")
	f("", bare, never, "", "shop")
	f(`,"ask":"brand"`, whole, never, "", "shop")
	f(`,"ask":"products"`, whole, never, "", "products")
	f(`,"ask":"products"`, bare, never, "nothing_to_ask")
	f(`,"wait":"here"`, whole, never, "", "shop", "products")
	f(`,"wait":"here","delay":"7"`, whole, day(7), "", "shop", "products")
	f(`,"wait":"here","delay":"7","delay_product":"3"`, whole, day(3), "", "shop", "products")
	f(`,"wait":"here","delay":"7","delay_product":"3"`, bare, day(7), "", "shop")
	whole.Review = &order.Review{Products: days(5)}
	f(`,"ask":"brand"`, whole, never, "", "products")
	f(`,"wait":"here","delay":"1"`, whole, day(5), "", "products")
	whole.Review = &order.Review{SenderName: "Nordlys"}
	f("", whole, never, "", "shop", "products")
}

// What the engine is told of the side.
func TestSide(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	side := p.route(t, nil, `,"calls_per_minute":"60","batch_size":"20"`)
	if side.Mode != partner.Once || side.Batch != 20 || side.Repeat != partner.RepeatSafe || side.Rate != 1 {
		t.Errorf("%+v", side)
	}
	if side = p.route(t, nil, ""); side.Batch != 50 || side.Rate > 100.0/60 || len(side.Invites) != 2 {
		t.Errorf("%+v", side)
	}
	if months := side.MaxAge.Hours() / 24; months < 181 || months > 184 {
		t.Errorf("%v days", months)
	}
}

// Bad settings are refused, all at once.
func TestSettings(t *testing.T) {
	t.Parallel()
	f := func(field, value, says string) {
		t.Helper()
		s := partnertest.Settings(t, skeepers.Partner, false, map[string]json.Value{
			"client_id": json.Value(`"c"`), "client_secret": json.Value(`"s"`), "website_id": json.Value(`"` + website + `"`)})
		s[field] = partner.Value{Text: value}
		_, err := skeepers.Partner.Route(partner.Deps{}, s)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s %q: %v", field, value, err)
		}
	}
	f("website_id", website, "")
	f("website_id", strings.ToUpper(website), "")
	// Pasting a whole address is a known outage of two weeks.
	f("website_id", "https://www.shop.example/", "website_id: must be a bare UUID")
	f("website_id", website+"/", "website_id: must be a bare UUID")
	f("website_id", strings.Replace(website, "-", "x", 1), "website_id: must be a bare UUID")
	f("website_id", strings.Replace(website, "7", "g", 1), "website_id: must be a bare UUID")
	f("base_url", "api.skeepers.example", "base_url: must be an absolute")
	f("token_url", "ftp://x.example", "token_url: must be an absolute")
	f("delay", "-1", "delay: must be a number of days")
	f("delay_product", "x", "delay_product: must be a number of days")
	f("batch_size", "51", "batch_size: must be a number from 1 to 50")
	f("calls_per_minute", "301", "calls_per_minute: must be")
	f("timeout", "10m", "timeout: must be")
	f("language", "french", "language: must be")
}

// Who wants no invitations of the shop gets none by Skeepers either.
func TestOptedOut(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	hub := partnertest.NewHub(nil)
	if err := hub.Book().OptOut(t.Context(), partnertest.Shop, "bruno@mail.example"); err != nil {
		t.Fatal(err)
	}
	side := partnertest.NewRoute(t, skeepers.Partner, hub, p.URL, map[string]json.Value{
		"token_url": json.Value(`"{{base}}/token"`), "base_url": json.Value(`"{{base}}"`),
		"client_id": json.Value(`"c"`), "client_secret": json.Value(`"s"`), "website_id": json.Value(`"` + website + `"`)})
	other := sample(t, "W-2")
	other.Customer = &order.Customer{Email: "bruno@mail.example", Name: "Bruno"}
	got := side.Deliver(t.Context(), partnertest.Tasks(sample(t, "W-1"), other))
	if got[0].Result != partner.ResultDelivered || got[1].Result != partner.ResultDeclined || strings.Contains(p.last(), "bruno") {
		t.Errorf("%+v, sent %s", got, p.last())
	}
}

// What else is known of an order and its customer stays here.
func TestNothingElseGoes(t *testing.T) {
	t.Parallel()
	o := sample(t, "W-1")
	o.Customer.Phone, o.Customer.ID, o.Customer.Company, o.Customer.LoyaltyCard = "secret-phone", "secret-id", "secret-firm", "secret-card"
	o.Session, o.Account = "secret-session", "secret-account"
	o.Recipient = &order.Party{Name: "secret name", Street: "secret-street", Phone: "secret-phone"}
	o.Billing = &order.Party{TaxID: "secret-tax", Email: "secret@mail.example"}
	o.Notes = []order.Note{{Text: "secret-note"}}
	o.References = []order.Reference{{Kind: "k", Value: "secret-reference"}}
	o.Extra = map[string]order.Raw{"consumer.phone": order.Raw(`"secret-extra"`)}
	o.Payment = &order.Payment{Kind: "secret-payment"}
	o.Media = &order.Media{Team: "secret-team", AdIDs: []string{"secret-ad"}}
	o.Lines[0].Seller, o.Lines[0].Product.JAN = "secret-seller", "secret-jan"
	body, err := newPlatform(t).route(t, nil, "").Render(partnertest.Tasks(o)[0])
	if err != nil || strings.Contains(string(body), "secret") || !json.Valid(body) {
		t.Errorf("%s, %v", body, err)
	}
}
