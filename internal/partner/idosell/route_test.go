package idosell_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/idosell"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

// bench is a hub with a route to a wholesaler that the tests play.
type bench struct {
	t    *testing.T
	hub  *partnertest.Hub
	shop *wholesaler
	side partner.Side
	set  map[string]json.Value

	mu sync.Mutex
	at time.Time
}

// newBench makes it; settings are added to those of every test.
func newBench(t *testing.T, settings ...string) *bench {
	t.Helper()
	b := &bench{t: t, at: time.Date(2026, 4, 7, 10, 0, 0, 0, time.UTC)}
	b.hub = partnertest.NewHub(b.now)
	b.shop = newWholesaler(t, b.now)
	b.set = map[string]json.Value{}
	for _, part := range append([]string{
		`"base_url":"{{base}}","login":"` + fakeLogin + `","password":"` + fakePassword + `","dropshipping_key":"` + fakeKey + `"`,
		`"format":"json","couriers":["home=5","point=7"],"tracking":["5=https://tracking.example/dpd/{parcel}","*=https://tracking.example/?p={parcel}"]`,
	}, settings...) {
		values := map[string]json.Value{}
		if err := json.Unmarshal([]byte("{"+part+"}"), &values); err != nil {
			t.Fatal(err)
		}
		maps.Copy(b.set, values)
	}
	b.side = b.restart()
	return b
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at = b.at.Add(d)
}

// restart builds the route anew over what is kept, as another process would.
func (b *bench) restart() partner.Side {
	b.t.Helper()
	b.side = partnertest.NewRoute(b.t, idosell.Partner, b.hub, b.shop.URL, b.set)
	return b.side
}

func dec(text string) order.Decimal {
	d, err := order.ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return d
}

// sold is an order that can be placed.
func sold(id string) order.Order {
	return order.Order{
		ID: id, Currency: "PLN", PlacedAt: order.At(time.Date(2026, 4, 7, 9, 0, 0, 0, time.UTC)),
		Customer:  &order.Customer{Email: "jan.nowak@customer.example", Name: "Jan Nowak", Phone: "+48 600 100 200"},
		Recipient: &order.Party{Name: "Jan Maria Nowak", Street: "Polna", Number: "3/7", PostalCode: "61-001", City: "Poznań", Country: "PL"},
		Lines: []order.Line{
			{ID: "a", Product: order.Product{Code: "KX-1"}, Quantity: dec("2"), Total: dec("20.00")},
			{ID: "b", Product: order.Product{Code: "KX-2"}, Quantity: dec("1"), Total: dec("10.00")},
			{Kind: order.LinePostage, Total: dec("9.90"), Quantity: dec("1")},
		},
		Shipping: &order.Shipping{Method: "home"},
		Notes:    []order.Note{{From: "shop", Text: "hush"}, {From: "customer", Text: "after five"}, {About: "lines[1]", From: "customer", Text: "gift wrap"}},
	}
}

// told is an order on its way through a small engine: it keeps the note as the
// real one does.
type told struct {
	b    *bench
	task partner.Task
	fail error // of SaveNote, after it kept
}

func (b *bench) task(o order.Order) *told {
	k := &told{b: b, task: partnertest.Tasks(o)[0]}
	k.task.SaveNote = func(_ context.Context, note []byte) error {
		k.task.Note = slices.Clone(note)
		return k.fail
	}
	return k
}

func (k *told) deliver() partner.Outcome {
	return k.b.side.Deliver(k.b.t.Context(), []partner.Task{k.task})[0]
}

func (k *told) look() partner.Outcome {
	return k.b.side.Look(k.b.t.Context(), []partner.Task{k.task})[0]
}

// settle does what the engine does after a crash or an unknown outcome: it asks,
// believes the second "not there", and sends again.
func (k *told) settle() partner.Outcome {
	k.b.t.Helper()
	absent := 0
	for range 10 {
		switch o := k.look(); o.Result {
		case partner.ResultDelivered, partner.ResultRefused:
			return o
		case partner.ResultNotThere:
			if absent++; absent < 2 {
				continue
			}
			absent = 0
			o = k.deliver()
			if o.Result == partner.ResultUnknown || o.Result == partner.ResultLater {
				continue
			}
			return o
		}
	}
	k.b.t.Fatal("the order never settles")
	return partner.Outcome{}
}

