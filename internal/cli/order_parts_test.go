package cli_test

import (
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

// TestOrderInParts: an order whose lines go to several wholesalers shows each
// part: the wholesaler's number, its lines, its parcels.
func TestOrderInParts(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	o := orderState(t)
	two := o.Order.Lines[0]
	two.Product.Code, two.Product.Name, two.Total = "p2", "", order.Decimal{}
	o.Order.Lines = append(o.Order.Lines, two)
	o.Events = append(o.Events, api.Event{Seq: 4, At: now, Kind: order.KindShipped, Source: "route:north", Happening: &order.Happening{
		Kind: order.KindShipped, Ref: "P-9", Parcel: &order.Parcel{Number: "P-9", Courier: "DPD", TrackingURL: "https://dpd.example/P-9"},
	}}, api.Event{Seq: 5, At: now, Kind: order.KindShipped, Source: "shipping", Happening: &order.Happening{
		Kind: order.KindShipped, Ref: "parcel P-7", Parcel: &order.Parcel{Number: "P-7"},
	}})
	o.Deliveries = []api.Delivery{
		{Route: "north", Order: "1001", Seq: 1, State: delivery.Delivered, Attempt: 1, Settled: now, Ref: "shop-17", Lines: []int{1}},
		{Route: "south", Order: "1001", Seq: 1, State: delivery.Delivered, Attempt: 1, Settled: now, Ref: "abc-3", Lines: []int{0, 9}},
	}
	h.answers["GET /api/v1/shops/nordlys/orders/1001"] = o
	r := h.run(t, "", "order", "1001")
	events, got, _ := strings.Cut(r.out, "ROUTES (UTC)\n")
	if strings.Count(events, "parcel P-7") != 1 {
		t.Errorf("a parcel that people told of is named once:\n%s", events)
	}
	want := `  north: delivered event #1, 1 attempt, at 2026-05-31 09:30:00, partner's number shop-17
    carries 1 × p2
    parcel P-9 DPD https://dpd.example/P-9
  south: delivered event #1, 1 attempt, at 2026-05-31 09:30:00, partner's number abc-3
    carries 1 × p1 Morning roast = 12.50
`
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestOrderShowsWhatSOAPSays: of an envelope, the first characters say nothing.
func TestOrderShowsWhatSOAPSays(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	f := func(body, want string) {
		t.Helper()
		o := orderState(t)
		o.Deliveries = []api.Delivery{{Route: "north", Order: "1001", Seq: 1, State: delivery.Delivered, Settled: now, Calls: []api.Call{{
			ID: 1, Exchanges: []api.Exchange{{At: now, Method: "POST", URL: "https://panel.example/", Status: 200, ResponseBody: body}},
		}}}}
		h.answers["GET /api/v1/shops/nordlys/orders/1001"] = o
		if r := h.run(t, "", "order", "1001"); !strings.Contains(r.out, "they said: "+want+"\n") {
			t.Errorf("%s\ngot\n%s\nwant %s", body, r.out, want)
		}
	}
	const head = `<?xml version="1.0"?>` + "\n" + `<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="placeOrder">
 <SOAP-ENV:Body>`
	const said = `<ns1:placeOrderResponse><response xsi:type="ns1:responseType"><orderId xsi:type="xsd:string">a-17</orderId><none xsi:nil="true"/>`
	f(head+said+`</response></ns1:placeOrderResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>`,
		`<placeOrderResponse><response><orderId>a-17</orderId><none/></response></placeOrderResponse>`)
	f(head+said, `<placeOrderResponse><response><orderId>a-17</orderId><none/>`) // the rest was not kept
	f(`<Envelope><Header/><Body id="b">1</Body></Envelope>`, `1`)
	f(`{"text":"<Envelope>"}`, `{"text":"<Envelope>"}`)
	f(`<html><Body>no</Body></html>`, `<html><Body>no</Body></html>`)
}
