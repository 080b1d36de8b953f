package app_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/demo"
	"github.com/ordermux/ordermux/internal/node"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/all"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

const (
	adminToken = "test-admin-token"
	hookKey    = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m, migrated)) }

// migrated brings the database up to date that tests get copies of.
func migrated(ctx context.Context, url string) error {
	s, err := postgres.Open(ctx, url, postgres.Options{})
	if err != nil {
		return err
	}
	return s.Close()
}

// place is where a hub keeps everything, and its configuration's folder.
type place struct {
	dir      string
	database string // "": in dir
}

// newPlace makes a place where no hub has been.
type newPlace func(t *testing.T) place

// inFolder is a place with an embedded store.
func inFolder(t *testing.T) place { return place{dir: t.TempDir()} }

// inDatabase is a place with a database, which several hubs may share.
func inDatabase(t *testing.T) place { return place{dir: t.TempDir(), database: pgtest.Filled(t)} }

// eachStore runs a test on both stores.
func eachStore(t *testing.T, run func(t *testing.T, at newPlace)) {
	t.Parallel()
	for name, at := range map[string]newPlace{"SQLite": inFolder, "PostgreSQL": inDatabase} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, at)
		})
	}
}

// dataFolder is how shop's configuration names its store.
const dataFolder = "data: ./data\n"

// parse reads a configuration file's text, which names a data folder, as the
// commands do.
func parse(p place, text string, more ...partner.Partner) (*config.Config, error) {
	if p.database != "" {
		text = strings.Replace(text, dataFolder, "database: \""+p.database+"\"\nseal_key: \""+strings.Repeat("5e", 32)+"\"\n", 1)
	}
	return config.Parse([]byte(text), config.Options{Partners: append(all.List(), more...), CompileRule: app.CheckRule, Dir: p.dir})
}

// hub is a running hub.
type hub struct {
	*app.App
	t     *testing.T
	api   *api.Client
	shops int
	logs  *safeBuffer
	stop  func() error // waits; safe to call twice
}

// startHub starts a hub at a place. Tweaks change its options.
func startHub(t *testing.T, p place, text string, tweaks ...func(*app.Options)) *hub {
	t.Helper()
	h, err := newHub(t, p, text, tweaks...)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// newHub starts a hub and waits until nodes have all shops.
func newHub(t *testing.T, p place, text string, tweaks ...func(*app.Options)) (*hub, error) {
	t.Helper()
	h, err := runHub(t, p, text, tweaks...)
	if err == nil && p.database != "" {
		h.owned(h.shops)
	}
	return h, err
}

func runHub(t *testing.T, p place, text string, tweaks ...func(*app.Options)) (*hub, error) {
	t.Helper()
	cfg, err := parse(p, text)
	if err != nil {
		t.Fatal(err)
	}
	h := &hub{t: t, logs: &safeBuffer{}}
	opts := app.Options{
		Config: cfg, Version: "test", Log: app.NewLog(h.logs, slog.LevelDebug, "text"), Tick: 20 * time.Millisecond,
		Passwords: secret.NewCheapPasswords(), // what they cost is a test of their own
	}
	for _, tweak := range tweaks {
		tweak(&opts)
	}
	if h.App, err = app.New(t.Context(), opts); err != nil {
		return nil, err
	}
	h.run()
	anybody := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(anybody.CloseIdleConnections)
	h.api, err = api.NewClient(h.URL(), secret.New(adminToken), anybody)
	h.shops = len(opts.Config.Shops)
	return h, err
}

// owned waits until the nodes have shared out so many shops.
func (h *hub) owned(shops int) {
	h.t.Helper()
	eventually(h.t, "all shops have a node", func() bool {
		list, err := h.api.Nodes(h.t.Context())
		if err != nil {
			h.t.Fatal(err)
		}
		sum, in := 0, false
		for _, n := range list.Nodes {
			in = in || n.Answers
			if n.State == node.Living {
				sum += n.Shops
			}
		}
		return in && sum == shops+1 // and the hub's own
	})
}

func (h *hub) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	var once sync.Once
	var stopped error
	h.stop = func() error {
		once.Do(func() {
			cancel()
			stopped = <-done
		})
		return stopped
	}
	h.t.Cleanup(func() {
		if err := h.stop(); err != nil {
			h.t.Errorf("stop: %v", err)
		}
		if h.t.Failed() {
			h.t.Logf("the hub's log:\n%s", h.logs)
		}
	})
}