func wantOutcome(t *testing.T, o partner.Outcome, result partner.Result, code string, words ...string) {
	t.Helper()
	if o.Result != result || o.Code != code {
		t.Fatalf("outcome %+v, want result %d %q", o, result, code)
	}
	for _, w := range words {
		if !strings.Contains(o.Reason, w) {
			t.Errorf("reason %q does not say %q", o.Reason, w)
		}
	}
}

const chain = "basketVerification basketImport getCouriersForBasket placeOrder"

func TestRoutePlace(t *testing.T) {
	t.Parallel()
	b := newBench(t, `"payment":"tradecredit","billing_company":"Nordlys","billing_tax_id":"1234563218","billing_street":"Długa 1","billing_zip":"60-100","billing_city":"Poznań","billing_country":"pl"`)
	o := b.task(sold("WWW-100234")).deliver()
	wantOutcome(t, o, partner.ResultDelivered, "", "20981")
	if got := b.shop.calls(); o.Ref != "sklep-abc-1" || got != "authenticate "+chain {
		t.Errorf("%+v after %s", o, got)
	}
	orders := b.shop.placed()
	if len(orders) != 1 {
		t.Fatalf("%d orders", len(orders))
	}
	p := orders[0].call.params
	if p.External != "WWW-100234" || p.Courier != 5 || p.Payment != "tradecredit" || p.Note != "WWW-100234\nafter five" || p.Products != nil {
		t.Errorf("%+v", p)
	}
	const at = "clientDeliveryAddress"
	want := map[string]string{
		at + "FirstName": "Jan Maria", at + "LastName": "Nowak", at + "Street": "Polna 3/7", at + "ZipCode": "61-001",
		at + "City": "Poznań", at + "CountryId": "PL", at + "Phone1": "+48 600 100 200",
	}
	if fmt.Sprint(p.Address) != fmt.Sprint(want) {
		t.Errorf("address %v", p.Address)
	}
	if p.Payer["payerAddressNip"] != "1234563218" || p.Payer["payerAddressCountryId"] != "PL" || p.Payer["payerAddressFirm"] != "Nordlys" {
		t.Errorf("payer %v", p.Payer)
	}
	if got := fmt.Sprint(orders[0].lines); got != "[{KX-1 internal 2 } {KX-2 internal 1 gift wrap}]" {
		t.Errorf("lines %s", got)
	}
	if orders[0].call.gate != "Dropshipping" {
		t.Errorf("gate %s", orders[0].call.gate)
	}
}

// TestRouteSessionIsReused by every order, after a restart too, and renewed at 13
// minutes of age.
func TestRouteSessionIsReused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for i, step := range []struct {
		after  time.Duration
		logins int
	}{{0, 1}, {time.Minute, 1}, {11*time.Minute + 59*time.Second, 1}, {time.Second, 2}, {12 * time.Minute, 2}, {time.Minute, 3}} {
		b.pass(step.after)
		b.restart()
		wantOutcome(t, b.task(sold(fmt.Sprint("W-", i))).deliver(), partner.ResultDelivered, "")
		if b.shop.logins != step.logins {
			t.Fatalf("%d logins at step %d", b.shop.logins, i)
		}
	}
}

