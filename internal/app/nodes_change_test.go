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

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

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
	for i, h := range nodes {
		if h.status("sk-12345") != http.StatusUnauthorized || h.status("sk-67890") != http.StatusOK {
			t.Error("the keys did not change")
		}
		if status, body := send(t, "POST", h.URL()+"/citrusad/v1/orders", "Basic sk-aurora", oneOrder(fmt.Sprintf("a-%d", i), "3.00")); status != http.StatusOK {
			t.Fatal(status, body)
		}
	}
	// Accepted at once, delivered as soon as somebody owns the new shop.
	eventually(t, "the new shop delivers", func() bool { return len(received()) == 2 })
	owner(t, nodes, "aurora")
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

// TestTheFirstOrderOfAll is taken by a node of a hub that has just come into
// being, before anybody delivers for the shop.
func TestTheFirstOrderOfAll(t *testing.T) {
	t.Parallel()
	receiver, received := startReceiver(t)
	h, err := runHub(t, inDatabase(t), shop(hookRoute(receiver)), quick)
	if err != nil {
		t.Fatal(err)
	}
	h.give(oneOrder("o-1", "3.00"))
	eventually(t, "it arrives", func() bool { return len(received()) == 1 })
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
	server := pgtest.Own(t)
	url, err := server.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	receiver, received := startReceiver(t)
	h := startHub(t, place{t.TempDir(), url}, shop(hookRoute(receiver)), quick)
	h.give(oneOrder("o-1", "3.00"))
	ada := h.first(t)
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
	ada.sees("GET", "/", nil, 503, "or its database")
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
	ada.sees("GET", "/", nil, 200, "Nordlys Kaffe")
}
