package idosell

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/secret"
)

// counter is a wholesaler's door with a clock, two accounts and a log.
type counter struct {
	t    *testing.T
	hub  *partnertest.Hub
	door http.Handler
	now  time.Time
	log  bytes.Buffer
}

const (
	rightKey = "0f20b530dcd3f7c97989bb44a7f54f785892224a" // of 2026-04-07
	nextKey  = "b1798ba1666ecf9e340127a8a48d1526f3deffe2" // of 2026-04-08
)

// newCounter opens a door on 2026-04-07 at noon. The panel's settings go over
// the usual ones; change may change what the door is given.
func newCounter(t *testing.T, panel map[string]json.Value, change func(*partner.Deps)) *counter {
	t.Helper()
	c := &counter{t: t, now: time.Date(2026, 4, 7, 12, 0, 0, 0, time.UTC)}
	c.hub = partnertest.NewHub(func() time.Time { return c.now })
	values := map[string]json.Value{"dropshipping_key": json.Value(`"K-7781"`), "accept_orders": json.Value("true")}
	for name, v := range panel {
		values[name] = v
	}
	c.hub.AddDoor(t, Partner, values)
	for login, password := range map[string]string{"sklep-abc": "Hurtownia#2026", "sklep-xyz": "secret"} {
		c.hub.AddCredential(Partner, login, ofAccount, partner.Settings{
			fieldLogin: {Text: login}, fieldPassword: {Secret: secret.New(kept(password))},
		})
	}
	deps := c.hub.Deps(Partner)
	deps.Log = slog.New(slog.NewTextHandler(&c.log, nil))
	if change != nil {
		change(&deps)
	}
	side, err := Partner.Door(deps)
	if err != nil {
		t.Fatal(err)
	}
	c.door = side.Handler
	return c
}

// post calls a method: "Authenticate/authenticate/1/json".
func (c *counter) post(gate, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/customer-api/?gate="+gate, strings.NewReader(body))
	w := httptest.NewRecorder()
	c.door.ServeHTTP(w, r)
	return w
}

func (c *counter) login(login, key string) *httptest.ResponseRecorder {
	return c.post("Authenticate/authenticate/1/json", `{"authenticate":{"systemLogin":"`+login+`","systemKey":"`+key+`"}}`)
}

// session logs in.
func (c *counter) session(login, key string) string {
	c.t.Helper()
	var answer struct {
		Session string `json:"sessionKey"`
	}
	w := c.login(login, key)
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Session == "" {
		c.t.Fatalf("no session: %s", w.Body)
	}
	return answer.Session
}

// code calls a method that needs nothing but the keys, and returns its code.
func (c *counter) code(session, key string) int64 {
	c.t.Helper()
	return codeIn(c.t, c.post("Dropshipping/getSupplierData/1/json", `{"authenticate":{"sessionKey":"`+session+`","dropshippingKey":"`+key+`"}}`))
}