// TestRouteUnclearFaults: a fault that may be an old session's is answered by one
// login and one repeat.
func TestRouteUnclearFaults(t *testing.T) {
	t.Parallel()
	f := func(name string, age time.Duration, method string, reply fakeReply, again bool) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.task(sold("first")).deliver()
			b.pass(age)
			b.shop.calls()
			b.shop.hook = func(m string, nth int) *fakeReply {
				if m == method && nth == 1 {
					return &reply
				}
				return nil
			}
			o := b.task(sold("second")).deliver()
			calls := b.shop.calls()
			if again {
				wantOutcome(t, o, partner.ResultDelivered, "")
				if strings.Count(calls, "authenticate") != 1 || len(b.shop.placed()) != 2 {
					t.Errorf("%s, %d orders", calls, len(b.shop.placed()))
				}
				if method == "placeOrder" && !strings.Contains(calls, "placeOrder authenticate getOrdersStatus basketVerification") {
					t.Errorf("placed again without a look: %s", calls)
				}
				return
			}
			if o.Result == partner.ResultDelivered || strings.Contains(calls, "authenticate") {
				t.Errorf("%+v after %s", o, calls)
			}
		})
	}
	old := 10 * time.Minute
	f("old", old, "basketVerification", fakeReply{fault: 77, text: "nope"}, true)
	f("young", old-time.Second, "basketVerification", fakeReply{fault: 77, text: "nope"}, false)
	f("expired", 0, "basketImport", fakeReply{fault: 101, text: ""}, true)
	f("sesja", 0, "getCouriersForBasket", fakeReply{fault: 9, text: "Sesja wygasła"}, true)
	f("klucz", 0, "placeOrder", fakeReply{fault: 9, text: "błędny klucz"}, true)
	f("old place", old, "placeOrder", fakeReply{fault: 9, text: "nope"}, true)
	f("no fault", old, "basketVerification", fakeReply{status: 503}, false)

	t.Run("twice", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.shop.hook = func(m string, _ int) *fakeReply {
			if m == "basketImport" {
				return &fakeReply{fault: 9, text: "session?"}
			}
			return nil
		}
		wantOutcome(t, b.task(sold("W")).deliver(), partner.ResultRefused, "fault_9", "session?")
		if b.shop.logins != 2 {
			t.Errorf("%d logins", b.shop.logins)
		}
	})
	t.Run("stored all the same", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.shop.after = func(m string, nth int) *fakeReply {
			if m == "placeOrder" && nth == 1 {
				return &fakeReply{fault: 9, text: "session lost"}
			}
			return nil
		}
		wantOutcome(t, b.task(sold("W")).deliver(), partner.ResultDelivered, "")
		if n := len(b.shop.placed()); n != 1 {
			t.Errorf("%d orders", n)
		}
	})
}

// TestRouteLoginDates: where the days of Warsaw and UTC differ, the other one is
// tried once; then a person is called, and nobody hammers.
func TestRouteLoginDates(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.at = time.Date(2026, 4, 7, 23, 30, 0, 0, time.UTC)
	wantOutcome(t, b.task(sold("W")).deliver(), partner.ResultDelivered, "")
	if b.shop.logins != 1 {
		t.Errorf("%d logins with Warsaw's day", b.shop.logins)
	}

	b = newBench(t)
	b.at = time.Date(2026, 4, 7, 23, 30, 0, 0, time.UTC)
	b.shop.days = func() []string { return []string{"20260407"} }
	wantOutcome(t, b.task(sold("W")).deliver(), partner.ResultDelivered, "")
	if b.shop.logins != 2 {
		t.Errorf("%d logins with UTC's day", b.shop.logins)
	}

	b = newBench(t)
	b.at = time.Date(2026, 4, 7, 23, 30, 0, 0, time.UTC)
	b.shop.days = func() []string { return nil }
	o := b.task(sold("W")).deliver()
	wantOutcome(t, o, partner.ResultRefused, "login_refused", "invalid login or key")
	if o.Scope != partner.ScopeRoute || b.shop.logins != 2 {
		t.Errorf("%+v after %d logins", o, b.shop.logins)
	}
	b.restart()
	if err := b.side.Poll(t.Context()); err == nil || b.shop.logins != 2 {
		t.Errorf("a poll logged in again: %v, %d logins", err, b.shop.logins)
	}
	b.pass(13 * time.Hour) // both days are one again: there is no other date
	b.task(sold("W")).deliver()
	if b.shop.logins != 3 {
		t.Errorf("%d logins", b.shop.logins)
	}
}

