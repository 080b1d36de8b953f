package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner/idosell"
)

// wholesaleShop is a shop that is a wholesaler: two accounts, of which one is
// told of parcels at an address.
func wholesaleShop(notices string) string {
	text := strings.Replace(shop(""), "    doors:", `    couriers:
      dpd: {id: 5, name: DPD, countries: [PL], tracking: "https://track.example/{parcel}"}
    doors:
      idosell:
        - {dropshipping_key: K-7781, accept_orders: true}
        - {kind: account, name: abc, login: sklep-abc, password: "Hurtownia#2026", notices: true, notice_url: "`+notices+`", notice_secret: tajne}
        - {kind: account, name: xyz, login: sklep-xyz, password: secret, notice_url: "`+notices+`"}`, 1)
	return "outbound: {allow_private: [127.0.0.0/8]}\n" + text
}

// sells puts a product into the wholesaler's catalogue.
func (h *hub) sells(code string, quantity int64) {
	h.t.Helper()
	_, err := h.api.PutProducts(h.t.Context(), "nordlys", []catalog.Product{{
		Product: order.Product{Code: code}, Active: true, Price: order.FromInt(2500, 2), Stock: []catalog.Stock{{Quantity: order.FromInt(quantity, 0)}},
	}})
	if err != nil {
		h.t.Fatal(err)
	}
}

// gateAnswer is what the tests look at in an answer about orders.
type gateAnswer struct {
	Errors struct {
		Code int    `json:"faultCode"`
		Text string `json:"faultString"`
	} `json:"errors"`
	Result  string `json:"result"`
	ID      string `json:"orderId"`
	Results []struct {
		ID       string `json:"orderId"`
		Status   string `json:"orderStatus"`
		Street   string `json:"clientDeliveryAddressStreet"`
		Fault    int    `json:"faultCode"`
		Packages []struct {
			Number   string `json:"deliveryPackageNumber"`
			Tracking string `json:"trackingUrl"`
		} `json:"packages"`
	} `json:"results"`
}

// gate calls a method of the wholesaler's door in a session.
func (h *hub) gate(ctx context.Context, method, session, params string) (out gateAnswer, err error) {
	status, text, err := try(ctx, "POST", h.URL()+"/idosell/customer-api/?gate=Dropshipping/"+method+"/1/json", "",
		`{"authenticate":{"sessionKey":"`+session+`","dropshippingKey":"K-7781"},"params":`+params+`}`)
	if err == nil {
		err = json.Unmarshal([]byte(text), &out)
	}
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%d %s", status, text)
	}
	return out, err
}

func (h *hub) mustGate(method, session, params string, code int) gateAnswer {
	h.t.Helper()
	out, err := h.gate(h.t.Context(), method, session, params)
	if err != nil || out.Errors.Code != code {
		h.t.Fatalf("%s: %+v, %v", method, out, err)
	}
	return out
}

// toRecipient is an order for one piece of a product.
func toRecipient(code string) string {
	return `"courierId":5,"clientDeliveryAddress":{"clientDeliveryAddressFirstName":"Jan","clientDeliveryAddressLastName":"Nowak",
		"clientDeliveryAddressStreet":"Polna 3/7","clientDeliveryAddressZipCode":"61-001","clientDeliveryAddressCity":"Poznań",
		"clientDeliveryAddressCountryId":"PL"},"products":[{"code":"` + code + `","codeType":"internal","quantity":1}]`
}

// TestDropShipLastPieces orders five pieces fifty times at once, by two nodes
// where there can be two: five orders are in the ledger, none is left, and
// numbers have no gaps.
func TestDropShipLastPieces(t *testing.T) { eachStore(t, testDropShipLastPieces) }

