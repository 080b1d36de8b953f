package api_test

import (
	"context"
	"testing"

	"github.com/ordermux/ordermux/internal/api"
)

// withRetention gives an API a retention of persons and events.
func withRetention(o *api.Options) {
	o.Operator.Retention = func(_ context.Context, shop string, count bool) (api.Retention, error) {
		persons := api.RetainedKind{Kind: "personal", Days: 10, From: "shop", Removed: 2, LastRemoved: now}
		if due := int64(3); count {
			persons.Due = &due
		}
		return api.Retention{
			Shop: shop, Round: now, Failed: true, Start: &api.LogStart{Seq: 7, Hash: "ab", At: now},
			Kinds: []api.RetainedKind{persons, {Kind: "events", Days: 90, From: "hub", Held: &api.RetentionHeld{Seq: 8, Why: "open"}}},
		}, nil
	}
	o.Operator.Retain = func(context.Context, string) error { return nil }
}

func TestRetention(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	c := h.client("nordlys-read")
	out, err := c.Retention(ctx, "nordlys", false)
	if err != nil || len(out.Kinds) != 2 || out.Kinds[0].Due != nil || out.Start.Seq != 7 || out.Kinds[1].Held.Why != "open" {
		t.Errorf("%+v, %v", out, err)
	}
	if out, err = c.Retention(ctx, "nordlys", true); err != nil || out.Kinds[0].Due == nil || *out.Kinds[0].Due != 3 {
		t.Errorf("counted: %+v, %v", out, err)
	}
	if r := h.call("GET", "/api/v1/shops/nordlys/retention?count=true", "nordlys-read", ""); r.status != 200 {
		t.Error(r)
	}
	if r := h.call("GET", "/api/v1/shops/nordlys/retention?count=maybe", "nordlys-read", ""); r.status != 400 {
		t.Errorf("a bad parameter: %d", r.status)
	}
	if err := c.Retain(ctx, "nordlys"); err == nil {
		t.Error("who reads had something removed")
	}
	if err := h.client("nordlys-admin").Retain(ctx, "nordlys"); err != nil {
		t.Error(err)
	}
	bare := newHub(t, func(o *api.Options) { o.Operator.Retention, o.Operator.Retain = nil, nil })
	if r := bare.call("GET", "/api/v1/shops/nordlys/retention", admin, ""); r.status != 404 {
		t.Errorf("%d", r.status)
	}
	if r := bare.call("POST", "/api/v1/shops/nordlys/retention/run", admin, "{}"); r.status != 404 {
		t.Errorf("%d", r.status)
	}
}