// TestRouteCrash breaks the process before and after every call; afterwards there is
// one order, whatever happened.
func TestRouteCrash(t *testing.T) {
	t.Parallel()
	for _, method := range strings.Fields("authenticate " + chain) {
		for _, handled := range []bool{false, true} {
			t.Run(fmt.Sprint(method, handled), func(t *testing.T) {
				t.Parallel()
				b := newBench(t)
				cut := func(m string, nth int) *fakeReply {
					if m == method && nth == 1 {
						return &fakeReply{cut: true}
					}
					return nil
				}
				if handled {
					b.shop.after = cut
				} else {
					b.shop.hook = cut
				}
				k := b.task(sold("W"))
				k.deliver() // nobody hears the outcome
				b.restart()
				b.shop.set(func() { b.shop.hook, b.shop.after = nil, nil })
				wantOutcome(t, k.settle(), partner.ResultDelivered, "")
				b.same("sklep-abc-1")
			})
		}
	}
	t.Run("note", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		k := b.task(sold("W"))
		k.fail = errors.New("disk full")
		wantOutcome(t, k.deliver(), partner.ResultLater, "note")
		if calls := b.shop.calls(); strings.Contains(calls, "placeOrder") {
			t.Errorf("placed without a note: %s", calls)
		}
		k.fail = nil
		b.restart()
		wantOutcome(t, k.settle(), partner.ResultDelivered, "")
		b.same("sklep-abc-1")
	})
	t.Run("outcome lost", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		k := b.task(sold("W"))
		k.deliver()
		b.restart()
		wantOutcome(t, k.settle(), partner.ResultDelivered, "")
		k.task.Note = nil // a new run, by a person
		wantOutcome(t, k.deliver(), partner.ResultDelivered, "")
		b.same("sklep-abc-1")
	})
}

// same demands that there is one order, whole and followed.
func (b *bench) same(id string) {
	b.t.Helper()
	orders := b.shop.placed()
	if len(orders) != 1 || orders[0].ID != id || len(orders[0].lines) != 2 {
		b.t.Fatalf("%d orders, the first %+v", len(orders), orders[0])
	}
	b.shop.set(func() { orders[0].Status, orders[0].Packages = "finished", []fakePackage{{Number: "P1"}} })
	if err := b.side.Poll(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	if n := len(b.hub.Entries()); n != 1 {
		b.t.Errorf("%d events: the order is not followed", n)
	}
}

// TestRouteAnswerLost: the wholesaler stores the order and nobody hears of it, in
// every way that an answer can be lost.
func TestRouteAnswerLost(t *testing.T) {
	t.Parallel()
	for i, reply := range []fakeReply{
		{cut: true}, {status: 500}, {status: 502, body: "<html>"}, {status: 504}, {body: "not JSON"}, {body: `{}`},
		{fault: 199, text: "internal"}, {body: `{"errors":{"faultCode":0},"orderId":""}`}, {body: `[]`},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.shop.after = func(m string, nth int) *fakeReply {
				if m == "placeOrder" && nth == 1 {
					return &reply
				}
				return nil
			}
			k := b.task(sold("W"))
			if o := k.deliver(); o.Result != partner.ResultUnknown {
				t.Fatalf("%+v", o)
			}
			wantOutcome(t, k.settle(), partner.ResultDelivered, "")
			b.same("sklep-abc-1")
		})
	}
}

// TestRouteNobodyCanTell: as long as the question is not answered, nothing is placed.
func TestRouteNobodyCanTell(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.shop.after = func(m string, _ int) *fakeReply {
		if m == "placeOrder" {
			return &fakeReply{cut: true}
		}
		return nil
	}
	b.shop.hook = func(m string, _ int) *fakeReply {
		if m == "getOrdersStatus" {
			return &fakeReply{fault: 105, text: "unknown parameter"}
		}
		return nil
	}
	k := b.task(sold("W"))
	k.deliver()
	wantOutcome(t, k.look(), partner.ResultUnknown, "fault_105", "does not say")
	wantOutcome(t, k.deliver(), partner.ResultUnknown, "fault_105")
	if n := len(b.shop.placed()); n != 1 {
		t.Errorf("%d orders", n)
	}
}

