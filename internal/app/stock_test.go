package app_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/catalog"
)

const millRoutes = `      east: {partner: mill, lines: 'line.product.brand == "Nord"'}
      west: {partner: mill, lines: 'line.product.brand != "Nord"'}
      spare: {partner: mill, lines: 'line.product.code == "W-2"'}
      off: {partner: mill, disabled: true}
`

const liveProducts = `[{"code":"N-1","brand":"Nord","kind":"live","gtin":"5901234123457"},{"code":"W-1","kind":"live"},{"code":"W-2","kind":"live"},{"code":"A","stock":[{"quantity":"5"}]}]`

// newLive starts a hub whose products are a mill's.
func newLive(t *testing.T) (*hub, *mill) {
	t.Helper()
	m := &mill{now: time.Now(), have: map[string]string{"east/N-1": "10", "west/W-1": "3", "west/W-2": "0", "spare/W-2": "4"}}
	h := startMill(t, inFolder(t), m, millRoutes, func(o *app.Options) { o.Now = m.clock })
	h.put(liveProducts)
	return h, m
}

func (m *mill) wereAsked(t *testing.T, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, m.asked()); d != "" {
		t.Error(d)
	}
}

// Each route is asked once for all that it carries; of two that carry a
// product, the first that has it counts.
func TestLiveStock(t *testing.T) {
	t.Parallel()
	h, m := newLive(t)
	h.isAvailable(false, []string{"N-1 4", "A 5", "W-1 2", "W-2 1", "5901234123457 6", "W-1 2", "none 1"},
		"N-1 yes 10", "A yes 5", "W-1 yes 3", "W-2 yes 4", "5901234123457 yes 6", "W-1 too few 1", "none unknown 0")
	m.wereAsked(t, "east: N-1 10", "spare: W-2 1", "west: W-1 4, W-2 1")
	h.isAvailable(false, []string{"A 1"}, "A yes 5")
	m.wereAsked(t)
}

// An answer is believed for 30 s, for any quantity that it tells of, and not
// where the question is fresh.
func TestBelievedStock(t *testing.T) {
	t.Parallel()
	h, m := newLive(t)
	h.isAvailable(false, []string{"N-1 4"}, "N-1 yes 10")
	m.wereAsked(t, "east: N-1 4")
	h.isAvailable(false, []string{"N-1 10"}, "N-1 yes 10")
	m.wereAsked(t)
	h.isAvailable(false, []string{"N-1 11"}, "N-1 too few 10") // they may have meant: 10 are no trouble
	m.wereAsked(t, "east: N-1 11")
	h.isAvailable(false, []string{"N-1 12", "W-2 1"}, "N-1 too few 10", "W-2 yes 4")
	m.wereAsked(t, "spare: W-2 1", "west: W-2 1")
	h.isAvailable(true, []string{"N-1 1"}, "N-1 yes 10")
	m.wereAsked(t, "east: N-1 1")
	m.later(29 * time.Second)
	m.mu.Lock()
	m.have["east/N-1"] = "2"
	m.mu.Unlock()
	h.isAvailable(false, []string{"N-1 5"}, "N-1 yes 10")
	m.wereAsked(t)
	m.later(time.Second)
	h.isAvailable(false, []string{"N-1 5"}, "N-1 too few 2")
	m.wereAsked(t, "east: N-1 5")
}

