package cli_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/shipping"
)

// withCouriers adds a shop's couriers, and those of a route's partner.
func withCouriers(t *testing.T, h *fakeHub) {
	const shop = "/api/v1/shops/nordlys"
	list := []shipping.Courier{
		{Key: "parcel", ID: 1, Name: "Parcel service"},
		{
			Key: "dpd", ID: 5, Name: "DPD", Countries: []string{"PL", "SE"}, MaxWeight: decimal(t, "31.5"), MaxValue: decimal(t, "1000"),
			CutOff: "14:00", PickupPoints: true, Tracking: "https://track.example/{parcel}",
		},
		{Key: "heavy", ID: 9, Name: "Freight", MinWeight: decimal(t, "30")},
	}
	h.answers["GET "+shop+"/couriers"] = api.Couriers{Couriers: list}
	h.answers["GET "+shop+"/couriers?country=SE&weight=2"] = api.Couriers{
		Couriers: list,
		Offers:   []shipping.Offer{{Courier: list[1], Cost: decimal(t, "49.00"), Leaves: time.Date(2026, 5, 31, 14, 0, 0, 0, time.FixedZone("", 7200))}},
		Unfit:    []api.UnfitCourier{{Key: "parcel", Reason: shipping.NotThere}, {Key: "heavy", Reason: shipping.TooLight}},
	}
	mirror := api.RouteCouriers{
		At: now, Couriers: []shipping.Foreign{{ID: "5", Name: "Road\x1b[31m", Company: "dpd"}, {ID: "7", Name: "Lockers", PickupPoints: true}},
		Mapping: []shipping.Mapped{{Method: "home", Courier: "5", Name: "Road"}, {Method: "*", Courier: "9", Gone: true}},
	}
	h.answers["GET "+shop+"/routes/depot/couriers"] = mirror
	h.answers["GET "+shop+"/routes/new/couriers"] = api.RouteCouriers{Couriers: []shipping.Foreign{}}
	h.answers["POST "+shop+"/routes/depot:callback/test-message"] = api.TestMessage{Said: "posted to nordshop, answered 200"}
	h.answers["POST "+shop+"/orders/1001/ship"] = func(body []byte) any {
		var in api.Shipment
		if err := json.Unmarshal(body, &in); err != nil {
			t.Error(err)
		}
		out := api.Shipped{Order: "1001", Result: "new", Seq: 12, Parcel: order.Parcel{Number: in.Parcel, Courier: "DPD", TrackingURL: "https://track.example/" + in.Parcel}}
		switch {
		case in.Courier == "pigeon":
			return &api.Problem{Status: 400, Detail: "courier: is no courier", Faults: []api.Fault{{Path: "courier", Code: order.Malformed, Reason: "is no courier"}}}
		case in.DryRun:
			out.Result, out.Seq = "dry_run", 0
		case in.Parcel == "P-0":
			out.Result, out.Seq = "known", 0
		}
		return out
	}
}

func TestCouriers(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	withCouriers(t, h)
	for name, args := range map[string][]string{
		"couriers":       {"couriers"},
		"couriers-offer": {"couriers", "--country", "SE", "--weight", "2"},
		"couriers-route": {"couriers", "--route", "depot"},
		"couriers-new":   {"couriers", "--route", "new", "--fresh"},
		"couriers-json":  {"couriers", "--route", "depot", "--json"},
	} {
		r := h.run(t, "", args...)
		if r.code != 0 {
			t.Errorf("%s: %+v", name, r)
		}
		golden(t, name, r.out)
	}
	f := func(want string, args ...string) {
		t.Helper()
		if r := h.run(t, "", append([]string{"couriers"}, args...)...); r.code == 0 || !strings.Contains(r.err, want) {
			t.Errorf("%v: %+v", args, r)
		}
	}
	f("--country is needed", "--weight", "2")
	f("--weight: not a plain decimal", "--country", "SE", "--weight", "much")
	f("--fresh: needs --route", "--fresh")
	f("only the shop's own couriers", "--route", "depot", "--country", "SE")
	f("route none is not known at shop nordlys", "--route", "none")
}

