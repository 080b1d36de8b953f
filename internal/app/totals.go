package app

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/node"
)

// totals are this node's counters without shops and routes: few, so that every
// node can tell the others of its own, and any of them show the sum.
type totals struct {
	mu     sync.RWMutex
	counts map[total]*atomic.Int64
}

// total names one counter: a family and the values of its two labels.
type total struct{ family, first, second string }

// The families. What is a sum of time is counted in nanoseconds.
const (
	totalEvents      = "events"
	totalRefused     = "refused"
	totalDeliveries  = "deliveries"
	totalCalls       = "calls"
	totalCallTime    = "call_time"
	totalRequests    = "requests"
	totalRequestTime = "request_time"
)

// families are how totals are shown, in this sequence.
var families = []struct {
	family, name, help string
	labels             [2]string
	time               bool
}{
	{totalEvents, "ordermux_events_total", "Statements and happenings answered well.", [2]string{"partner", "result"}, false},
	{totalRefused, "ordermux_calls_refused_total", "Calls that stored nothing.", [2]string{"partner", "reason"}, false},
	{totalDeliveries, "ordermux_deliveries_total", "Deliveries that came into a state.", [2]string{"partner", "state"}, false},
	{totalCalls, "ordermux_call_duration_seconds_count", "Calls to partners.", [2]string{"partner", "kind"}, false},
	{totalCallTime, "ordermux_call_duration_seconds_sum", "Time of calls to partners.", [2]string{"partner", "kind"}, true},
	{totalRequests, "ordermux_request_duration_seconds_count", "Requests answered.", [2]string{"door", "status"}, false},
	{totalRequestTime, "ordermux_request_duration_seconds_sum", "Time of requests answered.", [2]string{"door", "status"}, true},
}

// mostTotals bounds what a node tells; there are some dozens.
const mostTotals = 1000

func (t *totals) add(family, first, second string, n int64) {
	key := total{family, first, second}
	t.mu.RLock()
	c := t.counts[key]
	t.mu.RUnlock()
	if c == nil {
		c = t.make(key)
	}
	c.Add(n)
}

func (t *totals) make(key total) *atomic.Int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.counts[key]; c != nil {
		return c
	}
	c := new(atomic.Int64)
	if len(t.counts) < mostTotals {
		if t.counts == nil {
			t.counts = map[total]*atomic.Int64{}
		}
		t.counts[key] = c
	}
	return c
}

// read returns all counters, by "family|label|label".
func (t *totals) read() map[string]int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	out := make(map[string]int64, len(t.counts))
	for key, c := range t.counts {
		out[key.family+"|"+key.first+"|"+key.second] = c.Load()
	}
	return out
}

// tellMetrics answers /metrics: this node's own figures, or with scope=hub the
// sum of the totals of all nodes that live.
func (a *App) tellMetrics(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Query().Get("scope") {
	case "", "node":
		a.metrics.handler().ServeHTTP(w, r)
	case "hub":
		sum, nodes, err := a.hubTotals(r.Context())
		if err != nil {
			a.log.ErrorContext(r.Context(), "totals of the nodes", "error", err)
			http.Error(w, "the nodes can not be listed now", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(exposed(sum, nodes))
	default:
		http.Error(w, "scope is node or hub", http.StatusBadRequest)
	}
}

// hubTotals sums the counters of the living nodes: this one's as they are, the
// others' as they told them last.
func (a *App) hubTotals(ctx context.Context) (sum map[string]int64, nodes int, err error) {
	sum, nodes = a.metrics.totals.read(), 1
	if a.node == nil {
		return sum, nodes, nil
	}
	list, err := a.node.Nodes(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, n := range list {
		if n.Here || n.State == node.Ended {
			continue
		}
		nodes++
		var told map[string]int64
		if len(n.Totals) == 0 {
			continue
		}
		if err := json.Unmarshal(n.Totals, &told); err != nil {
			return nil, 0, fmt.Errorf("totals of node %s: %w", n.Name, err)
		}
		for key, value := range told {
			sum[key] += value
		}
	}
	return sum, nodes, nil
}

// exposed writes a sum as Prometheus reads it.
func exposed(sum map[string]int64, nodes int) []byte {
	out := &bytes.Buffer{}
	fmt.Fprintf(out, "# HELP ordermux_nodes Living nodes. The counters below are their sums; one that ends takes its own along.\n"+
		"# TYPE ordermux_nodes gauge\nordermux_nodes %d\n", nodes)
	keys := slices.Sorted(maps.Keys(sum))
	for _, f := range families {
		first := true
		for _, key := range keys {
			parts := strings.Split(key, "|")
			if len(parts) != 3 || parts[0] != f.family {
				continue
			}
			if first {
				fmt.Fprintf(out, "# HELP %s %s\n# TYPE %s counter\n", f.name, f.help, f.name)
				first = false
			}
			value := float64(sum[key])
			if f.time {
				value = time.Duration(sum[key]).Seconds()
			}
			fmt.Fprintf(out, "%s{%s=%q,%s=%q} %g\n", f.name, f.labels[0], parts[1], f.labels[1], parts[2], value)
		}
	}
	return out.Bytes()
}
