package idosell

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/shipping"
)

// said is what the tests look at in an answer.
type said struct {
	Errors struct {
		Code int    `json:"faultCode"`
		Text string `json:"faultString"`
	} `json:"errors"`
	Result    string `json:"result"`
	ID        string `json:"orderId"`
	Serial    int64  `json:"orderSerialNumber"`
	Recipient string `json:"clientDeliveryAddressId"`
	Products  []struct {
		Code      string `json:"code"`
		Available string `json:"available"`
		Fault     int    `json:"faultCode"`
	} `json:"products"`
	Results []struct {
		ID         string `json:"orderId"`
		Status     string `json:"orderStatus"`
		Dispatched string `json:"orderDispatchDate"`
		Courier    string `json:"courierName"`
		CourierID  int    `json:"courierId"`
		Recipient  string `json:"clientDeliveryAddressId"`
		Street     string `json:"clientDeliveryAddressStreet"`
		Fault      int    `json:"faultCode"`
		Packages   []struct {
			Number   string `json:"deliveryPackageNumber"`
			Tracking string `json:"trackingUrl"`
		} `json:"packages"`
	} `json:"results"`
}

// newOrders is a counter with goods and couriers.
func newOrders(t *testing.T, stock string, change func(*partner.Deps)) *counter {
	t.Helper()
	c := newCounter(t, nil, change)
	c.hub.Couriers = []shipping.Courier{
		{Key: "dpd", ID: 5, Name: "DPD", Countries: []string{"PL"}, Tracking: "https://track.example/?p={parcel}"},
		{Key: "inpost", ID: 9, Name: "Paczkomaty", PickupPoints: true},
	}
	c.stock("KX-1", stock)
	return c
}

