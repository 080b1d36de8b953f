package api_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// withDoors gives an API doors, refused calls and settings.
func withDoors(o *api.Options) {
	o.Operator.Doors = func(_ context.Context, shop string) (api.Doors, error) {
		return api.Doors{API: "https://hub.example/api/v1", Receivers: []api.Receiver{{Route: "tp", Partner: "trustpilot", URL: "https://hub.example/in/nordlys/tp/"}}, Doors: []api.Door{{
			Partner: "citrusad", Title: "CitrusAd", URL: "https://hub.example/citrusad", Own: ":8443", Kinds: []api.DoorKind{{
				CredentialKind: api.CredentialKind{Kind: "", Most: 2, Names: []string{"Orders"}, Advice: "Keep it."}, URL: "https://hub.example/citrusad", Living: 1, Used: now,
				Fields: []api.DoorField{{Name: "api_key", Description: "Key.", Kind: partner.Text, Required: true, Default: "x", Choices: []string{"x"}, Secret: true, Made: true}},
			}},
		}}}, nil
	}
	o.Operator.Refused = func(_ context.Context, shop string) ([]api.RefusedCall, error) {
		var out []api.RefusedCall
		for i := range 3 {
			out = append(out, api.RefusedCall{
				Door: []string{"citrusad", "api", "citrusad"}[i], At: now, Since: now, Count: 2, Method: "POST", Path: "/" + shop + "/" + strconv.Itoa(i), Status: 401, Code: "x",
				Cause: api.CauseCredentials, Reason: "no", From: "192.0.2.0/24", Kind: "user", Name: "till", Proved: true, ID: "r-1",
			})
		}
		return out, nil
	}
	o.Operator.Settings = func(context.Context, string) (api.ShopSettings, error) {
		return api.ShopSettings{
			Shop: api.Shop{ID: "nordlys", Doors: []string{}, Routes: []api.ShopRoute{}}, Doors: []api.DoorSettings{{Partner: "citrusad", Credentials: []string{"default"}}}, Couriers: []string{"Post"},
			Hub: api.HubSettings{File: "hub.yaml", Store: "sqlite", Listen: []api.ListenedTo{{Door: "citrusad", Address: ":1"}}, SFTP: ":2", Version: "1"},
		}, nil
	}
}

func TestDoorsAndSettings(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	c := h.client("nordlys-read")
	if r := h.call("GET", "/api/v1/shops/nordlys/doors", "nordlys-read", ""); r.status != 200 {
		t.Error(r)
	}
	doors, err := c.Doors(ctx, "nordlys")
	if err != nil || len(doors.Doors) != 1 || doors.Doors[0].Kinds[0].Fields[0].Name != "api_key" || doors.Doors[0].Kinds[0].Most != 2 {
		t.Errorf("%+v %v", doors, err)
	}
	if r := h.call("GET", "/api/v1/shops/nordlys/settings", "nordlys-read", ""); r.status != 200 {
		t.Error(r)
	}
	if s, err := c.ShopSettings(ctx, "nordlys"); err != nil || s.Hub.Store != "sqlite" {
		t.Errorf("%+v %v", s, err)
	}
	for _, path := range []string{"doors", "settings", "refused", "acts"} {
		if r := h.call("GET", "/api/v1/shops/nordlys/"+path, "aurora-admin", ""); r.status != 403 {
			t.Errorf("%s for another shop: %d", path, r.status)
		}
		if r := h.call("GET", "/api/v1/shops/nordlys/"+path, "nordlys-submit", ""); r.status != 403 {
			t.Errorf("%s with submit: %d", path, r.status)
		}
	}
	bare := newHub(t, func(o *api.Options) { o.Operator.Doors, o.Operator.Settings, o.Operator.Refused = nil, nil, nil })
	for _, path := range []string{"doors", "settings"} {
		if r := bare.call("GET", "/api/v1/shops/nordlys/"+path, admin, ""); r.status != 404 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
	if list, err := bare.client(admin).Refused(ctx, "nordlys", "", 10); err != nil || len(list.Calls) != 0 {
		t.Error(list, err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	if r := h.call("GET", "/api/v1/shops/nordlys/refused", "nordlys-read", ""); r.status != 200 {
		t.Error(r)
	}
	f := func(door string, limit, want int) {
		t.Helper()
		list, err := h.client("nordlys-read").Refused(ctx, "nordlys", door, limit)
		if err != nil || len(list.Calls) != want {
			t.Errorf("%s: %+v %v", door, list, err)
		}
	}
	f("", 10, 3)
	f("", 2, 2)
	f("api", 10, 1)
	f("none", 10, 0)
	for token, want := range map[string]int{"hub-read": 403, "hub-operate": 403, "hub-admin": 200, admin: 200, "nordlys-admin": 403} {
		if r := h.call("GET", "/api/v1/shops/_hub/refused", token, ""); r.status != want {
			t.Errorf("%s: %d", token, r.status)
		}
	}
	if r := h.call("GET", "/api/v1/shops/nordlys/refused?since=1", admin, ""); r.status != 400 {
		t.Error(r.status)
	}
}

// index is an api.ActIndex that knows what came after a place.
type index struct {
	seqs  []int64 // newest first
	since int64
}

func (x index) Mark(context.Context, string) (order.Effect, error) { return nil, nil }

func (x index) Newest(_ context.Context, _ string, below int64, limit int) ([]int64, int64, error) {
	var out []int64
	for _, s := range x.seqs {
		if (below == 0 || s < below) && len(out) < limit {
			out = append(out, s)
		}
	}
	return out, x.since, nil
}

// TestActsNewestFirst: acts that the index does not know are found in the log,
// page by page, and none twice.
func TestActsNewestFirst(t *testing.T) {
	t.Parallel()
	var want []string
	seed := func(h *hub) {
		for i := range 5 {
			h.call("POST", "/api/v1/shops/nordlys/routes/ads/pause", admin, `{"reason":"`+strconv.Itoa(i)+`"}`)
		}
	}
	for i := 4; i >= 0; i-- {
		want = append(want, "pause route ads: "+strconv.Itoa(i))
	}
	for name, change := range map[string]func(*api.Options){
		"no index": func(*api.Options) {},
		"half":     func(o *api.Options) { o.Acts = index{[]int64{5, 4}, 3} },
		"whole":    func(o *api.Options) { o.Acts = index{[]int64{5, 4, 3, 2, 1}, 0} },
	} {
		h := newHub(t, change)
		seed(h)
		for _, limit := range []int{1, 2, 3, 50} {
			var got []string
			o := api.ListOptions{Limit: limit}
			for {
				page, err := h.client("nordlys-read").Acts(ctx, "nordlys", o)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range page.Acts {
					got = append(got, a.Text)
				}
				if o.Cursor = page.Next; o.Cursor == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s by %d: %q", name, limit, got)
			}
		}
		if r := h.call("GET", "/api/v1/shops/nordlys/acts", admin, ""); r.status != 200 {
			t.Error(r)
		}
	}
}

// failing is an api.ActIndex of a store that takes nothing.
type failing struct{ index }

func (failing) Mark(context.Context, string) (order.Effect, error) { return nil, errors.New("full") }

// TestActIsDoneWithoutRecord: a full disk keeps nobody from pausing a route.
func TestActIsDoneWithoutRecord(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(o *api.Options) { o.Acts = failing{} })
	if r := h.call("POST", "/api/v1/shops/nordlys/routes/ads/pause", admin, ""); r.status != 200 || len(h.ledger.acts("nordlys")) != 0 {
		t.Errorf("%d %q", r.status, h.ledger.acts("nordlys"))
	}
}