// TestRouteUnclearLook: only a plain no makes the order go again. An answer in
// words that the dialect does not have may be about our order.
func TestRouteUnclearLook(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]partner.Result{
		`"results":[]`: partner.ResultNotThere,
		`"results":[{"orderExternalId":"W","faultCode":140}]`: partner.ResultNotThere,
		`"results":[{"orderExternalId":"W","faultCode":3}]`:   partner.ResultUnknown, // who knows what 3 is
		`"results":[{"orderId":"sklep-abc-1"}]`:               partner.ResultUnknown, // does not say whose it is
		`"results":[{"orderId":"x","orderExternalId":"V"}]`:   partner.ResultUnknown, // the question was not understood
		`"results":null`:                        partner.ResultUnknown,
		`"Results":[{"orderId":"sklep-abc-1"}]`: partner.ResultUnknown,
		`"results":[{"orderId":"x","orderExternalId":"V"},{"orderId":"sklep-abc-1","orderExternalId":"W"}]`: partner.ResultDelivered,
	} {
		b := newBench(t)
		b.shop.after = func(m string, _ int) *fakeReply {
			switch m {
			case "placeOrder":
				return &fakeReply{cut: true}
			case "getOrdersStatus":
				return &fakeReply{body: `{"errors":{"faultCode":0,"faultString":""},` + body + `}`}
			}
			return nil
		}
		k := b.task(sold("W"))
		k.deliver()
		if o := k.look(); o.Result != want {
			t.Errorf("%s: %+v", body, o)
		}
		if want != partner.ResultUnknown {
			continue
		}
		wantOutcome(t, k.deliver(), partner.ResultUnknown, "unclear_answer", "look for W there")
		if n := len(b.shop.placed()); n != 1 {
			t.Errorf("%s: %d orders", body, n)
		}
	}
}

// TestRouteBasketIsCompared: what lies there beside the order's goods is not bought.
func TestRouteBasketIsCompared(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.shop.set(func() { b.shop.sticky = []fakeLine{{Code: "KX-2", CodeType: "external", Quantity: 1}} })
	wantOutcome(t, b.task(sold("W")).deliver(), partner.ResultLater, "basket_differs", "1 more products")
	b.shop.set(func() { b.shop.sticky = []fakeLine{{Code: "KX-1", CodeType: "internal", Quantity: 1}} })
	wantOutcome(t, b.task(sold("W")).deliver(), partner.ResultLater, "basket_differs", "3 of KX-1 instead of 2")
	b.shop.after = func(m string, _ int) *fakeReply {
		if m == "basketImport" {
			return &fakeReply{body: `{"result":"OK"}`}
		}
		return nil
	}
	wantOutcome(t, b.task(sold("W")).deliver(), partner.ResultLater, "basket_differs", "KX-1 is not in it")
	if len(b.shop.placed()) != 0 {
		t.Error("placed all the same")
	}
	b.shop.set(func() { b.shop.sticky, b.shop.after = nil, nil })
	b.shop.basket = []fakeLine{{Code: "OTHER", CodeType: "internal", Quantity: 1}} // of a crash
	wantOutcome(t, b.task(sold("W")).deliver(), partner.ResultDelivered, "")
	if got := b.shop.placed()[0].lines; len(got) != 2 {
		t.Errorf("%v", got)
	}
}

func TestRouteOutOfStock(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.shop.stock["KX-1"] = 1
	wantOutcome(t, b.task(sold("W")).deliver(), partner.ResultRefused, "out_of_stock", "KX-1 (1 left)")
	delete(b.shop.stock, "KX-2")
	wantOutcome(t, b.task(sold("W")).deliver(), partner.ResultRefused, "unknown_product", "KX-2")
	w := newBench(t, `"out_of_stock":"wait"`)
	w.shop.stock["KX-1"] = 1
	o := w.task(sold("W")).deliver()
	wantOutcome(t, o, partner.ResultLater, "out_of_stock")
	if o.After != 15*time.Minute || o.Scope != partner.ScopeReceiver || strings.Contains(w.shop.calls(), "basketImport") {
		t.Errorf("%+v", o)
	}
	w.shop.stock["KX-1"] = 2
	wantOutcome(t, w.task(sold("W")).deliver(), partner.ResultDelivered, "")
}

