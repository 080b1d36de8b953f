package deliveryhero

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/secret"
)

const (
	testChain  = "c0de0000-0000-4000-8000-000000000001"
	testNumber = "0f5a6c1e-3b0d-4e55-9d4e-1d2f6f0a7b11"
	testVendor = "290056"
)

// ordersBench is a door with a chain of three outlets, and its hub.
type ordersBench struct {
	t    *testing.T
	hub  *partnertest.Hub
	now  time.Time
	door http.Handler
}

func newOrdersBench(t *testing.T, brand string) *ordersBench {
	t.Helper()
	b := &ordersBench{t: t, now: time.Date(2026, 3, 2, 18, 0, 0, 0, time.UTC)}
	b.hub = partnertest.NewHub(func() time.Time { return b.now })
	b.hub.AddCredential(Partner, "chain", ofChain, partner.Settings{
		fieldChain: {Text: testChain}, fieldBrand: {Text: brand}, fieldCountry: {Text: "UY"},
	})
	b.hub.AddCredential(Partner, "centro", ofVendor, partner.Settings{fieldVendor: {Text: testVendor}, fieldExternal: {Text: "SHOP-07"}})
	b.hub.AddCredential(Partner, "norte", ofVendor, partner.Settings{fieldVendor: {Text: "s8ym"}})
	b.hub.AddCredential(Partner, "sur", ofVendor, partner.Settings{fieldVendor: {Text: "nbet"}, fieldPicking: {Text: pickingPelican}})
	b.hub.AddCredential(Partner, "Orders", ofToken, partner.Settings{fieldToken: {Secret: secret.New("right")}})
	b.door = partnertest.NewDoor(t, Partner, b.hub)
	return b
}

// place has an order at the hub, said by the shop's own API.
func (b *ordersBench) place(o order.Order, kinds ...order.Kind) {
	b.t.Helper()
	source, subject := order.Source{Name: "api:market", Rank: order.RankShop}, order.Subject{Kind: order.SubjectOrder, ID: o.ID}
	entries := []order.Entry{{Subject: subject, Source: source, Statement: &order.Statement{Order: o}}}
	for _, k := range kinds {
		entries = append(entries, order.Entry{Subject: subject, Source: source, Happening: &order.Happening{Kind: k}})
	}
	if _, err := b.hub.Append(b.t.Context(), partnertest.Shop, entries); err != nil {
		b.t.Fatal(err)
	}
}

