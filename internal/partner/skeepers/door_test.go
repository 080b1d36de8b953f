package skeepers_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/partner/skeepers"
)

const (
	website   = "7d1f0c52-3b1e-4a39-9d0a-52c1f0a6e9b4"
	syncPath  = "/skeepers/purchase-event/websites/" + website + "/purchase_events/bulk_sync_insert"
	asyncPath = "/skeepers/purchase-event/websites/" + website + "/purchase_events/bulk_insert"
	oneEvent  = `{"purchase_reference":"W-1","purchase_date":"2098-03-14T09:26:53Z","consumer":{"first_name":"Ada","last_name":"Martin","email":"ada@mail.example"},"sales_channel":{"channel":"online"}}`
)

// shop is a client of a door under /skeepers/.
type shop struct {
	t    testing.TB
	hub  *partnertest.Hub
	door http.Handler
	now  time.Time
}

func newShop(t testing.TB) *shop {
	s := &shop{t: t, now: time.Date(2026, 5, 31, 9, 30, 0, 0, time.UTC)}
	s.hub = partnertest.NewHub(func() time.Time { return s.now })
	s.hub.AddDoor(t, skeepers.Partner, map[string]json.Value{
		"client_id": json.Value(`"demo-client"`), "client_secret": json.Value(`"demo-secret"`),
		"website_id": json.Value(`"` + website + `"`), "legacy_key": json.Value(`"historic-key"`),
	})
	s.door = http.StripPrefix("/skeepers", partnertest.NewDoor(t, skeepers.Partner, s.hub))
	return s
}

// call posts a body; header are names and values.
func (s *shop) call(path, body string, header ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.door.ServeHTTP(w, r)
	return w
}

func (s *shop) token() string {
	s.t.Helper()
	w := s.call("/skeepers/realms/skeepers/protocol/openid-connect/token", "grant_type=client_credentials",
		"Authorization", "Basic ZGVtby1jbGllbnQ6ZGVtby1zZWNyZXQ=")
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != 200 {
		s.t.Fatalf("token: %d %s %v", w.Code, w.Body, err)
	}
	return answer.Token
}

// push hands events over, and demands a status and words of the answer.
func (s *shop) push(path, body string, status int, says string, header ...string) {
	s.t.Helper()
	w := s.call(path, body, append([]string{"Authorization", "Bearer " + s.token()}, header...)...)
	if w.Code != status || !strings.Contains(w.Body.String(), says) {
		s.t.Errorf("%d %.300s\nwant %d with %s", w.Code, w.Body, status, says)
	}
	if !json.Valid(w.Body.Bytes()) {
		s.t.Errorf("the answer is no JSON: %.300s", w.Body)
	}
}

func (s *shop) stored(want int) {
	s.t.Helper()
	if got := len(s.hub.Entries()); got != want {
		s.t.Errorf("%d events stored, want %d", got, want)
	}
}

func changed(from, to string) string { return strings.Replace(oneEvent, from, to, 1) }

func list(events ...string) string { return "[" + strings.Join(events, ",") + "]" }

func numbered(n int) string {
	events := make([]string, n)
	for i := range events {
		events[i] = changed("W-1", fmt.Sprintf("W-%d", i+1))
	}
	return list(events...)
}

// The limits of calls and events, and that a bad event takes no other with it.
func TestDoorLimits(t *testing.T) {
	t.Parallel()
	var extra strings.Builder
	for n := range order.MaxExtra + 1 {
		fmt.Fprintf(&extra, `,"a%d":1`, n)
	}
	f := func(path, body string, status int, says string, stored int, header ...string) {
		t.Helper()
		s := newShop(t)
		s.push(path, body, status, says, header...)
		s.stored(stored)
	}
	f(syncPath, numbered(50), 200, `"W-50"`, 50)
	f(syncPath, numbered(51), 400, "more than 50 events", 0)
	f(asyncPath, numbered(51), 202, `"W-51"`, 51)
	f(asyncPath, numbered(10_001), 413, "more than 10000 events", 0) // no 400: the module forgets the orders of one

	// A bare event in a history import is read as one, and complained about once.
	history := strings.Replace(asyncPath, "bulk_insert", "retroactive_insert", 1)
	f(history, list(oneEvent), 202, `"W-1"`, 1)
	f(history, list(changed(`"2098-03-14T09:26:53Z"`, `5`)), 400, `"error_description":"purchase_date: must be a string"}`, 0)

	// What the ledger alone refuses is refused alone.
	tooMuch := changed(`}}`, `}`+extra.String()+`}`)
	f(asyncPath, list(tooMuch, changed("W-1", "W-2")), 202, "too many elements", 1)
	f(syncPath, list(changed("Ada", `\u0000`), changed("W-1", "W-2")), 206, "consumer.first_name: control characters", 1)
	deep := changed(`}}`, `},"x":`+strings.Repeat("[", 70)+strings.Repeat("]", 70)+`}`)
	f(syncPath, list(deep, changed("W-1", "W-2")), 206, "nested too deeply", 1)

	f(syncPath, list(oneEvent)+strings.Repeat(" ", 10<<20-len(oneEvent)-2), 200, `"W-1"`, 1)
	f(syncPath, list(oneEvent)+strings.Repeat(" ", 10<<20), 413, "larger than 10 MB", 0)
	f(syncPath, zipped(t, list(oneEvent)), 200, `"W-1"`, 1, "Content-Encoding", "gzip")
	f(syncPath, zipped(t, list(oneEvent)+strings.Repeat(" ", 10<<20)), 413, "larger than 10 MB", 0, "Content-Encoding", "gzip")
	f(syncPath, list(oneEvent), 400, "not valid gzip", 0, "Content-Encoding", "gzip")
	f(syncPath, list(oneEvent), 415, "gzip", 0, "Content-Encoding", "br")

	products := make([]string, 1001)
	for i := range products {
		products[i] = `{"product_ref":{"reference":1}}`
	}
	f(syncPath, list(changed(`}}`, `},"products":`+list(products[:1000]...)+`}`)), 200, `"W-1"`, 1)
	f(syncPath, list(changed(`}}`, `},"products":`+list(products...)+`}`), changed("W-1", "W-2")), 206, "more than 1000 products", 1)
}

