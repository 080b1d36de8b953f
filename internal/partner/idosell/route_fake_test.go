package idosell_test

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
)

// wholesaler plays IdoSell's side in JSON, as the sheet has it, written without
// a word of the door's or the route's own: one basket per login, sessions of 15
// minutes, no idempotency. Hooks break it where a test wants it broken.
type wholesaler struct {
	*httptest.Server
	t   *testing.T
	now func() time.Time

	mu       sync.Mutex
	days     func() []string // dates that are taken in the login's key; nil: Warsaw's
	logins   int
	sessions map[string]time.Time
	stock    map[string]float64
	couriers []fakeCourier // all
	serves   func(country, zip string) []fakeCourier
	basket   []fakeLine
	sticky   []fakeLine // lies in the basket whatever anybody clears
	orders   []*fakeOrder
	asked    []fakeCall
	hook     func(method string, nth int) *fakeReply // before the call is handled
	after    func(method string, nth int) *fakeReply // after it
}

type fakeCourier struct {
	ID     int    `json:"courierId"`
	Name   string `json:"courierName"`
	Key    string `json:"companyKey"`
	Points string `json:"hasPickupPoints"`
	Cost   any    `json:"deliveryCost"`
}

type fakeLine struct {
	Code     string `json:"code"`
	CodeType string `json:"codeType"`
	Quantity any    `json:"quantity"`
	Comment  string `json:"comment"`
}

type fakePackage struct {
	Number   string `json:"deliveryPackageNumber"`
	Shipping string `json:"deliveryShippingNumber"`
	Tracking string `json:"trackingUrl"`
}

type fakeOrder struct {
	ID       string        `json:"orderId"`
	Serial   int           `json:"orderSerialNumber"`
	External string        `json:"orderExternalId"`
	Status   string        `json:"orderStatus"`
	Sent     string        `json:"orderDispatchDate"`
	Courier  int           `json:"courierId"`
	Name     string        `json:"courierName"`
	Packages []fakePackage `json:"packages"`
	Fault    int           `json:"faultCode"`
	Strange  string        `json:"fieldOfTheFuture"`
	lines    []fakeLine
	call     fakeCall
}

// fakeCall is a request; fields are of all methods.
type fakeCall struct {
	method, gate string
	session      string
	params       struct {
		Products    []fakeLine        `json:"products"`
		Clear       string            `json:"clearBasket"`
		Address     map[string]string `json:"clientDeliveryAddress"`
		Payer       map[string]string `json:"payerAddress"`
		Courier     int               `json:"courierId"`
		Point       string            `json:"pickupPointId"`
		Payment     string            `json:"orderPaymentType"`
		External    string            `json:"orderExternalId"`
		Note        string            `json:"clientNoteToOrder"`
		IDs         []string          `json:"ordersIds"`
		Serials     []json.Value      `json:"ordersSerialNumbers"`
		ExternalIDs []string          `json:"ordersExternalIds"`
		Page        int               `json:"resultsPage"`
		Limit       int               `json:"resultsLimit"`
	}
}

// fakeReply is an answer in place of the right one; a fault goes into errors.
// Cut: the connection breaks.
type fakeReply struct {
	status int
	body   string
	fault  int
	text   string
	cut    bool
}

const (
	fakeLogin    = "sklep-abc"
	fakePassword = "Hurtownia#2026"
	fakeKey      = "K-7781-ICDF"
)

func newWholesaler(t *testing.T, now func() time.Time) *wholesaler {
	t.Helper()
	w := &wholesaler{
		t: t, now: now, sessions: map[string]time.Time{}, stock: map[string]float64{"KX-1": 10, "KX-2": 10, "5901234123457": 10},
		couriers: []fakeCourier{{5, "DPD", "dpd", "n", "14.90"}, {7, "InPost", "inpost", "y", 9.9}, {9, "GLS", "gls", "n", 12}},
	}
	w.serves = func(string, string) []fakeCourier { return w.couriers }
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

// set changes the wholesaler between calls.
func (w *wholesaler) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// placed returns the orders.
func (w *wholesaler) placed() []*fakeOrder {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*fakeOrder(nil), w.orders...)
}

