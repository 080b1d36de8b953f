package deliveryhero_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/secret"
)

// loop is a platform of ours and a shop of ours at it, each with a hub.
type loop struct {
	t                   *testing.T
	market, shop        *partnertest.Hub
	door, tells, side   partner.Side // the platform's door and callback; the shop's route
	told, sent          int64        // how far the logs were followed
	down                bool         // the shop's receiver
	now                 time.Time
	outcomes            []string // of what was sent, in both directions
	receiver, doorsteps http.Handler
}

func newLoop(t *testing.T, brand string) *loop {
	t.Helper()
	l := &loop{t: t, now: time.Date(2026, 3, 2, 18, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return l.now }
	l.market, l.shop = partnertest.NewHub(clock), partnertest.NewHub(clock)
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { l.doorsteps.ServeHTTP(w, r) }))
	t.Cleanup(platform.Close)
	webhook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.down {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		l.receiver.ServeHTTP(w, r)
	}))
	t.Cleanup(webhook.Close)
	p := deliveryhero.Partner
	add := func(name, of string, s partner.Settings) { l.market.AddCredential(p, name, of, s) }
	add("chain", "", partner.Settings{"chain_id": {Text: routeChain}, "brand": {Text: brand}, "country": {Text: "uy"}})
	add("centro", "vendor", partner.Settings{"vendor_id": {Text: "290056"}, "external_id": {Text: "SHOP-07"}})
	add("erp", "client", partner.Settings{"client_id": {Text: "cl-1"}, "client_secret": {Secret: secret.New("of-client")}})
	add("hook", "webhook", partner.Settings{"webhook_url": {Text: webhook.URL}, "webhook_secret": {Secret: secret.New(routeSecret)}})
	deps := l.market.Deps(p)
	t.Cleanup(deps.HTTP.CloseIdle)
	var err error
	if l.door, err = p.Door(deps); err != nil {
		t.Fatal(err)
	}
	if l.tells, err = p.Callback(deps); err != nil {
		t.Fatal(err)
	}
	settings := map[string]json.Value{}
	text := `{"base_url":"{{base}}","chain_id":"` + routeChain + `","client_id":"cl-1","client_secret":"of-client","webhook_secret":"` +
		routeSecret + `","vendors":["CENTRO=290056"],"currency":"SEK","brand":"` + brand + `","poll_every":"1m","calls_per_minute":10000}`
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		t.Fatal(err)
	}
	l.side = partnertest.NewRoute(t, p, l.shop, platform.URL, settings)
	l.doorsteps, l.receiver = l.door.Handler, l.side.Handler
	return l
}

// born makes a test order at the platform, and returns its id.
func (l *loop) born(by string) string {
	l.t.Helper()
	got, err := l.door.TestOrder(l.t.Context(), partnertest.Shop, partner.TestOrder{Store: "290056", By: by, Lines: []order.Line{
		{Product: order.Product{SKU: "779001", Name: "Yerba"}, Quantity: order.FromInt(2, 0), UnitPrice: order.FromInt(12050, 2)},
		{Product: order.Product{SKU: "779002", Name: "Tomate"}, Quantity: order.FromInt(500, 3), Unit: "kg", UnitPrice: order.FromInt(80, 0)},
	}})
	if err != nil {
		l.t.Fatal(err)
	}
	return got[0].Subject.ID
}

// happens has something happen at a hub, said there by somebody else.
func (l *loop) happens(at *partnertest.Hub, id string, h order.Happening) {
	l.t.Helper()
	l.now = l.now.Add(time.Minute)
	h.At = order.At(l.now)
	e := order.Entry{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Source: order.Source{Name: "api:erp", Rank: order.RankShop}, Happening: &h,
	}
	if _, err := at.Append(l.t.Context(), partnertest.Shop, []order.Entry{e}); err != nil {
		l.t.Fatal(err)
	}
}

// run carries what is new, until nothing is.
func (l *loop) run() {
	l.t.Helper()
	for {
		a := l.carry(l.market, &l.told, &l.tells, "tell ")
		b := l.carry(l.shop, &l.sent, &l.side, "send ")
		if !a && !b {
			return
		}
	}
}

// carry gives a side the new events of a hub, as the engine does.
func (l *loop) carry(hub *partnertest.Hub, at *int64, side *partner.Side, what string) bool {
	l.t.Helper()
	events, err := hub.After(l.t.Context(), partnertest.Shop, *at, 100)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, e := range events {
		*at = e.Seq
		if !slices.Contains(side.On, e.Kind) || e.Origin == "out" {
			continue
		}
		state, err := hub.Merged(l.t.Context(), partnertest.Shop, []string{e.Subject.ID})
		if err != nil {
			l.t.Fatal(err)
		}
		if plan := side.Plan(state[0], e.At, e.At); plan.Skip != "" {
			continue
		}
		l.now = l.now.Add(time.Second)
		o := side.Deliver(l.t.Context(), []partner.Task{{Key: "k", Shop: partnertest.Shop, Route: "out", Attempt: 1, Event: e, Order: state[0]}})[0]
		l.outcomes = append(l.outcomes, what+string(e.Kind)+" "+map[partner.Result]string{
			partner.ResultDelivered: "delivered", partner.ResultLater: "later", partner.ResultDeclined: "declined", partner.ResultRefused: "refused: " + o.Reason,
		}[o.Result]+" "+o.Code)
	}
	return len(events) > 0
}

func (l *loop) order(at *partnertest.Hub, id string) *order.Order {
	l.t.Helper()
	list, err := at.Merged(l.t.Context(), partnertest.Shop, []string{id})
	if err != nil {
		l.t.Fatal(err)
	}
	if list[0] == nil {
		return &order.Order{}
	}
	return list[0]
}