// Many who ask for the same at a time are one question, even if the first one
// goes away.
func TestOneQuestionAtATime(t *testing.T) {
	t.Parallel()
	h, m := newLive(t)
	begun, answer := make(chan struct{}, 1), make(chan struct{})
	m.hold = func(context.Context, string, []catalog.Line) (bool, bool) {
		begun <- struct{}{}
		<-answer
		return false, true
	}
	first, goAway := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _, _ = try(first, "POST", h.URL()+"/api/v1/shops/nordlys/availability", "Bearer "+adminToken, `{"lines":[{"code":"N-1"}]}`)
	})
	<-begun
	goAway()
	var asking atomic.Int32
	for range 8 {
		wg.Go(func() {
			asking.Add(1)
			status, body, err := try(t.Context(), "POST", h.URL()+"/api/v1/shops/nordlys/availability", "Bearer "+adminToken, `{"lines":[{"code":"N-1"}]}`)
			if err != nil || status != http.StatusOK || !strings.Contains(body, `"available":true,"free":"10"`) {
				t.Error(status, body, err)
			}
		})
	}
	eventually(t, "all ask", func() bool { return asking.Load() == 8 })
	close(answer)
	wg.Wait()
	m.wereAsked(t, "east: N-1 1")
}

// Who does not answer in 2 seconds, fails, answers too little, or panics is
// nobody's yes; what the others said counts all the same.
func TestUndecidedStock(t *testing.T) {
	t.Parallel()
	h, m := newLive(t)
	hold := func(f func(ctx context.Context) (stop, ok bool)) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.hold = func(ctx context.Context, route string, _ []catalog.Line) (stop, ok bool) {
			if route != "west" {
				return false, true
			}
			return f(ctx)
		}
	}
	undecided := func() {
		t.Helper()
		h.isAvailable(true, []string{"W-2 1", "A 1", "W-1 1"}, "W-2 yes 4", "A yes 5", "W-1 undecided")
	}
	hold(func(ctx context.Context) (bool, bool) { <-ctx.Done(); return true, true }) // silent
	began := time.Now()
	undecided()
	if took := time.Since(began); took < time.Second {
		t.Errorf("waited %s only", took)
	}
	hold(func(context.Context) (bool, bool) { return false, false }) // too few answers
	undecided()
	hold(func(context.Context) (bool, bool) { panic("out of flour") })
	undecided()
	m.asked()
	hold(func(context.Context) (bool, bool) { return false, true })
	m.have["west/W-1"] = string(catalog.Undecided)
	h.isAvailable(true, []string{"W-1 1"}, "W-1 undecided")
	m.have["west/W-1"] = string(catalog.Inactive)
	h.isAvailable(false, []string{"W-1 1"}, "W-1 inactive")
	h.isAvailable(false, []string{"W-1 77"}, "W-1 inactive")
	m.wereAsked(t, "west: W-1 1", "west: W-1 1")
}

// A product that no route carries has nobody to ask: nobody promises it.
func TestNobodyToAsk(t *testing.T) {
	t.Parallel()
	m := &mill{now: time.Now(), have: map[string]string{"east/W-1": "10"}}
	h := startMill(t, inFolder(t), m, `      east: {partner: mill, lines: 'line.product.brand == "Nord"'}`+"\n")
	h.put(liveProducts)
	h.isAvailable(false, []string{"W-1 1"}, "W-1 undecided")
	m.wereAsked(t)
}

// Any node may be asked.
func TestLiveStockOnEveryNode(t *testing.T) {
	t.Parallel()
	m := &mill{now: time.Now(), have: map[string]string{"east/N-1": "10"}}
	p := inDatabase(t)
	var nodes []*hub
	for range 2 {
		nodes = append(nodes, startMill(t, p, m, millRoutes, quick))
	}
	nodes[0].put(liveProducts)
	for _, h := range nodes {
		h.isAvailable(false, []string{"N-1 2"}, "N-1 yes 10")
	}
	m.wereAsked(t, "east: N-1 2", "east: N-1 2")
	// What one node gives back the other one has.
	nodes[0].order("o-1 A 4")
	if _, err := nodes[1].api.Post(t.Context(), "nordlys", "application/json", strings.NewReader(`{"happening":{"kind":"cancelled"},"order_id":"o-1"}`)); err != nil {
		t.Fatal(err)
	}
	nodes[0].isAvailable(false, []string{"A 1"}, "A yes 5")
}