// stock puts a product into the catalogue.
func (c *counter) stock(code, quantity string) {
	c.t.Helper()
	n, err := order.ParseDecimal(quantity)
	if err == nil {
		_, err = c.hub.Catalog().Put(c.t.Context(), partnertest.Shop, []catalog.Product{{
			Product: order.Product{Code: code}, Active: true, Price: order.FromInt(2500, 2), Stock: []catalog.Stock{{Quantity: n}},
		}})
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// left is how much is on hand of a product.
func (c *counter) left(code string) string {
	c.t.Helper()
	list, err := c.hub.Catalog().Find(c.t.Context(), partnertest.Shop, []catalog.Line{{Type: catalog.Internal, Code: code}})
	if err != nil || list[0] == nil {
		c.t.Fatal(err)
	}
	return list[0].OnHand().String()
}

// call calls a method and reads its answer; a status other than 200 is its
// error.
func (c *counter) call(method, session, params string) (said, error) {
	w := c.post("Dropshipping/"+method+"/1/json", `{"authenticate":{"sessionKey":"`+session+`","dropshippingKey":"K-7781"},"params":`+params+`}`)
	var s said
	if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil {
		return s, fmt.Errorf("%s: %w", w.Body, err)
	}
	if w.Code != 200 {
		return s, fmt.Errorf("%d %s", w.Code, w.Body)
	}
	return s, nil
}

// must is call for answers with a code.
func (c *counter) must(method, session, params string, code int) said {
	c.t.Helper()
	s, err := c.call(method, session, params)
	if err != nil || s.Errors.Code != code {
		c.t.Fatalf("%s: %+v, %v, want %d", method, s.Errors, err, code)
	}
	return s
}

func (c *counter) abc() string { return c.session("sklep-abc", rightKey) }

const (
	toJan = `"courierId":5,"clientDeliveryAddress":{"clientDeliveryAddressFirstName":"Jan","clientDeliveryAddressLastName":"Nowak",` +
		`"clientDeliveryAddressStreet":"Polna 3/7","clientDeliveryAddressZipCode":"61-001","clientDeliveryAddressCity":"Poznań","clientDeliveryAddressCountryId":"PL"}`
	oneKX = `"products":[{"code":"KX-1","codeType":"internal","quantity":1}]`
)

// orders are the ids of what was placed, sorted.
func (c *counter) orders() (ids []string) {
	for _, e := range c.hub.Entries() {
		if e.Statement != nil && !slices.Contains(ids, e.Subject.ID) {
			ids = append(ids, e.Subject.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// TestLastPieces places more orders at a time than there are goods.
func TestLastPieces(t *testing.T) {
	t.Parallel()
	c := newOrders(t, "5", nil)
	session := c.abc()
	var mu sync.Mutex
	codes := map[int]int{}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			s, err := c.call("placeOrder", session, `{`+toJan+`,`+oneKX+`}`)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			codes[s.Errors.Code]++
		})
	}
	all.Wait()
	if codes[0] != 5 || codes[111] != 45 {
		t.Errorf("the codes are %v", codes)
	}
	if got := c.left("KX-1"); got != "0" {
		t.Errorf("%s are left", got)
	}
	if got := c.orders(); !slices.Equal(got, []string{"sklep-abc-1", "sklep-abc-2", "sklep-abc-3", "sklep-abc-4", "sklep-abc-5"}) {
		t.Errorf("placed were %v", got)
	}
}

// TestSameOrderTwice places two orders of the same content at a time, without a
// number of the shop's own: they are two orders, by several doors too, as
// several nodes have them.
func TestSameOrderTwice(t *testing.T) {
	t.Parallel()
	c := newOrders(t, "100", nil)
	other, err := newDoor(c.hub.Deps(Partner))
	if err != nil {
		t.Fatal(err)
	}
	doors := []*counter{c, {t: t, hub: c.hub, door: other.Handler, now: c.now}}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			at := doors[i%2]
			session := at.abc()
			if s, err := at.call("basketImport", session, `{`+oneKX+`}`); err != nil || s.Result != "OK" {
				t.Error(s, err)
			}
			if s, err := at.call("placeOrder", session, `{`+toJan+`}`); err != nil || s.Errors.Code != 0 {
				t.Error(s, err)
			}
		})
	}
	all.Wait()
	if got := len(c.orders()); got != 40 || c.left("KX-1") != "60" {
		t.Errorf("%d orders, %s are left", got, c.left("KX-1"))
	}
	s := c.must("getOrdersStatus", c.abc(), `{"ordersIds":["sklep-abc-40"],"ordersSerialNumbers":[1,40]}`, 0)
	for _, r := range s.Results {
		if r.Fault != 0 {
			t.Errorf("numbers have gaps: %+v", s.Results)
		}
	}
}

// TestSameNumberTwice places one order several times, by its number at the
// shop: at a time, later, in other sessions, with a basket and without.
func TestSameNumberTwice(t *testing.T) {
	t.Parallel()
	c := newOrders(t, "5", nil)
	session := c.abc()
	c.must("basketImport", session, `{`+oneKX+`}`, 0)
	body := `{"orderExternalId":"W-1",` + toJan + `}`
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if s, err := c.call("placeOrder", session, body); err != nil || s.Errors.Code != 0 || s.ID != "sklep-abc-1" || s.Serial != 1 || s.Recipient != "1" {
				t.Error(s, err)
			}
		})
	}
	all.Wait()

	again := c.abc()
	if s := c.must("placeOrder", again, body, 0); s.ID != "sklep-abc-1" {
		t.Errorf("placed again: %+v", s)
	}
	c.must("basketImport", again, `{`+oneKX+`}`, 0)
	if s := c.must("placeOrder", again, body, 0); s.ID != "sklep-abc-1" {
		t.Errorf("placed again with a basket: %+v", s)
	}
	c.must("placeOrder", again, `{`+toJan+`}`, 112) // the repeat used the basket up
	c.must("placeOrder", again, `{"orderExternalId":"W-1","clientNoteToOrder":"x",`+toJan+`}`, 105)
	c.must("placeOrder", again, `{"orderExternalId":"W-1",`+toJan+`,"products":[{"code":"KX-1","codeType":"internal","quantity":2}]}`, 105)
	other := c.session("sklep-xyz", mustKey("secret"))
	if s := c.must("placeOrder", other, `{"orderExternalId":"W-1",`+toJan+`,`+oneKX+`}`, 0); s.ID != "sklep-xyz-1" || s.Serial != 2 {
		t.Errorf("another account's: %+v", s)
	}
	if c.left("KX-1") != "3" {
		t.Errorf("%s are left", c.left("KX-1"))
	}
}