// startSandbox starts a sandbox.
func startSandbox(t *testing.T) *hub {
	t.Helper()
	h := &hub{t: t, logs: &safeBuffer{}}
	var err error
	h.App, err = app.New(t.Context(), app.Options{
		Config: app.SandboxConfig("127.0.0.1:0", t.TempDir(), all.List()), Sandbox: true, Log: app.NewLog(h.logs, slog.LevelDebug, "text"),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.run()
	if h.api, err = api.NewClient(h.URL(), secret.New(app.SandboxAdminToken), nil); err != nil {
		t.Fatal(err)
	}
	return h
}

// startReceiver starts the receiver of a webhook and returns its address and
// what it took so far.
func startReceiver(t *testing.T) (url string, received func() []demo.Message) {
	t.Helper()
	r, err := demo.NewReceiver(secret.New(hookKey), "")
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(r)
	t.Cleanup(srv.Close)
	return srv.URL, func() []demo.Message {
		list, err := demo.Received(t.Context(), srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
}

// shop is the configuration of a hub with one shop; routes are indented by
// six.
func shop(routes string) string {
	if routes == "" {
		routes = " {}"
	} else {
		routes = "\n" + routes
	}
	return `
listen: 127.0.0.1:0
` + dataFolder + `admin_token: ` + adminToken + `
shops:
  nordlys:
    name: Nordlys Kaffe
    currency: SEK
    timezone: Europe/Stockholm
    doors:
      citrusad: {api_key: sk-12345, publishable_key: pk-12345, team_id: team-1}
    routes:` + routes + "\n"
}

func adsRoute(sandbox string) string {
	return fmt.Sprintf("      ads: {partner: citrusad, settings: {base_url: \"%s/citrusad\", api_key: sandbox-secret-key, read_back: \"0\"}}\n", sandbox)
}

func hookRoute(receiver string) string {
	return fmt.Sprintf("      hook: {partner: webhook, settings: {url: \"%s/in\", secret: \"%s\"}}\n", receiver, hookKey)
}

// oneOrder is a request of CitrusAd's dialect with one order.
func oneOrder(id, total string) string {
	return `{"orders":[{"customerId":"c-1","sessionId":"s-1","orderDate":"2026-03-02T15:00:00+01:00","id":"` + id + `",
		"orderItems":[{"gtin":"A1","quantity":3,"regularUnitPrice":"1.00","totalOrderItemPriceAfterDiscounts":"` + total + `"}]}]}`
}

// send makes a request with an Authorization header ("": none) and returns
// the status and body.
func send(t *testing.T, method, url, authorization, body string) (int, string) {
	t.Helper()
	status, text, err := try(t.Context(), method, url, authorization, body)
	if err != nil {
		t.Fatal(err)
	}
	return status, text
}

func try(ctx context.Context, method, url, authorization, body string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// give hands an order in by CitrusAd's door.
func (h *hub) give(body string) {
	h.t.Helper()
	if status, text := send(h.t, "POST", h.URL()+"/citrusad/v1/orders", "Basic sk-12345", body); status != http.StatusOK {
		h.t.Fatalf("the door answered %d: %s", status, text)
	}
}

// eventually waits until ok says so. It asks less and less often: what asks
// takes the processor from what it waits for.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for pause := 2 * time.Millisecond; !ok(); pause = min(pause*5/4, 50*time.Millisecond) {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-time.After(pause):
		}
	}
}

// settled waits until the hub's routes have nothing left to do with what was
// accepted before, by whichever node.
func (h *hub) settled() {
	h.t.Helper()
	orders, err := h.api.Orders(h.t.Context(), "nordlys", api.ListOptions{})
	if err != nil {
		h.t.Fatal(err)
	}
	newest := int64(0)
	for _, o := range orders.Orders {
		newest = max(newest, o.Seq)
	}
	eventually(h.t, "the routes settle", func() bool {
		list, err := h.api.Routes(h.t.Context(), "nordlys")
		if err != nil {
			h.t.Fatal(err)
		}
		for _, r := range list.Routes {
			if r.State == "gone" {
				continue
			}
			busy := r.Counts["sending"] + r.Counts["retrying"] + r.Counts["asking"]
			if r.Counts["pending"] == 0 { // an order's next delivery waits for that
				busy += r.Counts["ready"]
			}
			if r.Position < max(r.Head, newest) || busy > 0 {
				return false
			}
		}
		return true
	})
}

// atSandbox returns what CitrusAd's sandbox says of an order; "" if it has
// none.
func atSandbox(t *testing.T, sandbox *hub, id string) string {
	t.Helper()
	status, body := send(t, "GET", sandbox.URL()+"/citrusad/v1/orders/"+id, "Basic sandbox-secret-key", "")
	if status == http.StatusNotFound {
		return ""
	}
	if status != http.StatusOK {
		t.Fatalf("the sandbox answered %d: %s", status, body)
	}
	return body
}

// safeBuffer is a buffer for several writers.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// write writes a file of a test.
func write(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