func TestRouteCourier(t *testing.T) {
	t.Parallel()
	f := func(settings string, change func(*order.Order), offers []fakeCourier, courier int, words ...string) {
		t.Helper()
		b := newBench(t, settings)
		b.shop.serves = func(string, string) []fakeCourier { return offers }
		o := sold("W")
		change(&o)
		out := b.task(o).deliver()
		if courier > 0 {
			wantOutcome(t, out, partner.ResultDelivered, "")
			if got := b.shop.placed()[0].Courier; got != courier {
				t.Errorf("%s: courier %d, want %d", settings, got, courier)
			}
			return
		}
		wantOutcome(t, out, partner.ResultRefused, "courier", words...)
		if strings.Contains(b.shop.calls(), "placeOrder") {
			t.Error("placed all the same")
		}
	}
	all := []fakeCourier{{5, "DPD", "dpd", "n", "14.90"}, {7, "InPost", "inpost", "y", 9.9}, {9, "GLS", "gls", "n", 12}, {11, "Poczta", "pp", "n", nil}}
	method := func(m, courier, point string) func(*order.Order) {
		return func(o *order.Order) { o.Shipping = &order.Shipping{Method: m, Courier: courier, PickupPoint: point} }
	}
	none := func(o *order.Order) { o.Shipping = nil }
	const strict, fallback, star = `"courier_fallback":false`, `"courier_fallback":true`, `"couriers":["Home=5","*=11"]`
	f(strict, method("HOME", "", ""), all, 5)
	f(strict, method("x", "point", "POZ01A"), all, 7)
	f(strict, method("home", "", ""), all[1:], 0, "courier 5 is not offered", "7 InPost, 9 GLS, 11 Poczta")
	f(strict, method("pigeon", "", ""), all, 0, `"pigeon"`)
	f(strict, none, all, 0, `no courier is named`)
	f(strict, method("home", "", ""), nil, 0, "offered: none")
	f(star, none, all, 11)
	f(fallback, method("home", "", ""), all[1:], 9)
	f(fallback, method("pigeon", "", ""), all, 9)
	f(fallback, method("point", "", "POZ01A"), all[:1], 0, "courier 7")
	f(fallback, method("pigeon", "", ""), all[1:2], 0)
	f(fallback, method("pigeon", "", ""), all[3:], 11)
}

// TestRouteNotSendable: what is missing is said before anybody is called.
func TestRouteNotSendable(t *testing.T) {
	t.Parallel()
	b := newBench(t, `"code_type":"producer"`)
	f := func(words string, change func(*order.Order)) {
		t.Helper()
		o := sold("W")
		for i := range o.Lines {
			o.Lines[i].Product.GTIN = "5901234123457"
		}
		change(&o)
		wantOutcome(t, b.task(o).deliver(), partner.ResultRefused, "not_sendable", words)
	}
	f("line 2 has no code of the type producer", func(o *order.Order) { o.Lines[1].Product = order.Product{Code: "KX-2"} })
	f("no quantity above 0", func(o *order.Order) { o.Lines[0].Quantity = dec("-1") })
	f("no line is a product", func(o *order.Order) { o.Lines = o.Lines[2:] })
	f("two letters", func(o *order.Order) { o.Recipient.Country = "Atlantis" })
	f("no recipient", func(o *order.Order) { o.Recipient = nil })
	if calls := b.shop.calls(); calls != "" {
		t.Errorf("called: %s", calls)
	}
	o := sold("W") // two lines of one product are one product
	o.Recipient.Country = "Polska"
	o.Lines[0].Product.GTIN, o.Lines[1].Product.GTIN = "5901234123457", "5901234123457"
	wantOutcome(t, b.task(o).deliver(), partner.ResultDelivered, "")
	if got := fmt.Sprint(b.shop.placed()[0].lines); got != "[{5901234123457 producer 3 gift wrap}]" {
		t.Errorf("%s", got)
	}
}

// TestRouteLimits: lists of more than 100 go in parts, a request that is too long
// does not go.
func TestRouteLimits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	o := sold("W")
	o.Lines = nil
	for i := range 250 {
		code := fmt.Sprint("C-", i)
		b.shop.stock[code] = 5
		o.Lines = append(o.Lines, order.Line{Product: order.Product{Code: code}, Quantity: dec("1.5")})
	}
	wantOutcome(t, b.task(o).deliver(), partner.ResultDelivered, "")
	if n := len(b.shop.placed()[0].lines); n != 250 {
		t.Errorf("%d lines", n)
	}
	if calls := b.shop.calls(); strings.Count(calls, "basketImport") != 3 || strings.Count(calls, "basketVerification") != 3 {
		t.Error(calls)
	}
	o = sold("X")
	o.Lines[0].Attachments = []order.Attachment{{Name: "print.pdf", Data: make([]byte, 7_500_000)}}
	wantOutcome(t, b.task(o).deliver(), partner.ResultRefused, "too_large")
}

