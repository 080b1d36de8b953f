package alert_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/delivery"
)

// memory is a state in memory.
type memory map[string][]byte

func (m memory) Get(_ context.Context, key string) ([]byte, bool, error) {
	v, ok := m[key]
	return v, ok, nil
}

func (m memory) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	m[key] = value
	return nil
}

// ear is a channel that writes down what it hears.
type ear struct {
	mu    sync.Mutex
	name  string
	deaf  bool
	heard []string
	ids   map[string]bool
}

func (e *ear) Name() string { return e.name }

func (e *ear) Tell(_ context.Context, n alert.Notice) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.deaf {
		return errors.New("deaf")
	}
	e.heard = append(e.heard, fmt.Sprintf("%s %s/%s %s", n.Trouble.Kind, n.Trouble.Shop, n.Trouble.Route, n.Phase))
	if e.ids == nil {
		e.ids = map[string]bool{}
	}
	e.ids[n.ID] = true
	return nil
}

func (e *ear) expect(t *testing.T, want ...string) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if diff := cmp.Diff(want, e.heard); diff != "" {
		t.Errorf("%s heard (-want +got):\n%s", e.name, diff)
	}
	e.heard = nil
}

var (
	start   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	blocked = alert.Trouble{Kind: alert.RouteBlocked, Shop: "nordlys", Route: "ads", Text: "wrong key"}
	full    = alert.Trouble{Kind: alert.DiskFull, Text: "disk"}
)

// telling is a book and those whom it tells.
type telling struct {
	*alert.Book
	channels []alert.Channel
}

func newBook(kept memory, channels ...alert.Channel) *telling {
	return &telling{alert.NewBook(kept), channels}
}

func (b *telling) reconcile(t *testing.T, after time.Duration, current ...alert.Trouble) error {
	return b.Reconcile(t.Context(), start.Add(after), current, alert.NewRound(b.channels...))
}

func reconcile(t *testing.T, b *telling, after time.Duration, current ...alert.Trouble) {
	t.Helper()
	if err := b.reconcile(t, after, current...); err != nil {
		t.Fatal(err)
	}
}

func TestOncePerTroubleAndAgainWhenItEnds(t *testing.T) {
	t.Parallel()
	e := &ear{name: "mail"}
	b := newBook(memory{}, e)
	reconcile(t, b, 0)
	e.expect(t)
	reconcile(t, b, time.Minute, blocked)
	reconcile(t, b, 2*time.Minute, blocked)
	e.expect(t, "route_blocked nordlys/ads raised")
	reconcile(t, b, 3*time.Minute, blocked, full)
	e.expect(t, "disk_full / raised")
	reconcile(t, b, 4*time.Minute, full)
	reconcile(t, b, 5*time.Minute, full)
	e.expect(t, "route_blocked nordlys/ads ended")
	reconcile(t, b, time.Hour, blocked)
	e.expect(t, "disk_full / ended", "route_blocked nordlys/ads raised")
	if len(e.ids) != 5 {
		t.Errorf("%d ids for 5 notices", len(e.ids))
	}
}

func TestARestartRepeatsNothing(t *testing.T) {
	t.Parallel()
	kept, e := memory{}, &ear{name: "mail"}
	reconcile(t, newBook(kept, e), 0, blocked, full)
	e.expect(t, "route_blocked nordlys/ads raised", "disk_full / raised")
	again := newBook(kept, e)
	reconcile(t, again, time.Minute, blocked, full)
	e.expect(t)
	reconcile(t, newBook(kept, e), time.Minute, full)
	e.expect(t, "route_blocked nordlys/ads ended")
}

func TestADeafChannelHearsLaterAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	deaf, other := &ear{name: "mail", deaf: true}, &ear{name: "webhook"}
	b := newBook(memory{}, deaf, other)
	if err := b.reconcile(t, 0, blocked); err == nil {
		t.Error("no error")
	}
	other.expect(t, "route_blocked nordlys/ads raised")
	deaf.deaf = false
	reconcile(t, b, time.Minute, blocked)
	deaf.expect(t, "route_blocked nordlys/ads raised")
	other.expect(t)
}