func mustKey(password string) string { return systemKey("20260407", sha1hex(password)) }

// TestLostAnswer places an order whose answer is lost after it was stored.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	in := &losing{lose: true}
	c := newOrders(t, "5", func(d *partner.Deps) { in.Intake = d.Intake; d.Intake = in })
	session := c.abc()
	c.must("basketImport", session, `{`+oneKX+`}`, 0)
	body := `{"orderExternalId":"W-1",` + toJan + `}`
	if s, err := c.call("placeOrder", session, body); err == nil {
		t.Fatalf("the order was answered: %+v", s)
	}
	in.lose = false
	if s := c.must("placeOrder", session, body, 0); s.ID != "sklep-abc-1" || c.left("KX-1") != "4" || len(c.orders()) != 1 {
		t.Errorf("%+v, %s left of %v", s, c.left("KX-1"), c.orders())
	}
}

// losing stores and then loses the answer.
type losing struct {
	partner.Intake
	lose bool
}

func (l *losing) Append(ctx context.Context, shop string, e []order.Entry) ([]order.Receipt, error) {
	r, err := l.Intake.Append(ctx, shop, e)
	if l.lose && err == nil {
		return nil, errors.New("the answer was lost")
	}
	return r, err
}

// TestTroubleIsOurs fails to store: nothing is used up.
func TestTroubleIsOurs(t *testing.T) {
	t.Parallel()
	c := newOrders(t, "5", nil)
	session := c.abc()
	c.must("basketImport", session, `{`+oneKX+`}`, 0)
	for _, bad := range []error{order.ErrBusy, order.ErrReadOnly, errors.New("broken")} {
		c.hub.Fail(bad)
		if s, err := c.call("placeOrder", session, `{`+toJan+`}`); err == nil || s.Errors.Code != 199 {
			t.Errorf("%v: %+v", bad, s)
		}
	}
	c.hub.Fail(nil)
	if s := c.must("placeOrder", session, `{`+toJan+`}`, 0); s.ID != "sklep-abc-1" || s.Serial != 1 {
		t.Errorf("%+v", s)
	}
}

