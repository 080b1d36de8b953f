package api_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/shipping"
)

func couriers(shop string) ([]shipping.Courier, *time.Location) {
	if shop != "nordlys" {
		return nil, time.UTC
	}
	return []shipping.Courier{
		{Key: "parcel", ID: 1, Name: "Parcel service", Prices: []shipping.Price{{Price: order.FromInt(900, 2)}}},
		{
			Key: "dpd", ID: 5, Name: "DPD", Countries: []string{"SE"}, MaxWeight: order.FromInt(20, 0), CutOff: "14:00",
			Prices: []shipping.Price{{Price: order.FromInt(490, 2)}}, Tracking: "https://track.example/?n={parcel}",
		},
	}, time.UTC
}

func mirror(_ context.Context, _, route string, fresh bool) (*shipping.Mirror, error) {
	switch route {
	case "none":
		return nil, order.ErrNotFound
	case "hook":
		return nil, &api.Problem{Type: "about:blank", Title: "Conflict", Status: http.StatusConflict, Detail: "the partner of this route has no couriers"}
	case "never":
		return nil, nil
	}
	m := &shipping.Mirror{
		At: now.Add(-time.Hour), Couriers: []shipping.Foreign{{ID: "5", Name: "DPD", PickupPoints: true}},
		Mapping: []shipping.Mapped{{Method: "home", Courier: "5", Name: "DPD"}, {Method: "*", Courier: "9", Gone: true}},
	}
	if fresh {
		m.At = now
	}
	return m, nil
}

func testMessage(_ context.Context, _, route, account string) (string, error) {
	if route != "ads" || account == "stranger" {
		return "", order.ErrNotFound
	}
	return "sent to " + account, nil
}

func TestCouriers(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	c := h.client("nordlys-read")
	got, err := c.Couriers(t.Context(), "nordlys")
	if err != nil || len(got.Couriers) != 2 || got.Couriers[1].Tracking == "" || got.Offers != nil {
		t.Fatalf("%+v %v", got, err)
	}
	got, err = c.Offers(t.Context(), "nordlys", shipping.Basket{Country: "se", Weight: order.FromInt(2, 0)})
	if err != nil || len(got.Offers) != 2 || got.Offers[0].Key != "dpd" || !got.Offers[0].Leaves.Equal(time.Date(2026, 5, 31, 14, 0, 0, 0, time.UTC)) || got.Unfit != nil {
		t.Fatalf("%+v %v", got, err)
	}
	got, err = c.Offers(t.Context(), "nordlys", shipping.Basket{Country: "DE"})
	if d := cmp.Diff([]api.UnfitCourier{{Key: "dpd", Reason: shipping.NotThere}}, got.Unfit); err != nil || d != "" || len(got.Offers) != 1 {
		t.Fatalf("%s %v", d, err)
	}
	f := func(query, want string) {
		t.Helper()
		r := h.call("GET", "/api/v1/shops/nordlys/couriers"+query, admin, "")
		if r.status != 400 || !strings.Contains(r.body, want) {
			t.Errorf("%s: %d %s", query, r.status, r.body)
		}
	}
	f("?weight=2", "is needed to say who serves a basket")
	f("?country=SE&weight=-2", "must be a number, 0 or above")
	f("?country=SE&value=much", "must be a number, 0 or above")
	f("?country=Sweden", "two letters such as SE")
	f("?land=SE", "unknown parameter")
	if r := h.call("GET", "/api/v1/shops/aurora/couriers?country=SE", admin, ""); r.body != `{"couriers":[],"offers":[]}` {
		t.Error(r.body)
	}
}

