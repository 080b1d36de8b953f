package app_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
)

// TestDocsRehearseOwn: calls of our own API that can be simulated answer as they
// would, and leave nothing; the others are not made.
func TestDocsRehearseOwn(t *testing.T) {
	t.Parallel()
	h, m := newLive(t)
	if status := h.order("o-1 A 1"); status != http.StatusOK {
		t.Fatal(status)
	}
	made, err := h.api.CreateToken(t.Context(), "nordlys", "tried", api.Operate)
	if err != nil {
		t.Fatal(err)
	}
	ada, head, logged := h.first(t), h.head(), h.logs.String()
	const shop = "/api/v1/shops/nordlys/"
	rehearse := func(method, path, body string, want ...string) rehearsed {
		t.Helper()
		r := ada.rehearses("ordermux", method, shop+path, "Bearer "+made.Token, body)
		for _, part := range want {
			if r.Status != http.StatusOK || !strings.Contains(r.Body, part) {
				t.Errorf("%s %s: %d %s, not %s", method, path, r.Status, r.Body, part)
			}
		}
		return r
	}
	rehearse("GET", "orders/o-1", "", `"id":"o-1"`)
	if r := rehearse("POST", "orders/o-1/correct", `{"order":{"channel":"web"}}`, `"kind":"updated"`); len(r.Events) != 2 || len(r.Routes) == 0 {
		t.Errorf("corrected: %+v", r)
	}
	rehearse("POST", "orders/o-1/ship", `{"parcel":"P-1"}`, `"result":"new"`)
	rehearse("PUT", "products", `[{"code":"B"}]`, `"changed":1`)
	rehearse("POST", "products/stock", `{"stock":[{"code":"A","quantity":"1"}]}`, `"changed":1`)
	rehearse("DELETE", "products/A", "", `"done":true`)
	rehearse("POST", "deliveries/hold", `{"all":true,"reason":"tried"}`, `"count":`, `"dry_run":false`)
	eventually(t, "it is delivered", func() bool {
		return strings.Contains(rehearse("GET", "deliveries?route=west", "").Body, `"state":"delivered"`)
	})
	rehearse("POST", "routes/west/replay", `{"all":true}`, `"count":1,"dry_run":false`)
	m.asked()
	rehearse("POST", "availability", `{"lines":[{"code":"N-1","quantity":"1"}]}`, `"reason":"undecided"`)
	const couriers = "routes/east/couriers?fresh=true"
	rehearse("GET", couriers, "", `"couriers":[]`)
	m.wereAsked(t) // by nobody
	if status, text := send(t, "GET", h.URL()+shop+couriers, "Bearer "+adminToken, ""); status != http.StatusOK {
		t.Error(status, text)
	}
	m.wereAsked(t, "east: couriers")
	h.isAvailable(false, []string{"N-1 1"}, "N-1 yes 10")
	m.wereAsked(t, "east: N-1 1")
	rehearse("POST", "availability", `{"lines":[{"code":"N-1","quantity":"1"}]}`, `"free":"10"`)
	for method, path := range map[string]string{"POST": "tokens", "PUT": "promotions", "DELETE": "orders/o-1", "PATCH": "orders"} {
		ada.unsimulated(method, shop+path)
	}

	if now := h.head(); now != head {
		t.Errorf("head %d, it was %d", now, head)
	}
	if list, err := h.api.Tokens(t.Context(), "nordlys"); err != nil || len(list.Tokens) != 1 || !list.Tokens[0].Used.IsZero() {
		t.Errorf("the token was used: %+v %v", list, err)
	}
	h.isAvailable(false, []string{"A 4", "B 1"}, "A yes 4", "B unknown 0")
	if told := strings.TrimPrefix(h.logs.String(), logged); strings.Contains(told, "operator's act") {
		t.Error(told)
	}
}

// unsimulated has a call refused that can not be simulated.
func (b *browser) unsimulated(method, path string) {
	b.t.Helper()
	call, err := json.Marshal(map[string]any{"method": method, "path": path})
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := b.client.Post(b.base+"/docs/ordermux/rehearse", "application/json", bytes.NewReader(call))
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnprocessableEntity {
		b.t.Errorf("%s %s: %s", method, path, resp.Status)
	}
}
