package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
)

const reviewWebsite = "7d1f0c52-3b1e-4a39-9d0a-52c1f0a6e9b4"

// reviewShop is a shop with Skeepers on both sides: its door, and a route to a
// sandbox of it.
func reviewShop(sandbox string) string {
	text := shop(fmt.Sprintf(`      reviews:
        partner: skeepers
        settings:
          token_url: "%[1]s/skeepers/realms/skeepers/protocol/openid-connect/token"
          base_url: "%[1]s/skeepers/purchase-event"
          client_id: sandbox-client-id
          client_secret: sandbox-client-secret
          website_id: %[2]s
`, sandbox, app.SandboxUUID))
	return strings.Replace(text, "    doors:\n", "    doors:\n      skeepers: {client_id: demo-client, client_secret: demo-secret, website_id: "+reviewWebsite+"}\n", 1)
}

// event is a proof of purchase.
func event(id, date, mail string) string {
	return fmt.Sprintf(`{"purchase_reference":%q,"purchase_date":%q,"price":59.9,"consumer":{"first_name":"Ada","last_name":"Martin","email":%q},
		"sales_channel":{"channel":"online","website_id":%q},"solicitation_parameters":{"delay":7,"purchase_event_type":"PURCHASE_ONLY"}}`,
		id, date, mail, reviewWebsite)
}

// reviewToken gets a token at a door, as a client does.
func (h *hub) reviewToken() string {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.URL()+"/skeepers/am/oauth2/alpha/access_token",
		strings.NewReader(url.Values{"grant_type": {"client_credentials"}, "scope": {"openid"}}.Encode()))
	if err != nil {
		h.t.Fatal(err)
	}
	req.SetBasicAuth("demo-client", "demo-secret")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		h.t.Fatal(resp.Status, err)
	}
	return answer.Token
}

// TestABatchThatComesAgain sends three events of which one is bad, all of them
// again, as clients do after a 206, and then all of them right: each order goes
// to the platform once.
func TestABatchThatComesAgain(t *testing.T) { eachStore(t, testABatchThatComesAgain) }

func testABatchThatComesAgain(t *testing.T, at newPlace) {
	sandbox := startSandbox(t)
	h := startHub(t, at(t), reviewShop(sandbox.URL()))
	yesterday := time.Now().AddDate(0, 0, -1).UTC().Format(time.RFC3339)
	push := func(status int, second string) {
		t.Helper()
		body := "[" + event("W-1", yesterday, "ada@mail.example") + "," + event("W-2", yesterday, second) + "," + event("W-3", yesterday, "ada@mail.example") + "]"
		got, text := send(t, "POST", h.URL()+"/skeepers/purchase-event/websites/"+reviewWebsite+"/purchase_events/bulk_sync_insert",
			"Bearer "+h.reviewToken(), body)
		if got != status || strings.Contains(text, "error_description") != (status == http.StatusPartialContent) {
			t.Fatalf("%d %s, want %d", got, text, status)
		}
		h.settled()
	}
	push(http.StatusPartialContent, "not a mail address")
	push(http.StatusPartialContent, "not a mail address")
	push(http.StatusOK, "ada@mail.example")
	push(http.StatusOK, "ada@mail.example")

	list, err := h.api.Deliveries(t.Context(), "nordlys", api.ListOptions{})
	if err != nil || len(list.Deliveries) != 3 {
		t.Fatalf("%+v, %v", list.Deliveries, err)
	}
	for _, d := range list.Deliveries {
		if d.State != "delivered" || d.Attempt != 1 {
			t.Errorf("%s is %s after %d attempts: %s", d.Order, d.State, d.Attempt, d.Reason)
		}
	}
	for _, id := range []string{"W-1", "W-2", "W-3"} {
		state, err := sandbox.api.Order(t.Context(), app.SandboxShop, id)
		if err != nil || len(state.Events) != 1 || state.Order.Review == nil || *state.Order.Review.Shop.Delay != 7 {
			t.Errorf("the platform has %d events of %s: %v", len(state.Events), id, err)
		}
	}
}
