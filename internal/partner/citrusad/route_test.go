package citrusad_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/citrusad"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

// routeTo makes a route to an address with these further settings.
func routeTo(t testing.TB, base, settings string) partner.Side {
	t.Helper()
	return partnertest.NewRoute(t, citrusad.Partner, partnertest.NewHub(nil), base, routeValues(t, settings))
}

func routeValues(t testing.TB, settings string) map[string]json.Value {
	t.Helper()
	values := map[string]json.Value{}
	all := `{"base_url":"{{base}}","api_key":"sk-1","read_back":"0"` + settings + "}"
	// Settings given later win: the decoder takes no name twice.
	for _, name := range []string{"base_url", "api_key", "read_back"} {
		if strings.Contains(settings, `"`+name+`"`) {
			at := strings.Index(all, `"`+name+`"`)
			end := at + strings.IndexByte(all[at:], ',') + 1
			all = all[:at] + all[end:]
		}
	}
	if err := json.Unmarshal([]byte(all), &values); err != nil {
		t.Fatal(err)
	}
	return values
}

func simpleOrder(t testing.TB, id string) order.Order {
	t.Helper()
	return order.Order{
		ID: id, PlacedAt: mustTime(t, "2021-12-02T15:00:00Z"), Session: "s-1",
		Lines: []order.Line{{Product: order.Product{Code: "A1"}, Quantity: order.FromInt(1, 0), Total: mustDecimal(t, "2.50")}},
	}
}

// TestRouteStatuses lists what every status means for a batch of two.
func TestRouteStatuses(t *testing.T) {
	t.Parallel()
	const (
		later   = "later"   // sent again by itself
		unknown = "unknown" // the partner is asked first
		halve   = "halve"   // one of the batch is bad
		route   = "route"   // login or address: the route stops
	)
	verdicts := map[int]string{}
	set := func(verdict string, statuses ...int) {
		for _, s := range statuses {
			verdicts[s] = verdict
		}
	}
	for s := 200; s <= 299; s++ {
		set(unknown, s) // the body of this test's partner is no proof
	}
	for s := 300; s <= 399; s++ {
		set(route, s)
	}
	for s := 400; s <= 499; s++ {
		set(halve, s)
	}
	for s := 500; s <= 599; s++ {
		set(unknown, s)
	}
	set(route, 401, 402, 403, 404, 405, 407, 410, 421, 426, 501, 505, 511)
	set(later, 408, 423, 425, 429, 503, 507, 521, 522, 523, 525, 526, 529)

	status := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
	}))
	defer server.Close()
	side := routeTo(t, server.URL, "")
	tasks := partnertest.Tasks(simpleOrder(t, "o-1"), simpleOrder(t, "o-2"))
	for status = 200; status <= 599; status++ {
		got := ""
		switch o := side.Deliver(t.Context(), tasks)[1]; {
		case o.Scope == partner.ScopeRoute && o.Result == partner.ResultRefused:
			got = route
		case o.Scope == partner.ScopeBatch && o.Result == partner.ResultRefused:
			got = halve
		case o.Scope == partner.ScopeOrder && o.Result == partner.ResultLater:
			got = later
		case o.Scope == partner.ScopeOrder && o.Result == partner.ResultUnknown:
			got = unknown
		}
		if got != verdicts[status] {
			t.Errorf("%d: %s, want %s", status, got, verdicts[status])
		}
	}
}

