package deliveryhero

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

// TestOrderLoops writes an order as the platform does and reads it as a route:
// it says the same, but for what is the platform's own.
func TestOrderLoops(t *testing.T) {
	t.Parallel()
	o := groceries(carriedByVendor)
	o.Type, o.Preorder, o.Payment = "delivery", true, &order.Payment{Kind: kindPrepaid}
	o.Shipping.AcceptedFor, o.Shipping.PromisedFor = order.At(time.Unix(1_800_000_000, 0).UTC()), order.At(time.Unix(1_800_000_600, 0).UTC())
	o.PlacedAt = order.At(time.Unix(1_799_999_000, 0).UTC())
	o.Customer = &order.Customer{ID: "c1", FirstName: "Ana", LastName: "Q", Phone: "+598 2", LoyaltyCard: "L-1"}
	o.Recipient = &order.Party{FirstName: "Ana", LastName: "Q", Phone: "+598 2", Street: "Calle Uno", Number: "7", City: "Montevideo", PostalCode: "11000", Country: "UY", Latitude: "-34.90", Longitude: "-56.16", Formatted: "Calle Uno 7"}
	o.Notes = []order.Note{{From: fromCustomer, Text: "Ring twice"}, {About: "lines[2]", From: fromCustomer, Text: "Thin"}}
	o.References = []order.Reference{{Kind: refExternal, Value: "20394857"}, {Kind: refCode, Value: "A17"}, {Kind: refChain, Value: testChain}}
	o.Totals.Other = []order.Amount{{Kind: amountDiscount, Name: "WELCOME", Value: dec("5")}, {Kind: amountFee, Name: "bag", Value: dec("2.50")}}
	o.Lines = o.Lines[:3] // postage is a sum there
	o.Lines[1].ID, o.Lines[2].ID = "l2", "l3"
	o.Lines[1].Product = order.Product{SKU: "779002", Name: "Agua", GTIN: "7730000000017"}
	o.Lines[2].Product.Name = "Queso"
	o.Lines[0].Status, o.Lines[0].ReplacedBy = order.LineReplaced, "l2"
	o.Lines[1].Status, o.Lines[1].Replaces = order.LineAdded, "l1"
	o.Lines[2].Ordered = &order.Ordered{Quantity: dec("1"), Weight: dec("1"), UnitPrice: dec("90"), Total: dec("90")}

	v := &vendor{ID: testVendor, External: "SHOP-07"}
	f := &found{order: &o, number: testNumber, vendor: v, created: o.PlacedAt.Time(), changed: o.PlacedAt.Time()}
	b, err := json.Marshal(f.wire(&chain{ID: testChain, Country: "uy", Grant: partner.Grant{ShopName: "Almacén"}}, statusReceived))
	if err != nil {
		t.Fatal(err)
	}
	w, err := readOrder(b)
	if err != nil {
		t.Fatal(err)
	}
	got := w.canonical()
	differ := slices.DeleteFunc(order.Diff(&o, &got), func(path string) bool { return strings.HasPrefix(path, "extra") })
	if want := []string{"currency", "store"}; !slices.Equal(differ, want) {
		t.Errorf("differ: %q\n%s", differ, b)
	}
	if w.PromotionStatus != promotionsShown || w.Client.Name != "Almacén" || w.Client.StoreID != testVendor {
		t.Errorf("%s", b)
	}
}

