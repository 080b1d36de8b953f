package app_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/demo"
	"github.com/ordermux/ordermux/internal/order"
)

// startNodes starts so many nodes at a place and waits until each has its share
// of the shops.
func startNodes(t *testing.T, p place, n int, text string, tweaks ...func(*app.Options)) []*hub {
	t.Helper()
	tweaks = append([]func(*app.Options){quick}, tweaks...)
	nodes := make([]*hub, n)
	var all sync.WaitGroup
	for i := range nodes {
		all.Go(func() {
			var err error
			if nodes[i], err = newHub(t, p, text, tweaks...); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	spread(t, nodes)
	return nodes
}

// spread waits until each node has its share of the shops: none is about to move.
func spread(t *testing.T, nodes []*hub) {
	t.Helper()
	eventually(t, "the shops are spread evenly", func() bool {
		list := nodes[0].nodes()
		least, most := list[0].Shops, list[0].Shops
		for _, one := range list {
			least, most = min(least, one.Shops), max(most, one.Shops)
		}
		return len(list) == len(nodes) && most-least <= 1
	})
}

// quick makes nodes notice each other sooner.
func quick(o *app.Options) { o.Node.Beat = 100 * time.Millisecond }

// nodes lists the nodes that a hub sees.
func (h *hub) nodes() []api.Node {
	h.t.Helper()
	list, err := h.api.Nodes(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return list.Nodes
}

// get returns the body of a page that must be there.
func (h *hub) get(path string) string {
	h.t.Helper()
	status, body := send(h.t, "GET", h.URL()+path, "", "")
	if status != http.StatusOK {
		h.t.Fatalf("%s: %d %s", path, status, body)
	}
	return body
}

// delivers reports whether a node runs the routes of a shop: only then its
// figures tell of them.
func (h *hub) delivers(shop string) bool {
	h.t.Helper()
	return strings.Contains(h.get("/metrics"), `ordermux_route_state{partner="webhook",route="hook",shop="`+shop+`"`)
}

// owner returns the node that delivers for a shop, and another one.
func owner(t *testing.T, nodes []*hub, shop string) (here, elsewhere *hub) {
	t.Helper()
	eventually(t, "one node delivers for "+shop, func() bool {
		var owners []*hub
		for _, h := range nodes {
			if h.delivers(shop) {
				owners, here = append(owners, h), h
			} else {
				elsewhere = h
			}
		}
		return len(owners) == 1
	})
	return here, elsewhere
}

// TestAnyNodeWillDo asks of two nodes, one after the other, all that only the
// owner of a shop can do, and some of what every node can.
func TestAnyNodeWillDo(t *testing.T) {
	t.Parallel()
	sandbox := startSandbox(t)
	receiver, received := startReceiver(t)
	nodes := startNodes(t, inDatabase(t), 2, shop(adsRoute(sandbox.URL())+hookRoute(receiver)))
	_, elsewhere := owner(t, nodes, "nordlys")
	for i, h := range nodes {
		id := fmt.Sprintf("o-%d", i)
		h.give(oneOrder(id, "3.00"))
		nodes[1-i].settled()
		for _, at := range nodes {
			if state, err := at.api.Order(t.Context(), "nordlys", id); err != nil || len(state.Deliveries) != 2 {
				t.Errorf("%+v %v", state, err)
			}
		}
	}
	if d := cmp.Diff([]string{"order.placed o-0", "order.placed o-1"}, types(received())); d != "" {
		t.Error(d)
	}
	if state, err := sandbox.api.Order(t.Context(), app.SandboxShop, "o-0"); err != nil || len(state.Events) != 1 {
		t.Errorf("the partner heard of it %d times: %v", len(state.Events), err)
	}
	for i, h := range nodes {
		actOn(t, h, nodes[1-i], fmt.Sprintf("o-%d", i), received)
	}
	if v, err := elsewhere.api.Verify(t.Context(), "nordlys"); err != nil || !v.Whole {
		t.Error(v, err)
	}
}

// actOn does on one node what operators do with an order that was delivered,
// and looks from the other one.
func actOn(t *testing.T, h, other *hub, id string, received func() []demo.Message) {
	t.Helper()
	ctx, before := t.Context(), len(received())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	must(h.api.Pause(ctx, "nordlys", "hook", "a test"))
	for _, at := range []*hub{h, other} {
		if routes, err := at.api.Routes(ctx, "nordlys"); err != nil || routes.Routes[1].State != "paused" || routes.Routes[1].Reason != "a test" {
			t.Errorf("%+v %v", routes, err)
		}
	}
	dry, err := h.api.Replay(ctx, "nordlys", "hook", api.Selection{Orders: []string{id}, DryRun: true})
	if err != nil || dry.Count != 1 || len(dry.Verdicts) != 1 || dry.Verdicts[0].Order != id || dry.Verdicts[0].Body == "" {
		t.Errorf("%+v %v", dry, err)
	}
	if acted, err := h.api.Replay(ctx, "nordlys", "hook", api.Selection{Orders: []string{id}}); err != nil || acted.Count != 1 {
		t.Errorf("%+v %v", acted, err)
	}
	if acted, err := h.api.Drop(ctx, "nordlys", api.Selection{Route: "hook", Orders: []string{id}}); err != nil || acted.Count != 1 {
		t.Errorf("%+v %v", acted, err)
	}
	if acted, err := h.api.Retry(ctx, "nordlys", api.Selection{Route: "hook", States: []delivery.State{"dropped"}, Orders: []string{id}}); err != nil || acted.Count != 1 {
		t.Errorf("%+v %v", acted, err)
	}
	if acted, err := h.api.Backfill(ctx, "nordlys", "hook", api.Selection{All: true}); err != nil || acted.Count != 0 {
		t.Errorf("%+v %v", acted, err)
	}
	must(h.api.Resume(ctx, "nordlys", "hook"))
	eventually(t, "the order goes once more", func() bool { return len(received()) == before+1 })
	if v, err := h.api.Send(ctx, "nordlys", "hook", id, true); err != nil || v.Action != "send" {
		t.Errorf("%+v %v", v, err)
	}
	if v, err := h.api.Test(ctx, "nordlys", "ads", id); err != nil || v.Action == "" {
		t.Errorf("%+v %v", v, err)
	}
	// Errors keep their kind on the way.
	if err := h.api.Pause(ctx, "nordlys", "none", ""); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
	if _, err := h.api.Send(ctx, "nordlys", "hook", "unknown", false); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
	var bad *order.Invalid
	if _, err := h.api.Retry(ctx, "nordlys", api.Selection{States: []delivery.State{"delivered"}}); !errors.As(err, &bad) || bad.Faults[0].Path != "states" {
		t.Error(err)
	}
	// Tokens are everywhere at once, and nowhere.
	token, err := h.api.CreateToken(ctx, "nordlys", "erp", api.Read)
	must(err)
	if status, _ := send(t, "GET", other.URL()+"/api/v1/shops/nordlys/routes", "Bearer "+token.Token, ""); status != http.StatusOK {
		t.Errorf("the token answers %d elsewhere", status)
	}
	must(other.api.RevokeToken(ctx, "nordlys", "erp"))
	if status, _ := send(t, "GET", h.URL()+"/api/v1/shops/nordlys/routes", "Bearer "+token.Token, ""); status != http.StatusUnauthorized {
		t.Errorf("the revoked token answers %d", status)
	}
}

// TestFilesOfEveryNode fetches a file from every node, and erases an order that
// stands in it by one that does not write it.
func TestFilesOfEveryNode(t *testing.T) {
	t.Parallel()
	receiver, _ := startReceiver(t)
	var later atomic.Int64
	file := "      tsv: {partner: citrusad, settings: {output: file, file_password: fetch-me-please}}\n"
	nodes := startNodes(t, inDatabase(t), 2, shop(hookRoute(receiver)+file), func(o *app.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	})
	here, elsewhere := owner(t, nodes, "nordlys")
	elsewhere.giveAnnasOrder()
	here.settled()
	later.Store(int64(25 * time.Hour))
	elsewhere.give(oneOrder("o-2", "4.00")) // wakes the routes, which look at the clock
	fetch := func(h *hub) string {
		status, body := send(t, "GET", h.URL()+"/files/nordlys/tsv/orders.tsv", basic("citrus", "fetch-me-please"), "")
		if status != http.StatusOK && status != http.StatusNotFound {
			t.Fatalf("%d %s", status, body)
		}
		return body
	}
	for _, h := range nodes {
		eventually(t, "the file is there", func() bool { return strings.Contains(fetch(h), "session-of-anna") })
		eventually(t, "its fetches are listed", func() bool {
			list, err := h.api.Files(t.Context(), "nordlys", "tsv")
			return err == nil && len(list.Files) == 1 && len(list.Files[0].Fetches) > 0
		})
	}
	if err := elsewhere.api.Erase(t.Context(), "nordlys", "none"); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
	if err := elsewhere.api.Erase(t.Context(), "nordlys", "o-1"); err != nil {
		t.Fatal(err)
	}
	for _, h := range nodes {
		if body := fetch(h); strings.Contains(body, "o-1\t") || !strings.HasPrefix(body, "order_id\t") {
			t.Errorf("%q", body)
		}
	}
}