// calls returns the methods that were called since the last time, joined.
func (w *wholesaler) calls() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := make([]string, len(w.asked))
	for i, c := range w.asked {
		names[i] = c.method
	}
	w.asked = nil
	return strings.Join(names, " ")
}

func (w *wholesaler) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	parts := strings.Split(r.URL.Query().Get("gate"), "/")
	if len(parts) != 4 || r.Method != http.MethodPost || len(b) > 10_000_000 {
		w.t.Errorf("%s %s with %d bytes", r.Method, r.URL, len(b))
		http.Error(out, "", http.StatusNotFound)
		return
	}
	var call struct {
		Authenticate map[string]string `json:"authenticate"`
		Params       json.Value        `json:"params"`
	}
	c := fakeCall{gate: parts[0], method: parts[1]}
	err := json.Unmarshal(b, &call)
	if err == nil && call.Params != nil {
		err = json.Unmarshal(call.Params, &c.params)
	}
	if err != nil {
		w.t.Errorf("%s: %v in %s", c.method, err, b)
	}
	c.session = call.Authenticate["sessionKey"]
	w.asked = append(w.asked, c)
	nth := 0
	for _, before := range w.asked {
		if before.method == c.method {
			nth++
		}
	}
	var reply *fakeReply
	if w.hook != nil {
		reply = w.hook(c.method, nth)
	}
	if reply == nil {
		answer := w.handle(&c, call.Authenticate)
		if w.after != nil {
			reply = w.after(c.method, nth)
		}
		if reply == nil {
			reply = answer
		}
	}
	reply.write(out)
}

func (r *fakeReply) write(out http.ResponseWriter) {
	if r.cut {
		panic(http.ErrAbortHandler)
	}
	status := r.status
	if status == 0 {
		status = http.StatusOK
	}
	body := r.body
	if r.fault != 0 {
		body = fmt.Sprintf(`{"errors":{"faultCode":%d,"faultString":%q}}`, r.fault, r.text)
	}
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(status)
	_, _ = io.WriteString(out, body)
}

func good(v any) *fakeReply {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return &fakeReply{body: `{"errors":{"faultCode":0,"faultString":""},"newMember":[{"a":null}],` + string(b[1:])}
}

func (w *wholesaler) handle(c *fakeCall, keys map[string]string) *fakeReply {
	if c.method == "authenticate" {
		return w.logIn(keys)
	}
	began, ok := w.sessions[c.session]
	switch {
	case !ok:
		return &fakeReply{fault: 100, text: "sessionKey unknown"}
	case w.now().Sub(began) >= 15*time.Minute:
		return &fakeReply{fault: 101, text: "sessionKey expired"}
	case keys["dropshippingKey"] != fakeKey:
		return &fakeReply{fault: 102, text: "dropshippingKey wrong"}
	}
	for _, n := range []int{len(c.params.Products), len(c.params.IDs), len(c.params.ExternalIDs)} {
		if n > 100 {
			w.t.Errorf("%s: %d elements", c.method, n)
			return &fakeReply{fault: 106, text: "too many"}
		}
	}
	switch c.method {
	case "basketVerification":
		return w.check(c.params.Products, nil)
	case "basketImport":
		return w.fill(c)
	case "getCouriersForBasket":
		return w.offer(c)
	case "placeOrder":
		return w.place(c)
	case "getOrdersStatus":
		return w.status(c)
	case "getCouriers":
		return good(map[string]any{"results": w.couriers, "resultsNumberAll": len(w.couriers)})
	case "getSupplierData":
		return good(map[string]any{"supplierName": "Hurtownia Żuraw"})
	}
	return &fakeReply{status: http.StatusNotFound, body: `{"errors":{"faultCode":105,"faultString":"no such gate"}}`}
}

func fakeSystemKey(day string) string {
	sum := func(s string) string {
		h := sha1.Sum([]byte(s))
		return hex.EncodeToString(h[:])
	}
	return sum(day + sum(fakePassword))
}

