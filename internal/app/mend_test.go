package app_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/intake"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// TestARefusedOrderIsCorrectedAndRetried follows an order that the partner
// refuses, through an operator's correction, to the partner.
func TestARefusedOrderIsCorrectedAndRetried(t *testing.T) {
	eachStore(t, testARefusedOrderIsCorrectedAndRetried)
}

func testARefusedOrderIsCorrectedAndRetried(t *testing.T, at newPlace) {
	sandbox := startSandbox(t)
	if _, err := sandbox.api.SetFaults(t.Context(), "citrusad", []byte(`{"refuse":["o-7"]}`)); err != nil {
		t.Fatal(err)
	}
	h := startHub(t, at(t), shop(adsRoute(sandbox.URL())))
	h.give(oneOrder("o-7", "3.00"))
	refused := func() bool {
		list, err := h.api.Deliveries(t.Context(), "nordlys", api.ListOptions{Route: "ads"})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.Deliveries) > 0 && list.Deliveries[0].State == "refused"
	}
	h.settled()
	eventually(t, "the order is refused", refused)
	correction := `{"lines":[{"product":{"code":"A2"},"quantity":"4","total":"8.00"}]}`
	if receipts, err := h.api.Correct(t.Context(), "nordlys", "o-7", []byte(correction)); err != nil || len(receipts) != 1 {
		t.Fatal(receipts, err)
	}
	h.settled()
	eventually(t, "it is refused still", refused)
	if got := atSandbox(t, sandbox, "o-7"); got != "" {
		t.Fatalf("the partner took %s", got)
	}
	if _, err := sandbox.api.SetFaults(t.Context(), "citrusad", []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	acted, err := h.api.Retry(t.Context(), "nordlys", api.Selection{Orders: []string{"o-7"}})
	if err != nil || acted.Count < 1 { // the order as it came was refused, and as it was corrected
		t.Fatal(acted, err)
	}
	eventually(t, "the corrected order arrives", func() bool {
		got := atSandbox(t, sandbox, "o-7")
		return strings.Contains(got, `"gtin":"A2"`) && !strings.Contains(got, `"gtin":"A1"`)
	})
	h.settled()
	state, err := sandbox.api.Order(t.Context(), app.SandboxShop, "o-7")
	if err != nil || len(state.Events) != 1 {
		t.Errorf("the partner heard of it %d times: %v", len(state.Events), err)
	}
}

// TestTwoCredentialsComplete hands in one order with two credentials of one
// door, each with a part of it.
func TestTwoCredentialsComplete(t *testing.T) { eachStore(t, testTwoCredentialsComplete) }

func testTwoCredentialsComplete(t *testing.T, at newPlace) {
	receiver, received := startReceiver(t)
	two := strings.Replace(shop(hookRoute(receiver)), "citrusad: {api_key: sk-12345, publishable_key: pk-12345, team_id: team-1}",
		"citrusad: [{name: web, api_key: sk-12345}, {name: till, api_key: sk-67890}]", 1)
	h := startHub(t, at(t), two)
	whole := oneOrder("o-1", "3.00")
	h.give(strings.Replace(whole, `"customerId":"c-1",`, "", 1))
	status, body := send(t, "POST", h.URL()+"/citrusad/v1/orders", "Basic sk-67890", strings.Replace(whole, `"sessionId":"s-1",`, "", 1))
	if status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if strings.Contains(body, "s-1") {
		t.Errorf("one credential was told what the other said: %s", body)
	}
	h.settled()
	list := received()
	o := list[len(list)-1].Order
	if o.Session != "s-1" || o.Customer == nil || o.Customer.ID != "c-1" || len(o.Lines) != 1 || o.Lines[0].Total.String() != "3.00" {
		t.Errorf("the receiver has %+v", o)
	}
	orders, err := h.api.Orders(t.Context(), "nordlys", api.ListOptions{})
	if err != nil || len(orders.Orders) != 1 {
		t.Errorf("%+v %v", orders, err)
	}
	state, err := h.api.Order(t.Context(), "nordlys", "o-1")
	if err != nil || len(state.Sources) != 2 {
		t.Errorf("sources %+v %v", state.Sources, err)
	}
}

// rows are n orders as a file would bring them.
func rows(n int) iter.Seq2[partner.Row, error] {
	return func(yield func(partner.Row, error) bool) {
		for i := range n {
			id := fmt.Sprintf("old-%d", i)
			e := order.Entry{Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Statement: &order.Statement{Order: order.Order{
				ID: id, Currency: "SEK", Session: "s-" + id,
				Lines: []order.Line{{Product: order.Product{Code: "A1"}, Quantity: order.FromInt(1, 0), Total: order.FromInt(int64(i), 2)}},
			}}}
			if !yield(partner.Row{Line: i + 1, LastLine: i + 1, Entries: []order.Entry{e}}, nil) {
				return
			}
		}
	}
}

// TestALargeHistorySendsNothing imports 10,000 orders as history; a quarter of
// that, still several pages of everything, where each takes a database longer.
func TestALargeHistorySendsNothing(t *testing.T) { eachStore(t, testALargeHistorySendsNothing) }

func testALargeHistorySendsNothing(t *testing.T, at newPlace) {
	p, n := at(t), 10_000
	if p.database != "" {
		n = 2_500
	}
	sandbox := startSandbox(t)
	receiver, received := startReceiver(t)
	h := startHub(t, p, shop(adsRoute(sandbox.URL())+hookRoute(receiver)))
	sum, err := intake.Run(t.Context(), rows(n), intake.Options{
		History: true,
		Append: func(ctx context.Context, entries []order.Entry) ([]order.Receipt, error) {
			return h.api.Append(ctx, "nordlys", entries, true)
		},
	})
	if err != nil || sum.Results[intake.New] != n {
		t.Fatalf("%+v %v", sum, err)
	}
	h.settled()
	if list := received(); len(list) != 0 {
		t.Errorf("%d messages", len(list))
	}
	routes, err := h.api.Routes(t.Context(), "nordlys")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes.Routes {
		if r.Position != int64(n) || len(r.Counts) != 0 {
			t.Errorf("%s stands at %d with %v", r.Name, r.Position, r.Counts)
		}
	}
	// What comes after it goes its way, and alone.
	h.give(oneOrder("o-1", "3.00"))
	h.settled()
	if list := received(); len(list) != 1 || list[0].OrderID != "o-1" {
		t.Errorf("after it: %v", types(list))
	}
}