func TestWhoNeverHeardTheBeginningHearsNoEnd(t *testing.T) {
	t.Parallel()
	deaf, other := &ear{name: "mail", deaf: true}, &ear{name: "webhook"}
	b := newBook(memory{}, deaf, other)
	_ = b.reconcile(t, 0, blocked)
	deaf.deaf = false
	reconcile(t, b, time.Minute)
	deaf.expect(t)
	other.expect(t, "route_blocked nordlys/ads raised", "route_blocked nordlys/ads ended")
	if open := b.Open(); len(open) != 0 {
		t.Error(open)
	}
}

func TestAShortPauseOfATroubleNobodyHeardOf(t *testing.T) {
	t.Parallel()
	e := &ear{name: "mail"}
	b := newBook(memory{}, e)
	reconcile(t, b, 0, blocked)
	e.deaf, e.heard = true, nil
	_ = b.reconcile(t, time.Minute)
	e.deaf = false
	reconcile(t, b, 2*time.Minute, blocked)
	e.expect(t)
}

// TestABreakerAfterARestart is found closed at first: that is no end.
func TestABreakerAfterARestart(t *testing.T) {
	t.Parallel()
	open := alert.Trouble{Kind: alert.BreakerOpen, Shop: "nordlys", Route: "ads", Text: "down"}
	kept, e := memory{}, &ear{name: "mail"}
	reconcile(t, newBook(kept, e), 0, open)
	e.expect(t, "breaker_open nordlys/ads raised")
	again := newBook(kept, e)
	reconcile(t, again, time.Minute)
	reconcile(t, again, 2*time.Minute, open)
	e.expect(t)
	reconcile(t, again, 10*time.Minute)
	e.expect(t, "breaker_open nordlys/ads ended")
	reconcile(t, again, 11*time.Minute, open)
	reconcile(t, again, 11*time.Minute)
	e.expect(t, "breaker_open nordlys/ads raised", "breaker_open nordlys/ads ended")
}

// TestADeadChannelIsTriedOncePerRound tells two books in one round.
func TestADeadChannelIsTriedOncePerRound(t *testing.T) {
	t.Parallel()
	deaf, other := &ear{name: "mail", deaf: true}, &ear{name: "webhook"}
	round := alert.NewRound(deaf, other)
	if err := alert.NewBook(memory{}).Reconcile(t.Context(), start, []alert.Trouble{blocked}, round); err == nil {
		t.Error("no error")
	}
	if err := alert.NewBook(memory{}).Reconcile(t.Context(), start, []alert.Trouble{full}, round); err != nil {
		t.Error(err)
	}
	other.expect(t, "route_blocked nordlys/ads raised", "disk_full / raised")
}

// TestABookThatIsAnothersByNow is neither told of nor forgotten.
func TestABookThatIsAnothersByNow(t *testing.T) {
	t.Parallel()
	kept, e := memory{}, &ear{name: "mail"}
	round := alert.NewRound(e).Ours(func(shop string) bool { return shop != "nordlys" })
	if err := alert.NewBook(kept).Reconcile(t.Context(), start, []alert.Trouble{blocked}, round); !errors.Is(err, delivery.ErrElsewhere) {
		t.Error(err)
	}
	e.expect(t)
	reconcile(t, newBook(kept, e), time.Minute, blocked)
	e.expect(t, "route_blocked nordlys/ads raised")
}

func TestOfNodes(t *testing.T) {
	t.Parallel()
	if got := alert.OfNodes([]string{"a, b"}); got != nil {
		t.Error(got)
	}
	if got := alert.OfNodes([]string{"a, b", "c"}); len(got) != 1 || got[0].Kind != alert.NodesDiffer {
		t.Error(got)
	}
}

