package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// TestOrdersOfAChain: an order for tests is born by the API, is told of, listed,
// changed by PUT and confirmed; of other orders of the shop nobody is told.
func TestOrdersOfAChain(t *testing.T) {
	eachStore(t, ordersOfAChain)
}

func ordersOfAChain(t *testing.T, at newPlace) {
	var mu sync.Mutex
	var got []string
	till := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var o struct {
			ID     string `json:"order_id"`
			Status string `json:"status"`
		}
		if err == nil {
			err = json.Unmarshal(body, &o)
		}
		if err != nil || r.Header.Get("Authorization") != "Basic dGlsbDp0aWxs" {
			t.Errorf("told %s %v: %v", body, r.Header, err)
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, o.ID+" "+o.Status)
	}))
	defer till.Close()
	told := func(want ...string) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return slices.Equal(got, want)
		}
	}
	hook := fmt.Sprintf("        - {kind: webhook, name: till, webhook_url: %q, webhook_secret: Basic dGlsbDp0aWxs}\n", till.URL)
	text := strings.Replace(twoChains(), "        - {kind: vendor, name: centro", hook+"        - {kind: vendor, name: centro", 1)
	h := startHub(t, at(t), "outbound: {allow_private: [127.0.0.0/8]}\n"+strings.TrimLeft(text, "\n"))
	defer h.stop()

	if status, answer := send(t, "POST", h.URL()+"/api/v1/shops/nordlys/events", "Bearer "+adminToken, `{"order":{"id":"W-1"}}`); status != http.StatusOK {
		t.Fatal(status, answer)
	}
	_, err := h.api.TestOrder(t.Context(), "nordlys", "citrusad", partner.TestOrder{})
	if err == nil || !strings.Contains(err.Error(), "makes no test orders") {
		t.Errorf("at another door: %v", err)
	}
	made, err := h.api.TestOrder(t.Context(), "nordlys", "deliveryhero", partner.TestOrder{Store: "SHOP-07"})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the order is told of", told(made.Order+" RECEIVED"))
	path := h.URL() + "/deliveryhero/v2/chains/" + chainHere + "/"
	if status, answer := send(t, "GET", path+"vendors/290056/orders", "Bearer tok-here", ""); status != http.StatusOK || strings.Count(answer, `"order_id"`) != 1 {
		t.Errorf("list: %d %s", status, answer)
	}
	if status, answer := send(t, "GET", path+"orders/"+made.Order, "Bearer tok-there", ""); status != http.StatusForbidden {
		t.Errorf("another chain: %d %s", status, answer)
	}
	put := `{"status":"READY_FOR_PICKUP","items":[{"_id":"l1","status":"IN_CART","pricing":{"quantity":1}},{"_id":"l2","status":"NOT_FOUND"}]}`
	if status, answer := send(t, "PUT", path+"orders/"+made.Order, "Bearer tok-here", put); status != http.StatusOK || !strings.Contains(answer, `"order_total":4.50`) {
		t.Errorf("put: %d %s", status, answer)
	}
	eventually(t, "the PUT is confirmed", told(made.Order+" RECEIVED", made.Order+" READY_FOR_PICKUP"))
	if o, err := h.api.Order(t.Context(), "nordlys", made.Order); err != nil || o.Order.Status != order.StatusReady {
		t.Errorf("%+v %v", o, err)
	}
}
