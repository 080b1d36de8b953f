package app_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/demo"
)

// types returns what a receiver took, in sequence.
func types(list []demo.Message) (out []string) {
	for _, m := range list {
		out = append(out, m.Type+" "+m.OrderID)
	}
	return out
}

// TestTheWayOfAnOrder sends an order through CitrusAd's door and looks for it
// in the ledger, at the sandbox and at the webhook's receiver.
func TestTheWayOfAnOrder(t *testing.T) { eachStore(t, testTheWayOfAnOrder) }

func testTheWayOfAnOrder(t *testing.T, at newPlace) {
	sandbox := startSandbox(t)
	receiver, received := startReceiver(t)
	h := startHub(t, at(t), shop(adsRoute(sandbox.URL())+hookRoute(receiver)))
	h.give(oneOrder("o-1", "3.00"))
	h.settled()

	state, err := h.api.Order(t.Context(), "nordlys", "o-1")
	if err != nil {
		t.Fatal(err)
	}
	if len(state.Deliveries) != 2 || state.Deliveries[0].State != "delivered" || state.Deliveries[1].State != "delivered" {
		t.Fatalf("deliveries: %+v", state.Deliveries)
	}
	if got := atSandbox(t, sandbox, "o-1"); !strings.Contains(got, `"totalOrderItemPriceAfterDiscounts":3.00`) || !strings.Contains(got, "2026-03-02T15:00:00+01:00") {
		t.Errorf("the sandbox has %s", got)
	}
	list := received()
	if diff := cmp.Diff([]string{"order.placed o-1"}, types(list)); diff != "" {
		t.Fatal(diff)
	}
	if total := list[0].Order.Lines[0].Total.String(); total != "3.00" {
		t.Errorf("the receiver has a total of %s", total)
	}
	// The same again is known everywhere, and sent nowhere.
	h.give(oneOrder("o-1", "3.00"))
	h.settled()
	if n := len(received()); n != 1 {
		t.Errorf("%d messages after a repeat", n)
	}
}

// TestTwoDoorsComplete hands in one order by two doors, each with a part of
// it: what goes out has both.
func TestTwoDoorsComplete(t *testing.T) { eachStore(t, testTwoDoorsComplete) }

func testTwoDoorsComplete(t *testing.T, at newPlace) {
	sandbox := startSandbox(t)
	receiver, received := startReceiver(t)
	h := startHub(t, at(t), shop(adsRoute(sandbox.URL())+hookRoute(receiver)))
	if _, err := h.api.Post(t.Context(), "nordlys", "application/json",
		strings.NewReader(`{"order":{"id":"o-1","customer":{"email":"anna@nordlys.example"},"recipient":{"city":"Uppsala"}}}`)); err != nil {
		t.Fatal(err)
	}
	h.settled()
	if got := atSandbox(t, sandbox, "o-1"); got != "" {
		t.Errorf("an order without lines was sent: %s", got)
	}
	h.give(oneOrder("o-1", "3.00"))
	eventually(t, "the completed order arrives", func() bool { return strings.Contains(atSandbox(t, sandbox, "o-1"), `"gtin":"A1"`) })
	h.settled()
	list := received()
	last := list[len(list)-1].Order
	if last == nil || last.Customer == nil || last.Customer.Email != "anna@nordlys.example" || len(last.Lines) != 1 || last.Recipient.City != "Uppsala" {
		t.Errorf("the receiver has %+v", last)
	}
	state, err := h.api.Order(t.Context(), "nordlys", "o-1")
	if err != nil || len(state.Sources) != 2 {
		t.Errorf("sources %v %v", state.Sources, err)
	}
}

// TestAForgedPixel reports a known order with other content and the
// publishable key, which every visitor of the shop can read.
func TestAForgedPixel(t *testing.T) { eachStore(t, testAForgedPixel) }