func codeIn(t *testing.T, w *httptest.ResponseRecorder) int64 {
	t.Helper()
	var answer struct {
		Errors struct {
			Code int64  `json:"faultCode"`
			Text string `json:"faultString"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return answer.Errors.Code
}

func TestRefusedLoginsAreAlike(t *testing.T) {
	t.Parallel()
	waited := 0
	c := newCounter(t, nil, func(d *partner.Deps) { d.Refused = func(context.Context) { waited++ } })
	unknown := c.login("nobody", rightKey)
	for key, mistake := range wrongKeys {
		c.log.Reset()
		w := c.login("sklep-abc", key)
		if w.Code != http.StatusOK || w.Body.String() != unknown.Body.String() || codeIn(t, w) != 1 {
			t.Errorf("%s: got %d %s, want the answer to an unknown login: %s", mistake, w.Code, w.Body, unknown.Body)
		}
		said := c.log.String()
		if !strings.Contains(said, mistake) || strings.Contains(w.Body.String(), mistake) {
			t.Errorf("the mistake %q does not stand in the log alone: %s", mistake, said)
		}
		if key != "" && strings.Contains(said, key) {
			t.Errorf("the key stands in the log: %s", said)
		}
	}
	if waited != 1+len(wrongKeys) {
		t.Errorf("%d of %d waited", waited, 1+len(wrongKeys))
	}
	if w := c.login("sklep-xyz", rightKey); codeIn(t, w) != 1 {
		t.Errorf("another account's key was taken: %s", w.Body)
	}
	if w := c.login("sklep-abc", strings.ToUpper(rightKey)); codeIn(t, w) != 0 {
		t.Errorf("the right key in capitals was refused: %s", w.Body)
	}
}

func TestLoginTakesTheDayHereAndInUTC(t *testing.T) {
	t.Parallel()
	c := newCounter(t, nil, nil)
	f := func(at string, today, tomorrow int64) {
		t.Helper()
		c.now, _ = time.Parse(time.RFC3339, at)
		if got := codeIn(t, c.login("sklep-abc", rightKey)); got != today {
			t.Errorf("%s: key of 2026-04-07: got %d, want %d", at, got, today)
		}
		if got := codeIn(t, c.login("sklep-abc", nextKey)); got != tomorrow {
			t.Errorf("%s: key of 2026-04-08: got %d, want %d", at, got, tomorrow)
		}
	}
	f("2026-04-07T12:00:00Z", 0, 1)
	f("2026-04-07T21:59:59Z", 0, 1)
	f("2026-04-07T22:00:00Z", 0, 0) // midnight in Warsaw
	f("2026-04-07T23:30:00Z", 0, 0)
	f("2026-04-08T00:00:00Z", 1, 0)
	f("2026-04-06T21:59:59Z", 1, 1)
	f("2026-04-06T22:00:00Z", 0, 1)
}

func TestSessionEndsAfterFifteenMinutes(t *testing.T) {
	t.Parallel()
	c := newCounter(t, nil, nil)
	c.now = time.Date(2026, 4, 7, 21, 50, 0, 700_000_000, time.UTC)
	opened := c.now
	session := c.session("sklep-abc", rightKey)
	if len(session) > 255 {
		t.Errorf("a sessionKey of %d characters", len(session))
	}
	f := func(age time.Duration, want int64) {
		t.Helper()
		c.now = opened.Add(age)
		if got := c.code(session, "K-7781"); got != want {
			t.Errorf("after %v: got %d, want %d", age, got, want)
		}
	}
	f(0, 0)
	f(11*time.Minute, 0) // another day in Warsaw
	f(14*time.Minute+59*time.Second, 0)
	f(15*time.Minute-time.Microsecond, 0)
	f(15*time.Minute, 101)
	f(15*time.Minute+time.Second, 101)
	f(24*time.Hour, 101)
	session = "0123456789abcdef0123456789abcdef01234567"
	f(0, 100)
	session = ""
	f(0, 100)
}

func TestSessionsOfOneLoginLiveBesideEachOther(t *testing.T) {
	t.Parallel()
	c := newCounter(t, nil, nil)
	one, other := c.session("sklep-abc", rightKey), c.session("sklep-abc", rightKey)
	if one == other {
		t.Error("two sessions have one key")
	}
	if c.code(one, "K-7781") != 0 || c.code(other, "K-7781") != 0 {
		t.Error("a new session ended the one before")
	}
	c.hub.Revoke("sklep-abc")
	if got := c.code(one, "K-7781"); got != 100 {
		t.Errorf("session of a revoked account: got %d, want 100", got)
	}
}

func TestDropshippingKeyIsOneOfTheShopsPanels(t *testing.T) {
	t.Parallel()
	c := newCounter(t, map[string]json.Value{"accept_orders": json.Value("false")}, nil)
	c.hub.AddCredential(Partner, "second", "", partner.Settings{
		fieldDropshippingKey: {Secret: secret.New("K-9")}, fieldAcceptOrders: {Text: "true"},
	})
	session := c.session("sklep-abc", rightKey)
	f := func(key string, want int64) {
		t.Helper()
		if got := c.code(session, key); got != want {
			t.Errorf("key %q: got %d, want %d", key, got, want)
		}
	}
	f("K-9", 0)
	f("K-7781", 103) // the switch of that panel is off
	f("K-90", 102)
	f("", 102)
	f("sklep-abc", 102)
}

// broken are credentials that can not be read.
type broken struct {
	partner.Credentials
	err error
}

func (b broken) List(context.Context, string, string) ([]partner.Grant, error) { return nil, b.err }

func TestTroubleOfOursIsNeverFinal(t *testing.T) {
	t.Parallel()
	f := func(err error, retry string, logged bool) {
		t.Helper()
		c := newCounter(t, nil, func(d *partner.Deps) { d.Credentials = broken{d.Credentials, err} })
		keys := `"sessionKey":"` + c.session("sklep-abc", rightKey) + `","dropshippingKey":"K-7781"`
		w := c.post("Dropshipping/getCouriers/1/json", `{"authenticate":{`+keys+`}}`)
		if w.Code != 500 || codeIn(t, w) != 199 || w.Header().Get("Retry-After") != retry {
			t.Errorf("JSON: got %d %v %s", w.Code, w.Header(), w.Body)
		}
		w = c.post("Dropshipping/getCouriers/1/soap", envelope(`<getCouriers><r><authenticate>`+
			`<sessionKey>`+c.session("sklep-abc", rightKey)+`</sessionKey><dropshippingKey>K-7781</dropshippingKey></authenticate></r></getCouriers>`))
		if w.Code != 500 || !strings.Contains(w.Body.String(), "SOAP-ENV:Server") || w.Header().Get("Retry-After") != retry {
			t.Errorf("SOAP: got %d %v %s", w.Code, w.Header(), w.Body)
		}
		if strings.Contains(c.log.String(), "the store is gone") != logged {
			t.Errorf("log: %s", c.log.String())
		}
	}
	f(errors.New("the store is gone"), "", true)
	f(order.ErrBusy, "1", false)
	f(order.ErrReadOnly, "60", false)
}

func envelope(body string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + body + `</s:Body></s:Envelope>`
}
