//go:build linux

package torture

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/process"
)

// What every sandbox has.
const (
	sandboxShop  = "sandbox"
	sandboxKey   = "sandbox-secret-key"
	sandboxToken = "sandbox-admin-token"
)

// partners are those that orders go to. All of them misbehave until calm.
type partners struct {
	sandbox *process.Process // CitrusAd
	hook    *receiver        // webhooks, at least once
	careful *receiver        // webhooks that are never repeated by themselves
}

func startPartners(ctx context.Context, program, dir string, seed uint64) (_ *partners, err error) {
	p := &partners{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.hook, err = newReceiver(seed); err != nil {
		return nil, err
	}
	if p.careful, err = newReceiver(seed + 1); err != nil {
		return nil, err
	}
	addr, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	p.sandbox, err = process.Start(ctx, process.Options{
		Command: []string{program, "sandbox", "--listen", addr, "--data", filepath.Join(dir, "sandbox")},
		Log:     filepath.Join(dir, "sandbox.log"), Addr: addr,
	})
	if err != nil {
		return nil, err
	}
	if err := p.sandbox.Ready(ctx, time.Minute); err != nil {
		return nil, err
	}
	return p, p.setFaults(ctx, map[string]any{
		"seed": seed, "share_429": 0.1, "share_500": 0.1, "share_slow": 0.05, "slow_for": "400ms",
		"share_cut_off": 0.05, "share_lose_answer": 0.1,
	})
}

func (p *partners) close() error {
	for _, r := range []*receiver{p.hook, p.careful} {
		if r != nil {
			r.close()
		}
	}
	if p.sandbox == nil {
		return nil
	}
	return p.sandbox.Kill()
}

// calm ends the faults.
func (p *partners) calm(ctx context.Context) error {
	p.hook.calm.Store(true)
	p.careful.calm.Store(true)
	return p.setFaults(ctx, map[string]any{})
}

func (p *partners) setFaults(ctx context.Context, faults map[string]any) error {
	return call(ctx, "PUT", "http://"+p.sandbox.Addr+"/api/v1/faults/citrusad", "Bearer "+sandboxToken, faults, nil)
}

// shopYAML is the configuration of a shop with a route to each partner.
func (p *partners) shopYAML(shop, key string) string {
	retry := "retry: {first: 50ms, max: 1s, give_up: 1h}"
	return fmt.Sprintf(`  %s:
    name: Torture
    currency: EUR
    timezone: UTC
    doors:
      citrusad: {api_key: %s, team_id: team}
    routes:
      ads:
        partner: citrusad
        %s
        settings: {base_url: "http://%s/citrusad", api_key: %s, timeout: 1s, read_back: 10, read_back_after: 1s}
      hook:
        partner: webhook
        %s
        settings: {url: "http://%s/in", secret: whsec_b3JkZXJtdXgtdG9ydHVyZS1zZWNyZXQ=}
      careful:
        partner: webhook
        %s
        settings: {url: "http://%s/in", secret: whsec_b3JkZXJtdXgtdG9ydHVyZS1zZWNyZXQ=, repeats: never}
`, shop, key, retry, p.sandbox.Addr, sandboxKey, retry, p.hook.addr, retry, p.careful.addr)
}

// arrivals asks each partner what it has of the events that were offered;
// listed are the orders that stand on the list of the careful route.
func (p *partners) arrivals(ctx context.Context, offered, listed map[string]bool) ([]Arrivals, error) {
	atSandbox, err := p.atSandbox(ctx, offered)
	if err != nil {
		return nil, fmt.Errorf("ask the sandbox: %w", err)
	}
	known, err := countedBy(ctx, p.sandbox.Addr, sandboxToken, "ordermux_events_total", `result="known"`)
	if err != nil {
		return nil, fmt.Errorf("ask the sandbox: %w", err)
	}
	// A repeat leaves no trace in the sandbox's ledger, but in its metrics: it
	// lives through the whole run.
	return []Arrivals{
		{Route: "ads", Orders: true, Got: atSandbox, Again: known},
		{Route: "hook", Got: p.hook.arrived(), Backwards: p.hook.turned()},
		{Route: "careful", Repeat: NeverAlone, Got: p.careful.arrived(), Backwards: p.careful.turned(), Listed: listed},
	}, nil
}

// atSandbox asks the sandbox's door for every order, as a client of the
// partner would, and lists what else it has.
func (p *partners) atSandbox(ctx context.Context, offered map[string]bool) (map[string]int, error) {
	listed, err := listIDs(ctx, "http://"+p.sandbox.Addr+"/api/v1/shops/"+sandboxShop, sandboxToken)
	if err != nil {
		return nil, err
	}
	for event := range offered {
		listed[orderOf(event)] = true
	}
	out := map[string]int{}
	var mu sync.Mutex
	err = each(listed, func(id string) error {
		var o struct{ ID string }
		err := call(ctx, http.MethodGet, "http://"+p.sandbox.Addr+"/citrusad/v1/orders/"+url.PathEscape(id), "Basic "+sandboxKey, nil, &o)
		if isStatus(err, http.StatusNotFound) {
			return nil
		}
		if err == nil && o.ID != id {
			err = fmt.Errorf("asked for %s, got %s", id, o.ID)
		}
		mu.Lock()
		defer mu.Unlock()
		out[id]++
		return err
	})
	return out, err
}

// countedBy sums a counter over those of its series that bear a label.
func countedBy(ctx context.Context, addr, token, counter, label string) (int, error) {
	text, err := do(ctx, http.MethodGet, "http://"+addr+"/metrics", "Bearer "+token, nil)
	if err != nil {
		return 0, err
	}
	sum := 0
	for line := range strings.Lines(string(text)) {
		labels, value, _ := strings.Cut(line, "} ")
		if !strings.HasPrefix(labels, counter+"{") || !strings.Contains(labels, label) {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil {
			return 0, fmt.Errorf("read metrics: %w", err)
		}
		sum += n
	}
	return sum, nil
}
