package app_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/demo"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
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
	eventually(t, "the shops are spread evenly", func() bool {
		list := nodes[0].nodes()
		least, most := list[0].Shops, list[0].Shops
		for _, one := range list {
			least, most = min(least, one.Shops), max(most, one.Shops)
		}
		return len(list) == n && most-least <= 1
	})
	return nodes
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

// TestReloadEverywhere changes the file and tells one node.
func TestReloadEverywhere(t *testing.T) {
	t.Parallel()
	receiver, received := startReceiver(t)
	p := inDatabase(t)
	var mu sync.Mutex
	text := shop(hookRoute(receiver))
	write := func(s string) {
		mu.Lock()
		defer mu.Unlock()
		text = s
	}
	nodes := startNodes(t, p, 2, text, func(o *app.Options) {
		o.Load = func() (*config.Config, error) {
			mu.Lock()
			defer mu.Unlock()
			return parse(p, text)
		}
	})
	_, elsewhere := owner(t, nodes, "nordlys")
	// Another key, and a second shop.
	write(strings.Replace(shop(hookRoute(receiver)), "sk-12345", "sk-67890", 1) +
		"  aurora: {currency: EUR, doors: {citrusad: {api_key: sk-aurora}}, routes: {" + strings.TrimSpace(hookRoute(receiver)) + "}}\n")
	done, err := elsewhere.api.Reload(t.Context())
	if err != nil || !done.Done || len(done.Nodes) != 2 || !done.Nodes[0].Done || !done.Nodes[1].Done {
		t.Fatalf("%+v %v", done, err)
	}
	owner(t, nodes, "aurora")
	for i, h := range nodes {
		if h.status("sk-12345") != http.StatusUnauthorized || h.status("sk-67890") != http.StatusOK {
			t.Error("the keys did not change")
		}
		if status, body := send(t, "POST", h.URL()+"/citrusad/v1/orders", "Basic sk-aurora", oneOrder(fmt.Sprintf("a-%d", i), "3.00")); status != http.StatusOK {
			t.Fatal(status, body)
		}
	}
	eventually(t, "the new shop delivers", func() bool { return len(received()) == 2 })
	// What is wrong is told of every node, and nothing changes.
	write(strings.Replace(text, "sk-67890", "sk-99999", 1) + "listne: x\n")
	_, err = nodes[0].api.Reload(t.Context())
	problem, ok := errors.AsType[*api.Problem](err)
	if !ok || len(problem.Nodes) != 2 || strings.Count(err.Error(), "listne: unknown key") != 2 {
		t.Error(err)
	}
	for _, h := range nodes {
		if h.status("sk-67890") != http.StatusOK {
			t.Error("half of it was applied")
		}
	}
}

// TestNodesWithDifferentFiles is a trouble of the hub.
func TestNodesWithDifferentFiles(t *testing.T) {
	t.Parallel()
	p := inDatabase(t)
	first := startHub(t, p, shop(""), quick)
	second := startHub(t, p, strings.Replace(shop(""), "Nordlys Kaffe", "Nordlys Te", 1), quick)
	for _, h := range []*hub{first, second} {
		eventually(t, "the alert", func() bool { return alerted(t, h, "nodes_differ") })
	}
	if list := first.nodes(); len(list) != 2 || list[0].Configuration == list[1].Configuration || list[0].Answers == list[1].Answers {
		t.Errorf("%+v", list)
	}
	if err := second.stop(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the alert ends", func() bool { return !alerted(t, first, "nodes_differ") })
}

// TestAlertsOnce revokes a key in a hub of three nodes, stops the one that told
// of it, and gives the key back: one notice that it began, and one that it ended.
func TestAlertsOnce(t *testing.T) {
	t.Parallel()
	sandbox := startSandbox(t)
	receiver, _ := startReceiver(t)
	var mu sync.Mutex
	var bodies []string
	hook := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
		b := readAll(t, r)
		mu.Lock()
		defer mu.Unlock()
		bodies = append(bodies, b)
	})
	heard := func(word string) (n int) {
		mu.Lock()
		defer mu.Unlock()
		for _, b := range bodies {
			if strings.Contains(b, `"route_blocked"`) && strings.Contains(b, word) {
				n++
			}
		}
		return n
	}
	p := inDatabase(t)
	text := func(key string) string {
		return shop(hookRoute(receiver)+strings.Replace(adsRoute(sandbox.URL()), "sandbox-secret-key", key, 1)) +
			"alerts: {webhook: {url: \"" + hook + "\", secret: \"" + hookKey + "\"}}\n"
	}
	mended := atomic.Bool{}
	nodes := startNodes(t, p, 3, text("a-wrong-key"), func(o *app.Options) {
		o.Load = func() (*config.Config, error) {
			if mended.Load() {
				return parse(p, text("sandbox-secret-key"))
			}
			return parse(p, text("a-wrong-key"))
		}
	})
	here, elsewhere := owner(t, nodes, "nordlys")
	elsewhere.give(oneOrder("o-1", "3.00"))
	eventually(t, "the alert", func() bool { return heard("alert.raised") == 1 })
	for _, h := range nodes {
		eventually(t, "every node knows of it", func() bool { return alerted(t, h, "route_blocked") })
	}
	if err := here.stop(); err != nil {
		t.Fatal(err)
	}
	nodes = slices.DeleteFunc(nodes, func(h *hub) bool { return h == here })
	owner(t, nodes, "nordlys")
	for _, h := range nodes {
		eventually(t, "it lasts", func() bool { return alerted(t, h, "route_blocked") })
	}
	mended.Store(true)
	if _, err := nodes[0].api.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end", func() bool { return heard("alert.ended") == 1 })
	eventually(t, "the order arrives", func() bool { return atSandbox(t, sandbox, "o-1") != "" })
	if n := heard("alert.raised"); n != 1 {
		t.Errorf("raised %d times", n)
	}
}

