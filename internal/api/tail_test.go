package api_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

// tails looks until it has seen so many lines, or the answer ends.
func tails(t *testing.T, h *hub, o api.TailOptions, enough int) (seen []string, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	client := h.client("nordlys-read")
	doc := h.doc.Components.Schemas["News"].Value
	err = client.Tail(ctx, "nordlys", o, func() { seen = append(seen, "begun") }, func(n api.News) error {
		text, _ := json.Marshal(n)
		var v any
		_ = json.Unmarshal(text, &v)
		if err := doc.VisitJSON(v, openapi3.EnableJSONSchema2020()); err != nil {
			t.Errorf("not as documented: %v", err)
		}
		switch {
		case n.Gap:
			seen = append(seen, "gap")
		case n.Event != nil:
			seen = append(seen, cmp.Or(n.Event.Act, string(n.Event.Kind)+" "+n.Event.Order)+" by "+n.Event.Source)
		default:
			seen = append(seen, n.Delivery.Route+" "+string(n.Delivery.State)+" "+n.Delivery.Order)
		}
		if len(seen) >= enough {
			cancel()
		}
		return nil
	})
	return seen, err
}

// turns are what is told of deliveries, one call after the other; it remembers
// the marks that it was asked with.
type turns struct {
	mu    sync.Mutex
	asked []string
}

func (t *turns) told(_ context.Context, _, mark string) (delivery.Told, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = append(t.asked, mark)
	switch len(t.asked) {
	case 2:
		return delivery.Told{}, delivery.ErrElsewhere
	case 3:
		return delivery.Told{Mark: "two", Deliveries: []delivery.Delivery{
			{Route: "ads", OrderID: "1001", State: delivery.Delivered},
			{Route: "hook", OrderID: "1001", State: delivery.Retrying, Code: "http_500"},
		}}, nil
	case 4:
		return delivery.Told{Mark: "three", Gap: true}, nil
	}
	return delivery.Told{Mark: "one"}, nil
}

// TestTail: events and deliveries, each once; a node that does not answer is
// asked again for the same.
func TestTail(t *testing.T) {
	t.Parallel()
	f := func(o api.TailOptions, want ...string) {
		t.Helper()
		deliveries := &turns{}
		h := newHub(t, func(o *api.Options) { o.Operator.Told, o.Stopping = deliveries.told, nil }).seed()
		if got, err := tails(t, h, o, len(want)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v: %v\n%q, want\n%q", o, err, got, want)
		}
		deliveries.mu.Lock()
		defer deliveries.mu.Unlock()
		if asked := []string{"", "one", "one", "two"}; !slices.Equal(deliveries.asked[:4], asked) {
			t.Errorf("asked with the marks %q", deliveries.asked)
		}
	}
	f(api.TailOptions{}, "begun", "ads delivered 1001", "hook retrying 1001", "gap")
	f(api.TailOptions{After: 2}, "begun", "shipped 1001 by api:test", "placed a/b c by api:test", "ads delivered 1001", "hook retrying 1001", "gap")
	f(api.TailOptions{Route: "hook", After: 1}, "begun", "hook retrying 1001", "gap")
}

// TestTailOfActs: what a person did is told in words.
func TestTailOfActs(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(o *api.Options) { o.Stopping = nil }).seed()
	if _, err := h.client(admin).CreateToken(ctx, "nordlys", "looker", api.Read); err != nil {
		t.Fatal(err)
	}
	want := []string{"begun", "create token looker: scope=read by operator:admin"}
	if got, err := tails(t, h, api.TailOptions{After: 4}, len(want)); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v: %q", err, got)
	}
}

// TestTailEnds: with the hub, and for whoever may not look any more.
func TestTailEnds(t *testing.T) {
	t.Parallel()
	var stopping atomic.Bool
	stopping.Store(true)
	h := newHub(t, func(o *api.Options) { o.Stopping = stopping.Load }).seed()
	if got, err := tails(t, h, api.TailOptions{}, 99); err != nil || len(got) != 1 {
		t.Errorf("%q %v", got, err)
	}
	if _, err := tails(t, h, api.TailOptions{Route: "none"}, 99); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
	if err := h.client("nordlys-submit").Tail(ctx, "nordlys", api.TailOptions{}, nil, nil); err == nil || !strings.Contains(err.Error(), "scope read") {
		t.Error(err)
	}
	r := httptest.NewRequest(http.MethodHead, "/api/v1/shops/nordlys/tail", nil)
	r.Header.Set("Authorization", "Bearer nordlys-read")
	if got := h.within(r); got != http.StatusOK {
		t.Error(got)
	}
	stop := errors.New("enough")
	stopping.Store(false)
	if err := h.client(admin).Tail(ctx, "nordlys", api.TailOptions{After: 1}, nil, func(api.News) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

// TestUnknownState says which states there are.
func TestUnknownState(t *testing.T) {
	t.Parallel()
	h := newHub(t).seed()
	_, err := h.client(admin).Retry(ctx, "nordlys", api.Selection{States: []delivery.State{"lost"}})
	if err == nil || !strings.Contains(err.Error(), "there are ready, held, ") {
		t.Error(err)
	}
}