func TestOfRoute(t *testing.T) {
	t.Parallel()
	limits := alert.Limits{Lag: 15 * time.Minute, Waiting: 24 * time.Hour}
	f := func(s delivery.RouteStatus, want ...alert.Kind) {
		t.Helper()
		s.Shop, s.Route, s.Partner = "nordlys", "ads", "citrusad"
		var got []alert.Kind
		for _, tr := range alert.OfRoute(s, limits, start) {
			got = append(got, tr.Kind)
			if tr.Text == "" {
				t.Error("no text")
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%+v: %s", s, diff)
		}
	}
	f(delivery.RouteStatus{State: "flowing"})
	f(delivery.RouteStatus{State: "flowing", Lag: 14 * time.Minute})
	f(delivery.RouteStatus{State: "lagging", Lag: 15 * time.Minute}, alert.RouteLagging)
	f(delivery.RouteStatus{State: "flowing", Oldest: start.Add(-23 * time.Hour)})
	f(delivery.RouteStatus{State: "flowing", Oldest: start.Add(-24 * time.Hour)}, alert.OrderWaiting)
	f(delivery.RouteStatus{State: "paused", Lag: time.Hour}, alert.RoutePaused)
	f(delivery.RouteStatus{State: "blocked", Reason: "401"}, alert.RouteBlocked)
	f(delivery.RouteStatus{State: "failing", Reason: "disk I/O error", Lag: time.Hour}, alert.RouteFailing)
	f(delivery.RouteStatus{State: "breaker_open", Oldest: start.Add(-72 * time.Hour)}, alert.BreakerOpen, alert.OrderWaiting)
	f(delivery.RouteStatus{State: "gone", Lag: time.Hour, Oldest: start.Add(-72 * time.Hour)})
}

func TestOfDisk(t *testing.T) {
	t.Parallel()
	limits := alert.Limits{DiskFree: 256 << 20}
	if got := alert.OfDisk(256<<20, limits); got != nil {
		t.Error(got)
	}
	if got := alert.OfDisk(256<<20-1, limits); len(got) != 1 || got[0].Kind != alert.DiskFull {
		t.Error(got)
	}
	if got := alert.OfDisk(0, alert.Limits{}); got != nil {
		t.Error(got)
	}
}

func TestOfSide(t *testing.T) {
	t.Parallel()
	if got := alert.OfSide("nordlys", "lamps", nil); len(got) != 0 {
		t.Error(got)
	}
	got := alert.OfSide("nordlys", "lamps", []string{"Courier 5 is gone.", "Courier 6 is gone."})
	if len(got) != 2 || got[0].Kind != alert.RouteTroubles || got[1].Route != "lamps" || got[1].Shop != "nordlys" ||
		!strings.HasSuffix(got[0].Text, ": Courier 5 is gone.") || !strings.HasSuffix(got[1].Text, ": Courier 6 is gone.") {
		t.Error(got)
	}
	long := alert.OfSide("nordlys", "lamps", slices.Repeat([]string{strings.Repeat("å", 99)}, 1000))
	if len(long) > 100 {
		t.Errorf("%d sentences", len(long))
	}
	long = alert.OfSide("nordlys", "lamps", []string{strings.Repeat("å", 9999)})
	if n := len(long[0].Text); n > 1200 || !utf8.ValidString(long[0].Text) {
		t.Errorf("%d bytes", n)
	}
}

// TestEachSentenceOfASide tells of a second thing that a side wants mended while
// a first one lasts, and of its end.
func TestEachSentenceOfASide(t *testing.T) {
	t.Parallel()
	e := &ear{name: "mail"}
	b := newBook(memory{}, e)
	courier, order := "Courier 5 is gone.", "Order 7 is cancelled."
	reconcile(t, b, 0, alert.OfSide("nordlys", "lamps", []string{courier})...)
	e.expect(t, "route_troubles nordlys/lamps raised")
	reconcile(t, b, time.Minute, alert.OfSide("nordlys", "lamps", []string{courier, order})...)
	e.expect(t, "route_troubles nordlys/lamps raised")
	if n := len(b.Open()); n != 2 {
		t.Errorf("%d are open", n)
	}
	reconcile(t, b, 2*time.Minute, alert.OfSide("nordlys", "lamps", []string{order})...)
	e.expect(t, "route_troubles nordlys/lamps ended")
	if open := b.Open(); len(open) != 1 || !strings.HasSuffix(open[0].Trouble.Text, order) {
		t.Error(open)
	}
}