// TestANodeStops stops one of three nodes: its shops go on elsewhere, and every
// order arrives once. The sum of all nodes' figures is that of the hub.
func TestANodeStops(t *testing.T) {
	t.Parallel()
	receiver, received := startReceiver(t)
	text := shop(hookRoute(receiver))
	names := []string{"nordlys"}
	for i := range 4 {
		name := fmt.Sprintf("shop-%d", i)
		names = append(names, name)
		text += "  " + name + ": {currency: EUR, doors: {citrusad: {api_key: sk-" + name + "}}, routes: {" + strings.TrimSpace(hookRoute(receiver)) + "}}\n"
	}
	nodes := startNodes(t, inDatabase(t), 3, text)
	sent := 0
	give := func(h *hub) {
		t.Helper()
		for _, name := range names {
			key := "sk-" + name
			if name == "nordlys" {
				key = "sk-12345"
			}
			if status, body := send(t, "POST", h.URL()+"/citrusad/v1/orders", "Basic "+key, oneOrder(fmt.Sprintf("o-%d", sent), "3.00")); status != http.StatusOK {
				t.Fatal(status, body)
			}
			sent++
		}
	}
	for _, h := range nodes {
		give(h)
	}
	eventually(t, "all arrive", func() bool { return len(received()) == sent })
	eventually(t, "the sum of the nodes' figures", func() bool { return strings.Contains(nodes[1].get("/metrics?scope=hub"), "ordermux_nodes 3\n") })
	eventually(t, "all nodes' orders in it", func() bool {
		sum := nodes[1].get("/metrics?scope=hub")
		return figure(t, sum, `ordermux_events_total{partner="citrusad",result="new"}`) == sent &&
			figure(t, sum, `ordermux_deliveries_total{partner="webhook",state="delivered"}`) == sent
	})
	if err := nodes[0].stop(); err != nil {
		t.Fatal(err)
	}
	rest := nodes[1:]
	give(rest[0])
	for _, name := range names {
		owner(t, rest, name)
	}
	give(rest[1])
	eventually(t, "the rest arrives", func() bool { return len(received()) == sent })
	seen := map[string]bool{}
	for _, m := range received() {
		if seen[m.OrderID] {
			t.Errorf("%s came twice", m.OrderID)
		}
		seen[m.OrderID] = true
	}
	if list := rest[0].nodes(); len(list) != 2 {
		t.Errorf("%+v", list)
	}
	if status, _ := send(t, "GET", rest[0].URL()+"/metrics?scope=world", "", ""); status != http.StatusBadRequest {
		t.Error(status)
	}
}

// figure reads a counter; 0 without one.
func figure(t *testing.T, text, name string) int {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	f, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return int(f)
}

// TestDatabaseAway takes the database away from a node: it says so, is asked
// no more, and goes on by itself when the database is there again.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	server, err := pgtest.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Remove(); err != nil {
			t.Error(err)
		}
	})
	url, err := server.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	receiver, received := startReceiver(t)
	h := startHub(t, place{t.TempDir(), url}, shop(hookRoute(receiver)), quick)
	h.give(oneOrder("o-1", "3.00"))
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it says so", func() bool {
		status, body := send(t, "GET", h.URL()+"/readyz", "", "")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "database can not be reached")
	})
	status, body := send(t, "POST", h.URL()+"/citrusad/v1/orders", "Basic sk-12345", oneOrder("o-2", "3.00"))
	if status < 500 {
		t.Errorf("an order was answered %d: %s", status, body)
	}
	if status, _ := send(t, "GET", h.URL()+"/healthz", "", ""); status != http.StatusOK {
		t.Errorf("not alive: %d", status)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "ready again", func() bool {
		status, _ := send(t, "GET", h.URL()+"/readyz", "", "")
		return status == http.StatusOK
	})
	h.give(oneOrder("o-2", "3.00"))
	eventually(t, "both arrive", func() bool {
		return slices.Contains(types(received()), "order.placed o-1") && slices.Contains(types(received()), "order.placed o-2")
	})
}
