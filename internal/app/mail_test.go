package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/delivery"
	smtp "github.com/ordermux/ordermux/internal/mail"
	"github.com/ordermux/ordermux/internal/mail/sink"
	"github.com/ordermux/ordermux/internal/order"
)

// startMail starts a mail server.
func startMail(t *testing.T) *sink.Sink {
	t.Helper()
	s, err := sink.Start(sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// mailShop is a shop that invites at once, by these mail routes.
func mailShop(routes string) string {
	text := strings.Replace(shop(routes), "listen:", "public_url: https://orders.nordlys.example\nlisten:", 1)
	return text + "    reviews: {delay: 0}\n"
}

func mailRoute(name string, s *sink.Sink, more string) string {
	return fmt.Sprintf("      %s: {partner: mail, settings: {host: %s, port: %d, tls: never, from: hej@nordlys.example, timeout: 20s%s}}\n",
		name, s.Host(), s.Port(), more)
}

// placed is an order of somebody with a mail address of their own.
func placed(id string, at time.Time) order.Entry {
	return order.Entry{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: id},
		Statement: &order.Statement{Order: order.Order{
			ID: id, PlacedAt: order.At(at), Locale: "sv-SE",
			Customer: &order.Customer{Email: strings.ToLower(id) + "@kund.example", FirstName: "Eva"},
			Lines:    []order.Line{{Product: order.Product{Code: "BON-250", Name: "Espresso"}}},
		}},
	}
}

func (h *hub) hand(entries ...order.Entry) {
	h.t.Helper()
	if _, err := h.api.Append(h.t.Context(), "nordlys", entries, false); err != nil {
		h.t.Fatal(err)
	}
}

// fate returns what became of an order's mail on a route.
func (h *hub) fate(id, route string) string {
	h.t.Helper()
	o, err := h.api.Order(h.t.Context(), "nordlys", id)
	if err != nil {
		h.t.Fatal(err)
	}
	run, state := -1, ""
	for _, d := range o.Deliveries {
		if d.Route == route && d.Run > run {
			run, state = d.Run, strings.TrimSpace(string(d.State)+" "+d.Code)
		}
	}
	if state != "" {
		return state
	}
	for _, v := range o.Skipped {
		if v.Route == route {
			return "skipped " + v.Code
		}
	}
	return ""
}

func (h *hub) fates(route string, want map[string]string) {
	h.t.Helper()
	h.settled()
	for id, w := range want {
		if got := h.fate(id, route); got != w {
			h.t.Errorf("%s on %s: %q, want %q", id, route, got, w)
		}
	}
}

// TestMailStates has real conversations with a mail server that refuses one
// recipient, takes its time, and drops the connection after the text.
func TestMailStates(t *testing.T) { eachStore(t, testMailStates) }

func testMailStates(t *testing.T, at newPlace) {
	s := startMail(t)
	h := startHub(t, at(t), mailShop(mailRoute("letters", s, "")))
	s.Fail(sink.Fault{Stage: smtp.StageRecipient, To: "a-2@kund.example", Code: 550})
	s.Fail(sink.Fault{Stage: smtp.StageRecipient, To: "a-3@kund.example", Delay: 50 * time.Millisecond})
	s.Fail(sink.Fault{Stage: smtp.StageData, To: "a-4@kund.example", Drop: true, Taken: true})
	now := time.Now()
	for _, id := range []string{"A-1", "A-2", "A-3", "A-4"} {
		h.hand(placed(id, now))
	}
	h.fates("letters", map[string]string{"A-1": "delivered", "A-2": "refused smtp_550", "A-3": "delivered", "A-4": "parked smtp_data"})
	for _, id := range []string{"1", "3", "4"} {
		if n := len(s.To("a-" + id + "@kund.example")); n != 1 {
			t.Errorf("A-%s: %d mails", id, n)
		}
	}
	// A person may send the one that nobody knows of again, and the refused one.
	s.Mend()
	acted, err := h.api.Retry(t.Context(), "nordlys", api.Selection{Route: "letters", States: []delivery.State{delivery.Parked, delivery.Refused}})
	if err != nil || acted.Count != 2 {
		t.Errorf("%+v, %v", acted, err)
	}
	eventually(t, "both are sent", func() bool { return h.fate("A-2", "letters") == "delivered" && h.fate("A-4", "letters") == "delivered" })
	if n := len(s.Mails()); n != 5 {
		t.Errorf("%d mails", n)
	}
	o, err := h.api.Order(t.Context(), "nordlys", "A-1")
	if err != nil || len(o.Deliveries) != 1 || len(o.Deliveries[0].Calls) != 1 || !strings.HasSuffix(o.Deliveries[0].Ref, "@nordlys.example") {
		t.Errorf("%+v, %v", o.Deliveries, err)
	}
}

// TestMailResend is a route that sends an unknown mail again.
func TestMailResend(t *testing.T) { eachStore(t, testMailResend) }

func testMailResend(t *testing.T, at newPlace) {
	s := startMail(t)
	h := startHub(t, at(t), mailShop(strings.Replace(mailRoute("letters", s, ", resend_unknown: true"), "partner: mail,", "partner: mail, retry: {first: 10ms, max: 50ms},", 1)))
	s.Fail(sink.Fault{Stage: smtp.StageData, Drop: true, Times: 2})
	h.hand(placed("A-1", time.Now()))
	eventually(t, "it is sent", func() bool { return h.fate("A-1", "letters") == "delivered" })
	if n, texts := len(s.Mails()), s.Texts(); n != 1 || texts != 3 {
		t.Errorf("%d mails of %d texts", n, texts)
	}
}

// TestMailClaims has one mail per order and kind over all routes; two mails
// are two routes that ask for different things.
func TestMailClaims(t *testing.T) { eachStore(t, testMailClaims) }

func testMailClaims(t *testing.T, at newPlace) {
	s := startMail(t)
	h := startHub(t, at(t), mailShop(mailRoute("shop", s, ", ask: [shop]")+mailRoute("goods", s, ", ask: [products]")+mailRoute("last", s, "")))
	both := placed("A-1", time.Now())
	both.Statement.Order.Review = &order.Review{Shop: &order.Invitation{}, Products: &order.Invitation{}}
	none := placed("A-2", time.Now())
	none.Statement.Order.Customer.Email = ""
	h.hand(both, none, placed("A-3", time.Now().AddDate(-1, 0, 0)))
	eventually(t, "both mails are there", func() bool { return len(s.To("a-1@kund.example")) == 2 })
	h.fates("shop", map[string]string{"A-1": "delivered", "A-2": "held needs", "A-3": "skipped max_age"})
	h.fates("goods", map[string]string{"A-1": "delivered"})
	var subjects []string
	for _, m := range s.Mails() {
		o, err := m.Open()
		if err != nil {
			t.Fatal(err)
		}
		subjects = append(subjects, o.Subject)
	}
	if len(subjects) != 2 || subjects[0] == subjects[1] {
		t.Errorf("%q", subjects)
	}
	if got := h.fate("A-1", "last"); strings.HasPrefix(got, "delivered") {
		t.Errorf("the last route: %s", got)
	}
}

// TestMailOfHistory imports 10,000 orders of last year, half as history and
// half as orders, into a shop with mail and Trustpilot routes: nobody is
// invited.
func TestMailOfHistory(t *testing.T) { eachStore(t, testMailOfHistory) }

func testMailOfHistory(t *testing.T, at newPlace) {
	s := startMail(t)
	var calls atomic.Int64
	trustpilot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(trustpilot.Close)
	p, orders := at(t), 10_000
	if p.database != "" {
		orders = 2_500 // the same, in a quarter of the time
	}
	h := startHub(t, p, mailShop(fmt.Sprintf(`      trustpilot: {partner: trustpilot, when: 'order.id startsWith "A-"', settings: {base_url: %q, api_key: k, api_secret: s, business_unit_id: 5f0c3b9a1d2e4f6071829304, business_user_id: 5f0c3c001d2e4f60718293aa}}
`, trustpilot.URL)+mailRoute("letters", s, "")))
	const perCall = 500
	for n := 0; n < orders; n += perCall {
		var entries []order.Entry
		for i := range perCall {
			e := placed(fmt.Sprintf("A-%d", n+i), time.Now().AddDate(-1, 0, -i%20))
			e.History = n < orders/2
			entries = append(entries, e)
		}
		if _, err := h.api.Append(t.Context(), "nordlys", entries, true); err != nil {
			t.Fatal(err)
		}
	}
	h.hand(placed("B-1", time.Now()))
	eventually(t, "the one of today is sent", func() bool { return h.fate("B-1", "letters") == "delivered" })
	h.settled()
	if n := len(s.Mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
	if n := calls.Load(); n != 0 {
		t.Errorf("%d calls to Trustpilot", n)
	}
}

// TestMailHeld keeps an invitation until the order is delivered, and a refund
// before that cancels it.
func TestMailHeld(t *testing.T) { eachStore(t, testMailHeld) }

func testMailHeld(t *testing.T, at newPlace) {
	s := startMail(t)
	h := startHub(t, at(t), mailShop(strings.Replace(mailRoute("letters", s, ""), "partner: mail,", "partner: mail, on: [delivered],", 1)))
	now := time.Now()
	h.hand(placed("A-1", now), placed("A-2", now))
	happened := func(id string, kind order.Kind) order.Entry {
		return order.Entry{Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Happening: &order.Happening{Kind: kind, Ref: id + string(kind)}}
	}
	h.settled()
	if n := len(s.Mails()); n != 0 {
		t.Errorf("%d mails before anything was delivered", n)
	}
	h.hand(happened("A-2", order.KindRefunded))
	h.hand(happened("A-1", order.KindDelivered), happened("A-2", order.KindDelivered))
	eventually(t, "the delivered one is sent", func() bool { return h.fate("A-1", "letters") == "delivered" })
	h.fates("letters", map[string]string{"A-2": "skipped unless"})
	if n := len(s.Mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

// TestMailServerOfTheHub mails by the hub's own server, and by another one
// once the configuration names it.
func TestMailServerOfTheHub(t *testing.T) {
	t.Parallel()
	first, second := startMail(t), startMail(t)
	by := func(s *sink.Sink) string {
		smtp := fmt.Sprintf("smtp: {host: %s, port: %d, tls: never, from: hej@nordlys.example}\nlisten:", s.Host(), s.Port())
		return strings.Replace(mailShop("      letters: {partner: mail}\n"), "listen:", smtp, 1)
	}
	p, text := inFolder(t), by(first)
	h := startHub(t, p, text, func(o *app.Options) {
		o.Load = func() (*config.Config, error) { return parse(p, text) }
	})
	h.hand(placed("A-1", time.Now()))
	eventually(t, "the first server has a mail", func() bool { return len(first.Mails()) == 1 })
	text = by(second)
	if _, err := h.api.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.hand(placed("A-2", time.Now()))
	eventually(t, "the second server has a mail", func() bool { return len(second.Mails()) == 1 })
	if n := len(first.Mails()); n != 1 {
		t.Errorf("the first server has %d", n)
	}
}

// TestMailErased erases an order whose invitation waits: it never goes.
func TestMailErased(t *testing.T) { eachStore(t, testMailErased) }

func testMailErased(t *testing.T, at newPlace) {
	s := startMail(t)
	h := startHub(t, at(t), strings.Replace(mailShop(mailRoute("letters", s, "")), "{delay: 0}", "{delay: 3}", 1))
	h.hand(placed("A-1", time.Now()))
	eventually(t, "it is planned", func() bool { return h.fate("A-1", "letters") == "ready" })
	if err := h.api.Erase(t.Context(), "nordlys", "A-1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is cancelled", func() bool { return strings.HasPrefix(h.fate("A-1", "letters"), "cancelled") })
	if n := s.Texts(); n != 0 {
		t.Errorf("%d mails", n)
	}
}