func zipped(t *testing.T, body string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(body))
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A token is good for 300 seconds and until its client is revoked.
func TestTokenLife(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	token := "Bearer " + s.token()
	f := func(status int, says string) {
		t.Helper()
		w := s.call(syncPath, list(oneEvent), "Authorization", token)
		if w.Code != status || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%d %s, want %d", w.Code, w.Body, status)
		}
		if status == 401 && !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
			t.Error("no WWW-Authenticate")
		}
	}
	s.now = s.now.Add(299 * time.Second)
	f(200, `"W-1"`)
	s.now = s.now.Add(time.Second)
	f(401, "expired")
	token = "Bearer " + s.token()
	f(200, `"W-1"`)
	s.hub.Revoke("default")
	f(401, "revoked")
}

// A client whose call met a broken ledger sends again, and nothing is lost or
// there twice.
func TestResend(t *testing.T) {
	t.Parallel()
	three := list(oneEvent, changed("W-1", "W-2"), changed("W-1", "W-3"))
	for _, c := range []struct {
		path          string
		err           error
		status, after int
	}{
		{syncPath, errors.New("disk"), 500, 200}, {asyncPath, errors.New("disk"), 500, 202},
		{syncPath, order.ErrBusy, 503, 200}, {asyncPath, order.ErrReadOnly, 503, 202},
	} {
		s := newShop(t)
		s.hub.Fail(c.err)
		s.push(c.path, three, c.status, "error_description")
		s.stored(0)
		s.hub.Fail(nil)
		for range 2 {
			s.push(c.path, three, c.after, `"W-3"`)
			s.stored(3)
		}
	}
}

// Nobody reads the answer of an asynchronous call: the log names the orders
// that were refused, and no person.
func TestRefusedAreLogged(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var out bytes.Buffer
	deps := s.hub.Deps(skeepers.Partner)
	deps.Log = slog.New(slog.NewTextHandler(&out, nil))
	side, err := skeepers.Partner.Door(deps)
	if err != nil {
		t.Fatal(err)
	}
	s.door = http.StripPrefix("/skeepers", side.Handler)
	bad := strings.Replace(oneEvent, "ada@mail.example", "ada", 1)
	three := list(strings.Replace(bad, "W-1", "ida@mail.example", 1), oneEvent, strings.Replace(bad, "W-1", "W-2", 1))
	s.push(asyncPath, three, 202, `"W-2"`)
	log := out.String()
	if !strings.Contains(log, `refused=2 of=3`) || !strings.Contains(log, `W-2`) || strings.Contains(log, "@") || strings.Contains(log, "W-1") {
		t.Error(log)
	}
	out.Reset()
	s.push(syncPath, three, 206, `"W-2"`)
	if out.Len() > 0 {
		t.Error(out.String())
	}
}

// What only the spelling tells apart is the same event.
func TestRepeat(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	f := func(body string, events int) {
		t.Helper()
		s.push(syncPath, body, 200, `"W-1"`)
		s.stored(events)
	}
	f(list(oneEvent), 1)
	f(list(strings.ReplaceAll(oneEvent, ",", " ,\n")), 1)
	f(list(changed("Ada", `\u0041da`)), 1)
	f(list(changed(`}}`, `},"products":[]}`)), 1)
	f(list(changed("Ada", "Ida")), 2)
}