func testDropShipLastPieces(t *testing.T, at newPlace) {
	p := at(t)
	nodes := []*hub{}
	if p.database != "" {
		nodes = startNodes(t, p, 2, wholesaleShop("http://127.0.0.1:9/in"))
	} else {
		nodes = append(nodes, startHub(t, p, wholesaleShop("http://127.0.0.1:9/in")))
	}
	h := nodes[0]
	h.sells("KX-1", 5)
	sessions := []string{h.dropShip("sklep-abc", "Hurtownia#2026"), h.dropShip("sklep-xyz", "secret")}
	var mu sync.Mutex
	codes := map[int]int{}
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			out, err := nodes[i%len(nodes)].gate(t.Context(), "placeOrder", sessions[i/2%2], `{`+toRecipient("KX-1")+`}`)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			codes[out.Errors.Code]++
		})
	}
	all.Wait()
	if codes[0] != 5 || codes[111] != 45 {
		t.Errorf("the codes are %v", codes)
	}
	product, err := h.api.Product(t.Context(), "nordlys", "KX-1")
	if err != nil || product.OnHand().Sign() != 0 {
		t.Errorf("%s are left, %v", product.OnHand(), err)
	}
	list, err := h.api.Orders(t.Context(), "nordlys", api.ListOptions{})
	if err != nil || len(list.Orders) != 5 {
		t.Errorf("%d orders, %v", len(list.Orders), err)
	}
	serials := map[int]bool{}
	for _, session := range sessions {
		out := h.mustGate("getOrdersStatus", session, `{"ordersSerialNumbers":[1,2,3,4,5]}`, 0)
		for i, r := range out.Results {
			if r.Fault == 0 {
				serials[i] = true
			}
		}
	}
	if len(serials) != 5 {
		t.Errorf("the panel's numbers have gaps: %v", serials)
	}
}

// TestDropShipSameNumber places one order by its number at the shop from many
// callers at a time, on all nodes, and again after a restart.
func TestDropShipSameNumber(t *testing.T) { eachStore(t, testDropShipSameNumber) }

func testDropShipSameNumber(t *testing.T, at newPlace) {
	p := at(t)
	h := startHub(t, p, wholesaleShop("http://127.0.0.1:9/in"))
	h.sells("KX-1", 5)
	body := `{"orderExternalId":"W-1",` + toRecipient("KX-1") + `}`
	session := h.dropShip("sklep-abc", "Hurtownia#2026")
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if out, err := h.gate(t.Context(), "placeOrder", session, body); err != nil || out.ID != "sklep-abc-1" {
				t.Error(out, err)
			}
		})
	}
	all.Wait()
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	h = startHub(t, p, wholesaleShop("http://127.0.0.1:9/in"))
	if out := h.mustGate("placeOrder", session, body, 0); out.ID != "sklep-abc-1" {
		t.Errorf("%+v", out)
	}
	h.mustGate("placeOrder", session, strings.Replace(body, "Polna", "Leśna", 1), 105)
	if list, err := h.api.Orders(t.Context(), "nordlys", api.ListOptions{}); err != nil || len(list.Orders) != 1 {
		t.Errorf("%d orders, %v", len(list.Orders), err)
	}
}

// TestDropShipWay follows an order from the basket to the notice, and what is
// left of it once its recipient is forgotten.
func TestDropShipWay(t *testing.T) { eachStore(t, testDropShipWay) }

