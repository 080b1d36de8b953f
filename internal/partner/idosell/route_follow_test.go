package idosell_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/idosell"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

const (
	noticeToken = "0123456789abcdef"
	withNotices = `"notice_token":"` + noticeToken + `"`
)

// place places orders at the wholesaler and returns them.
func (b *bench) place(ids ...string) []*fakeOrder {
	b.t.Helper()
	for _, id := range ids {
		wantOutcome(b.t, b.task(sold(id)).deliver(), partner.ResultDelivered, "")
	}
	b.shop.calls()
	return b.shop.placed()
}

// poll polls, and returns what was appended by it.
func (b *bench) poll() []order.Entry {
	b.t.Helper()
	before := len(b.hub.Entries())
	if err := b.side.Poll(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	return b.hub.Entries()[before:]
}

// TestRoutePoll: what was shipped becomes an event, once, whatever happens.
func TestRoutePoll(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	o := b.place("W")[0]
	if got := b.poll(); len(got) != 0 || !strings.HasPrefix(b.shop.calls(), "getOrdersStatus") {
		t.Errorf("%+v", got)
	}
	b.shop.set(func() {
		o.Status, o.Sent = "finished", "2026-04-08 14:02:11"
		o.Packages = []fakePackage{{Number: "0000123456789U"}, {Shipping: "S/2", Tracking: "https://dpd.example/S2"}}
	})
	b.hub.Fail(order.ErrBusy)
	if err := b.side.Poll(t.Context()); !errors.Is(err, order.ErrBusy) {
		t.Errorf("poll while nothing is taken: %v", err)
	}
	b.hub.Fail(nil)
	b.restart()
	got := b.poll()
	if len(got) != 2 {
		t.Fatalf("%d events", len(got))
	}
	e, h := got[0], got[0].Happening
	if e.Subject != (order.Subject{Kind: order.SubjectOrder, ID: "W"}) || e.Source.Name != "route:out" || e.Origin != "out" ||
		h.Kind != order.KindShipped || h.Ref != "0000123456789U" || h.At.String() != "2026-04-08T14:02:11+02:00" {
		t.Errorf("%+v %+v", e, h)
	}
	p := h.Parcel
	if p.Number != h.Ref || p.Courier != "DPD" || p.TrackingURL != "https://tracking.example/dpd/0000123456789U" || fmt.Sprint(p.Lines) != "[a b]" {
		t.Errorf("%+v", p)
	}
	if len(h.Lines) != 2 || h.Lines[0].Product.Code != "KX-1" || h.Lines[0].Quantity.String() != "2" {
		t.Errorf("lines %+v", h.Lines)
	}
	if q := got[1].Happening.Parcel; q.Number != "S/2" || q.TrackingURL != "https://dpd.example/S2" {
		t.Errorf("%+v", q)
	}
	if again := b.poll(); len(again) != 0 {
		t.Errorf("again: %+v", again)
	}
	b.shop.set(func() { o.Packages = append(o.Packages, fakePackage{Number: "P3"}) })
	b.pass(13 * time.Hour)
	if more := b.poll(); len(more) != 1 || more[0].Happening.Ref != "P3" {
		t.Errorf("a second dispatch: %+v", more)
	}
	for range 20 {
		b.pass(13 * time.Hour)
		b.poll()
	}
	b.shop.calls()
	b.pass(13 * time.Hour)
	if b.poll(); strings.Contains(b.shop.calls(), "getOrdersStatus") {
		t.Error("the order is asked for for ever")
	}
}

// TestRoutePollWithoutParcel: shipped is shipped; the number may come later.
func TestRoutePollWithoutParcel(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	o := b.place("W")[0]
	b.shop.set(func() { o.Status = "wait_for_receive" })
	got := b.poll()
	if len(got) != 1 || got[0].Happening.Parcel != nil || got[0].Happening.Ref != "sklep-abc-1/shipped" || got[0].Happening.At.String() != "2026-04-07T12:00:00+02:00" {
		t.Fatalf("%+v", got)
	}
	b.shop.set(func() { o.Packages = []fakePackage{{Number: "P1"}}; o.Courier = 9 })
	if got := b.poll(); len(got) != 1 || got[0].Happening.Parcel.TrackingURL != "https://tracking.example/?p=P1" {
		t.Errorf("%+v", got)
	}
}

// TestRoutePollBatches asks for 101 orders in two calls.
func TestRoutePollBatches(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := make([]string, 101)
	b.shop.stock["KX-1"], b.shop.stock["KX-2"] = 1000, 1000
	for i := range ids {
		ids[i] = fmt.Sprint("W-", i)
	}
	orders := b.place(ids...)
	b.shop.set(func() {
		for _, o := range orders {
			o.Status, o.Packages = "finished", []fakePackage{{Number: "P" + o.ID}}
		}
	})
	if n := len(b.poll()); n != len(ids) {
		t.Errorf("%d events", n)
	}
	if calls := b.shop.calls(); strings.Count(calls, "getOrdersStatus") != 2 {
		t.Error(calls)
	}
}

// TestRouteUnknownStatus stays open, and nothing is made of it.
func TestRouteUnknownStatus(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	o := b.place("W")[0]
	b.shop.set(func() {
		o.Status, o.Packages, o.Strange = "teleported", []fakePackage{{Number: "P1"}}, "x"
	})
	if got := b.poll(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	kept, _, err := b.hub.Deps(idosell.Partner).State.Get(t.Context(), "open/out/sklep-abc-1")
	if err != nil || !strings.Contains(string(kept), `"status":"teleported"`) {
		t.Errorf("%s, %v", kept, err)
	}
	b.shop.set(func() { o.Status = "packed_ready" })
	b.poll()
	b.shop.set(func() { o.Status = "finished_ext" })
	if got := b.poll(); len(got) != 1 {
		t.Errorf("%+v", got)
	}
}

// TestRouteDead: an order that the wholesaler will not send cancels nothing, tells a
// person, and is told until the shop cancelled it too.
func TestRouteDead(t *testing.T) {
	t.Parallel()
	for status, words := range map[string]string{"canceled": "", "false": "", "missing": "", "joined": "merged"} {
		b := newBench(t)
		o := b.place("W")[0]
		b.shop.set(func() { o.Status = status })
		got := b.poll()
		if len(got) != 1 || got[0].Happening.Kind != order.KindNote || len(got[0].Happening.Lines) != 2 ||
			!strings.Contains(got[0].Happening.Reason, "will not send its order sklep-abc-1: status "+status) {
			t.Fatalf("%s: %+v", status, got)
		}
		troubles, err := b.side.Troubles(t.Context())
		if err != nil || len(troubles) != 1 || !strings.HasPrefix(troubles[0], "order W: ") || !strings.Contains(troubles[0], words) {
			t.Errorf("%q, %v", troubles, err)
		}
		if again := b.poll(); len(again) != 0 || strings.Contains(b.shop.calls(), "getOrdersStatus getOrdersStatus") {
			t.Errorf("again: %+v", again)
		}
		wantOutcome(t, b.task(sold("W")).deliver(), partner.ResultRefused, "cancelled_there", status)
		b.say("W", order.KindCancelled)
		b.poll()
		if troubles, _ := b.side.Troubles(t.Context()); len(troubles) != 0 {
			t.Errorf("still %q", troubles)
		}
	}
}

// say has the shop state the order and what happened to it.
func (b *bench) say(id string, kind order.Kind) {
	b.t.Helper()
	src := order.Source{Name: "api:shop", Rank: order.RankShop}
	sub := order.Subject{Kind: order.SubjectOrder, ID: id}
	o := sold(id)
	_, err := b.hub.Append(b.t.Context(), "nordlys", []order.Entry{
		{Subject: sub, Source: src, Statement: &order.Statement{Order: o}},
		{Subject: sub, Source: src, Happening: &order.Happening{Kind: kind}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// TestRouteCancelledHere: the API has no call to cancel, so a person is told.
func TestRouteCancelledHere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	o := b.place("W")[0]
	b.say("W", order.KindCancelled)
	b.poll()
	if troubles, _ := b.side.Troubles(t.Context()); len(troubles) != 1 || !strings.Contains(troubles[0], "have it cancelled there") {
		t.Errorf("%q", troubles)
	}
	b.shop.set(func() { o.Status = "canceled" })
	b.poll()
	b.poll()
	if troubles, _ := b.side.Troubles(t.Context()); len(troubles) != 0 {
		t.Errorf("still %q", troubles)
	}
}

// TestRouteOrderGoneThere is believed the second time.
func TestRouteOrderGoneThere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.place("W")
	b.shop.set(func() { b.shop.orders = nil })
	if got := b.poll(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if got := b.poll(); len(got) != 1 || got[0].Happening.Kind != order.KindNote {
		t.Errorf("%+v", got)
	}
}

// send sends a notice and returns its status.
func (b *bench) send(method, target, contentType, body string) int {
	b.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	b.side.Handler.ServeHTTP(w, r)
	if w.Code == http.StatusOK && w.Body.Len() > 0 {
		b.t.Errorf("the answer has a body: %s", w.Body)
	}
	return w.Code
}

// TestRouteNotice takes every shape and name; each is confirmed before it counts.
func TestRouteNotice(t *testing.T) {
	t.Parallel()
	f := func(method, query, contentType, body string) {
		t.Helper()
		b := newBench(t, withNotices)
		o := b.place("WWW-1")[0]
		if got := b.send(method, "/"+noticeToken+query, contentType, body); got != http.StatusOK {
			t.Errorf("status %d of %s", got, body)
		}
		if n := len(b.hub.Entries()); n != 0 {
			t.Errorf("%s was believed unconfirmed", body)
		}
		if got := b.shop.calls(); got != "getOrdersStatus" {
			t.Errorf("%s %s: calls %q", query, body, got)
		}
		b.shop.set(func() { o.Status, o.Packages = "finished", []fakePackage{{Number: "0000123456789U"}} })
		for range 2 {
			b.send(method, "/"+noticeToken+query, contentType, body)
		}
		got := b.hub.Entries()
		if len(got) != 1 || got[0].Happening.Ref != "0000123456789U" {
			t.Errorf("%s %s: %+v", query, body, got)
		}
		if again := b.poll(); len(again) != 0 {
			t.Errorf("webhook and poll are two: %+v", again)
		}
	}
	f("POST", "", "application/json", `{"event":"orderShipped","orderId":"sklep-abc-1","orderSerialNumber":20981,"orderExternalId":"WWW-1",
 "orderStatus":"finished","packages":[{"deliveryPackageNumber":"0000123456789U","deliveryShippingNumber":""}]}`)
	f("POST", "", "", `[{"order":{"order_id":"sklep-abc-1"}}]`)
	f("POST", "", "application/json", `{"orderSerialNumber":"20981"}`)
	f("POST", "", "application/x-www-form-urlencoded", `orderExternalId=WWW-1&packages[0][packageNumber]=0000123456789U`)
	f("POST", "", "text/xml", `<?xml version="1.0"?><n:notice xmlns:n="x"><orderId>sklep-abc-1</orderId><packages><item><tracking_number>P</tracking_number></item></packages></n:notice>`)
	f("POST", "", "text/xml", `<notice orderId="sklep-abc-1"/>`)
	f("GET", "?orderId=sklep-abc-1&consignment=P", "", "")
	f("POST", "", "application/json", `{"something":"else"}`) // a hint that something happened
	f("POST", "", "", "")
}

// TestRouteNoticeParcel: a number that only the notice has is used once the status
// says that the order left.
func TestRouteNoticeParcel(t *testing.T) {
	t.Parallel()
	b := newBench(t, withNotices)
	o := b.place("W")[0]
	b.send("POST", "/"+noticeToken, "", `{"orderId":"sklep-abc-1","package_number":"P-9"}`)
	b.shop.set(func() { o.Status = "finished" })
	got := b.poll()
	if len(got) != 1 || got[0].Happening.Ref != "P-9" || got[0].Happening.Parcel.TrackingURL != "https://tracking.example/dpd/P-9" {
		t.Errorf("%+v", got)
	}
}

// TestRouteNoticeIsDurable: it is answered when it is stored, and the next poll
// confirms what could not be confirmed at once.
func TestRouteNoticeIsDurable(t *testing.T) {
	t.Parallel()
	b := newBench(t, withNotices)
	o := b.place("W")[0]
	b.shop.set(func() {
		o.Status, o.Packages = "finished", []fakePackage{{Number: "P1"}}
		b.shop.hook = func(string, int) *fakeReply { return &fakeReply{cut: true} }
	})
	if got := b.send("POST", "/"+noticeToken, "", `{"orderId":"sklep-abc-1"}`); got != http.StatusOK {
		t.Fatalf("status %d", got)
	}
	b.restart()
	b.shop.set(func() { b.shop.hook = nil })
	if got := b.poll(); len(got) != 1 {
		t.Errorf("%+v", got)
	}
	kept, _, err := b.hub.Deps(idosell.Partner).State.List(t.Context(), "notice/", "", 10)
	if err != nil || len(kept) != 0 {
		t.Errorf("kept %v, %v", kept, err)
	}
}

// TestRouteNoticeOfOthers: what this route did not place is none of its business,
// and a wrong address does not exist.
func TestRouteNoticeOfOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t, withNotices)
	b.place("W")
	b.shop.set(func() {
		b.shop.orders = append(b.shop.orders, &fakeOrder{ID: "sklep-abc-2", Status: "finished", Packages: []fakePackage{{Number: "P"}}})
	})
	for _, id := range []string{"sklep-abc-2", "nobody-7"} {
		if got := b.send("POST", "/"+noticeToken, "", `{"orderId":"`+id+`"}`); got != http.StatusOK || len(b.hub.Entries()) != 0 {
			t.Errorf("%s: status %d, %+v", id, got, b.hub.Entries())
		}
	}
	b.shop.calls()
	for _, path := range []string{"/", "/0123456789abcdeF", "/x/" + noticeToken} {
		if got := b.send("POST", path, "", `{"orderId":"sklep-abc-1"}`); got != http.StatusNotFound {
			t.Errorf("%s: status %d", path, got)
		}
	}
	if got := b.send("PUT", "/"+noticeToken, "", "{}"); got != http.StatusMethodNotAllowed {
		t.Errorf("status %d", got)
	}
	if got := b.send("POST", "/"+noticeToken, "", strings.Repeat(" ", 2<<20)); got != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", got)
	}
	if calls := b.shop.calls(); calls != "" {
		t.Errorf("asked: %s", calls)
	}
	if newBench(t).side.Handler != nil {
		t.Error("notices are taken without a token")
	}
}

// TestRouteNoticesTogether: many notices make few questions.
func TestRouteNoticesTogether(t *testing.T) {
	t.Parallel()
	b := newBench(t, withNotices)
	b.place("W")
	b.shop.set(func() { b.shop.hook = func(string, int) *fakeReply { return &fakeReply{status: 503} } })
	for i := range 105 {
		b.send("GET", "/"+noticeToken+"?"+url.Values{"orderExternalId": {fmt.Sprint("W-", i)}}.Encode(), "", "")
	}
	b.shop.set(func() { b.shop.hook = nil })
	b.shop.calls()
	b.poll()
	if calls := b.shop.calls(); strings.Count(calls, "getOrdersStatus") != 3 { // two batches, and the open order
		t.Error(calls)
	}
}

func TestRouteStock(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.shop.stock["KX-2"] = 1
	lines := []catalog.Line{
		{Code: "KX-1", Quantity: dec("4")}, {Code: "KX-2", Quantity: dec("2")}, {Code: "NONE", Quantity: dec("1")},
		{Type: catalog.Producer, Code: "5901234123457", Quantity: dec("10")}, {Code: "KX-1", Quantity: dec("7")},
	}
	got, err := b.side.Stock(t.Context(), lines)
	if err != nil || len(got) != 5 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, want := range []catalog.Reason{catalog.TooFew, catalog.TooFew, catalog.Unknown, "", catalog.TooFew} {
		if got[i].Reason != want || got[i].Ask {
			t.Errorf("line %d: %+v, want %q", i, got[i], want)
		}
	}
	if got[1].Free.String() != "1" || got[3].Free.String() != "10" {
		t.Errorf("%+v", got)
	}
	b.shop.hook = func(string, int) *fakeReply { return &fakeReply{fault: 199} }
	if _, err := b.side.Stock(t.Context(), lines); err == nil {
		t.Error("no answer is an answer")
	}
	b.shop.hook = func(string, int) *fakeReply {
		return &fakeReply{body: `{"result":"ERROR","products":[{"code":"KX-1","codeType":"internal","faultCode":55}]}`}
	}
	got, err = b.side.Stock(t.Context(), lines[:2])
	if err != nil || got[0].Reason != catalog.Undecided || got[1].Reason != catalog.Undecided {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestRouteStockByTheirCode asks for a product of ours under the code that the
// wholesaler knows it by, as an order would name it.
func TestRouteStockByTheirCode(t *testing.T) {
	t.Parallel()
	b := newBench(t, `"code_type":"producer"`)
	ours := catalog.Product{Product: order.Product{Code: "OUR-1", GTIN: "5901234123457"}, Active: true, Kind: catalog.Live}
	if _, err := b.hub.Catalog().Put(t.Context(), partnertest.Shop, []catalog.Product{ours}); err != nil {
		t.Fatal(err)
	}
	got, err := b.side.Stock(t.Context(), []catalog.Line{{Type: catalog.Internal, Code: "OUR-1", Quantity: dec("10")}})
	if err != nil || len(got) != 1 || got[0].Reason != "" || got[0].Free.String() != "10" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestRouteCouriers are mirrored daily and on demand; a mapped one that is gone is a
// trouble.
func TestRouteCouriers(t *testing.T) {
	t.Parallel()
	b := newBench(t, `"couriers":["home=5","*=6"]`)
	m, err := b.side.Couriers(t.Context(), false)
	if err != nil || len(m.Couriers) != 3 || !m.Couriers[1].PickupPoints || m.Couriers[0].Company != "dpd" || !m.At.Equal(b.now()) {
		t.Fatalf("%+v, %v", m, err)
	}
	if len(m.Mapping) != 2 || m.Mapping[0].Gone || m.Mapping[0].Name != "DPD" || !m.Mapping[1].Gone || m.Mapping[1].Method != "*" {
		t.Errorf("%+v", m.Mapping)
	}
	if troubles, err := b.side.Troubles(t.Context()); err != nil || len(troubles) != 1 || !strings.Contains(troubles[0], `courier 6, which couriers names for "*"`) {
		t.Errorf("%q, %v", troubles, err)
	}
	b.restart()
	b.shop.set(func() { b.shop.couriers = b.shop.couriers[1:] })
	b.shop.calls()
	if m, _ := b.side.Couriers(t.Context(), false); len(m.Couriers) != 3 || b.shop.calls() != "" {
		t.Errorf("%+v", m)
	}
	if m, _ := b.side.Couriers(t.Context(), true); len(m.Couriers) != 2 || b.shop.calls() != "getCouriers" {
		t.Errorf("%+v", m)
	}
	if troubles, _ := b.side.Troubles(t.Context()); len(troubles) != 2 {
		t.Errorf("%q", troubles)
	}
	b.poll()
	if calls := b.shop.calls(); strings.Contains(calls, "getCouriers") {
		t.Errorf("mirrored too often: %s", calls)
	}
	b.pass(24 * time.Hour)
	b.poll()
	if calls := b.shop.calls(); !strings.Contains(calls, "getCouriers") {
		t.Errorf("not mirrored daily: %s", calls)
	}
}

// TestRouteMissesACourier: an order that finds its courier gone has the couriers
// asked for at the next poll, so that a person hears of it today.
func TestRouteMissesACourier(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.poll()
	b.shop.set(func() { b.shop.couriers = b.shop.couriers[1:] })
	b.shop.calls()
	b.poll()
	if calls := b.shop.calls(); strings.Contains(calls, "getCouriers") {
		t.Errorf("asked without need: %s", calls)
	}
	wantOutcome(t, b.task(sold("W")).deliver(), partner.ResultRefused, "courier", "courier 5 is not offered")
	b.poll()
	if troubles, err := b.side.Troubles(t.Context()); err != nil || len(troubles) != 1 || !strings.Contains(troubles[0], "courier 5") {
		t.Errorf("%q, %v", troubles, err)
	}
	b.shop.calls()
	b.poll()
	if calls := b.shop.calls(); strings.Contains(calls, "getCouriers") {
		t.Errorf("asked again and again: %s", calls)
	}
}

// TestRouteNamesANewCourier: what the settings name since the couriers were
// fetched is not held to be gone before they are fetched again.
func TestRouteNamesANewCourier(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.poll()
	b.shop.set(func() { b.shop.couriers = append(b.shop.couriers, fakeCourier{ID: 11, Name: "New", Points: "n"}) })
	b.set["couriers"] = json.Value(`["home=11","point=12"]`)
	b.restart()
	if troubles, err := b.side.Troubles(t.Context()); err != nil || len(troubles) != 0 {
		t.Errorf("%q, %v", troubles, err)
	}
	b.poll()
	if troubles, err := b.side.Troubles(t.Context()); err != nil || len(troubles) != 1 || !strings.Contains(troubles[0], "courier 12") {
		t.Errorf("%q, %v", troubles, err)
	}
	b.shop.calls()
	b.poll()
	if calls := b.shop.calls(); strings.Contains(calls, "getCouriers") {
		t.Errorf("asked again and again: %s", calls)
	}
}

// TestRouteTwoRoutesOfOneLogin carry two parts of an order: each is placed.
func TestRouteTwoRoutesOfOneLogin(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.place("W")
	deps := b.hub.Deps(idosell.Partner)
	deps.Route, deps.Source.Name = "second", "route:second"
	values := maps.Clone(b.set)
	values["base_url"] = json.Value(strconv.Quote(b.shop.URL))
	other, err := idosell.Partner.Route(deps, partnertest.Settings(t, idosell.Partner, false, values))
	if err != nil {
		t.Fatal(err)
	}
	k := b.task(sold("W"))
	got := other.Deliver(context.Background(), []partner.Task{k.task})[0]
	wantOutcome(t, got, partner.ResultDelivered, "")
	orders := b.shop.placed()
	if len(orders) != 2 || orders[1].External != "W~second" {
		t.Errorf("%d orders, %+v", len(orders), orders[len(orders)-1])
	}
	wantOutcome(t, other.Deliver(context.Background(), []partner.Task{k.task})[0], partner.ResultDelivered, "")
	if len(b.shop.placed()) != 2 || b.shop.logins != 1 {
		t.Errorf("%d orders, %d logins", len(b.shop.placed()), b.shop.logins)
	}
}

// TestRouteRender shows what would go, without a call.
func TestRouteRender(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	body, err := b.side.Render(b.task(sold("W")).task)
	if err != nil || !strings.Contains(string(body), `"orderExternalId":"W"`) || !strings.Contains(string(body), `"code":"KX-2"`) ||
		!strings.Contains(string(body), `"courierId":5`) || b.shop.calls() != "" {
		t.Errorf("%s, %v", body, err)
	}
}

// TestRouteCannotAsk: where the API has no such question, what may have been
// placed is left to a person, and what was not placed for certain goes again.
func TestRouteCannotAsk(t *testing.T) {
	t.Parallel()
	const lacks = `"dialect":"{\"operations\":{\"getOrdersStatus\":{\"request\":{\"params.ordersExternalIds\":null}}}}"`
	b := newBench(t, lacks)
	b.shop.after = func(m string, nth int) *fakeReply {
		if m == "placeOrder" && nth == 1 {
			return &fakeReply{cut: true}
		}
		return nil
	}
	k := b.task(sold("W"))
	wantOutcome(t, k.deliver(), partner.ResultUnknown, "no_answer_read")
	if b.side.Look != nil {
		t.Error("what nobody can tell is looked for")
	}
	wantOutcome(t, k.deliver(), partner.ResultUnknown, "cannot_ask", "look for W there")
	if calls := b.shop.calls(); strings.Count(calls, "placeOrder") != 1 || strings.Contains(calls, "getOrdersStatus") {
		t.Error(calls)
	}
	b = newBench(t, lacks)
	b.shop.hook = func(m string, nth int) *fakeReply {
		if m == "basketImport" && nth == 1 {
			return &fakeReply{cut: true}
		}
		return nil
	}
	k = b.task(sold("W"))
	wantOutcome(t, k.deliver(), partner.ResultLater, "no_answer_read")
	wantOutcome(t, k.deliver(), partner.ResultDelivered, "")
	wantOutcome(t, k.deliver(), partner.ResultDelivered, "") // its number is known: sent again, it is found
	if n := len(b.shop.placed()); n != 1 {
		t.Errorf("%d orders", n)
	}
}

// TestRouteCannotAskAfterAClearNo: a fault in an old session is answered by one
// login more; what the wholesaler clearly did not place is no riddle then.
func TestRouteCannotAskAfterAClearNo(t *testing.T) {
	t.Parallel()
	b := newBench(t, `"dialect":"{\"operations\":{\"getOrdersStatus\":{\"request\":{\"params.ordersExternalIds\":null}}}}"`)
	b.task(sold("first")).deliver()
	b.pass(11 * time.Minute)
	fault := 130
	b.shop.hook = func(m string, _ int) *fakeReply {
		if m == "placeOrder" {
			return &fakeReply{fault: fault, text: "who knows"}
		}
		return nil
	}
	wantOutcome(t, b.task(sold("W")).deliver(), partner.ResultRefused, "fault_130")
	b.pass(11 * time.Minute)
	fault = 199
	wantOutcome(t, b.task(sold("V")).deliver(), partner.ResultUnknown, "cannot_ask")
}

// TestRouteSpeaksADialect: other gates, methods, names, codes and words.
func TestRouteSpeaksADialect(t *testing.T) {
	t.Parallel()
	b := newBench(t, `"endpoint":"{base}/edi/?gate={function}/{method}/{version}/{format}"`,
		`"dialect":"{\"operations\":{\"placeOrder\":{\"gate\":\"Orders\",\"method\":\"addDropshippingOrder\",\"version\":3}}}"`)
	b.shop.hook = func(m string, _ int) *fakeReply {
		if m == "addDropshippingOrder" {
			return b.shop.place(&b.shop.asked[len(b.shop.asked)-1])
		}
		return nil
	}
	wantOutcome(t, b.task(sold("W")).deliver(), partner.ResultDelivered, "")
	if got := b.shop.placed()[0].call.gate; got != "Orders" {
		t.Errorf("gate %s", got)
	}
}

// TestRouteNoticesAtOnce: notices that come while one is being confirmed are
// confirmed too.
func TestRouteNoticesAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, withNotices)
	ids := make([]string, 20)
	b.shop.stock["KX-1"], b.shop.stock["KX-2"] = 1000, 1000
	for i := range ids {
		ids[i] = fmt.Sprint("W-", i)
	}
	orders := b.place(ids...)
	b.shop.set(func() {
		for _, o := range orders {
			o.Status, o.Packages = "finished", []fakePackage{{Number: "P" + o.ID}}
		}
	})
	var all sync.WaitGroup
	for _, o := range orders {
		all.Go(func() { b.send("POST", "/"+noticeToken, "", `{"orderId":"`+o.ID+`"}`) })
	}
	all.Wait()
	if n := len(b.hub.Entries()); n != len(ids) {
		t.Errorf("%d events", n)
	}
}