func (w *wholesaler) logIn(keys map[string]string) *fakeReply {
	w.logins++
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		w.t.Fatal(err)
	}
	days := []string{w.now().In(warsaw).Format("20060102")}
	if w.days != nil {
		days = w.days()
	}
	for _, day := range days {
		if keys["systemLogin"] == fakeLogin && keys["systemKey"] == fakeSystemKey(day) {
			key := fmt.Sprintf("session-%d-%s", w.logins, strings.Repeat("f", 30))
			w.sessions[key] = w.now()
			return good(map[string]any{"sessionKey": key})
		}
	}
	return &fakeReply{fault: 1, text: "login failure: invalid login or key"}
}

func quantity(v any) float64 {
	var f float64
	_, _ = fmt.Sscan(strings.Trim(fmt.Sprint(v), `"`), &f)
	return f
}

// check answers verification and import.
func (w *wholesaler) check(lines, also []fakeLine) *fakeReply {
	result := "OK"
	items := []map[string]any{}
	for _, l := range append(append([]fakeLine(nil), lines...), also...) {
		free, known := w.stock[l.Code]
		item := map[string]any{"code": l.Code, "codeType": l.CodeType, "quantity": l.Quantity, "quantityAvailable": free, "available": "y", "faultCode": 0, "faultString": ""}
		switch {
		case !known:
			result, item["available"], item["faultCode"] = "ERROR", "n", 110
		case free < quantity(l.Quantity):
			result, item["available"], item["faultCode"] = "ERROR", "n", 111
		}
		items = append(items, item)
	}
	return good(map[string]any{"result": result, "products": items})
}

func (w *wholesaler) fill(c *fakeCall) *fakeReply {
	if c.params.Clear != "n" {
		w.basket = append([]fakeLine(nil), w.sticky...)
	}
	w.basket = append(w.basket, c.params.Products...)
	return w.check(c.params.Products, w.sticky)
}

func (w *wholesaler) offer(c *fakeCall) *fakeReply {
	if len(w.basket) == 0 {
		return &fakeReply{fault: 112, text: "basket empty"}
	}
	list := w.serves(c.params.Address["clientDeliveryAddressCountryId"], c.params.Address["clientDeliveryAddressZipCode"])
	if len(list) == 0 {
		return &fakeReply{fault: 2, text: "empty result"}
	}
	return good(map[string]any{"results": list})
}

func (w *wholesaler) place(c *fakeCall) *fakeReply {
	if len(w.basket) == 0 {
		return &fakeReply{fault: 112, text: "basket empty"}
	}
	n := len(w.orders) + 1
	o := &fakeOrder{
		ID: fmt.Sprintf("%s-%d", fakeLogin, n), Serial: 20980 + n, External: c.params.External, Status: "new",
		Courier: c.params.Courier, Name: "DPD", lines: w.basket, call: *c,
	}
	w.orders, w.basket = append(w.orders, o), nil
	return good(map[string]any{"orderId": o.ID, "orderSerialNumber": o.Serial, "orderStatus": "new", "clientDeliveryAddressId": "412"})
}

func (w *wholesaler) status(c *fakeCall) *fakeReply {
	list := []any{}
	find := func(is func(*fakeOrder) bool, asked map[string]any) {
		for _, o := range w.orders {
			if is(o) {
				list = append(list, o)
				return
			}
		}
		asked["faultCode"], asked["faultString"] = 140, "order unknown"
		list = append(list, asked)
	}
	for _, id := range c.params.IDs {
		find(func(o *fakeOrder) bool { return o.ID == id }, map[string]any{"orderId": id})
	}
	for _, id := range c.params.ExternalIDs {
		find(func(o *fakeOrder) bool { return o.External == id }, map[string]any{"orderExternalId": id})
	}
	for _, id := range c.params.Serials {
		find(func(o *fakeOrder) bool { return fmt.Sprint(o.Serial) == strings.Trim(string(id), `"`) }, map[string]any{})
	}
	return good(map[string]any{"results": list})
}