// TestForeignID leaves out an id under which somebody else has stated an order.
func TestForeignID(t *testing.T) {
	t.Parallel()
	c := newOrders(t, "5", nil)
	_, err := c.hub.Append(t.Context(), partnertest.Shop, []order.Entry{{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: "sklep-abc-1"}, Source: order.Source{Name: "api:erp", Rank: order.RankShop},
		Statement: &order.Statement{Order: order.Order{ID: "sklep-abc-1"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	session := c.abc()
	c.must("getOrdersStatus", session, `{"ordersIds":["sklep-abc-1"]}`, 0)
	for _, want := range []string{"sklep-abc-2", "sklep-abc-3"} {
		if s := c.must("placeOrder", session, `{`+toJan+`,`+oneKX+`}`, 0); s.ID != want {
			t.Errorf("%+v, want %s", s, want)
		}
	}
	if s := c.must("getOrdersStatus", session, `{"ordersIds":["sklep-abc-1"]}`, 0); s.Results[0].Fault != 140 {
		t.Errorf("%+v", s.Results)
	}
}

// TestBasketsApart fills the baskets of two sessions of one login at a time.
func TestBasketsApart(t *testing.T) {
	t.Parallel()
	c := newOrders(t, "50", nil)
	for i := range 4 {
		c.stock(fmt.Sprintf("P-%d", i), "10")
	}
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			session := c.abc()
			line := `{"products":[{"code":"P-%d","codeType":"internal","quantity":1}],"clearBasket":"n"}`
			for range 3 {
				if s, err := c.call("basketImport", session, fmt.Sprintf(line, i)); err != nil || s.Result != "OK" {
					t.Error(s, err)
				}
			}
			if s, err := c.call("placeOrder", session, `{`+toJan+`,"orderExternalId":"`+fmt.Sprint(i)+`"}`); err != nil || s.Errors.Code != 0 {
				t.Error(s, err)
			}
		})
	}
	all.Wait()
	for _, e := range c.hub.Entries() {
		o := e.Statement.Order
		ext := o.References[len(o.References)-1].Value
		if len(o.Lines) != 1 || o.Lines[0].Product.Code != "P-"+ext || o.Lines[0].Quantity.String() != "3" {
			t.Errorf("order %s has %+v", ext, o.Lines)
		}
	}
}

// TestAddingAtATime adds to one basket from several calls at a time: no line is
// lost, and all of them are reserved.
func TestAddingAtATime(t *testing.T) {
	t.Parallel()
	c := newOrders(t, "50", nil)
	session := c.abc()
	var codes []string
	for i := range 5 {
		codes = append(codes, fmt.Sprintf("P-%d", i))
		c.stock(codes[i], "1")
	}
	var all sync.WaitGroup
	for _, code := range codes {
		all.Go(func() {
			if s, err := c.call("basketImport", session, `{"clearBasket":"n","products":[{"code":"`+code+`","codeType":"internal","quantity":1}]}`); err != nil || s.Result != "OK" {
				t.Error(s, err)
			}
		})
	}
	all.Wait()
	other := c.session("sklep-xyz", mustKey("secret"))
	for _, code := range codes {
		if s := c.must("basketVerification", other, `{"products":[{"code":"`+code+`","codeType":"internal","quantity":1}]}`, 0); s.Result != "ERROR" {
			t.Errorf("%s is not reserved", code)
		}
	}
	c.must("placeOrder", session, `{`+toJan+`}`, 0)
	if o := c.hub.Entries()[0].Statement.Order; len(o.Lines) != 5 {
		t.Errorf("the order has %d lines", len(o.Lines))
	}
}

// TestBigBasket orders attachments of more bytes than one value of State has.
func TestBigBasket(t *testing.T) {
	t.Parallel()
	c := newOrders(t, "5", nil)
	session := c.abc()
	file := strings.Repeat("QUJD", 256<<10) // 1 MB: two pieces
	params := `{"products":[{"code":"KX-1","codeType":"internal","quantity":1,"attachments":[{"name":"a","file":"` + file + `"}]}]}`
	c.must("basketImport", session, params, 0)
	c.must("placeOrder", session, `{`+toJan+`}`, 0)
	l := c.hub.Entries()[0].Statement.Order.Lines[0]
	if len(l.Attachments) != 1 || len(l.Attachments[0].Data) != 3*256<<10 {
		t.Errorf("%d attachments came", len(l.Attachments))
	}
	c.must("placeOrder", session, `{`+toJan+`}`, 112)
}

// TestManyAddToOneBasket fills the basket of one session by many calls at a
// time: everything is in it afterwards.
func TestManyAddToOneBasket(t *testing.T) {
	t.Parallel()
	c := newOrders(t, "30", nil)
	session := c.abc()
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			s, err := c.call("basketImport", session, `{"clearBasket":"n",`+oneKX+`}`)
			if err != nil || s.Result != "OK" {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
	all.Wait()
	c.must("placeOrder", session, `{`+toJan+`}`, 0)
	if got := c.left("KX-1"); got != "0" {
		t.Errorf("%s are left", got)
	}
}

// TestBasketOver forgets a basket with its session.
func TestBasketOver(t *testing.T) {
	t.Parallel()
	c := newOrders(t, "5", nil)
	session := c.abc()
	c.must("basketImport", session, `{"products":[{"code":"KX-1","codeType":"internal","quantity":5}]}`, 0)
	c.now = c.now.Add(15 * time.Minute)
	c.must("placeOrder", session, `{`+toJan+`}`, 101)
	if s := c.must("basketVerification", c.abc(), `{"products":[{"code":"KX-1","codeType":"internal","quantity":5}]}`, 0); s.Result != "OK" {
		t.Errorf("still reserved: %+v", s)
	}
}

// TestLiveStock asks somebody else.
func TestLiveStock(t *testing.T) {
	t.Parallel()
	c := newOrders(t, "5", nil)
	_, err := c.hub.Catalog().Put(t.Context(), partnertest.Shop, []catalog.Product{{Product: order.Product{Code: "LIVE"}, Active: true, Kind: catalog.Live}})
	if err != nil {
		t.Fatal(err)
	}
	answers := true
	c.hub.Live = func(catalog.Line) (order.Decimal, bool) { return order.FromInt(2, 0), answers }
	session := c.abc()
	live := func(n int) string {
		return fmt.Sprintf(`"products":[{"code":"LIVE","codeType":"internal","quantity":%d},{"code":"KX-1","codeType":"internal","quantity":1}]`, n)
	}
	if s := c.must("basketVerification", session, `{`+live(2)+`}`, 0); s.Result != "OK" {
		t.Errorf("%+v", s)
	}
	if s := c.must("basketImport", session, `{`+live(3)+`}`, 0); s.Result != "ERROR" || s.Products[0].Fault != 111 || s.Products[1].Fault != 0 {
		t.Errorf("%+v", s)
	}
	c.must("placeOrder", session, `{`+toJan+`,`+live(3)+`}`, 111)
	c.must("placeOrder", session, `{`+toJan+`,`+live(2)+`}`, 0)
	answers = false
	for _, method := range []string{"basketVerification", "basketImport", "placeOrder"} {
		c.must(method, session, `{`+toJan+`,`+live(1)+`}`, 199)
	}
}

// TestStatusOfOrders follows an order from placing to dispatch.
func TestStatusOfOrders(t *testing.T) {
	t.Parallel()
	c := newOrders(t, "5", nil)
	session := c.abc()
	id := c.must("placeOrder", session, `{`+toJan+`,`+oneKX+`}`, 0).ID
	status := func() said { return c.must("getOrdersStatus", session, `{"ordersSerialNumbers":["1"]}`, 0) }
	happen := func(h order.Happening) {
		t.Helper()
		if _, err := c.hub.Append(t.Context(), partnertest.Shop, []order.Entry{{
			Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Source: order.Source{Name: "api:erp", Rank: order.RankShop}, Happening: &h,
		}}); err != nil {
			t.Fatal(err)
		}
	}
	at := order.At(time.Date(2026, 4, 8, 12, 2, 11, 0, time.UTC))
	for _, step := range []struct {
		kind order.Kind
		want string
	}{{order.KindAccepted, "on_order"}, {order.KindReady, "ready"}, {order.KindShipped, "finished"}, {order.KindDelivered, "finished"}} {
		h := order.Happening{Kind: step.kind, At: at}
		if step.kind == order.KindShipped {
			h.Parcel = &order.Parcel{Number: "00 1", Courier: "dpd"}
		}
		happen(h)
		if got := status().Results[0]; got.Status != step.want || got.ID != id {
			t.Errorf("after %s: %+v", step.kind, got)
		}
	}
	r := status().Results[0]
	if r.Dispatched != "2026-04-08 14:02:11" || r.CourierID != 5 || len(r.Packages) != 1 ||
		r.Packages[0].Number != "00 1" || r.Packages[0].Tracking != "https://track.example/?p=00%201" {
		t.Errorf("%+v", r)
	}
}
