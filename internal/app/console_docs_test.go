package app_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
)

// rehearsed is what the page of an API is told of a call.
type rehearsed struct {
	Status int
	Header map[string][]string
	Body   string
	Events []api.Event
	Routes []api.Verdict
}

// rehearses has a call rehearsed at a door.
func (b *browser) rehearses(door, method, path, authorization, body string) (out rehearsed) {
	b.t.Helper()
	header := map[string][]string{"Content-Type": {"application/json"}}
	if authorization != "" {
		header["Authorization"] = []string{authorization}
	}
	if strings.HasPrefix(body, "grant_type") {
		header["Content-Type"] = []string{"application/x-www-form-urlencoded"}
	}
	call, err := json.Marshal(map[string]any{"method": method, "path": path, "header": header, "body": []byte(body)})
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := b.client.Post(b.base+"/docs/"+door+"/rehearse", "application/json", bytes.NewReader(call))
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode != http.StatusOK {
		b.t.Fatalf("%s %s: %s, %v", method, path, resp.Status, err)
	}
	return out
}

// head is how much the shop's log holds.
func (h *hub) head() int64 {
	h.t.Helper()
	v, err := h.api.Verify(h.t.Context(), "nordlys")
	if err != nil || !v.Whole {
		h.t.Fatal(v, err)
	}
	return v.Head
}

func TestDocsRehearse(t *testing.T) { eachStore(t, testDocsRehearse) }

// testDocsRehearse: a rehearsed call is answered as the door would answer it, and
// leaves nothing.
func testDocsRehearse(t *testing.T, at newPlace) {
	h := startHub(t, at(t), strings.Replace(reviewShop("http://127.0.0.1:1"), "    routes:\n", "    routes:\n"+adsRoute("http://127.0.0.1:1"), 1))
	ada, stranger := h.first(t), h.browser(t)
	bo, vic := ada.joins(h, "bo", "operator"), ada.joins(h, "vic", "viewer")
	const path, key = "/v1/orders", "Basic sk-12345"
	body := oneOrder("o-1", "3.00")

	var first rehearsed
	ada.rehearses("citrusad", "POST", path, key, body)
	if doors, err := h.api.Doors(t.Context(), "nordlys"); err != nil || !doors.Doors[0].Kinds[0].Used.IsZero() {
		t.Errorf("a rehearsal uses the key: %+v %v", doors, err)
	}
	for _, b := range []*browser{ada, bo, vic, stranger, ada} {
		sees := b == ada || b == bo
		first = b.rehearses("citrusad", "POST", path, key, body)
		if first.Status != 200 || sees != (len(first.Events) == 1) || sees != (len(first.Routes) == 2) {
			t.Fatalf("sees %v: %+v", sees, first)
		}
		if head, status := h.head(), h.looks(path+"/o-1", key); head != 0 || status != 404 {
			t.Fatalf("it left something: head %d, the door answers %d", head, status)
		}
	}
	ads := routeVerdict(t, first, "ads")
	if e := first.Events[0]; e.Seq != 1 || e.Order == nil || e.Order.ID != "o-1" || ads.Action != "send" || !strings.Contains(ads.Body, "o-1") {
		t.Errorf("%+v %+v", e, ads)
	}
	real := func(body string) string {
		t.Helper()
		status, text := send(t, "POST", h.URL()+"/citrusad"+path, key, body)
		if status != 200 {
			t.Fatal(status, text)
		}
		return text
	}
	if text := real(body); text != first.Body {
		t.Errorf("the door answers %s, rehearsed %s", text, first.Body)
	}
	// What is known then is nothing new; other words of it are.
	if again := ada.rehearses("citrusad", "POST", path, key, body); again.Status != 200 || len(again.Events)+len(again.Routes) != 0 {
		t.Errorf("known: %+v", again)
	}
	changed := oneOrder("o-1", "2.50")
	if next := ada.rehearses("citrusad", "POST", path, key, changed); next.Status != 200 || len(next.Events) != 1 || next.Events[0].Kind != "updated" || h.head() != 1 {
		t.Errorf("changed: %+v", next)
	}
	// Two orders of one call are told apart.
	both := strings.Replace(oneOrder("o-2", "3.00"), "]}]}", "]},"+strings.TrimPrefix(oneOrder("o-3", "3.00"), `{"orders":[`), 1)
	if two := ada.rehearses("citrusad", "POST", path, key, both); len(two.Events) != 2 || len(two.Routes) != 4 || two.Routes[0].Order != "o-2" || two.Routes[2].Order != "o-3" || strings.Contains(two.Routes[0].Body, "o-3") {
		t.Errorf("two orders: %+v", two)
	}
	if bad := ada.rehearses("citrusad", "POST", path, key, `{"orders":[{"id":""}]}`); bad.Status != 400 || len(bad.Events) != 0 {
		t.Errorf("refused: %+v", bad)
	}
	h.rehearsesTokens(ada)

	// Wrong keys are refused as at the door, and count as there.
	if n := h.WrongTries(); n != 0 {
		t.Fatalf("%v wrong tries before any", n)
	}
	wrong := stranger.rehearses("citrusad", "POST", path, "Basic sk-wrong", body)
	if n := h.WrongTries(); n != 1 || wrong.Status != 401 || len(wrong.Events) != 0 {
		t.Errorf("%v wrong tries: %+v", n, wrong)
	}
	if status, text := send(t, "POST", h.URL()+"/citrusad"+path, "Basic sk-wrong", body); status != 401 || text != wrong.Body {
		t.Errorf("the door: %d %s, rehearsed %s", status, text, wrong.Body)
	}
	if head := h.head(); head != 1 {
		t.Errorf("head %d", head)
	}
	ada.sees("POST", "/docs/nobody/rehearse", nil, 404)
}

// looks is what the door answers to a look.
func (h *hub) looks(path, key string) int {
	h.t.Helper()
	status, _ := send(h.t, "GET", h.URL()+"/citrusad"+path, key, "")
	return status
}

func routeVerdict(t *testing.T, r rehearsed, route string) api.Verdict {
	t.Helper()
	for _, v := range r.Routes {
		if v.Route == route {
			return v
		}
	}
	t.Fatalf("nothing of %s in %+v", route, r.Routes)
	return api.Verdict{}
}

// rehearsesTokens: what a token lets in is rehearsed with it.
func (h *hub) rehearsesTokens(b *browser) {
	h.t.Helper()
	const events = "/purchase-event/websites/" + reviewWebsite + "/purchase_events/bulk_sync_insert"
	login := "Basic ZGVtby1jbGllbnQ6ZGVtby1zZWNyZXQ=" // demo-client:demo-secret
	made := b.rehearses("skeepers", "POST", "/am/oauth2/alpha/access_token", login, "grant_type=client_credentials&scope=openid")
	var token struct {
		Text string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(made.Body), &token); err != nil || made.Status != 200 || token.Text == "" {
		h.t.Fatalf("%+v %v", made, err)
	}
	batch := "[" + event("W-1", time.Now().AddDate(0, 0, -1).UTC().Format(time.RFC3339), "ada@mail.example") + "]"
	for range 2 {
		r := b.rehearses("skeepers", "POST", events, "Bearer "+h.reviewToken(), batch)
		if r.Status != 200 || len(r.Events) != 1 || r.Events[0].Order.ID != "W-1" || h.head() != 1 {
			h.t.Errorf("%+v", r)
		}
	}
}
