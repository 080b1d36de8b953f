//go:build linux

package torture

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// settle ends the faults and waits until the hub has nothing left to do by
// itself.
func (w *world) settle(ctx context.Context) error {
	if w.clients.refused != nil {
		return w.clients.refused
	}
	w.receiver.calm.Store(true)
	w.careful.calm.Store(true)
	if err := w.setFaults(ctx, map[string]any{}); err != nil {
		return err
	}
	limit := time.Now().Add(w.Quiet)
	for {
		busy, err := w.busy(ctx)
		if err != nil || busy == "" {
			return err
		}
		if time.Now().After(limit) {
			w.Log("not quiet after %v: %s\n%s", w.Quiet, busy, w.open(ctx))
			return nil // what is missing is found by asking
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// busy names what the hub still has to do; "": nothing.
func (w *world) busy(ctx context.Context) (string, error) {
	var list struct {
		Routes []struct {
			Name, State    string
			Position, Head int64
			Counts         map[string]int
		}
	}
	if err := w.ask(ctx, "routes", &list); err != nil {
		return "", err
	}
	if len(list.Routes) != 3 {
		return "", fmt.Errorf("the hub tells of %d routes", len(list.Routes))
	}
	for _, r := range list.Routes {
		if r.Position < r.Head {
			return fmt.Sprintf("route %s (%s) stands at %d of %d", r.Name, r.State, r.Position, r.Head), nil
		}
		for _, state := range openStates {
			if n := r.Counts[state]; n > 0 {
				return fmt.Sprintf("route %s (%s) has %d %s", r.Name, r.State, n, state), nil
			}
		}
	}
	return "", nil
}

// open describes some deliveries that are not closed, for the log of a run
// that does not come to rest.
func (w *world) open(ctx context.Context) string {
	var out strings.Builder
	for _, state := range openStates {
		var page struct{ Deliveries []json.RawMessage }
		if err := w.ask(ctx, "deliveries?limit=3&state="+state, &page); err != nil {
			return err.Error()
		}
		for _, d := range page.Deliveries {
			fmt.Fprintf(&out, "%s\n", d)
		}
	}
	return out.String()
}

// openStates are those of deliveries that the hub still works on by itself.
var openStates = []string{"ready", "held", "sending", "pending", "retrying", "asking"}

// ask asks the hub's API about the shop.
func (w *world) ask(ctx context.Context, path string, out any) error {
	return call(ctx, http.MethodGet, "http://"+w.hubAddr+"/api/v1/shops/"+shop+"/"+path, "Bearer "+adminToken, nil, out)
}

// collect asks every side what it has.
func (w *world) collect(ctx context.Context) (Report, error) {
	r := &w.report
	r.Acked, r.Offered, r.Calls, r.Unknown = w.clients.acked, w.clients.offered, w.clients.calls, w.clients.unknown
	var err error
	if r.Placed, err = w.placed(ctx); err != nil {
		return *r, fmt.Errorf("ask the hub: %w", err)
	}
	var chain struct {
		Events, Head int64
		Whole        bool
		Faults       []string
	}
	if err := w.ask(ctx, "verify", &chain); err != nil {
		return *r, fmt.Errorf("verify: %w", err)
	}
	r.Chain = chain.Faults
	if !chain.Whole && len(r.Chain) == 0 || chain.Events != chain.Head {
		r.Chain = append(r.Chain, fmt.Sprintf("%d events, head %d, whole %t", chain.Events, chain.Head, chain.Whole))
	}
	atSandbox, err := w.atSandbox(ctx)
	if err != nil {
		return *r, fmt.Errorf("ask the sandbox: %w", err)
	}
	again, err := w.knownAtSandbox(ctx)
	if err != nil {
		return *r, fmt.Errorf("ask the sandbox: %w", err)
	}
	listed, err := w.listed(ctx, "careful")
	if err != nil {
		return *r, fmt.Errorf("ask the hub: %w", err)
	}
	r.Routes = []Arrivals{
		{Route: "ads", Got: atSandbox, Again: again},
		{Route: "hook", Got: w.receiver.arrived()},
		{Route: "careful", Repeat: NeverAlone, Got: w.careful.arrived(), Listed: listed},
	}
	return *r, nil
}

// listed returns the orders that the hub lists for a person on a route because
// nobody knows what became of them.
func (w *world) listed(ctx context.Context, route string) (map[string]bool, error) {
	out := map[string]bool{}
	for cursor := ""; ; {
		var page struct {
			Deliveries []struct{ Order string }
			Next       string
		}
		path := "deliveries?state=parked&limit=100&route=" + route + "&cursor=" + url.QueryEscape(cursor)
		if err := w.ask(ctx, path, &page); err != nil {
			return nil, err
		}
		for _, d := range page.Deliveries {
			out[d.Order] = true
		}
		if page.Next == "" {
			return out, nil
		}
		cursor = page.Next
	}
}

// placed counts the placed events of every order that was offered. Orders that
// nobody offered are found by listing.
func (w *world) placed(ctx context.Context) (map[string]int, error) {
	listed, err := listIDs(ctx, "http://"+w.hubAddr+"/api/v1/shops/"+shop, adminToken)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	var mu sync.Mutex
	err = each(listed, func(id string) error {
		var o struct {
			Events []struct{ Kind string }
		}
		if err := w.ask(ctx, "orders/"+url.PathEscape(id), &o); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, e := range o.Events {
			if e.Kind == "placed" {
				out[id]++
			}
		}
		return nil
	})
	return out, err
}

// listIDs lists the ids of all orders of a shop.
func listIDs(ctx context.Context, base, token string) (map[string]bool, error) {
	out := map[string]bool{}
	for cursor := ""; ; {
		var page struct {
			Orders []struct{ ID string }
			Next   string
		}
		if err := call(ctx, http.MethodGet, base+"/orders?limit=100&cursor="+url.QueryEscape(cursor), "Bearer "+token, nil, &page); err != nil {
			return nil, err
		}
		for _, o := range page.Orders {
			out[o.ID] = true
		}
		if page.Next == "" {
			return out, nil
		}
		cursor = page.Next
	}
}

// atSandbox asks the sandbox's door for every order, as a client of the
// partner would, and lists what else it has. A repeat leaves no trace in its
// ledger; see knownAtSandbox.
func (w *world) atSandbox(ctx context.Context) (map[string]int, error) {
	listed, err := listIDs(ctx, "http://"+w.sandbox.Addr+"/api/v1/shops/"+sandboxShop, sandboxToken)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	var mu sync.Mutex
	for id := range w.clients.offered {
		listed[id] = true
	}
	err = each(listed, func(id string) error {
		var o struct{ ID string }
		err := call(ctx, http.MethodGet, "http://"+w.sandbox.Addr+"/citrusad/v1/orders/"+url.PathEscape(id), "Basic "+sandboxKey, nil, &o)
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

// knownAtSandbox counts the repeats there by its metrics: it lived through the
// whole run.
func (w *world) knownAtSandbox(ctx context.Context) (int, error) {
	text, err := do(ctx, http.MethodGet, "http://"+w.sandbox.Addr+"/metrics", "Bearer "+sandboxToken, nil)
	if err != nil {
		return 0, err
	}
	sum := 0
	for line := range strings.Lines(string(text)) {
		labels, value, _ := strings.Cut(line, "} ")
		if !strings.HasPrefix(labels, "ordermux_events_total{") || !strings.Contains(labels, `result="known"`) {
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

// each calls f for every id, a few at a time, and returns the first error.
func each(ids map[string]bool, f func(id string) error) error {
	work := make(chan string)
	var (
		wg    sync.WaitGroup
		once  sync.Once
		first error
	)
	for range 4 {
		wg.Go(func() {
			for id := range work {
				if err := f(id); err != nil {
					once.Do(func() { first = err })
				}
			}
		})
	}
	for id := range ids {
		work <- id
	}
	close(work)
	wg.Wait()
	return first
}
