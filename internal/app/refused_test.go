package app_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
)

// refusedBy returns the refused calls of a shop, or of the hub, as "door cause
// name status".
func (h *hub) refusedBy(shop string) []string {
	h.t.Helper()
	list, err := h.api.Refused(h.t.Context(), shop, "", 100)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for _, c := range list.Calls {
		out = append(out, strings.Join([]string{c.Door, string(c.Cause), c.Name, http.StatusText(c.Status)}, "/"))
	}
	slices.Sort(out)
	return out
}

func (h *hub) sees(shop string, want ...string) {
	h.t.Helper()
	slices.Sort(want)
	if got := h.refusedBy(shop); !slices.Equal(got, want) {
		h.t.Errorf("%s: %q", shop, got)
	}
}

// TestRefusedCalls: an integrator sees what is wrong with his call, and only
// whose shop it is.
func TestRefusedCalls(t *testing.T) { eachStore(t, testRefusedCalls) }

func testRefusedCalls(t *testing.T, at newPlace) {
	p := at(t)
	h := startHub(t, p, shop(adsRoute("http://127.0.0.1:1")))
	call := func(method, path, authorization, body string, want int) {
		t.Helper()
		if status, text := send(t, method, h.URL()+path, authorization, body); status != want {
			t.Errorf("%s %s: %d %s", method, path, status, text)
		}
	}
	h.give(oneOrder("o-1", "3.00"))
	call("POST", "/citrusad/v1/orders?key=sk-99999", "Basic sk-99999", oneOrder("o-2", "3.00"), 401)
	call("POST", "/citrusad/v1/orders", "Basic sk-12345", `{"orders":[{"id":"ada@customer.example"}]}`, 400)
	for range 3 {
		call("GET", "/citrusad/v1/orders/none", "Basic sk-12345", "", 404)
	}
	call("POST", "/idosell/customer-api/?gate=Authenticate/authenticate/1/json", "", `{"authenticate":{"systemLogin":"nobody","systemKey":"0f20b530dcd3f7c97989bb44a7f54f785892224a"}}`, 200)
	call("GET", "/api/v1/shops/nordlys/orders", "Bearer nobody", "", 401)
	call("GET", "/api/v1/shops/nordlys/routes/none/files", "Bearer "+adminToken, "", 404)
	made, err := h.api.CreateToken(t.Context(), "nordlys", "till", api.Submit)
	if err != nil {
		t.Fatal(err)
	}
	call("GET", "/api/v1/shops/nordlys/orders", "Bearer "+made.Token, "", 403)
	call("GET", "/nothing", "", "", 404) // no door

	nordlys := []string{"citrusad/malformed/default/Bad Request", "citrusad/unknown/default/Not Found", "api/unknown/admin/Not Found", "api/forbidden/till/Forbidden"}
	strangers := []string{"citrusad/credentials//Unauthorized", "api/credentials//Unauthorized", "idosell/credentials//OK"}
	h.sees("nordlys", nordlys...)
	h.sees(api.Hub, strangers...)

	// What it says, and what it does not say.
	list, err := h.api.Refused(t.Context(), "nordlys", "citrusad", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list.Calls {
		switch c.Cause {
		case api.CauseUnknown:
			if c.Count != 3 || c.Path != "/citrusad/v1/orders/none" || c.Reason != "no such order" || !c.Proved || c.From != "127.0.0.0/24" {
				t.Errorf("%+v", c)
			}
		case api.CauseMalformed:
			if c.Count != 1 || !strings.Contains(c.Reason, "orders[0]") {
				t.Errorf("%+v", c)
			}
		}
	}
	all, err := h.api.Refused(t.Context(), api.Hub, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal([]any{list, all})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"sk-99999", "sk-12345", "ada@", "nobody"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%s is shown: %s", secret, text)
		}
	}
	// Tokens say when they were used.
	tokens, err := h.api.Tokens(t.Context(), "nordlys")
	if err != nil || len(tokens.Tokens) != 1 || tokens.Tokens[0].Used.IsZero() {
		t.Errorf("%+v %v", tokens, err)
	}

	// All of it is in the store, and new calls are added to what is there.
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	h = startHub(t, p, shop(adsRoute("http://127.0.0.1:1")))
	h.sees("nordlys", nordlys...)
	h.sees(api.Hub, strangers...)
	call("GET", "/citrusad/v1/orders/none", "Basic sk-12345", "", 404)
	h.sees("nordlys", nordlys...)
	if list, err = h.api.Refused(t.Context(), "nordlys", "citrusad", 1); err != nil || len(list.Calls) != 1 || list.Calls[0].Count != 4 {
		t.Errorf("%+v %v", list, err)
	}
}

// TestRefusedLogins: logins by SFTP are among the refused calls.
func TestRefusedLogins(t *testing.T) {
	t.Parallel()
	h := startUploads(t, inFolder(t))
	for _, user := range []string{"nobody", "nils"} {
		h.upload(t.TempDir(), user, "ls") // there is no such key
	}
	nordlys, strangers := []string{"skeepers/credentials/web/"}, []string{"sftp/credentials//"}
	eventually(t, "both are told of", func() bool { return len(h.refusedBy("nordlys")) > 0 && len(h.refusedBy(api.Hub)) > 0 })
	h.sees("nordlys", nordlys...)
	h.sees(api.Hub, strangers...)
	list, err := h.api.Refused(t.Context(), "nordlys", "skeepers", 10)
	if err != nil || len(list.Calls) != 1 {
		t.Fatal(list, err)
	}
	if c := list.Calls[0]; c.Method != "SFTP" || c.Path != "none" || c.Status != 0 || c.Kind != "sftp" || c.Proved || c.Reason != "neither a key nor a password was offered" || c.From != "127.0.0.0/24" {
		t.Errorf("%+v", c)
	}
	ada := h.first(t)
	if page := ada.sees("GET", "/shops/nordlys/doors", nil, 200, "<code>SFTP none</code>", "neither a key nor a password"); strings.Contains(page, "→ 0") {
		t.Error("SFTP has no status")
	}
}

// TestRefusedCallsAreBounded: who tries all names fills no disk.
func TestRefusedCallsAreBounded(t *testing.T) {
	t.Parallel()
	h := startHub(t, inFolder(t), shop(""))
	for i := range 130 {
		if status, _ := send(t, "GET", h.URL()+"/citrusad/v1/orders/no-"+strconv.Itoa(i), "Basic sk-12345", ""); status != 404 {
			t.Fatal(status)
		}
	}
	list, err := h.api.Refused(t.Context(), "nordlys", "", 500)
	if err != nil || len(list.Calls) != 100 {
		t.Fatal(len(list.Calls), err)
	}
	if c := list.Calls[0]; c.At.Before(list.Calls[99].At) {
		t.Errorf("the oldest comes first: %+v", c)
	}
}