func testDropShipWay(t *testing.T, at newPlace) {
	var mu sync.Mutex
	var notices []string
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get(idosell.SignatureHeader) != idosell.Sign("tajne", body) {
			t.Errorf("a notice is not signed: %s, %v", body, err)
		}
		mu.Lock()
		defer mu.Unlock()
		notices = append(notices, string(body))
	}))
	t.Cleanup(receiver.Close)
	told := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return notices
	}
	h := startHub(t, at(t), wholesaleShop(receiver.URL))
	h.sells("KX-1", 5)
	abc, xyz := h.dropShip("sklep-abc", "Hurtownia#2026"), h.dropShip("sklep-xyz", "secret")
	id := h.mustGate("placeOrder", abc, `{"orderExternalId":"W-1",`+toRecipient("KX-1")+`}`, 0).ID
	silent := h.mustGate("placeOrder", xyz, `{`+toRecipient("KX-1")+`}`, 0).ID
	if out := h.mustGate("getOrdersStatus", xyz, `{"ordersIds":["`+id+`"],"ordersExternalIds":["W-1"]}`, 0); out.Results[0].Fault != 140 || out.Results[1].Fault != 140 {
		t.Errorf("another account's order is seen: %+v", out.Results)
	}
	if out := h.mustGate("updateRecipients", abc, `{"recipients":[{"clientDeliveryAddressId":"1","clientDeliveryAddressStreet":"Leśna 9"}]}`, 0); out.Errors.Code != 0 {
		t.Errorf("%+v", out)
	}
	state, err := h.api.Order(t.Context(), "nordlys", id)
	if err != nil || state.Order.Recipient.Street != "Leśna 9" || len(state.Events) != 2 {
		t.Fatalf("%+v, %v", state.Order, err)
	}

	for _, one := range []string{id, silent} {
		if _, err := h.api.Ship(t.Context(), "nordlys", one, api.Shipment{Parcel: "0000123456789U", Courier: "DPD"}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the shop is told", func() bool { return len(told()) > 0 })
	h.settled()
	if n := told(); len(n) != 1 || !strings.Contains(n[0], `"orderId":"`+id+`","orderSerialNumber":1,"orderExternalId":"W-1"`) ||
		!strings.Contains(n[0], `"deliveryPackageNumber":"0000123456789U"`) || !strings.Contains(n[0], "https://track.example/0000123456789U") {
		t.Errorf("told: %v", n)
	}
	list, err := h.api.Deliveries(t.Context(), "nordlys", api.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, d := range list.Deliveries {
		states[d.Order] = string(d.State) + " " + d.Code
	}
	if states[id] != "delivered " || states[silent] != "cancelled notices_off" {
		t.Errorf("%v", states)
	}
	if out := h.mustGate("getOrdersStatus", abc, `{"ordersExternalIds":["W-1"]}`, 0); out.Results[0].Status != "finished" ||
		len(out.Results[0].Packages) != 1 || out.Results[0].Packages[0].Tracking != "https://track.example/0000123456789U" {
		t.Errorf("%+v", out.Results)
	}
	if _, err := h.api.TestMessage(t.Context(), "nordlys", "idosell:callback", "sklep-abc"); err != nil || len(told()) != 2 || !strings.Contains(told()[1], `"test":true`) {
		t.Errorf("%v: %v", err, told())
	}

	if err := h.api.Erase(t.Context(), "nordlys", id); err != nil {
		t.Fatal(err)
	}
	h.mustGate("getRecipients", abc, `{}`, 2)
	if out := h.mustGate("getOrdersStatus", abc, `{"ordersIds":["`+id+`"]}`, 0); out.Results[0].Status != "finished" {
		t.Errorf("an erased order: %+v", out.Results)
	}
	if out := h.mustGate("getRecipients", xyz, `{}`, 0); len(out.Results) != 1 || out.Results[0].Street != "Polna 3/7" {
		t.Errorf("the other account's recipient: %+v", out.Results)
	}
	if logs := h.logs.String(); strings.Contains(logs, "Nowak") || strings.Contains(logs, "Polna") || strings.Contains(logs, abc) {
		t.Error("the log holds an address or a session")
	}
}

// TestDropShipBaskets fills baskets of one login at a time, each in a session
// of its own: they stay apart, and what is added to one at a time is in it.
func TestDropShipBaskets(t *testing.T) { eachStore(t, testDropShipBaskets) }

func testDropShipBaskets(t *testing.T, at newPlace) {
	h := startHub(t, at(t), wholesaleShop("http://127.0.0.1:9/in"))
	for i := range 4 {
		h.sells(fmt.Sprintf("P-%d", i), 3)
	}
	place := toRecipient("")
	place = place[:strings.Index(place, `,"products"`)]
	var sessions sync.WaitGroup
	for i := range 2 {
		session := h.dropShip("sklep-abc", "Hurtownia#2026")
		sessions.Go(func() {
			var lines sync.WaitGroup
			for _, code := range []int{i, i + 2} {
				lines.Go(func() {
					body := fmt.Sprintf(`{"clearBasket":"n","products":[{"code":"P-%d","codeType":"internal","quantity":2}]}`, code)
					if out, err := h.gate(t.Context(), "basketImport", session, body); err != nil || out.Result != "OK" {
						t.Error(out, err)
					}
				})
			}
			lines.Wait()
			if out, err := h.gate(t.Context(), "placeOrder", session, `{`+place+`,"orderExternalId":"`+fmt.Sprint(i)+`"}`); err != nil || out.Errors.Code != 0 {
				t.Error(out, err)
			}
		})
	}
	sessions.Wait()
	for n := range 2 {
		state, err := h.api.Order(t.Context(), "nordlys", fmt.Sprintf("sklep-abc-%d", n+1))
		if err != nil {
			t.Fatal(err)
		}
		which := state.Order.References[len(state.Order.References)-1].Value
		got := map[string]bool{}
		for _, l := range state.Order.Lines {
			got[l.Product.Code] = true
		}
		if i := map[string]int{"0": 0, "1": 1}[which]; len(got) != 2 || !got[fmt.Sprintf("P-%d", i)] || !got[fmt.Sprintf("P-%d", i+2)] {
			t.Errorf("order %s of basket %s holds %v", state.Order.ID, which, got)
		}
	}
}
