package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/process"
)

const (
	adminToken = "bench-admin-token"
	// The shop that every sandbox has.
	sandboxShop = "sandbox"
)

// hubConfig is what a measurement needs of the hub's configuration.
type hubConfig struct {
	shops    int    // 0: one
	top      string // YAML of settings beside the shops
	doors    string // YAML of doors beside CitrusAd's, indented by six
	shop     string // YAML of other settings of each shop, indented by four
	routes   string // YAML of the routes of each shop, indented by six; "": none
	database string // its address; "": the embedded store
}

func shopID(i int) string { return fmt.Sprintf("bench%03d", i) }
func apiKey(i int) string { return fmt.Sprintf("bench-key-%03d", i) }

// keys returns the API keys of n shops.
func keys(n int) []string {
	out := make([]string, max(n, 1))
	for i := range out {
		out[i] = apiKey(i)
	}
	return out
}

func (c hubConfig) yaml() string {
	var s strings.Builder
	fmt.Fprintf(&s, "admin_token: %s\n", adminToken)
	if c.database != "" {
		fmt.Fprintf(&s, "database: %q\nseal_key: %q\n", c.database, strings.Repeat("5e", 32))
	}
	s.WriteString(c.top + "shops:\n")
	for i := range max(c.shops, 1) {
		fmt.Fprintf(&s, "  %s:\n    name: Bench\n    currency: EUR\n    timezone: UTC\n    doors:\n"+
			"      citrusad: {api_key: %s, team_id: bench-team}\n%s%s", shopID(i), apiKey(i), c.doors, c.shop)
		if c.routes != "" {
			fmt.Fprintf(&s, "    routes:\n%s", c.routes)
		}
	}
	return s.String()
}

// hub is a running hub or sandbox.
type hub struct {
	*process.Process
	token   string
	started time.Duration // from exec to ready
}

// startHub starts a hub on the store of that name, a new one unless it is
// there.
func (b *bench) startHub(ctx context.Context, name string, c hubConfig) (*fleet, error) {
	return b.startNodes(ctx, name, c, 1)
}

// startNodes starts several nodes of a hub; the embedded store takes one.
func (b *bench) startNodes(ctx context.Context, name string, c hubConfig, nodes int) (_ *fleet, err error) {
	if c.database, err = b.place.address(ctx, name); err != nil {
		return nil, err
	}
	name = b.place.name + "-" + name
	file := filepath.Join(b.dir, name+".yaml")
	if err := os.WriteFile(file, []byte(c.yaml()), 0o600); err != nil {
		return nil, err
	}
	f := &fleet{place: b.place, shops: max(c.shops, 1)}
	for i := range nodes {
		args := []string{"serve", "--config", file}
		if b.place.embedded() {
			args = append(args, "--data", filepath.Join(b.dir, name))
		}
		h, err := b.launch(ctx, fmt.Sprintf("%s-%d", name, i+1), adminToken, args...)
		if err != nil {
			return nil, errors.Join(err, f.Stop())
		}
		f.nodes = append(f.nodes, h)
	}
	return f, nil
}

// startSandbox starts the doors alone, as a partner.
func (b *bench) startSandbox(ctx context.Context, name string) (*fleet, error) {
	name = b.place.name + "-" + name
	h, err := b.launch(ctx, name, "sandbox-admin-token", "sandbox", "--data", filepath.Join(b.dir, name))
	if err != nil {
		return nil, err
	}
	return &fleet{nodes: []*hub{h}, shops: 1}, nil
}

// startLimit is how long a hub may take until it is ready.
const startLimit = 10 * time.Minute

func (b *bench) launch(ctx context.Context, name, token string, args ...string) (*hub, error) {
	addr, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	args = append(args, "--listen", addr)
	began := time.Now()
	p, err := process.Start(ctx, process.Options{
		Command: append(b.self(), args...), Log: filepath.Join(b.dir, name+".log"), Addr: addr,
	})
	if err != nil {
		return nil, err
	}
	if err := p.Ready(ctx, startLimit); err != nil {
		return nil, errors.Join(err, p.Kill())
	}
	return &hub{Process: p, token: token, started: time.Since(began)}, nil
}

// call asks the hub's own API and decodes the answer into out, if not nil.
func (h *hub) call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	text, err := h.get(ctx, method, "/api/v1/"+path, body)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(text, out)
}

// get asks the hub for a path and returns the body of a 2xx.
func (h *hub) get(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+h.Addr+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+h.token)
	req.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %d %.300s", method, path, answer.StatusCode, text)
	}
	return text, err
}

// head returns the newest sequence number of a shop's ledger: as its routes
// see it, or, without a route, that of the newest order.
func (h *hub) head(ctx context.Context, shop string) (int64, error) {
	var routes struct {
		Routes []struct {
			Head int64 `json:"head"`
		} `json:"routes"`
	}
	err := h.call(ctx, http.MethodGet, "shops/"+shop+"/routes", nil, &routes)
	if err != nil {
		return 0, err
	}
	if len(routes.Routes) > 0 {
		return routes.Routes[0].Head, nil
	}
	var page struct {
		Orders []struct {
			Seq int64 `json:"seq"`
		} `json:"orders"`
	}
	err = h.call(ctx, http.MethodGet, "shops/"+shop+"/orders?limit=1", nil, &page)
	if err != nil || len(page.Orders) == 0 {
		return 0, err
	}
	return page.Orders[0].Seq, nil
}

// fresh counts the new orders of a shop by the process's metrics, which costs
// it less than a list.
func (h *hub) fresh(ctx context.Context, shop string) (int64, error) {
	text, err := h.get(ctx, http.MethodGet, "/metrics", nil)
	if err != nil {
		return 0, err
	}
	var sum float64
	for line := range strings.Lines(string(text)) {
		labels, value, _ := strings.Cut(line, "} ")
		if !strings.HasPrefix(labels, "ordermux_events_total{") ||
			!strings.Contains(labels, `result="new"`) || !strings.Contains(labels, fmt.Sprintf("shop=%q", shop)) {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			return 0, fmt.Errorf("read metrics: %w", err)
		}
		sum += n
	}
	return int64(sum), nil
}

// pause stops a route by hand.
func (h *hub) pause(ctx context.Context, shop, route string) error {
	return h.call(ctx, http.MethodPost, "shops/"+shop+"/routes/"+route+"/pause", map[string]string{"reason": "bench"}, nil)
}