// went compares what was carried since it was looked at last.
func (l *loop) went(want ...string) {
	l.t.Helper()
	for i := range l.outcomes {
		l.outcomes[i] = strings.TrimSpace(l.outcomes[i])
	}
	if !slices.Equal(l.outcomes, want) {
		l.t.Errorf("went\n%s\nwant\n%s", strings.Join(l.outcomes, "\n"), strings.Join(want, "\n"))
	}
	l.outcomes = nil
}

// TestLoop: an order is born at the platform, picked and made ready by the shop,
// taken away by the platform's rider, and says the same on both sides.
func TestLoop(t *testing.T) {
	t.Parallel()
	l := newLoop(t, "pedidosya")
	id := l.born("platform")
	l.run()
	l.went("tell placed delivered")
	there, here := l.order(l.market, id), l.order(l.shop, id)
	for i := range there.Lines {
		there.Lines[i].ID = here.Lines[i].ID // the platform numbers lines that have no id
	}
	if here.Store != "CENTRO" || here.Shipping == nil || here.Shipping.By != "platform" || !here.Totals.Total.Equal(there.Totals.Total) ||
		!here.Lines[1].Weight.Equal(order.FromInt(500, 3)) || here.Customer.FirstName != "Test" {
		t.Fatalf("%+v\n%+v", here, there)
	}
	l.happens(l.shop, id, order.Happening{Kind: order.KindReady, Lines: []order.Line{
		{ID: here.Lines[0].ID, Status: order.LineNotFound},
		{ID: here.Lines[1].ID, Status: order.LineInCart, Quantity: order.FromInt(512, 3)},
	}})
	l.run()
	l.went("send ready delivered", "tell ready delivered")
	there, here = l.order(l.market, id), l.order(l.shop, id)
	if there.Status != order.StatusReady || there.Lines[0].Status != order.LineNotFound || !there.Lines[1].Quantity.Equal(order.FromInt(512, 3)) {
		t.Errorf("%s %+v", there.Status, there.Lines)
	}
	if here.Lines[0].Status != order.LineNotFound || !here.Lines[1].Weight.Equal(order.FromInt(512, 3)) || !here.Totals.Total.Equal(there.Totals.Total) {
		t.Errorf("%+v %+v", here.Lines, here.Totals)
	}
	l.happens(l.shop, id, order.Happening{Kind: order.KindShipped})
	l.happens(l.market, id, order.Happening{Kind: order.KindShipped})
	l.happens(l.market, id, order.Happening{Kind: order.KindDelivered})
	l.run()
	l.went("tell shipped delivered", "tell delivered delivered", "send shipped declined logistics_delivery")
	if s := l.order(l.shop, id).Status; s != order.StatusDelivered {
		t.Errorf("%s", s)
	}
	// Asking brings nothing new.
	before := len(l.shop.Entries())
	l.poll()
	if more := l.shop.Entries()[before:]; len(more) > 0 {
		t.Errorf("%d more: %+v", len(more), more[0])
	}
}

func (l *loop) poll() {
	l.t.Helper()
	l.now = l.now.Add(2 * time.Minute)
	if err := l.tells.Poll(l.t.Context()); err != nil { // keeps the list
		l.t.Fatal(err)
	}
	if err := l.side.Poll(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
}

// TestLoopOwnDrivers: the shop carries the order itself, at a brand that takes
// acceptances, changes its cart, and cancels another one.
func TestLoopOwnDrivers(t *testing.T) {
	t.Parallel()
	l := newLoop(t, "glovo")
	id, other := l.born("vendor"), l.born("vendor")
	l.run()
	l.went("tell placed delivered", "tell placed delivered")
	l.happens(l.shop, id, order.Happening{Kind: order.KindAccepted})
	l.run()
	l.went("send accepted delivered")
	changed := *l.order(l.shop, id)
	changed.Lines = slices.Clone(changed.Lines)
	changed.Lines[0].Quantity = order.FromInt(1, 0)
	changed.Status = ""
	if _, err := l.shop.Append(t.Context(), partnertest.Shop, []order.Entry{{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Source: order.Source{Name: "api:erp", Rank: order.RankShop},
		Statement: &order.Statement{Order: changed},
	}}); err != nil {
		t.Fatal(err)
	}
	l.run()
	l.went("send updated delivered") // the platform tells nobody of a changed cart
	if q := l.order(l.market, id).Lines[0].Quantity; !q.Equal(order.FromInt(1, 0)) {
		t.Errorf("quantity %s", q)
	}
	l.happens(l.shop, id, order.Happening{Kind: order.KindShipped})
	l.happens(l.shop, other, order.Happening{Kind: order.KindCancelled, Reason: "closed"})
	l.run()
	l.went("send shipped delivered", "send cancelled delivered", "tell shipped delivered", "tell cancelled delivered")
	if c := l.order(l.market, other).Cancellation; c == nil || c.Reason != "CLOSED" {
		t.Errorf("%+v", c)
	}
	if c := l.order(l.shop, other); c.Status != order.StatusCancelled {
		t.Errorf("%s", c.Status)
	}
}

// TestLoopReceiverDown: what was told to a receiver that was down is found by
// asking.
func TestLoopReceiverDown(t *testing.T) {
	t.Parallel()
	l := newLoop(t, "pedidosya")
	l.poll()
	l.down = true
	id := l.born("platform")
	l.happens(l.market, id, order.Happening{Kind: order.KindReady})
	l.run()
	if len(l.shop.Entries()) > 0 {
		t.Fatal("the receiver is not down")
	}
	l.down = false
	l.poll()
	if o := l.order(l.shop, id); o.Status != order.StatusReady || o.Store != "CENTRO" {
		t.Errorf("%+v", o)
	}
}
