package deliveryhero_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/deliveryhero"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/secret"
)

// promotionLoop is the route at one hub and the door at another, with a chain of
// two outlets that sell CAFE-250 for 10.00; CAFE-500 is sold in the first one
// only, and for 8.00 already.
type promotionLoop struct {
	t     *testing.T
	at    time.Time
	chain *partnertest.Hub
	side  partner.Side
}

func newPromotionLoop(t *testing.T) *promotionLoop {
	t.Helper()
	l := &promotionLoop{t: t, at: time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return l.at }
	l.chain = partnertest.NewHub(now)
	l.chain.AddDoor(t, deliveryhero.Partner, map[string]json.Value{"chain_id": json.Value(`"` + chainID + `"`)})
	l.chain.AddCredential(deliveryhero.Partner, "Promotions", "token", partner.Settings{"token": {Secret: secret.New("tok")}})
	for _, id := range []string{"290056", "s8ym"} {
		l.chain.AddCredential(deliveryhero.Partner, "outlet-"+id, "vendor", partner.Settings{"vendor_id": {Text: id}})
	}
	if _, err := l.chain.Catalog().Put(t.Context(), partnertest.Shop, []catalog.Product{
		{Product: order.Product{Code: "CAFE-250", SKU: "CAFE-250"}, Price: order.FromInt(1000, 2), Currency: partnertest.Currency, Active: true},
		{Product: order.Product{Code: "CAFE-500", SKU: "CAFE-500"}, Price: order.FromInt(800, 2), Currency: partnertest.Currency, Active: true},
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.chain.Catalog().OpenStores(t.Context(), partnertest.Shop, []string{"290056", "s8ym"}); err != nil {
		t.Fatal(err)
	}
	off := false
	put, err := l.chain.Catalog().PutOffers(t.Context(), partnertest.Shop, []catalog.OfferEdit{{Store: "s8ym", Type: catalog.Internal, Code: "CAFE-500", Active: &off}})
	if err != nil || put.Changed != 1 {
		t.Fatal(put, err)
	}
	srv := httptest.NewServer(http.StripPrefix("/deliveryhero", partnertest.NewDoor(t, deliveryhero.Partner, l.chain)))
	t.Cleanup(srv.Close)
	l.side = partnertest.NewRoute(t, deliveryhero.Partner, partnertest.NewHub(now), srv.URL+"/deliveryhero", map[string]json.Value{
		"base_url": json.Value(`"{{base}}/v2"`), "chain_id": json.Value(`"` + chainID + `"`), "token": json.Value(`"tok"`),
		"vendors": json.Value(`["K-1=290056","K-2=s8ym","K-3=closed"]`), "poll_every": json.Value(`"1000h"`), "calls_per_minute": json.Value(`100000`),
	})
	return l
}

// done polls until the job is over; the chain's runner works between.
func (l *promotionLoop) done(r *promotion.Request) *partner.Job {
	l.t.Helper()
	id, err := l.side.Promote(l.t.Context(), r)
	if err != nil {
		l.t.Fatal(err)
	}
	for range 20 {
		l.at = l.at.Add(20 * time.Second)
		_ = l.side.Poll(l.t.Context()) // orders are none of this test
		j, err := l.side.Job(l.t.Context(), partnertest.Shop, id)
		if err != nil || j == nil {
			l.t.Fatal(j, err)
		}
		if j.State == partner.JobCompleted || j.State == partner.JobFailed || j.State == partner.JobDuplicate {
			return j
		}
	}
	l.t.Fatalf("job %s does not end", id)
	return nil
}

// final is what CAFE-250 costs a customer of an outlet in the last week of May.
func (l *promotionLoop) final(store string) string {
	l.t.Helper()
	list, err := l.chain.Promotions().Shown(l.t.Context(), partnertest.Shop, store, []string{"CAFE-250"}, time.Date(2026, 5, 26, 0, 0, 0, 0, time.UTC))
	if err != nil || len(list) != 1 {
		l.t.Fatal(list, err)
	}
	if list[0].Promotion == nil {
		return "none"
	}
	return list[0].Final.String()
}

// TestPromotionLoop: what the route hands over is what the door's customers see,
// changed and ended, too, and what the door refuses the route tells by the shop's
// own names.
func TestPromotionLoop(t *testing.T) {
	t.Parallel()
	l := newPromotionLoop(t)
	every := func(r *promotion.Request) { r.Stores = []string{"K-1", "K-2", "K-3"} }
	j := l.done(mayOffer(every))
	slices.SortFunc(j.Items, func(a, b partner.JobItem) int { return strings.Compare(a.Store+a.SKU, b.Store+b.SKU) })
	want := []partner.JobItem{
		{Store: "K-1", SKU: "CAFE-500", Reason: "the discount is refused: the price is not lower than the regular one"},
		{Store: "K-2", SKU: "CAFE-500", Reason: "not in the outlet's catalogue, or not active there"},
		{Store: "K-3", Reason: "the platform has no such outlet of the chain"},
	}
	if d := cmp.Diff(want, j.Items); d != "" || j.State != partner.JobCompleted || j.Taken != 2 || j.Refused != 4 || j.Ref == "" {
		t.Fatalf("%+v\n%s", j, d)
	}
	if a, b := l.final("290056"), l.final("s8ym"); a != "8.50" || b != "8.50" {
		t.Error(a, b)
	}
	// The same once more changes nothing.
	if again := l.done(mayOffer(every)); again.State != partner.JobCompleted || again.Taken != 2 {
		t.Errorf("%+v", again)
	}
	l.done(mayOffer(every, func(r *promotion.Request) {
		r.Discounts = []promotion.Discount{{SKUs: []string{"CAFE-250"}, Terms: promotion.Terms{Subtype: promotion.Percentage, Value: order.FromInt(20, 0)}}}
	}))
	if a := l.final("290056"); a != "8.00" {
		t.Error(a)
	}
	l.done(mayOffer(every, func(r *promotion.Request) { r.Inactive = true }))
	if a := l.final("290056"); a != "none" {
		t.Error(a)
	}
	list, err := l.chain.Promotions().List(t.Context(), partnertest.Shop, 0, 10)
	if err != nil || len(list) != 1 || list[0].State != promotion.Deactivated {
		t.Errorf("%+v %v", list, err)
	}
}
