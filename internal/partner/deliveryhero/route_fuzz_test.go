package deliveryhero_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

func fuzzRoute(t *testing.T, hub *partnertest.Hub, base string) partner.Side {
	t.Helper()
	settings := map[string]json.Value{}
	text := `{"base_url":"{{base}}","chain_id":"` + routeChain + `","token":"tok","webhook_secret":"` + routeSecret + `","vendors":["290056"],"calls_per_minute":10000}`
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		t.Fatal(err)
	}
	return partnertest.NewRoute(t, deliveryhero.Partner, hub, base, settings)
}

// FuzzRouteWebhook lets anybody who has the secret say anything: it is stored, or
// refused for good, and said again it is known.
func FuzzRouteWebhook(f *testing.F) {
	f.Add([]byte(placed("o-1", "RECEIVED", "2026-03-02T18:01:00.000Z")))
	f.Add([]byte(strings.Replace(placed("o-1", "canceled", "never"), `"comment":"`, `"comment":"\u000b\\u0000\b`, 1)))
	f.Add([]byte(`{"order_id":7,"items":[{"barcode":["1",2],"pricing":{"pricing_type":"kg","weight":"1.5"}}],"payment":{"vouchers":[1]},"x":{"y":[]}}`))
	f.Add([]byte(`{"promotion_id":"p","event":"STARTED"}`))
	f.Add([]byte("{\"order_id\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		hub := partnertest.NewHub(nil)
		side := fuzzRoute(t, hub, "https://uy.dh.example")
		send := func() int {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
			r.Header.Set("Authorization", routeSecret)
			w := httptest.NewRecorder()
			side.Handler.ServeHTTP(w, r)
			if w.Code != http.StatusOK && len(w.Body.String()) > 2000 || !utf8.Valid(w.Body.Bytes()) {
				t.Errorf("%d %q", w.Code, w.Body)
			}
			return w.Code
		}
		code := send()
		if code != http.StatusOK && code != http.StatusBadRequest {
			t.Fatalf("%d for %q", code, body)
		}
		entries := hub.Entries()
		for _, e := range entries {
			var bad *order.Invalid
			if e.Statement != nil {
				bad = order.Validate(&e.Statement.Order)
			} else {
				bad = order.ValidateHappening(e.Happening)
			}
			if bad != nil {
				t.Errorf("accepted what is not valid: %v", bad)
			}
		}
		if code == http.StatusBadRequest && len(entries) > 0 {
			t.Error("refused and stored")
		}
		if again := send(); again != code || len(hub.Entries()) != len(entries) {
			t.Errorf("again %d, %d entries after %d", again, len(hub.Entries()), len(entries))
		}
	})
}

// FuzzRouteAnswers lets the platform, or whatever stands before it, answer
// anything: what becomes of it is an outcome whose words can be shown.
func FuzzRouteAnswers(f *testing.F) {
	f.Add(0, 200, placed("0f5a6c1e-3b0d-4e55-9d4e-1d2f6f0a7b11", "RECEIVED", "2026-03-02T18:01:00.000Z"))
	f.Add(0, 404, `{"code":"NOT_FOUND","message":"Quiroga"}`)
	f.Add(0, 200, `{"order_id":"x","items":[{}]}`)
	f.Add(1, 400, `{"code":"x","message":"Ana Quiroga has ana@compra.example"}`)
	f.Add(1, 403, "<html>\xff")
	f.Add(1, 299, "\x00{")
	f.Add(2, 200, `{"orders":[{"order_id":"1"},{"order_id":"1","items":null},2],"total_pages":"many"}`)
	f.Add(2, 200, `{"orders":{}}`)
	f.Fuzz(func(t *testing.T, call, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		which := []string{"GET one", "PUT", "list"}[uint(call)%3]
		platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked := map[bool]string{true: "list", false: r.Method}[strings.HasSuffix(r.URL.Path, "/vendors/290056/orders")]
			if asked == "GET" {
				asked = "GET one"
			}
			if asked == which {
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
				return
			}
			_, _ = w.Write([]byte(placed(sampleOrder().ID, "RECEIVED", "2026-03-02T18:01:00.000Z")))
		}))
		defer platform.Close()
		hub := partnertest.NewHub(nil)
		side := fuzzRoute(t, hub, platform.URL)
		if which == "list" {
			if err := side.Poll(t.Context()); err != nil && (!utf8.ValidString(err.Error()) || strings.Contains(err.Error(), "Quiroga")) {
				t.Errorf("%q", err)
			}
			return
		}
		tasks := partnertest.Tasks(sampleOrder())
		tasks[0].Event.Kind, tasks[0].Event.Statement = order.KindReady, nil
		for _, o := range side.Deliver(t.Context(), tasks) {
			if len(o.Reason) > 1000 || !utf8.ValidString(o.Reason) || strings.ContainsFunc(o.Reason+o.Code, unicode.IsControl) {
				t.Errorf("%+v", o)
			}
			if strings.Contains(o.Reason, "compra.example") || strings.Contains(o.Reason, "Quiroga") {
				t.Errorf("shows the customer: %s", o.Reason)
			}
		}
	})
}