func TestTestMessage(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	withCouriers(t, h)
	r := h.run(t, "", "route", "test-message", "depot:callback", "--account", "nordshop")
	if r.code != 0 || r.out != "posted to nordshop, answered 200\n" || h.calls[len(h.calls)-1] != `POST /api/v1/shops/nordlys/routes/depot:callback/test-message {"account":"nordshop"}` {
		t.Errorf("%+v %q", r, h.calls)
	}
	if r := h.run(t, "", "route", "test-message", "none"); r.code != 1 || !strings.Contains(r.err, "route none is not known") {
		t.Errorf("%+v", r)
	}
}

func TestShip(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	withCouriers(t, h)
	f := func(want string, code int, args ...string) {
		t.Helper()
		if r := h.run(t, "", append([]string{"ship"}, args...)...); r.code != code || !strings.Contains(r.out+r.err, want) {
			t.Errorf("%v: %+v", args, r)
		}
	}
	f("order 1001 is shipped with parcel P-1 by DPD, https://track.example/P-1\n", 0, "1001", "--parcel", "P-1")
	f("order 1001 was known to be shipped with parcel P-0", 0, "1001", "--parcel", "P-0")
	f("order 1001 would be shipped with parcel P-1", 0, "1001", "--parcel", "P-1", "--dry-run")
	f(`"seq":12`, 0, "1001", "--parcel", "P-1", "--json")
	f("courier: is no courier", 1, "1001", "--parcel", "P-1", "--courier", "pigeon")
	f("order none is not known at shop nordlys", 1, "none", "--parcel", "P-1")
	f("--parcel", 2, "1001")
	h.calls = nil
	f("is shipped", 0, "1001", "--parcel", "P-1", "--courier", "dpd", "--at", "2026-05-31T09:30:00+02:00", "--lines", "1,2", "--shop", "nordlys")
	if want := `POST /api/v1/shops/nordlys/orders/1001/ship {"parcel":"P-1","courier":"dpd","at":"2026-05-31T09:30:00+02:00","lines":["1","2"]}`; len(h.calls) != 1 || h.calls[0] != want {
		t.Errorf("%q", h.calls)
	}
}

// TestImportShipments: a verdict per line, and one that is refused spoils no
// other.
func TestImportShipments(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	withCouriers(t, h)
	file := write(t, "parcels.csv", "order;parcel;courier;date\n1001;P-1;dpd;2026-05-30 09:30\n1001;P-0;;\nnone;P-2;;\n1001;;;\n1001;P-3;pigeon;\n")
	r := h.run(t, "", "import", file, "--format", "shipments")
	want := `line 2: new 1001 #12
line 3: known 1001
line 4: refused none: no such order
line 5: refused 1001: parcel: is empty
line 6: refused 1001: courier: is no courier
5 parcels, 1 new, 1 known, 3 refused
`
	if r.code != 1 || r.out != want {
		t.Errorf("%+v", r)
	}
	// The date is of the shop's zone.
	if calls := strings.Join(h.calls, "\n"); strings.Count(calls, `"at":`) != 1 || !strings.Contains(calls, `"at":"2026-05-30T09:30:00+02:00"`) {
		t.Error(calls)
	}
	r = h.run(t, "order,parcel\n1001,P-1\n", "import", "-", "--format", "shipments", "--dry-run", "--json")
	if want := `{"line":2,"last_line":2,"order":"1001","result":"readable"}`; r.code != 0 || !strings.HasPrefix(r.out, want) {
		t.Errorf("%+v", r)
	}
	f := func(stdin, want string, args ...string) {
		t.Helper()
		r := h.run(t, stdin, append([]string{"import", "-", "--format", "shipments"}, args...)...)
		if r.code == 0 || !strings.Contains(r.err, want) {
			t.Errorf("%q %v: %+v", stdin, args, r)
		}
	}
	f("id,number\n", "the header: column 1 is none of order, parcel, courier, date")
	f("order,parcel\n", "--history", "--history")
	f("order,parcel\n", "--timezone: unknown zone", "--timezone", "Nowhere/Land")
}