// The addresses that connector settings hand out are those that the client
// asked at.
func TestConnectorAddress(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	query := "v2/connector-settings?website-id=" + website
	f := func(door http.Handler, path, want string, header ...string) {
		t.Helper()
		s.door = door
		w := s.call(path, "{}", append([]string{"Authorization", "Bearer " + s.access()}, header...)...)
		if !strings.Contains(w.Body.String(), `"pushOrdersEndpoint":"`+want+`/purchase-event/websites/`+website) {
			t.Errorf("%d %s, want %s", w.Code, w.Body, want)
		}
	}
	below, root := s.door, partnertest.NewDoor(t, skeepers.Partner, s.hub)
	f(below, "/skeepers/"+query, "https://hub.example/skeepers")
	f(root, "/"+query, "http://example.com")
	f(root, "/"+query, "https://example.com", "X-Forwarded-Proto", "https")
}

// access issues a token without asking for one.
func (s *shop) access() string {
	deps := s.hub.Deps(skeepers.Partner)
	grants, err := deps.Credentials.All(s.t.Context(), "")
	if err != nil || len(grants) != 1 {
		s.t.Fatal(err)
	}
	return deps.Access.Issue(grants[0], "access", "", time.Minute).Reveal()
}

// FuzzEvents feeds the door anything: what it answers is JSON, what it takes
// is an order, and what it stores is what it says it has taken.
func FuzzEvents(f *testing.F) {
	for _, body := range []string{
		list(oneEvent), numbered(3), `[{}]`, `[[]]`, `[null,1,"x"]`, `{}`, list(oneEvent) + "]",
		list(changed(`}}`, `},"products":[{"product_ref":{"reference":7,"ean13":"4"},"price":"1.0","delay":"3"},[]],"solicitation_parameters":{"delay":1,"purchase_event_type":"PRODUCT_ONLY"}}`)),
		list(changed(`"W-1"`, `12`), changed("2098-03-14T09:26:53Z", "2001-01-01")),
		`[{"orderData":` + oneEvent + `,"status":"5","purchase_date":"2025-01-01"}]`,
	} {
		f.Add([]byte(body), true)
		f.Add([]byte(body), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, history bool) {
		s := newShop(t)
		path := syncPath
		if history {
			path = strings.Replace(syncPath, "bulk_sync_insert", "retroactive_insert", 1)
		}
		w := s.call(path, string(body), "Authorization", "Bearer "+s.token())
		if w.Code/100 != 2 && w.Code != 400 && w.Code != 413 || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		checkStored(t, s.hub)
		if w.Code/100 == 2 && w.Body.String() != "[]" && len(s.hub.Entries()) == 0 {
			t.Fatalf("%d and nothing stored", w.Code)
		}
	})
}

func checkStored(t *testing.T, hub *partnertest.Hub) {
	t.Helper()
	for _, e := range hub.Entries() {
		if e.Happening != nil {
			continue
		}
		if !json.Valid(e.Statement.Wire) || e.Statement.Order.ID == "" || e.Statement.Order.Review == nil {
			t.Fatalf("%s %+v", e.Statement.Wire, e.Statement.Order)
		}
		if _, err := json.Marshal(e.Statement.Order); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzHistoric feeds the historic web service any message in any variant.
func FuzzHistoric(f *testing.F) {
	f.Add("query=pushCommandeSHA1", "", `{"query":"pushCommandeSHA1","order_ref":1,"PRODUCTS":{"0":{"id_product":1}},"delay":null}`)
	f.Add("type=json2", "", `{"query":"pushCommandeSHA1","PRODUCTS":[[]],"delay":[]}`)
	f.Add("", "json", `eyJxdWVyeSI6InB1c2hDb21tYW5kZVNIQTEifQ==`)
	f.Add("", "", `YToxOntzOjU6InF1ZXJ5IjtzOjE2OiJwdXNoQ29tbWFuZGVTSEExIjt9`)
	f.Fuzz(func(t *testing.T, query, kind, message string) {
		s := newShop(t)
		form := url.Values{"idWebsite": {website}, "type": {kind}, "message": {message}}
		w := s.call("/skeepers/index.php?action=act_api_notification_sha1&"+url.PathEscape(query), form.Encode())
		if w.Code != 200 || w.Body.Len() == 0 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		checkStored(t, s.hub)
	})
}

// FuzzGrant feeds the token address any form and any Authorization.
func FuzzGrant(f *testing.F) {
	f.Add("grant_type=client_credentials&scope=openid", "Basic ZGVtby1jbGllbnQ6ZGVtby1zZWNyZXQ=")
	f.Add(`grant_type="client_credentials" & scope="openid"`, "Basic Og==")
	f.Add("grant_type=client_credentials&client_id=demo-client&client_secret=demo-secret", "")
	f.Fuzz(func(t *testing.T, body, login string) {
		s := newShop(t)
		w := s.call("/skeepers/am/oauth2/alpha/access_token", body, "Authorization", login)
		if w.Code != 200 && w.Code != 400 && w.Code != 401 || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}
