package deliveryhero

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/partner/partnertest"
)

// TestLimit counts on two nodes at a time: so many are let through in a minute
// of the clock, of each caller.
func TestLimit(t *testing.T) {
	t.Parallel()
	var now atomic.Pointer[time.Time]
	set := func(t time.Time) { now.Store(&t) }
	set(time.Date(2026, 3, 2, 12, 0, 10, 0, time.UTC))
	hub := partnertest.NewHub(func() time.Time { return *now.Load() })
	deps := hub.Deps(partner.Partner{Name: name})
	nodes := []*limiter{newLimiter(deps, "logins", 50), newLimiter(deps, "logins", 50)}
	rush := func(who string) int {
		var let atomic.Int32
		var all sync.WaitGroup
		for i := range 80 {
			all.Go(func() {
				after, err := nodes[i%2].take(context.Background(), who)
				if err != nil {
					t.Error(err)
				}
				if after == 0 {
					let.Add(1)
				} else if after != 50*time.Second {
					t.Errorf("wait %v", after)
				}
			})
		}
		all.Wait()
		return int(let.Load())
	}
	for _, who := range []string{"erp", "till"} {
		if n := rush(who); n != 50 {
			t.Errorf("%s: %d were let through", who, n)
		}
	}
	set(time.Date(2026, 3, 2, 12, 1, 10, 0, time.UTC))
	if n := rush("erp"); n != 50 {
		t.Errorf("in the next minute: %d", n)
	}
	if after, err := newLimiter(deps, "calls", 0).take(t.Context(), "erp"); after != 0 || err != nil {
		t.Error("no limit is one", after, err)
	}
}

func TestAddressOf(t *testing.T) {
	t.Parallel()
	f := func(remote, want string) {
		t.Helper()
		if got := addressOf(&http.Request{RemoteAddr: remote}); got != want {
			t.Errorf("%s: %s", remote, got)
		}
	}
	f("192.0.2.7:4711", "192.0.2.7")
	f("[::ffff:192.0.2.7]:4711", "192.0.2.7")
	f("[2001:db8:1:2:3:4:5:6]:4711", "2001:db8:1:2::")
	f("[2001:db8:1:2:ffff::1]:4711", "2001:db8:1:2::")
	f("pipe", "unknown")
}