func testAForgedPixel(t *testing.T, at newPlace) {
	sandbox := startSandbox(t)
	receiver, received := startReceiver(t)
	public := strings.Replace(hookRoute(receiver), "partner: webhook", "partner: webhook, trust: public", 1)
	h := startHub(t, at(t), shop(adsRoute(sandbox.URL())+public))
	h.give(oneOrder("o-1", "3.00"))
	h.settled()
	before, messages := atSandbox(t, sandbox, "o-1"), received()

	pixel := func(id string) {
		q := url.Values{"key": {"pk-12345"}, "catid": {"cat-9"}, "ordid": {id}, "ordts": {"2026-03-02T16:00:00Z"},
			"sesid": {"forged"}, "procods": {"EVIL"}, "pris": {"0.01"}, "quas": {"999"}}
		if status, body := send(t, "GET", h.URL()+"/citrusad/v1/resource/third-o?"+q.Encode(), "", ""); status != 200 {
			t.Fatalf("third-o answered %d: %s", status, body)
		}
	}
	pixel("o-1")
	h.settled()
	if after := atSandbox(t, sandbox, "o-1"); after != before {
		t.Errorf("the sandbox had\n%s\nnow\n%s", before, after)
	}
	if after := received(); len(after) != len(messages) {
		t.Errorf("the webhook was told: %v", types(after[len(messages):]))
	}
	// An order that only a browser reported goes where that is allowed.
	pixel("o-2")
	h.settled()
	if got := atSandbox(t, sandbox, "o-2"); got != "" {
		t.Errorf("the sandbox has %s", got)
	}
	after := received()
	if len(after) != len(messages)+1 || after[len(messages)].OrderID != "o-2" {
		t.Errorf("the receiver has %v", types(after))
	}
	// Later messages about the order still say what the shop said.
	if _, err := h.api.Post(t.Context(), "nordlys", "application/json",
		strings.NewReader(`{"happening":{"kind":"shipped","ref":"p-1"},"order_id":"o-1"}`)); err != nil {
		t.Fatal(err)
	}
	h.settled()
	all := received()
	last := all[len(all)-1]
	if last.OrderID != "o-1" || last.Order == nil || last.Order.Session != "s-1" || last.Order.Lines[0].Product.Code != "A1" {
		t.Errorf("the receiver was told %+v", last.Order)
	}
}

// TestARestartKeepsEverything stops a hub between taking and sending.
func TestARestartKeepsEverything(t *testing.T) { eachStore(t, testARestartKeepsEverything) }

func testARestartKeepsEverything(t *testing.T, at newPlace) {
	sandbox := startSandbox(t)
	p := at(t)
	first := startHub(t, p, shop(adsRoute(sandbox.URL())))
	if err := first.api.Pause(t.Context(), "nordlys", "ads", "a test"); err != nil {
		t.Fatal(err)
	}
	first.give(oneOrder("o-1", "3.00"))
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	second := startHub(t, p, shop(adsRoute(sandbox.URL())))
	if state, err := second.api.Order(t.Context(), "nordlys", "o-1"); err != nil || len(state.Events) != 1 {
		t.Fatal(state, err)
	}
	if got := atSandbox(t, sandbox, "o-1"); got != "" {
		t.Fatal("a paused route sent")
	}
	if err := second.api.Resume(t.Context(), "nordlys", "ads"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the order arrives", func() bool { return atSandbox(t, sandbox, "o-1") != "" })
	if v, err := second.api.Verify(t.Context(), "nordlys"); err != nil || !v.Whole {
		t.Error(v, err)
	}
}

// TestLogsHoldNothingSecretOrPersonal looks for what must not be in them,
// after everything that can go wrong did.
func TestLogsHoldNothingSecretOrPersonal(t *testing.T) {
	eachStore(t, testLogsHoldNothingSecretOrPersonal)
}

func testLogsHoldNothingSecretOrPersonal(t *testing.T, at newPlace) {
	receiver, _ := startReceiver(t)
	h := startHub(t, at(t), shop(adsRoute("http://127.0.0.1:1")+hookRoute(receiver)))
	if _, err := h.api.Post(t.Context(), "nordlys", "application/json",
		strings.NewReader(`{"order":{"id":"o-1","customer":{"email":"anna@nordlys.example","name":"Anna Andersson"},"session":"s-secret"}}`)); err != nil {
		t.Fatal(err)
	}
	h.give(oneOrder("o-1", "3.00"))
	send(t, "POST", h.URL()+"/citrusad/v1/orders", "Basic wrong-key-wrong-key", oneOrder("o-2", "x"))
	send(t, "GET", h.URL()+"/citrusad/v1/resource/third-o?key=pk-12345&ordid=o-9", "", "")
	eventually(t, "the route fails", func() bool { return strings.Contains(h.logs.String(), "route=ads") })
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	logs := h.logs.String()
	for _, never := range []string{"anna@", "Andersson", "s-secret", "sk-12345", "pk-12345", "sandbox-secret-key", hookKey, adminToken, "wrong-key"} {
		if strings.Contains(logs, never) {
			t.Errorf("%q is in the log:\n%s", never, logs)
		}
	}
}
