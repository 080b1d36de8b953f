package idosell_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/idosell"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/shipping"
)

// loop is a shop's route at our own door.
type loop struct {
	*bench
	there *partnertest.Hub // the wholesaler's
	lose  atomic.Int32     // answers to placeOrder that are still to be lost
}

func newLoop(t *testing.T, settings ...string) *loop {
	t.Helper()
	l := &loop{bench: newBench(t, append(settings, `"zone":"Europe/Stockholm","dropshipping_key":"K-7781","couriers":["home=5"]`, withNotices)...)}
	l.there = partnertest.NewHub(l.now)
	l.there.Couriers = []shipping.Courier{
		{Key: "dpd", ID: 5, Name: "DPD", Company: "dpd", Countries: []string{"PL"}, Tracking: "https://dpd.example/{parcel}"},
		{Key: "gls", ID: 9, Name: "GLS"},
	}
	l.there.AddDoor(t, idosell.Partner, map[string]json.Value{"dropshipping_key": json.Value(`"K-7781"`), "accept_orders": json.Value("true")})
	for code, on := range map[string]string{"KX-1": "10", "KX-2": "10"} {
		_, err := l.there.Catalog().Put(t.Context(), partnertest.Shop, []catalog.Product{{
			Product: order.Product{Code: code}, Active: true, Price: dec("25.00"), Currency: partnertest.Currency,
			Stock: []catalog.Stock{{Quantity: dec(on)}},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	door := partnertest.NewDoor(t, idosell.Partner, l.there)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, "placeOrder") && l.lose.Load() > 0 {
			l.lose.Add(-1)
			door.ServeHTTP(httptest.NewRecorder(), r) // stored, and nobody hears of it
			panic(http.ErrAbortHandler)
		}
		door.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	l.shop.URL = server.URL
	l.restart()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { l.side.Handler.ServeHTTP(w, r) }))
	t.Cleanup(receiver.Close)
	l.there.AddCredential(idosell.Partner, "abc", "account", partner.Settings{
		"login": {Text: fakeLogin}, "password": {Secret: secret.New("36d8b897768d932c8ac023efbdf7c7e1e064e64c")},
		"notices": {Text: "true"}, "notice_url": {Text: receiver.URL + "/" + noticeToken}, "payment": {Text: "prepaid"},
	})
	return l
}

// placedThere are the orders that the wholesaler has, with what happened to
// them.
func (l *loop) placedThere() []*order.Order {
	l.t.Helper()
	list, err := l.there.ListLayers(l.t.Context(), partnertest.Shop, "", 0, 100)
	if err != nil {
		l.t.Fatal(err)
	}
	return list
}

// ship has the wholesaler mark an order as shipped.
func (l *loop) ship(id, parcel string) *order.Happening {
	l.t.Helper()
	h := &order.Happening{
		Kind: order.KindShipped, At: order.At(l.now()), Ref: parcel,
		Parcel: &order.Parcel{Number: parcel, Courier: "DPD", ShippedAt: order.At(l.now())},
	}
	_, err := l.there.Append(l.t.Context(), partnertest.Shop, []order.Entry{{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Source: order.Source{Name: "api:panel", Rank: order.RankShop}, Happening: h,
	}})
	if err != nil {
		l.t.Fatal(err)
	}
	return h
}

// TestRouteAgainstOurDoor, in both formats: ordered, shipped, known by poll and
// by notice as one.
func TestRouteAgainstOurDoor(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"soap", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			l := newLoop(t, `"format":"`+format+`"`)
			if said, err := l.side.Connect(t.Context()); err != nil || !strings.HasSuffix(said, "5 DPD, 9 GLS") {
				t.Fatalf("%q, %v", said, err)
			}
			k := l.task(sold("WWW-100234"))
			wantOutcome(t, k.deliver(), partner.ResultDelivered, "")
			wantOutcome(t, k.look(), partner.ResultDelivered, "")
			wantOutcome(t, k.deliver(), partner.ResultDelivered, "")
			l.arrived()
			stock, err := l.side.Stock(t.Context(), []catalog.Line{{Code: "KX-1", Quantity: dec("9")}, {Code: "KX-2", Quantity: dec("9")}, {Code: "X", Quantity: dec("1")}})
			if err != nil || stock[0].Reason != catalog.TooFew || stock[1].Reason != "" || stock[2].Reason != catalog.Unknown {
				t.Errorf("%+v, %v", stock, err)
			}
			l.pass(time.Hour)
			h := l.ship("sklep-abc-1", "P1")
			l.notify("sklep-abc-1", h)
			for deadline := time.Now().Add(10 * time.Second); len(l.hub.Entries()) == 0 && time.Now().Before(deadline); {
				runtime.Gosched() // the door has its answer, what follows takes a moment
			}
			if len(l.hub.Entries()) != 1 {
				t.Error("the notice was not followed up")
			}
			l.ship("sklep-abc-1", "P2")
			l.pass(13 * time.Hour)
			l.poll()
			got := l.hub.Entries()
			if len(got) != 2 || got[0].Happening.Ref != "P1" || got[1].Happening.Ref != "P2" || got[0].Happening.Parcel.TrackingURL != "https://dpd.example/P1" ||
				got[0].Happening.Parcel.Courier != "DPD" || got[0].Subject.ID != "WWW-100234" {
				t.Errorf("%+v", got)
			}
		})
	}
}