func TestRouteCouriers(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	c := h.client("nordlys-read")
	got, err := c.RouteCouriers(t.Context(), "nordlys", "ads", false)
	if err != nil || len(got.Couriers) != 1 || len(got.Mapping) != 2 || !got.Mapping[1].Gone || !got.At.Equal(now.Add(-time.Hour)) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err = c.RouteCouriers(t.Context(), "nordlys", "ads", true); err != nil || !got.At.Equal(now) {
		t.Errorf("%+v %v", got, err)
	}
	f := func(path string, status int) {
		t.Helper()
		if r := h.call("GET", "/api/v1/shops/nordlys/routes/"+path, admin, ""); r.status != status {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	f("none/couriers", 404)
	f("hook/couriers", 409)
	f("never/couriers", 200)
	f("ads/couriers?fresh=perhaps", 400)
}

func TestTestMessage(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	c := h.client("nordlys-operate")
	if got, err := c.TestMessage(t.Context(), "nordlys", "ads", "nordshop"); err != nil || got.Said != "sent to nordshop" {
		t.Errorf("%+v %v", got, err)
	}
	if r := h.call("POST", "/api/v1/shops/nordlys/routes/ads/test-message", admin, `{"account":"stranger"}`); r.status != 404 {
		t.Error(r.status, r.body)
	}
}

// TestShip: the happening carries the courier's link, and a parcel is told of
// once, whoever repeats it.
func TestShip(t *testing.T) {
	t.Parallel()
	h := newHub(t).seed()
	c := h.client("nordlys-operate")
	ship := func(s api.Shipment) api.Shipped {
		t.Helper()
		out, err := c.Ship(t.Context(), "nordlys", "1001", s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	at, err := order.ParseTime("2026-06-02T10:00:00+02:00")
	if err != nil {
		t.Fatal(err)
	}
	parcel := order.Parcel{Number: "P 1", Courier: "DPD", TrackingURL: "https://track.example/?n=P%201", ShippedAt: at}
	want := api.Shipped{Order: "1001", Result: "dry_run", Parcel: parcel}
	before := len(h.ledger.events["nordlys"])
	if d := cmp.Diff(want, ship(api.Shipment{Parcel: "P 1", Courier: "dpd", At: at, DryRun: true}), cmp.Comparer(order.Time.Equal)); d != "" {
		t.Error(d)
	}
	if n := len(h.ledger.events["nordlys"]); n != before {
		t.Errorf("a dry run appended %d events", n-before)
	}
	if out := ship(api.Shipment{Parcel: "P 1", Courier: "5", At: at}); out.Result != "new" || out.Seq == 0 {
		t.Errorf("%+v", out)
	}
	if out := ship(api.Shipment{Parcel: "P 1"}); out.Result != "known" || out.Parcel.TrackingURL == "" {
		t.Errorf("%+v", out)
	}
	var told []order.Event
	for _, e := range h.ledger.events["nordlys"] {
		if e.Happening != nil && e.Happening.Parcel != nil {
			told = append(told, e)
		}
	}
	if len(told) != 1 || told[0].Kind != order.KindShipped || told[0].Source.Name != "shipping" || told[0].Happening.Ref != "parcel P 1" {
		t.Fatalf("%+v", told)
	}
	// A second parcel with the order's own courier, which the shop does not have.
	if _, err := c.Correct(t.Context(), "nordlys", "1001", []byte(`{"shipping":{"courier":"Post"},"lines":[{"id":"7"}]}`)); err != nil {
		t.Fatal(err)
	}
	if out := ship(api.Shipment{Parcel: "P-2", Lines: []string{"7"}}); out.Parcel.Courier != "Post" || out.Parcel.TrackingURL != "" || !slices.Equal(out.Parcel.Lines, []string{"7"}) {
		t.Errorf("%+v", out)
	}
	f := func(id, body string, status int, want string) {
		t.Helper()
		r := h.call("POST", "/api/v1/shops/nordlys/orders/"+id+"/ship", admin, body)
		if r.status != status || !strings.Contains(r.body, want) {
			t.Errorf("%s %s: %d %s", id, body, r.status, r.body)
		}
	}
	f("none", `{"parcel":"P"}`, 404, "")
	f("1001", `{}`, 400, "is the parcel's number, and needed")
	f("1001", `{"parcel":" P"}`, 400, "without blanks around it")
	f("1001", `{"parcel":"P","courier":"pigeon"}`, 400, "is no courier of this shop; it has parcel, dpd")
	f("1001", `{"parcel":"P","lines":["8"]}`, 400, "lines[0]")
	f("1001", `{"parcel":"P","paid":true}`, 400, "paid")
}