// call calls the door.
func (b *ordersBench) call(method, path, body string) (int, string) {
	b.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer right")
	w := httptest.NewRecorder()
	b.door.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// put puts an order and returns it as it is answered.
func (b *ordersBench) put(number, body string) (int, *wireOrder) {
	b.t.Helper()
	status, text := b.call(http.MethodPut, "/v2/chains/"+testChain+"/orders/"+number, body)
	if status != http.StatusOK {
		return status, nil
	}
	return status, b.read(text)
}

func (b *ordersBench) read(text string) *wireOrder {
	b.t.Helper()
	o, err := readOrder([]byte(text))
	if err != nil {
		b.t.Fatalf("%v: %s", err, text)
	}
	return o
}

func (b *ordersBench) get(number string) *wireOrder {
	b.t.Helper()
	status, text := b.call(http.MethodGet, "/v2/chains/"+testChain+"/orders/"+number, "")
	if status != http.StatusOK {
		b.t.Fatalf("GET: %d %s", status, text)
	}
	return b.read(text)
}

func dec(text string) order.Decimal {
	d, err := order.ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return d
}

// groceries are an order of three lines: pieces, pieces with a discount, and
// what is weighed.
func groceries(by string) order.Order {
	return order.Order{
		ID: testNumber, Store: testVendor, Currency: "UYU", Shipping: &order.Shipping{By: by},
		Lines: []order.Line{
			{ID: "l1", Product: order.Product{SKU: "779001", Name: "Yerba 1kg"}, Quantity: dec("2"), UnitPrice: dec("120.50"), Total: dec("241.00")},
			{Product: order.Product{Code: "779002", Name: "Agua"}, Quantity: dec("4"), UnitPrice: dec("10.00"), Discount: dec("4.00"), Total: dec("36.00")},
			{Product: order.Product{SKU: "779003"}, Unit: unitKG, Quantity: dec("1.5"), Weight: dec("1.5"), Pieces: dec("3"), UnitPrice: dec("90"), Total: dec("135")},
			{Kind: order.LinePostage, Total: dec("49.00")},
		},
		Totals: &order.Totals{Goods: dec("412.00"), Shipping: dec("49.00"), Total: dec("461.00")},
	}
}

// TestEveryPut puts every state to an order in every state, for both ways of
// carrying, at a brand that takes ACCEPTED and at one that does not.
func TestEveryPut(t *testing.T) {
	t.Parallel()
	states := []order.Kind{"", order.KindAccepted, order.KindReady, order.KindShipped, order.KindDelivered, order.KindCancelled, order.KindRefunded}
	wants := map[string]map[string]string{ // brand / carried by → from the states above: the first letters of what is taken
		"pedidosya/platform": {"": "URC", "accepted": "URC", "ready": "C"},
		"pedidosya/vendor":   {"": "UDC", "accepted": "UDC", "ready": "DC"},
		"glovo/platform":     {"": "URC", "accepted": "URC", "ready": "C"},
		"glovo/vendor":       {"": "AUDC", "accepted": "UDC", "ready": "DC"},
	}
	for way, taken := range wants {
		brand, by, _ := strings.Cut(way, "/")
		for _, state := range states {
			for _, asked := range []word{
				statusReceived, statusAccepted, statusUpdateCart, statusReady, statusDispatched, statusCancelled, statusDelivered, statusPickedUp, "TELEPORTED", "",
			} {
				t.Run(fmt.Sprintf("%s/%s/%s", way, state, asked), func(t *testing.T) {
					t.Parallel()
					everyPut(t, brand, by, state, asked, asked != "" && strings.Contains(taken[string(state)], string(asked[:1])) && knownPut(asked))
				})
			}
		}
	}
}

// knownPut keeps RECEIVED and DELIVERED from counting by their first letters.
func knownPut(w word) bool { _, ok := puts[w]; return ok }

func everyPut(t *testing.T, brand, by string, state order.Kind, asked word, ok bool) {
	b := newOrdersBench(t, brand)
	var before []order.Kind
	if state != "" {
		before = []order.Kind{state}
	}
	b.place(groceries(by), before...)
	known := len(b.hub.Entries())
	body := fmt.Sprintf(`{"order_id":%q,"status":%q,"accepted_for":"2026-03-02T18:40:00Z","items":[{"_id":"l1","sku":"779001","status":"IN_CART"}],"cancellation":{"reason":"TOO_BUSY"}}`, testNumber, asked)
	status, _ := b.put(testNumber, body)
	happened := slices.DeleteFunc(b.hub.Entries()[known:], func(e order.Entry) bool { return e.Happening == nil })
	if !ok {
		if status != http.StatusBadRequest || len(b.hub.Entries()) != known {
			t.Errorf("answered %d, %d new entries", status, len(b.hub.Entries())-known)
		}
		return
	}
	if status != http.StatusOK {
		t.Fatalf("answered %d", status)
	}
	if kind := puts[asked].kind; kind == "" && len(happened) != 0 || kind != "" && (len(happened) != 1 || happened[0].Happening.Kind != kind) {
		t.Errorf("%+v happened", happened)
	}
}

// TestPutItems changes lines by PUT, and reckons.
func TestPutItems(t *testing.T) {
	t.Parallel()
	cart := func(items string) string { return `{"status":"UPDATE_CART","items":[` + items + `]}` }
	const rest = `,{"_id":"l2","status":"IN_CART"},{"_id":"l3","status":"IN_CART"}`
	f := func(body, total string, lines ...string) {
		t.Helper()
		b := newOrdersBench(t, "pedidosya")
		b.place(groceries("platform"))
		status, o := b.put(testNumber, body)
		if status != http.StatusOK {
			t.Errorf("%s: %d", body, status)
			return
		}
		var got []string
		for _, i := range o.Items {
			amount := i.Pricing.Quantity.String()
			if i.Pricing.Type == pricedKG {
				amount = i.Pricing.Weight.String() + "kg"
			}
			line := fmt.Sprintf("%s %s %s %s = %s", i.ID, i.SKU, i.Status, amount, i.Pricing.TotalPrice)
			if i.ReplacedID != "" {
				line += " ~" + string(i.ReplacedID)
			}
			if i.Original != nil {
				line += " was " + i.Original.TotalPrice.String()
			}
			got = append(got, line)
		}
		if !slices.Equal(got, lines) || o.Payment.OrderTotal.String() != total {
			t.Errorf("%s:\n%s\ntotal %s", body, strings.Join(got, "\n"), o.Payment.OrderTotal)
		}
		if o.Status != statusReceived {
			t.Errorf("%s: is %s", body, o.Status)
		}
	}
	// All found; fewer; more; none; another weight; another price.
	f(cart(`{"sku":"779001","status":"IN_CART"}`+rest), "461.00", "l1 779001 IN_CART 2 = 241.00", "l2 779002 IN_CART 4 = 36.00", "l3 779003 IN_CART 1.5kg = 135")
	f(cart(`{"sku":"779001","status":"IN_CART","pricing":{"pricing_type":"UNIT","quantity":1}}`), "340.50",
		"l1 779001 IN_CART 1 = 120.50 was 241.00", "l2 779002 NOT_PROCESSED 4 = 36.00", "l3 779003 NOT_PROCESSED 1.5kg = 135")
	f(cart(`{"_id":"l2","status":"IN_CART","pricing":{"quantity":6}}`), "479.00",
		"l1 779001 NOT_PROCESSED 2 = 241.00", "l2 779002 IN_CART 6 = 54.00 was 36.00", "l3 779003 NOT_PROCESSED 1.5kg = 135")
	f(cart(`{"_id":"l1","status":"NOT_FOUND"}`+rest), "220.00", "l1 779001 NOT_FOUND 0 = 0 was 241.00", "l2 779002 IN_CART 4 = 36.00", "l3 779003 IN_CART 1.5kg = 135")
	f(cart(`{"_id":"l3","status":"IN_CART","pricing":{"pricing_type":"KG","quantity":3,"weight":1.237}}`), "437.33",
		"l1 779001 NOT_PROCESSED 2 = 241.00", "l2 779002 NOT_PROCESSED 4 = 36.00", "l3 779003 IN_CART 1.237kg = 111.33 was 135")
	// Replaced, the link on either side or on none; an extra item.
	const replaced = "l1 779001 REPLACED 0 = 0 ~l5 was 241.00"
	for _, items := range []string{
		`{"_id":"l1","status":"REPLACED","replaced_id":"779009"},{"sku":"779009","name":"Yerba B","status":"IN_CART","pricing":{"quantity":2,"unit_price":100}}`,
		`{"_id":"l1","status":"REPLACED"},{"sku":"779009","status":"IN_CART","replaced_id":"l1","pricing":{"quantity":2,"unit_price":100}}`,
		`{"sku":"779009","status":"ADDITION","pricing":{"quantity":2,"unit_price":"100"}},{"_id":"l1","status":"REPLACED"}`,
		`{"_id":"l1","status":"REPLACED","replaced_id":"l5"},{"_id":"l5","sku":"779009","status":"ADDITION","pricing":{"quantity":2,"unit_price":100}}`,
	} {
		f(cart(items), "420.00", replaced, "l2 779002 NOT_PROCESSED 4 = 36.00", "l3 779003 NOT_PROCESSED 1.5kg = 135", "l5 779009 ADDITION 2 = 200 ~l1")
	}
	f(cart(`{"sku":"779001","status":"ADDITION","pricing":{"quantity":1,"unit_price":120.5}}`), "581.50",
		"l1 779001 NOT_PROCESSED 2 = 241.00", "l2 779002 NOT_PROCESSED 4 = 36.00", "l3 779003 NOT_PROCESSED 1.5kg = 135", "l5 779001 ADDITION 1 = 120.5")
}

// TestPutInSteps changes the same lines twice: what was ordered stays known.
func TestPutInSteps(t *testing.T) {
	t.Parallel()
	b := newOrdersBench(t, "pedidosya")
	b.place(groceries("platform"))
	for _, body := range []string{
		`{"status":"UPDATE_CART","items":[{"_id":"l1","status":"REPLACED"},{"sku":"779009","status":"ADDITION","pricing":{"quantity":1,"unit_price":100}},{"_id":"l2","status":"NOT_FOUND"}]}`,
		`{"status":"UPDATE_CART","items":[{"sku":"779009","status":"ADDITION","pricing":{"quantity":2,"unit_price":100}},{"_id":"l2","status":"IN_CART"}]}`,
		`{"status":"READY_FOR_PICKUP","items":[{"_id":"l1","status":"REPLACED","replaced_id":"l5"},{"_id":"l2","status":"IN_CART"},{"_id":"l3","status":"NOT_FOUND"},{"sku":"779009","status":"IN_CART"}]}`,
	} {
		b.now = b.now.Add(time.Minute)
		if status, _ := b.put(testNumber, body); status != http.StatusOK {
			t.Fatalf("%s: %d", body, status)
		}
	}
	o := b.get(testNumber)
	if o.Status != statusReady || o.Payment.OrderTotal.String() != "285.00" || o.Payment.SubTotal.String() != "236.00" || len(o.Items) != 4 {
		t.Errorf("%s, %s of %s, %d items", o.Status, o.Payment.SubTotal, o.Payment.OrderTotal, len(o.Items))
	}
	if l2 := o.Items[1]; l2.Status != itemInCart || l2.Pricing.Quantity.String() != "4" || l2.Original != nil || l2.Discount.String() != "4.00" {
		t.Errorf("found again: %+v", l2)
	}
	entries := b.hub.Entries()
	ready := entries[len(entries)-1]
	if ready.Source.Name != "deliveryhero:Orders" || ready.Source.Rank != order.RankDoor || len(ready.Happening.Lines) != 2 {
		t.Errorf("ready: %+v", ready.Happening)
	}
	if pick := entries[len(entries)-2]; pick.Source.Rank != order.RankOperator || pick.Source.Name != "deliveryhero:Orders/picking" || pick.After == 0 {
		t.Errorf("picked: %+v", pick)
	}
	if o.Sys.UpdatedAt.String() != "2026-03-02T18:03:00.000Z" || o.Sys.CreatedAt.String() != "2026-03-02T18:00:00.000Z" {
		t.Errorf("%+v", o.Sys)
	}
}

// TestBadPuts refuses what makes no sense, and changes nothing.
func TestBadPuts(t *testing.T) {
	t.Parallel()
	b := newOrdersBench(t, "pedidosya")
	b.place(groceries("platform"))
	known := len(b.hub.Entries())
	item := func(item string) string { return `{"status":"UPDATE_CART","items":[` + item + `]}` }
	for _, body := range []string{
		`{`, `{}`, `[]`, `{"status":"READY_FOR_PICKUP"}`, `{"status":"READY_FOR_PICKUP","items":[]}`, `{"status":"READY_FOR_PICKUP","items":null}`,
		`{"order_id":"0f5a6c1e-3b0d-4e55-9d4e-1d2f6f0a7b12","status":"UPDATE_CART","items":[{"_id":"l1","status":"IN_CART"}]}`,
		`{"status":"CANCELLED","items":[{"_id":"l1","status":"NOT_FOUND"}]}`,
		`{"status":"CANCELLED","items":[{"_id":"l1","status":"NOT_FOUND"}],"cancellation":{"reason":""}}`,
		`{"status":"READY_FOR_PICKUP","items":[{"_id":"l1","status":"NOT_FOUND"},{"_id":"l2","status":"NOT_FOUND"},{"_id":"l3","status":"NOT_FOUND"}]}`,
		item(`{"status":"IN_CART"}`), item(`{"_id":"nope","status":"IN_CART"}`), item(`{"sku":"nope","status":"NOT_FOUND"}`),
		item(`{"_id":"l1","status":"EATEN"}`), item(`{"_id":"l1","sku":"779002","status":"IN_CART"}`),
		item(`{"_id":"l1","status":"IN_CART"},{"_id":"l1","status":"NOT_FOUND"}`),
		item(`{"_id":"l1","status":"IN_CART","pricing":{"quantity":0}}`), item(`{"_id":"l1","status":"IN_CART","pricing":{"quantity":-1}}`),
		item(`{"_id":"l1","status":"IN_CART","pricing":{"pricing_type":"KG","weight":1}}`),
		item(`{"_id":"l1","status":"IN_CART","pricing":{"quantity":"two"}}`),
		item(`{"_id":"l1","status":"REPLACED","replaced_id":"nope"}`),
		item(`{"sku":"new","status":"ADDITION"}`), item(`{"sku":"new","status":"ADDITION","pricing":{"quantity":1}}`),
		item(`{"sku":"new","status":"ADDITION","pricing":{"unit_price":1}}`), item(`{"_id":"new","status":"ADDITION","pricing":{"quantity":1,"unit_price":1}}`),
	} {
		if status, text := b.call(http.MethodPut, "/v2/orders/"+testNumber, body); status != http.StatusBadRequest || !strings.Contains(text, `"message"`) {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	if len(b.hub.Entries()) != known {
		t.Errorf("%d new entries", len(b.hub.Entries())-known)
	}
}

// TestPutCancelled cancels with a reason; what was ordered stays as it was.
func TestPutCancelled(t *testing.T) {
	t.Parallel()
	for _, cancellation := range []string{`{"reason":"ITEM_UNAVAILABLE","cancelled_by":"VENDOR"}`, `"ITEM_UNAVAILABLE"`} {
		b := newOrdersBench(t, "pedidosya")
		b.place(groceries("vendor"))
		status, o := b.put(testNumber, `{"status":"CANCELED","items":[{"_id":"l1","status":"NOT_FOUND"},{"_id":"l2","status":"NOT_FOUND"},{"_id":"l3","status":"NOT_FOUND"}],"cancellation":`+cancellation+`}`)
		if status != http.StatusOK || o.Status != statusCancelled || o.Cancellation == nil || o.Cancellation.Reason != reasonUnavailable || o.Cancellation.By != cancelledByVendor {
			t.Fatalf("%d %+v", status, o)
		}
		if o.Items[0].Status != itemNotFound || o.Payment.OrderTotal.String() != "461.00" {
			t.Errorf("%+v %+v", o.Items[0], o.Payment)
		}
	}
}

// TestPutByPlatformsApp refuses PUT where the platform picks.
func TestPutByPlatformsApp(t *testing.T) {
	t.Parallel()
	b := newOrdersBench(t, "foodpanda")
	o := groceries("platform")
	o.Store = "nbet"
	b.place(o, order.KindShipped)
	status, text := b.call(http.MethodPut, "/v2/orders/"+testNumber, `{"status":"UPDATE_CART","items":[{"_id":"l1","status":"IN_CART"}]}`)
	if status != http.StatusBadRequest || !strings.Contains(text, "PICKED_BY_PLATFORM") {
		t.Errorf("%d %s", status, text)
	}
	if _, text := b.call(http.MethodGet, "/v2/orders/"+testNumber, ""); !strings.Contains(text, `"status":"picked_up"`) {
		t.Error(text)
	}
}

// TestPutWhileItChanges looks again at an order that changed between reading and
// writing.
func TestPutWhileItChanges(t *testing.T) {
	t.Parallel()
	b := newOrdersBench(t, "pedidosya")
	b.place(groceries("platform"))
	busy := &busyIntake{Hub: b.hub, times: 2}
	deps := b.hub.Deps(Partner)
	deps.Intake = busy
	side, err := newDoor(deps)
	if err != nil {
		t.Fatal(err)
	}
	b.door = side.Handler
	body := `{"status":"READY_FOR_PICKUP","items":[{"_id":"l1","status":"IN_CART"}]}`
	if status, o := b.put(testNumber, body); status != http.StatusOK || o.Status != statusReady {
		t.Errorf("%d %+v", status, o)
	}
	busy.times = 100
	b2 := groceries("platform")
	b2.ID = "1f5a6c1e-3b0d-4e55-9d4e-1d2f6f0a7b11"
	b.place(b2)
	if status, _ := b.put(b2.ID, body); status != http.StatusServiceUnavailable {
		t.Errorf("always changed: %d", status)
	}
	b.hub.Fail(order.ErrReadOnly)
	busy.times = 0
	if status, _ := b.put(b2.ID, body); status != http.StatusServiceUnavailable {
		t.Errorf("no room: %d", status)
	}
}

// busyIntake refuses the first calls as of orders that changed meanwhile.
type busyIntake struct {
	*partnertest.Hub
	times int
}

// TestGetOrder asks for one order by either path, and for none.
func TestGetOrder(t *testing.T) {
	t.Parallel()
	b := newOrdersBench(t, "pedidosya")
	b.place(groceries("platform"))
	odd := groceries("vendor")
	odd.ID, odd.Store = "W-1001", "SHOP-07" // the outlet by the partner's own id
	b.place(odd)
	elsewhere := groceries("platform")
	elsewhere.ID, elsewhere.Store = "2f5a6c1e-3b0d-4e55-9d4e-1d2f6f0a7b11", "another"
	b.place(elsewhere)
	o := b.get(testNumber)
	if o.Client.StoreID != testVendor || o.Client.External != "SHOP-07" || o.Client.Country != "uy" || o.Client.ChainID != testChain {
		t.Errorf("%+v", o.Client)
	}
	if o.Transport != byPlatform || o.Payment.DeliveryFee.String() != "49.00" || len(o.Items) != 3 || o.AcceptedFor.String() != "2026-03-02T18:30:00.000Z" {
		t.Errorf("%+v", o)
	}
	b.orderIs(http.StatusNotFound, elsewhere.ID)
	b.orderIs(http.StatusNotFound, "3f5a6c1e-3b0d-4e55-9d4e-1d2f6f0a7b11")
	b.orderIs(http.StatusOK, strings.ToUpper(testNumber))
	plain := groceries("platform")
	plain.ID, plain.Store = "w-1002", "s8ym" // known by its number alone
	b.place(plain)
	for _, none := range []string{"w-1002", "%00", "%FF", "nope", strings.Repeat("a", 36)} {
		b.orderIs(http.StatusNotFound, none)
	}
	_, list := b.list("start_time=2026-03-02T00:00:00")
	if len(list.Orders) != 2 || list.Orders[1].External != "W-1001" || list.Orders[1].Transport != byVendor {
		t.Fatalf("%+v", list)
	}
	number := string(list.Orders[1].ID)
	if got := b.get(number); got.External != "W-1001" || !isUUID(number) {
		t.Errorf("%s: %+v", number, got)
	}
	if status, _ := b.put(number, `{"status":"DISPATCHED","items":[{"_id":"l1","status":"IN_CART"}]}`); status != http.StatusOK {
		t.Errorf("PUT by a number of ours: %d", status)
	}
	b.now = b.now.Add(60 * 24 * time.Hour)
	b.orderIs(http.StatusOK, testNumber)
	b.now = b.now.Add(time.Second)
	b.orderIs(http.StatusNotFound, testNumber)
}

func (b *ordersBench) orderIs(want int, number string) {
	b.t.Helper()
	for _, path := range []string{"/v2/orders/", "/v2/chains/" + testChain + "/orders/"} {
		if status, text := b.call(http.MethodGet, path+number, ""); status != want {
			b.t.Errorf("%s%s: %d %s, want %d", path, number, status, text, want)
		}
	}
}

func (i *busyIntake) Append(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error) {
	if i.times > 0 {
		i.times--
		return nil, order.ErrChanged
	}
	return i.Hub.Append(ctx, shop, entries)
}

// TestPutWithoutCatalogue: a price that can not be read is a trouble of ours, not
// of who leaves it to us.
func TestPutWithoutCatalogue(t *testing.T) {
	t.Parallel()
	b := newOrdersBench(t, "pedidosya")
	b.place(groceries("platform"))
	deps := b.hub.Deps(Partner)
	deps.Catalog = brokenOffers{deps.Catalog}
	b.door = doorOf(t, deps)
	known := len(b.hub.Entries())
	status, text := b.call(http.MethodPut, "/v2/orders/"+testNumber, `{"status":"UPDATE_CART","items":[{"sku":"new","status":"ADDITION","pricing":{"quantity":1}}]}`)
	if status != http.StatusInternalServerError || len(b.hub.Entries()) != known {
		t.Errorf("%d %s", status, text)
	}
}

// brokenOffers is a catalogue that can not be read.
type brokenOffers struct{ catalog.Store }

func (brokenOffers) Offers(context.Context, string, string, []string) ([]*catalog.Offer, error) {
	return nil, errors.New("the disk is gone")
}
