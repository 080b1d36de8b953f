package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/json"
)

const trustpilotDoor = "      citrusad: {api_key: sk-12345, publishable_key: pk-12345, team_id: team-1}\n" + `      trustpilot:
        - {api_key: tp-key, api_secret: tp-secret, domains: [nordlys.example], business_unit_id: 5f0c3b9a1d2e4f6071829304}
        - {name: anna, kind: user, user_email: anna@nordlys.example, user_password: korrekt-hest-42, user_id: 5f0c3c001d2e4f60718293aa}
`

// TestDoorErases deletes a person's invitation data by Trustpilot's call: every
// order that the door was told of with her address is erased, also with one
// that was changed later; orders of other doors stay.
func TestDoorErases(t *testing.T) { eachStore(t, testDoorErases) }

func testDoorErases(t *testing.T, at newPlace) {
	p := at(t)
	h := startHub(t, p, strings.Replace(shop(""), "      citrusad: {api_key: sk-12345, publishable_key: pk-12345, team_id: team-1}\n", trustpilotDoor, 1))
	token := h.trustpilotToken()
	call := func(call, body string) (int, string) {
		return send(t, "POST", h.URL()+"/trustpilot/v1/private/business-units/5f0c3b9a1d2e4f6071829304/"+call, "Bearer "+token, body)
	}
	invite := func(id, email string) {
		t.Helper()
		if status, text := call("email-invitations", `{"consumerEmail":"`+email+`","consumerName":"Eva Lind","referenceNumber":"`+id+`"}`); status != http.StatusAccepted {
			t.Fatalf("%d %s", status, text)
		}
	}
	invite("tp-1", "eva@kund.example")
	invite("tp-2", "Eva@Kund.example")
	invite("tp-2", "another@kund.example")
	invite("tp-3", "bo@kund.example")
	said := `{"order":{"id":"erp-1","customer":{"email":"eva@kund.example","name":"Eva"}}}`
	if _, err := h.api.Post(t.Context(), "nordlys", "application/json", strings.NewReader(said)); err != nil {
		t.Fatal(err)
	}
	if status, text := call("invitation-data/delete", `{"customerEmails":["EVA@kund.example"]}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	for id, erased := range map[string]bool{"tp-1": true, "tp-2": true, "tp-3": false, "erp-1": false} {
		if got := h.erased(id); got != erased {
			t.Errorf("%s erased: %v", id, got)
		}
	}
	if found := p.holding(t, []string{"another@kund.example"}); len(found) > 0 {
		t.Errorf("still there: %v", found)
	}
	if status, text := call("invitation-data/delete", `{"deleteOlderThan":"2099-01-01T00:00:00Z"}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	if !h.erased("tp-3") || h.erased("erp-1") {
		t.Error("by age: the door's own orders, and no others")
	}
}

// TestWarningsShow invites with a sample of the help page that names a template
// that nobody has, and a reference of forbidden signs: both are taken, and the
// order's invitations say so.
func TestWarningsShow(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), strings.Replace(shop(""), "      citrusad: {api_key: sk-12345, publishable_key: pk-12345, team_id: team-1}\n", trustpilotDoor, 1))
	body := `{"consumerEmail":"eva@kund.example","consumerName":"Eva Lind","referenceNumber":"a+1",
		"serviceReviewInvitation":{"templateId":"507f191e810c19729de860ea","preferredSendTime":"2013-09-07T13:37:00"}}`
	if status, text := send(t, "POST", h.URL()+"/trustpilot/v1/private/business-units/5f0c3b9a1d2e4f6071829304/email-invitations", "Bearer "+h.trustpilotToken(), body); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, text)
	}
	status, text := send(t, "GET", h.URL()+"/api/v1/shops/nordlys/invitations/a+1", "Bearer "+adminToken, "")
	if status != http.StatusOK || !strings.Contains(text, "template that was asked for is not known") || !strings.Contains(text, "Trustpilot advises against") {
		t.Errorf("%d %s", status, text)
	}
}

func (h *hub) erased(id string) bool {
	h.t.Helper()
	o, err := h.api.Order(h.t.Context(), "nordlys", id)
	if err != nil {
		h.t.Fatal(err)
	}
	return o.Erased
}

func (h *hub) trustpilotToken() string {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), "POST", h.URL()+"/trustpilot/v1/oauth/oauth-business-users-for-applications/accesstoken",
		strings.NewReader("grant_type=password&username=anna@nordlys.example&password=korrekt-hest-42"))
	if err != nil {
		h.t.Fatal(err)
	}
	req.SetBasicAuth("tp-key", "tp-secret")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.UnmarshalRead(resp.Body, 1<<16, &answer); err != nil || answer.Token == "" {
		h.t.Fatalf("token: %d %v", resp.StatusCode, err)
	}
	return answer.Token
}
