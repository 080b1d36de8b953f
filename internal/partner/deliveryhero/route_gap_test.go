package deliveryhero_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// TestGap: what no webhook told of is found, what one told of is no news.
func TestGap(t *testing.T) {
	t.Parallel()
	c := newCounter(t, `"vendors":["CENTRO=290056"],"poll_every":"5m"`)
	if code := c.hear(placed("o-1", "RECEIVED", "2026-03-02T18:01:00.000Z")); code != http.StatusOK {
		t.Fatal(code)
	}
	c.platform.says(func(string, int, url.Values) (int, string) {
		return 200, page(1, placed("o-1", "RECEIVED", "2026-03-02T18:01:00.000Z"), placed("o-2", "DISPATCHED", "2026-03-02T19:00:00.000Z"))
	})
	c.poll()
	want := []string{"order o-1", "order o-2", "shipped o-2"}
	if got := c.said(); !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	calls := c.platform.asked()
	const path = "GET /v2/chains/" + routeChain + "/vendors/290056/orders?end_time=2026-03-02T20%3A00%3A00&page=1&page_size=100&start_time=2026-03-01T20%3A00%3A00"
	if len(calls) != 1 || calls[0] != path {
		t.Errorf("%v", calls)
	}
	c.poll() // not yet time
	if calls := c.platform.asked(); len(calls) != 0 {
		t.Errorf("%v", calls)
	}
	// A later revision of a state that is known brings no news, the picked-up
	// state of a delivered order neither.
	c.platform.says(func(string, int, url.Values) (int, string) {
		return 200, page(1, placed("o-1", "DELIVERED", "2026-03-02T20:01:00.000Z"), placed("o-2", "picked_up", "2026-03-02T20:02:00.000Z"))
	})
	c.later(5 * time.Minute)
	c.poll()
	c.platform.says(func(string, int, url.Values) (int, string) {
		return 200, page(1, placed("o-1", "PICKED_UP", "2026-03-02T20:08:00.000Z"))
	})
	c.later(5 * time.Minute)
	c.poll()
	if got := c.said(); !slices.Equal(got, append(want, "delivered o-1")) {
		t.Errorf("%v", got)
	}
	if s := c.status("o-1"); s != order.StatusDelivered {
		t.Errorf("o-1 is %s", s)
	}
}