// TestRouteNoAnswer tells calls that can have left from those that can not.
func TestRouteNoAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"orders":[`)
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	tasks := partnertest.Tasks(simpleOrder(t, "o-1"))
	if o := routeTo(t, server.URL, "").Deliver(t.Context(), tasks)[0]; o.Result != partner.ResultUnknown {
		t.Errorf("cut-off answer: %+v", o)
	}
	server.Close()
	if o := routeTo(t, server.URL, "").Deliver(t.Context(), tasks)[0]; o.Result != partner.ResultLater || o.Code != "no_answer_dial" {
		t.Errorf("nobody there: %+v", o)
	}
	if o := routeTo(t, server.URL, "").Look(t.Context(), tasks)[0]; o.Result != partner.ResultLater {
		t.Errorf("look with nobody there: %+v", o)
	}
	if o := routeTo(t, server.URL, `,"api_key":"sk\n1"`).Deliver(t.Context(), tasks)[0]; o.Scope != partner.ScopeRoute {
		t.Errorf("a key that can not be sent: %+v", o)
	}
}

// TestRouteWords reads the partner's words out of any body.
func TestRouteWords(t *testing.T) {
	t.Parallel()
	body := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	side := routeTo(t, server.URL, "")
	tasks := partnertest.Tasks(simpleOrder(t, "o-1"))
	f := func(text, want string) {
		t.Helper()
		body = text
		if o := side.Deliver(t.Context(), tasks)[0]; o.Reason != want || o.Result != partner.ResultRefused {
			t.Errorf("%q: %q, want %q", text, o.Reason, want)
		}
	}
	f(``, "no explanation given")
	f(" \n", "no explanation given")
	f(`{"message":"bad gtin","additionalInfo":[{"code":"Malformed","message":"x"}]}`, "bad gtin")
	f(`{"error":{"message":"bad key"}}`, "bad key")
	f(`{"error":"bad"}`, "bad")
	f(`{"code":7}`, `{"code":7}`)
	f(`{"message":`, `{"message":`)
	f(`"catalogId must be \"set\""`, `catalogId must be "set"`)
	f(`"`, `"`)
	f("two\nlines", "two lines")
	f("<!doctype html><p>no</p>", "an HTML page, no explanation")
	f("no order of anna@nordlys.example here", "no order of [masked] here")
	f("\xff\xfe", "?")
	f(strings.Repeat("ä", 200), strings.Repeat("ä", 150)+"…")
}

// TestRouteSettings refuses settings that can not work.
func TestRouteSettings(t *testing.T) {
	t.Parallel()
	f := func(settings, says string) {
		t.Helper()
		hub := partnertest.NewHub(nil)
		_, err := citrusad.Partner.Route(hub.Deps(citrusad.Partner),
			partnertest.Settings(t, citrusad.Partner, false, routeValues(t, settings)))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", settings, err, says)
		}
	}
	f(`,"base_url":"partner.example"`, "base_url: must be an absolute")
	f(`,"base_url":"https://partner.example/?a=b"`, "base_url: must have no query")
	f(`,"api_key":""`, "api_key: is required")
	f(`,"batch_size":101`, "batch_size: must be a number from 1 to 100")
	f(`,"read_back":"101"`, "read_back: must be a share")
	f(`,"read_back":"NaN"`, "read_back: must be a share")
	f(`,"read_back_after":"soon"`, "read_back_after: must be a duration")
	f(`,"output":"fax"`, "output: must be api, file or both")
	f(`,"output":"file"`, "file_password: is required")
	f(`,"output":"file","file_password":"p","file_schedule":"25:00"`, "file_schedule: must be")
	f(`,"output":"file","file_password":"p","file_schedule":"1s"`, "file_schedule: must be")
	f(`,"output":"file","file_password":"p","file_zone":"Nowhere"`, "file_zone: no such")
	f(`,"output":"file","file_password":"p","file_days":0`, "file_days: must be")
	f(`,"output":"file","file_password":"p","file_name":"../x"`, "file_name: must be")
}

// TestRouteBase joins every spelling of the base address to one path.
func TestRouteBase(t *testing.T) {
	t.Parallel()
	var path string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { path = r.URL.Path }))
	defer server.Close()
	f := func(base, want string) {
		t.Helper()
		routeTo(t, server.URL, `,"base_url":"{{base}}`+base+`"`).Deliver(t.Context(), partnertest.Tasks(simpleOrder(t, "o-1")))
		if path != want {
			t.Errorf("%q: %s, want %s", base, path, want)
		}
	}
	f("", "/v1/orders")
	f("/", "/v1/orders")
	f("/v1", "/v1/orders")
	f("/v1/", "/v1/orders")
	f("/v1/v1//", "/v1/orders")
	f("/citrusad", "/citrusad/v1/orders")
}

// TestRouteRender shows what would go out, and why it would not.
func TestRouteRender(t *testing.T) {
	t.Parallel()
	side := routeTo(t, "http://partner.example", "")
	o := simpleOrder(t, "o-1")
	got, err := side.Render(partnertest.Tasks(o)[0])
	want := `{"sessionId":"s-1","orderDate":"2021-12-02T15:00:00Z","id":"o-1","orderItems":[{"gtin":"A1","quantity":1,"totalOrderItemPriceAfterDiscounts":"2.50"}]}`
	if err != nil || string(got) != want {
		t.Errorf("%s %v\nwant %s", got, err, want)
	}
	o.Status = order.StatusCancelled // sales stay as they were: refunds have no place in this API
	if again, err := side.Render(partnertest.Tasks(o)[0]); err != nil || string(again) != want {
		t.Errorf("cancelled: %s %v", again, err)
	}
	if _, err := side.Render(partner.Task{}); err == nil {
		t.Error("no order renders")
	}
	if errors.Is(err, order.ErrNotFound) || side.Mode != partner.Latest || side.Repeat != partner.AskFirst || side.Batch != 100 {
		t.Errorf("side: %+v", side)
	}
}
