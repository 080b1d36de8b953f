package deliveryhero_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/secret"
)

const chainID = "c0de0000-0000-4000-8000-000000000001"

// newChain is a hub with a chain that has one outlet and a token.
func newChain(t testing.TB, more map[string]json.Value) (*partnertest.Hub, http.Handler) {
	t.Helper()
	hub := partnertest.NewHub(nil)
	settings := map[string]json.Value{"chain_id": json.Value(`"` + chainID + `"`)}
	for k, v := range more {
		settings[k] = v
	}
	hub.AddDoor(t, deliveryhero.Partner, settings)
	hub.AddCredential(deliveryhero.Partner, "orders", "token", partner.Settings{"token": {Secret: secret.New("tok")}})
	hub.AddCredential(deliveryhero.Partner, "centro", "vendor", partner.Settings{"vendor_id": {Text: "290056"}, "external_id": {Text: "SHOP-07"}})
	return hub, partnertest.NewDoor(t, deliveryhero.Partner, hub)
}

func ask(door http.Handler, method, path, token, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "http://hub.example/", strings.NewReader(body))
	r.Method, r.URL.Path, r.RequestURI = method, path, path
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	return w
}

const outletStatus = "/v2/chains/" + chainID + "/vendors/290056/status"

// TestCallsOfAnAddress: more than the settings allow in a minute are told when
// to come again.
func TestCallsOfAnAddress(t *testing.T) {
	t.Parallel()
	_, door := newChain(t, map[string]json.Value{"requests_per_minute": json.Value("3")})
	refused := 0
	for range 7 { // at most one minute of the clock begins meanwhile
		w := ask(door, "GET", outletStatus, "tok", "")
		switch w.Code {
		case http.StatusOK:
		case http.StatusTooManyRequests:
			refused++
			if w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `"code":"TOO_MANY_REQUESTS"`) {
				t.Errorf("%v %s", w.Header(), w.Body)
			}
		default:
			t.Fatal(w.Code)
		}
	}
	if refused < 1 || refused > 4 {
		t.Errorf("%d were refused", refused)
	}
}

// TestOutletsThatAreNew: an outlet that was made just now is soon found, and the
// catalogue knows the chain's outlets before anything is sold there.
func TestOutletsThatAreNew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub, door := newChain(t, nil)
		f := func(path string, status int, known ...string) {
			t.Helper()
			if w := ask(door, "GET", path, "tok", ""); w.Code != status {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			stores, err := hub.Catalog().Stores(t.Context(), partnertest.Shop)
			if err != nil || !slices.Equal(stores, known) {
				t.Errorf("%v %v", stores, err)
			}
		}
		const second = "/v2/chains/" + chainID + "/vendors/s8ym/status"
		f(outletStatus, http.StatusOK, "290056")
		f(second, http.StatusNotFound, "290056")
		hub.AddCredential(deliveryhero.Partner, "norte", "vendor", partner.Settings{"vendor_id": {Text: "s8ym"}})
		time.Sleep(time.Second)
		f(second, http.StatusOK, "290056", "s8ym")
	})
}

// TestOutletsWithOneID: the platform's id counts before a partner's own, and of
// two outlets with one id the first by name.
func TestOutletsWithOneID(t *testing.T) {
	t.Parallel()
	hub, _ := newChain(t, nil)
	for _, v := range [][3]string{{"norte", "290056", "OTHER"}, {"sur", "SHOP-07", "SHOP-07"}, {"west", "w1", "290056"}} {
		hub.AddCredential(deliveryhero.Partner, v[0], "vendor", partner.Settings{"vendor_id": {Text: v[1]}, "external_id": {Text: v[2]}})
	}
	door := partnertest.NewDoor(t, deliveryhero.Partner, hub)
	for id, want := range map[string]string{"290056": "290056", "SHOP-07": "SHOP-07", "w1": "w1", "OTHER": ""} {
		w := ask(door, "GET", "/v2/chains/"+chainID+"/vendors/"+id+"/status", "tok", "")
		if got := w.Body.String(); want != "" && !strings.Contains(got, `"vendor_id":"`+want+`"`) || want == "" && w.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", id, w.Code, got)
		}
	}
}

// FuzzDoor sends what strangers may: no answer is a trouble of ours.
func FuzzDoor(f *testing.F) {
	for _, path := range []string{
		outletStatus, "/v2/chains/" + chainID + "/290056/status", "/v2/oauth/token", "//v2/", "/v2/../x", "/v2/chains/%2F/vendors/a/status", "", "*",
	} {
		f.Add("PUT", path, "tok", `{"status":"CLOSED_UNTIL","closed_reason":"OTHER","closed_until":"2999-01-01T00:00:00"}`)
		f.Add("POST", path, "a.b.c", "grant_type=client_credentials&client_id=a&client_secret=b")
	}
	_, door := newChain(f, nil)
	f.Fuzz(func(t *testing.T, method, path, token, body string) {
		w := ask(door, method, path, token, body)
		if w.Code >= http.StatusInternalServerError || w.Code < 200 {
			t.Errorf("%s %q: %d %s", method, path, w.Code, w.Body)
		}
	})
}