// TestGapWindows: questions overlap, reach far back now and then, never before
// the first one, and never over 60 days; the position outlives a restart.
func TestGapWindows(t *testing.T) {
	t.Parallel()
	c := newCounter(t, `"vendors":["290056"],"poll_every":"5m"`)
	window := func() (from, to time.Time) {
		t.Helper()
		c.poll()
		calls := c.platform.asked()
		if len(calls) != 1 {
			t.Fatalf("%v", calls)
		}
		u, err := url.Parse(strings.TrimPrefix(calls[0], "GET "))
		if err != nil {
			t.Fatal(err)
		}
		read := func(name string) time.Time {
			at, err := time.Parse("2006-01-02T15:04:05", u.Query().Get(name))
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		return read("start_time"), read("end_time")
	}
	begin := c.now()
	f := func(after time.Duration, restart bool, want time.Time) {
		t.Helper()
		c.later(after)
		if restart {
			c.restart()
		}
		from, to := window()
		if !from.Equal(want) || !to.Equal(c.now()) {
			t.Errorf("from %v to %v, want from %v to %v", from, to, want, c.now())
		}
	}
	first := begin.Add(-24 * time.Hour)
	f(0, false, first)
	f(5*time.Minute, false, begin.Add(-3*time.Hour))
	f(time.Hour, false, first) // far back, yet not before the first
	f(5*time.Minute, true, first)
	f(5*24*time.Hour, true, begin.Add(70*time.Minute-3*time.Hour)) // the hub was down
	f(90*24*time.Hour, true, c.now().Add((90-59)*24*time.Hour))    // longer than the platform remembers
	f(10*time.Minute, false, c.now().Add(-3*time.Hour))
}

// TestGapPages: all pages are read, and a platform that answers every page with
// the first one is not asked for ever.
func TestGapPages(t *testing.T) {
	t.Parallel()
	c := newCounter(t, `"vendors":["290056"]`)
	at := "2026-03-02T18:01:00.000Z"
	pages := []string{page(3, placed("o-1", "RECEIVED", at)), page(3, placed("o-2", "RECEIVED", at)), page(3, placed("o-3", "RECEIVED", at))}
	c.platform.says(func(_ string, n int, _ url.Values) (int, string) { return 200, pages[n-1] })
	c.poll()
	if got := c.said(); !slices.Equal(got, []string{"order o-1", "order o-2", "order o-3"}) || len(c.platform.asked()) != 3 {
		t.Errorf("%v", got)
	}
	c.platform.says(func(string, int, url.Values) (int, string) { return 200, page(500, placed("o-4", "RECEIVED", at)) })
	c.later(time.Hour)
	c.poll()
	if calls := c.platform.asked(); len(calls) != 2 {
		t.Errorf("%d calls", len(calls))
	}
	// Without a number of pages an empty one is the last.
	c.platform.says(func(_ string, n int, _ url.Values) (int, string) {
		if n > 1 {
			return 200, `{"orders":[]}`
		}
		return 200, `{"orders":[` + placed("o-5", "RECEIVED", at) + `]}`
	})
	c.later(time.Hour)
	c.poll()
	if got := c.said(); got[len(got)-1] != "order o-5" || len(c.platform.asked()) != 2 {
		t.Errorf("%v", got)
	}
}

// TestGapTrouble: an outlet that fails, or an order that can not be read, keeps
// nobody else away, and is asked for again from where it stood.
func TestGapTrouble(t *testing.T) {
	t.Parallel()
	c := newCounter(t, `"vendors":["290056","s8ym"],"poll_every":"5m"`)
	down := true
	c.platform.says(func(vendor string, _ int, _ url.Values) (int, string) {
		if vendor == "290056" && down {
			return 503, `{"code":"BUSY","message":"later"}`
		}
		return 200, page(1, `{"status":"RECEIVED"}`, `7`, placed("o-"+vendor, "RECEIVED", "2026-03-02T18:01:00.000Z"))
	})
	err := c.side.Poll(t.Context())
	if err == nil || !strings.Contains(err.Error(), "outlet 290056: http_503") {
		t.Errorf("%v", err)
	}
	if got := c.said(); !slices.Equal(got, []string{"order o-s8ym"}) {
		t.Fatalf("%v", got)
	}
	down = false
	c.later(2 * 24 * time.Hour)
	c.platform.asked()
	c.poll()
	if got := c.said(); !slices.Equal(got, []string{"order o-s8ym", "order o-290056"}) {
		t.Errorf("%v", got)
	}
	c.hub.Fail(order.ErrBusy)
	c.later(5 * time.Minute)
	if err := c.side.Poll(t.Context()); err == nil {
		t.Error("a ledger that is busy was taken for success")
	}
}

// TestGapOfHeardOutlets: without vendors the outlets are those that webhooks
// named.
func TestGapOfHeardOutlets(t *testing.T) {
	t.Parallel()
	c := newCounter(t, ``)
	c.poll()
	if calls := c.platform.asked(); len(calls) != 0 {
		t.Fatalf("%v", calls)
	}
	if code := c.hear(placed("o-1", "RECEIVED", "2026-03-02T18:01:00.000Z")); code != http.StatusOK {
		t.Fatal(code)
	}
	c.later(time.Hour)
	c.poll()
	if calls := c.platform.asked(); len(calls) != 1 || !strings.Contains(calls[0], "/vendors/290056/orders?") {
		t.Errorf("%v", calls)
	}
}