// arrived compares the one order at the wholesaler with sold.
func (l *loop) arrived() {
	l.t.Helper()
	list := l.placedThere()
	if len(list) != 1 {
		l.t.Fatalf("%d orders", len(list))
	}
	o := list[0]
	if o.ID != "sklep-abc-1" || o.Account != fakeLogin || len(o.Lines) != 2 || o.Lines[0].Product.Code != "KX-1" || o.Lines[0].Quantity.Cmp(dec("2")) != 0 {
		l.t.Errorf("%+v", o)
	}
	if p := o.Recipient; p == nil || p.FirstName != "Jan Maria" || p.LastName != "Nowak" || p.Street != "Polna 3/7" || p.PostalCode != "61-001" ||
		p.City != "Poznań" || p.Country != "PL" || p.Phone != "+48 600 100 200" {
		l.t.Errorf("recipient %+v", o.Recipient)
	}
	if o.Shipping == nil || o.Shipping.Courier != "DPD" {
		l.t.Errorf("shipping %+v", o.Shipping)
	}
	said := ""
	for _, r := range o.References {
		said += r.Kind + "=" + r.Value + " "
	}
	for _, n := range o.Notes {
		said += n.Text + " "
	}
	for _, want := range []string{"external_order_id=WWW-100234", "after five", "gift wrap"} {
		if !strings.Contains(said, want) {
			l.t.Errorf("%s is not in %s", want, said)
		}
	}
}

// notify has the wholesaler's door send its notice.
func (l *loop) notify(id string, h *order.Happening) {
	l.t.Helper()
	deps := l.there.Deps(idosell.Partner)
	l.t.Cleanup(deps.HTTP.CloseIdle)
	side, err := idosell.Partner.Callback(deps)
	if err != nil {
		l.t.Fatal(err)
	}
	list, err := l.there.Merged(l.t.Context(), partnertest.Shop, []string{id})
	if err != nil {
		l.t.Fatal(err)
	}
	task := partnertest.Tasks(*list[0])[0]
	task.Event.Kind, task.Event.Statement, task.Event.Happening = order.KindShipped, nil, h
	wantOutcome(l.t, side.Deliver(l.t.Context(), []partner.Task{task})[0], partner.ResultDelivered, "")
}

// TestRouteAgainstALossyDoor: the door stores the order and loses its answer,
// several times; nothing is placed twice, whatever is known of it.
func TestRouteAgainstALossyDoor(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"soap", "json"} {
		l := newLoop(t, `"format":"`+format+`"`)
		l.lose.Store(1)
		k := l.task(sold("WWW-100234"))
		if o := k.deliver(); o.Result != partner.ResultUnknown {
			t.Fatalf("%+v", o)
		}
		l.restart()
		wantOutcome(t, k.settle(), partner.ResultDelivered, "")
		l.arrived()
		l.ship("sklep-abc-1", "P1")
		if got := l.poll(); len(got) != 1 {
			t.Errorf("%+v", got)
		}
	}
}

// TestRouteSellsTheLastPieces: what the door has not is refused before anything
// is placed.
func TestRouteSellsTheLastPieces(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	for i, id := range []string{"a", "b", "c", "d", "e"} {
		wantOutcome(t, l.task(sold(id)).deliver(), partner.ResultDelivered, "")
		if n := len(l.placedThere()); n != i+1 {
			t.Fatalf("%d orders", n)
		}
	}
	wantOutcome(t, l.task(sold("f")).deliver(), partner.ResultRefused, "out_of_stock", "KX-1 (0 left)")
	if n := len(l.placedThere()); n != 5 {
		t.Errorf("%d orders", n)
	}
}