// TestPoorOrder writes an order of which hardly anything is known: what has to
// be there is.
func TestPoorOrder(t *testing.T) {
	t.Parallel()
	f := &found{order: &order.Order{ID: "W-1", Lines: []order.Line{{Product: order.Product{Code: "a"}, Total: dec("3.00"), Quantity: dec("2")}, {Kind: order.LinePostage, Total: dec("1")}}},
		number: "n", vendor: &vendor{ID: "v"}, created: time.Unix(1_800_000_000, 0)}
	b, err := json.Marshal(f.wire(&chain{ID: testChain, Country: "uy"}, statusCancelled))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"external_order_id":"W-1"`, `"order_type":"DELIVERY"`, `"transport_type":"LOGISTICS_DELIVERY"`, `"isPreorder":false`,
		`"accepted_for":"2027-01-15T08:30:00.000Z"`, `"unit_price":1.500`, `"total_price":3.00`, `"sub_total":3.00,"order_total":4.00,"delivery_fee":1`,
		`"cancellation":{"cancelled_by":"PLATFORM","reason":"OTHER","post_picked_up":false}`, `"type":"PAID"`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
	if strings.Contains(string(b), "customer") {
		t.Errorf("%s", b)
	}
}

// TestNumbers gives orders of other ids a UUID, and finds the way back.
func TestNumbers(t *testing.T) {
	t.Parallel()
	deps := partnertest.NewHub(nil).Deps(Partner)
	n := numbers{deps.At(partnertest.Shop), testChain}
	// RFC 9562, appendix A.4: version 5 of "www.example.com" in the space of DNS.
	if got := namedUUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com"); got != "2ed6657d-e927-568b-95e1-2665a8aea6a2" {
		t.Errorf("named %s", got)
	}
	for _, id := range []string{"W-1", testNumber, strings.ToUpper(testNumber), "Ω 1/2"} {
		number, err := n.tell(t.Context(), id)
		if err != nil || !isUUID(number) || number != strings.ToLower(number) {
			t.Errorf("%s: %s %v", id, number, err)
		}
		for _, asked := range []string{number, strings.ToUpper(number)} {
			// Two orders whose ids differ in letters alone share a number: the
			// one told of last in other letters has it.
			if back, err := n.order(t.Context(), asked); err != nil || !strings.EqualFold(back, id) {
				t.Errorf("%s: back to %s %v", id, back, err)
			}
		}
	}
}

// TestListFollows: what comes with its outlet late, by other nodes at the same
// time, stands in the list once.
func TestListFollows(t *testing.T) {
	t.Parallel()
	b := newOrdersBench(t, "pedidosya")
	late := groceries("platform")
	late.ID, late.Store = "W-late", ""
	b.place(late)
	b.place(groceries("platform"))
	here := orders{b.hub.Deps(Partner), &chain{Shop: partnertest.Shop, ID: testChain}}
	v := &vendor{ID: testVendor, External: testVendor}
	ids := func() []string {
		t.Helper()
		for range 2 {
			if whole, err := here.follow(t.Context()); err != nil || !whole {
				t.Fatal(whole, err)
			}
		}
		list, err := here.between(t.Context(), v, b.now.Add(-time.Hour), b.now.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if got := ids(); !slices.Equal(got, []string{testNumber}) {
		t.Errorf("%q", got)
	}
	b.now = b.now.Add(time.Minute)
	late.Store = testVendor
	b.place(late)
	late.Locale = "es"
	b.place(late)
	if got := ids(); !slices.Equal(got, []string{testNumber, "W-late"}) {
		t.Errorf("%q", got)
	}
}

// FuzzPut puts what strangers send to an order: it is refused, or leaves an
// order that can be kept, written and read.
func FuzzPut(f *testing.F) {
	f.Add([]byte(`{"status":"UPDATE_CART","items":[{"_id":"l1","status":"REPLACED","replaced_id":"x"},{"sku":"x","status":"ADDITION","pricing":{"quantity":1.5,"unit_price":2}}]}`))
	f.Add([]byte(`{"status":"UPDATE_CART","items":[{"_id":"l3","status":"IN_CART","pricing":{"pricing_type":"KG","weight":1e1}},{"sku":"779002","status":"NOT_FOUND"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var put wirePut
		if json.UnmarshalInput(body, &put) != nil || len(put.Items) > 100 {
			return
		}
		o := groceries("platform")
		before := o.Clone()
		lines, err := pick(&o, put.Items, false, func(string) (string, order.Money, error) { return "", order.Money{}, nil })
		if !order.Same(before, &o) {
			t.Fatal("the order itself was changed")
		}
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for i := range lines {
			if id := lines[i].ID; id != "" && seen[id] {
				t.Fatalf("two lines are %q", id)
			} else {
				seen[id] = true
			}
			if lineSum(&lines[i]).Sign() < 0 {
				t.Fatalf("line %d costs %s", i, lineSum(&lines[i]))
			}
		}
		o.Lines, o.Totals = lines, totalsAfter(&o, lines)
		v := &found{order: &o, number: testNumber, vendor: &vendor{ID: testVendor}}
		b, err := json.Marshal(v.wire(&chain{ID: testChain}, statusReceived))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readOrder(b); err != nil {
			t.Fatalf("%v: %s", err, b)
		}
	})
}