// TestRouteExternalID: long and strange numbers become stable ones that differ.
func TestRouteExternalID(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	long := strings.Repeat("ż", 65)
	seen := map[string]bool{}
	for _, id := range []string{strings.Repeat("a", 64), long, long + "x", "tab\tbed"} {
		k := b.task(sold(id))
		wantOutcome(t, k.deliver(), partner.ResultDelivered, "")
		wantOutcome(t, k.look(), partner.ResultDelivered, "")
		orders := b.shop.placed()
		external := orders[len(orders)-1].External
		if seen[external] || len([]rune(external)) > 64 || id == strings.Repeat("a", 64) && external != id {
			t.Errorf("%q becomes %q", id, external)
		}
		seen[external] = true
	}
}

// TestRouteEvidence holds no key and no person's words in reasons.
func TestRouteEvidence(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, trace := outbound.WithTrace(t.Context())
	k := b.task(sold("W"))
	b.side.Deliver(ctx, []partner.Task{k.task})
	secrets := []string{fakePassword, fakeKey, fakeSystemKey("20260407"), "session-1-", "36d8b897768d932c8ac023efbdf7c7e1e064e64c"}
	if len(trace.List()) != 5 {
		t.Fatalf("%d exchanges", len(trace.List()))
	}
	for _, x := range trace.List() {
		for _, s := range secrets {
			if strings.Contains(x.URL+x.RequestHead+string(x.RequestBody)+x.ResponseHead+string(x.ResponseBody), s) {
				t.Errorf("%s shows %s: %s %s", x.URL, s, x.RequestBody, x.ResponseBody)
			}
		}
	}
	b.shop.hook = func(m string, _ int) *fakeReply {
		if m == "placeOrder" {
			return &fakeReply{fault: 130, text: "address of Jan Maria Nowak, Polna 3/7 (jan.nowak@customer.example) is bad"}
		}
		return nil
	}
	o := b.task(sold("X")).deliver()
	wantOutcome(t, o, partner.ResultRefused, "fault_130", "is bad")
	for _, s := range []string{"Nowak", "Polna", "@"} {
		if strings.Contains(o.Reason, s) {
			t.Errorf("reason %q", o.Reason)
		}
	}
}

// TestRouteFaults sorts what is about the route, the order, and the moment.
func TestRouteFaults(t *testing.T) {
	t.Parallel()
	f := func(method string, reply fakeReply, result partner.Result, scope partner.Scope, code string) {
		t.Helper()
		b := newBench(t)
		b.shop.hook = func(m string, _ int) *fakeReply {
			if m == method {
				return &reply
			}
			return nil
		}
		o := b.task(sold("W")).deliver()
		wantOutcome(t, o, result, code)
		if o.Scope != scope {
			t.Errorf("%s %+v: %+v", method, reply, o)
		}
	}
	const verify, place = "basketVerification", "placeOrder"
	f(verify, fakeReply{fault: 103, text: "switched off"}, partner.ResultRefused, partner.ScopeRoute, "fault_103")
	f(verify, fakeReply{fault: 102, text: "dropshippingKey"}, partner.ResultRefused, partner.ScopeRoute, "fault_102")
	f(verify, fakeReply{fault: 199, text: "internal"}, partner.ResultLater, partner.ScopeReceiver, "fault_199")
	f(verify, fakeReply{status: http.StatusNotFound}, partner.ResultRefused, partner.ScopeRoute, "http_404")
	f(verify, fakeReply{status: http.StatusInternalServerError}, partner.ResultLater, partner.ScopeOrder, "http_500")
	f(verify, fakeReply{body: "<html>"}, partner.ResultLater, partner.ScopeOrder, "unreadable")
	f(verify, fakeReply{cut: true}, partner.ResultLater, partner.ScopeOrder, "no_answer_read")
	f("authenticate", fakeReply{fault: 199}, partner.ResultLater, partner.ScopeOrder, "login_fault_199")
	f("authenticate", fakeReply{fault: 3, text: "shop blocked"}, partner.ResultRefused, partner.ScopeRoute, "login_fault_3")
	f("authenticate", fakeReply{body: `{"errors":{"faultCode":0}}`}, partner.ResultLater, partner.ScopeOrder, "login_no_session")
	f(place, fakeReply{fault: 112, text: "changed"}, partner.ResultLater, partner.ScopeReceiver, "fault_112")
	f(place, fakeReply{fault: 111, text: "gone"}, partner.ResultRefused, partner.ScopeOrder, "out_of_stock")
	f(place, fakeReply{fault: 4711, text: "who knows"}, partner.ResultRefused, partner.ScopeOrder, "fault_4711")
	f(place, fakeReply{body: `{"errors":{"faultCode":"x","faultString":"odd"}}`}, partner.ResultUnknown, partner.ScopeOrder, "unreadable")
	f(place, fakeReply{status: http.StatusServiceUnavailable}, partner.ResultLater, partner.ScopeOrder, "http_503")
}

