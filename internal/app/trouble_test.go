package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// readOnlyBySeam starts a hub whose store begins to refuse every write.
func readOnlyBySeam(t *testing.T) {
	t.Helper()
	var full atomic.Bool
	h := startHub(t, inFolder(t), shop(""), func(o *app.Options) {
		o.Store.Fault = func(p sqlite.Point) error {
			if full.Load() && p == sqlite.PointInsert {
				return fmt.Errorf("no space left on device: %w", order.ErrReadOnly)
			}
			return nil
		}
	})
	h.give(oneOrder("o-1", "3.00"))
	full.Store(true)
	status, body := send(t, "POST", h.URL()+"/citrusad/v1/orders", "Basic sk-12345", oneOrder("o-2", "3.00"))
	if status != http.StatusServiceUnavailable {
		t.Errorf("a store that can not write answered %d: %s", status, body)
	}
	if status, _ := send(t, "GET", h.URL()+"/readyz", "", ""); status != http.StatusServiceUnavailable {
		t.Errorf("ready all the same: %d", status)
	}
	full.Store(false)
	eventually(t, "ready again", func() bool {
		status, _ := send(t, "GET", h.URL()+"/readyz", "", "")
		return status == http.StatusOK
	})
	h.give(oneOrder("o-2", "3.00"))
	if v, err := h.api.Verify(t.Context(), "nordlys"); err != nil || !v.Whole || v.Events != 2 {
		t.Error(v, err)
	}
}

func TestStoreThatCanNotWrite(t *testing.T) {
	t.Parallel()
	readOnlyBySeam(t)
}

// TestDiskNearlyFull takes space away: new orders get 503, accepted ones are
// delivered, an alert is raised, and all ends when there is space again.
func TestDiskNearlyFull(t *testing.T) {
	t.Parallel()
	sandbox := startSandbox(t)
	var free atomic.Int64
	free.Store(1 << 40)
	h := startHub(t, inFolder(t), shop(adsRoute(sandbox.URL())), func(o *app.Options) {
		o.DiskFree = func(string) (int64, error) { return free.Load(), nil }
	})
	ada := h.first(t)
	if err := h.api.Pause(t.Context(), "nordlys", "ads", "a test"); err != nil {
		t.Fatal(err)
	}
	h.give(oneOrder("o-1", "3.00"))
	free.Store(1 << 20)
	eventually(t, "no new orders", func() bool {
		status, _ := send(t, "POST", h.URL()+"/citrusad/v1/orders", "Basic sk-12345", oneOrder("o-2", "3.00"))
		return status == http.StatusServiceUnavailable
	})
	const events = "/api/v1/shops/nordlys/events"
	status, body := send(t, "POST", h.URL()+events, "Bearer "+adminToken, `{"order":{"id":"o-3"}}`)
	if status != http.StatusServiceUnavailable {
		t.Errorf("our own API answered %d: %s", status, body)
	}
	for _, r := range []rehearsed{
		ada.rehearses("citrusad", "POST", "/v1/orders", "Basic sk-12345", oneOrder("o-2", "3.00")),
		ada.rehearses("ordermux", "POST", events, "Bearer "+adminToken, `{"order":{"id":"o-3"}}`),
		ada.rehearses("ordermux", "PUT", "/api/v1/shops/nordlys/products", "Bearer "+adminToken, `[{"code":"B"}]`),
	} {
		if r.Status != http.StatusServiceUnavailable {
			t.Errorf("rehearsed: %d %s", r.Status, r.Body)
		}
	}
	if status, body := send(t, "GET", h.URL()+"/readyz", "", ""); status != http.StatusServiceUnavailable || !strings.Contains(body, "disk") {
		t.Errorf("readyz: %d %s", status, body)
	}
	eventually(t, "the alert", func() bool { return alerted(t, h, "disk_full") })
	if err := h.api.Resume(t.Context(), "nordlys", "ads"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the accepted order arrives", func() bool { return atSandbox(t, sandbox, "o-1") != "" })
	free.Store(1 << 40)
	eventually(t, "orders again", func() bool {
		status, _ := send(t, "POST", h.URL()+"/citrusad/v1/orders", "Basic sk-12345", oneOrder("o-2", "3.00"))
		return status == http.StatusOK
	})
	eventually(t, "the alert ends", func() bool { return !alerted(t, h, "disk_full") })
}

func alerted(t *testing.T, h *hub, kind string) bool {
	t.Helper()
	list, err := h.api.Alerts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list.Alerts {
		if a.Kind == kind {
			return true
		}
	}
	return false
}

// TestClockBackAnHour sets the clock back while orders come in: nothing runs
// backwards in the ledger, everything is delivered.
func TestClockBackAnHour(t *testing.T) { eachStore(t, testClockBackAnHour) }

func testClockBackAnHour(t *testing.T, at newPlace) {
	sandbox := startSandbox(t)
	var back atomic.Bool
	h := startHub(t, at(t), shop(adsRoute(sandbox.URL())), func(o *app.Options) {
		o.Now = func() time.Time {
			if back.Load() {
				return time.Now().Add(-time.Hour)
			}
			return time.Now()
		}
	})
	h.give(oneOrder("o-1", "3.00"))
	back.Store(true)
	h.give(oneOrder("o-2", "3.00"))
	h.give(oneOrder("o-1", "3.10"))
	eventually(t, "all arrive", func() bool {
		return atSandbox(t, sandbox, "o-2") != "" && strings.Contains(atSandbox(t, sandbox, "o-1"), "3.10")
	})
	var times []time.Time
	for _, id := range []string{"o-1", "o-2"} {
		state, err := h.api.Order(t.Context(), "nordlys", id)
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, state.Events[len(state.Events)-1].At, state.Events[0].At)
	}
	if updated, first, second := times[0], times[1], times[2]; second.Before(first) || updated.Before(second) {
		t.Errorf("accepted at %v", times)
	}
	if v, err := h.api.Verify(t.Context(), "nordlys"); err != nil || !v.Whole {
		t.Error(v, err)
	}
}

// TestAlertsByWebhook revokes a route's key: the alert comes once, and once
// more when the key is mended.
func TestAlertsByWebhook(t *testing.T) { eachStore(t, testAlertsByWebhook) }

func testAlertsByWebhook(t *testing.T, at newPlace) {
	sandbox := startSandbox(t)
	var mu sync.Mutex
	var bodies []string
	hook := newServer(t, func(w http.ResponseWriter, r *http.Request) {
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
	text := func(key string) string {
		return shop(strings.Replace(adsRoute(sandbox.URL()), "sandbox-secret-key", key, 1)) +
			"alerts: {webhook: {url: \"" + hook + "\", secret: \"" + hookKey + "\"}}\n"
	}
	p := at(t)
	h := startHub(t, p, text("a-wrong-key"))
	h.give(oneOrder("o-1", "3.00"))
	eventually(t, "the alert", func() bool { return heard("alert.raised") == 1 })
	cfg, err := parse(p, text("sandbox-secret-key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Reload(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end", func() bool { return heard("alert.ended") == 1 })
	eventually(t, "the order arrives", func() bool { return atSandbox(t, sandbox, "o-1") != "" })
	if heard("alert.raised") != 1 {
		t.Error("raised twice")
	}
}