// TestRouteRefusedThenCorrected: after a clear no the order goes again at once.
func TestRouteRefusedThenCorrected(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.shop.hook = func(m string, nth int) *fakeReply {
		if m == "placeOrder" && nth == 1 {
			return &fakeReply{fault: 130, text: "bad address"}
		}
		return nil
	}
	k := b.task(sold("W"))
	wantOutcome(t, k.deliver(), partner.ResultRefused, "fault_130")
	wantOutcome(t, k.deliver(), partner.ResultDelivered, "")
	if calls := b.shop.calls(); strings.Contains(calls, "getOrdersStatus") {
		t.Errorf("looked in vain: %s", calls)
	}
}

func TestRouteConnect(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	said, err := b.side.Connect(t.Context())
	if err != nil || said != "logged in at Hurtownia Żuraw, whose couriers are 5 DPD, 7 InPost, 9 GLS" {
		t.Errorf("%q, %v", said, err)
	}
	b = newBench(t, `"couriers":["home=6","point=8"]`)
	if _, err := b.side.Connect(t.Context()); err == nil || !strings.HasSuffix(err.Error(), `9 GLS, but not 6 that couriers names for "home", not 8 that couriers names for "point"`) {
		t.Errorf("%v", err)
	}
	b.shop.days = func() []string { return nil }
	if _, err := newBench(t, `"password":"wrong"`).side.Connect(t.Context()); err == nil || !strings.Contains(err.Error(), "login_refused") {
		t.Errorf("%v", err)
	}
}

func TestRouteSettings(t *testing.T) {
	t.Parallel()
	good := map[string]string{"base_url": "https://hurtownia.example", "login": "a", "password": "b", "dropshipping_key": "c"}
	f := func(name, value, words string) {
		t.Helper()
		values := map[string]json.Value{}
		for k, v := range good {
			values[k] = json.Value(fmt.Sprintf("%q", v))
		}
		values[name] = json.Value(value)
		_, err := idosell.Partner.Route(partnertest.NewHub(nil).Deps(idosell.Partner), partnertest.Settings(t, idosell.Partner, false, values))
		if words == "" && err != nil || words != "" && (err == nil || !strings.Contains(err.Error(), words)) {
			t.Errorf("%s %s: %v", name, value, err)
		}
	}
	f("zone", `"Europe/Warsaw"`, "")
	f("zone", `"Warsaw"`, "zone")
	f("base_url", `"ftp://x"`, "base_url")
	f("endpoint", `"{base}/edi"`, "endpoint")
	f("couriers", `["home"]`, "couriers")
	f("couriers", `["home=5","HOME=6"]`, "twice")
	f("couriers", `["a=b=5"]`, "")
	f("tracking", `["5=ftp://x/{parcel}"]`, "tracking")
	f("tracking", `["5=https://x"]`, "tracking")
	f("tracking", `["x=https://x/{parcel}"]`, "tracking")
	f("notice_token", `"short"`, "notice_token")
	f("notice_token", `"0123456789abcd/f"`, "notice_token")
	f("poll_every", `"0s"`, "poll_every")
	f("dialect", `"{"`, "dialect")
}
