package delivery_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// crowd is log and store of very many shops in which next to nothing happens.
// It counts what it is asked.
type crowd struct {
	delivery.Store // what is not overridden must not be asked: it panics

	opened, heads, counts, commits, other atomic.Int64
}

func (c *crowd) Head(context.Context, string) (int64, error) {
	c.heads.Add(1)
	return 7, nil
}

func (c *crowd) Read(_ context.Context, _ string, after int64, _ int) ([]ledger.Item, error) {
	c.other.Add(1)
	e := order.Event{Seq: after + 1, Order: after + 1, Kind: order.KindNote, Subject: order.Subject{Kind: order.SubjectOrder, ID: "1"}}
	return []ledger.Item{{Event: e, Row: ledger.Row{Subject: e.Subject, First: e.Order, Newest: e.Seq}}}, nil
}

func (c *crowd) OpenRoutes(_ context.Context, _ string, epoch int64, routes []delivery.RouteRow) ([]delivery.RouteRow, error) {
	c.opened.Add(1)
	rows := make([]delivery.RouteRow, len(routes))
	for i, r := range routes { // as read from a database: texts of its own
		r.Shop, r.Route, r.Partner = strings.Clone(r.Shop), strings.Clone(r.Route), strings.Clone(r.Partner)
		r.Revision, r.Epoch, r.Idle = strings.Clone(r.Revision), epoch, true
		rows[i] = r
	}
	return rows, nil
}

func (c *crowd) Commit(_ context.Context, b *delivery.Bundle) error {
	c.commits.Add(1)
	return nil
}

func (c *crowd) Counts(context.Context, string) (map[string]map[delivery.State]int64, error) {
	c.counts.Add(1)
	return map[string]map[delivery.State]int64{}, nil
}

func (c *crowd) asked() int64 {
	return c.opened.Load() + c.heads.Load() + c.counts.Load() + c.commits.Load() + c.other.Load()
}

// crowdLog is what the crowd answers as a log.
type crowdLog struct {
	*crowd
	delivery.Log
}

func (c crowdLog) Head(ctx context.Context, s string) (int64, error) { return c.crowd.Head(ctx, s) }
func (c crowdLog) Read(ctx context.Context, s string, after int64, n int) ([]ledger.Item, error) {
	return c.crowd.Read(ctx, s, after, n)
}

// crowded starts an engine over a crowd.
func crowded(t testing.TB) (*crowd, *delivery.Engine) {
	c := &crowd{}
	e := delivery.New(delivery.Options{Log: crowdLog{crowd: c}, Store: c, Now: time.Now, Observe: silent{}, Shared: true})
	run, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = e.Run(run)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return c, e
}

// silent is an observer that keeps nothing.
type silent struct{}

func (silent) Attempted(delivery.Attempt)                                      {}
func (silent) Settled(*delivery.Route, delivery.State, delivery.State, string) {}
func (silent) RouteChanged(*delivery.Route, delivery.RouteStatus)              {}
func (silent) Stalled(*delivery.Route, error)                                  {}

// manyRoutes makes webhook routes as a hub has them.
func manyRoutes(shops, each int) []delivery.Route {
	routes := make([]delivery.Route, 0, shops*each)
	for s := range shops {
		for r := range each {
			side := (&fake{}).side(partner.Each)
			routes = append(routes, delivery.Route{
				Shop: shopOf(s), Name: fmt.Sprint("hook-", r), Partner: "webhook", Side: side,
				Rules: delivery.Rules{When: `order.channel == "online" && order.currency == "SEK"`}, Revision: fmt.Sprintf("%064d", s*each+r),
			})
		}
	}
	return routes
}

func shopOf(n int) string { return fmt.Sprintf("shop-%05d", n) }

// Shops in which nothing happens cost nothing: no statement but two when they
// are taken over, and none for whoever looks at how they stand.
func TestIdleShopsCostNothing(t *testing.T) {
	t.Parallel()
	const shops, each = 500, 5
	c, e := crowded(t)
	routes := manyRoutes(shops, each)
	if err := e.SetRoutes(ctx, routes); err != nil || c.asked() != 0 {
		t.Fatalf("set: asked %d times, %v", c.asked(), err)
	}
	for s := range shops {
		if err := e.Own(ctx, shopOf(s), 3); err != nil {
			t.Fatal(err)
		}
	}
	if c.opened.Load() != shops || c.heads.Load() != shops || c.asked() != 2*shops {
		t.Errorf("owned: opened %d, heads %d, asked %d times", c.opened.Load(), c.heads.Load(), c.asked())
	}
	tick := func() (asked int64) {
		before := c.asked()
		for _, id := range e.Owned() {
			list, err := e.Status(ctx, id)
			if err != nil || len(list) != each || list[0].State != "flowing" || list[0].Position < 7 {
				t.Fatalf("status of %s: %+v %v", id, list, err)
			}
		}
		return c.asked() - before
	}
	if n := tick(); n != shops {
		t.Errorf("the first look asked %d times", n)
	}
	if n := tick(); n != 0 {
		t.Errorf("the second look asked %d times", n)
	}
	// A new configuration that changes nothing of them.
	if before := c.asked(); e.SetRoutes(ctx, routes) != nil || c.asked() != before {
		t.Errorf("set again: asked %d times", c.asked()-before)
	}
	if n := tick(); n != 0 {
		t.Errorf("the look after it asked %d times", n)
	}
	// Something happens in one of them.
	e.Notify(shopOf(8), 8)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		list, err := e.Status(ctx, shopOf(8))
		if err != nil || !slices.ContainsFunc(list, func(s delivery.RouteStatus) bool { return s.Position != 8 }) {
			break
		}
	}
	if n := tick(); n > 2*each+2 {
		t.Errorf("the look at one that changed asked %d times", n)
	}
	if n := tick(); n != 0 {
		t.Errorf("the last look asked %d times", n)
	}
}

// BenchmarkIdleRoutes measures the memory that idle routes take: all of a
// configuration, and those of shops that run here.
func BenchmarkIdleRoutes(b *testing.B) {
	const shops, each = 10_000, 5
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc + m.StackInuse)
	}
	for b.Loop() {
		c, e := crowded(b)
		routes := manyRoutes(shops, each)
		before := heap()
		if err := e.SetRoutes(ctx, routes); err != nil {
			b.Fatal(err)
		}
		set := heap()
		began := time.Now()
		for s := range shops {
			if err := e.Own(ctx, shopOf(s), 1); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(shops)/time.Since(began).Seconds(), "owned/s")
		owned := heap()
		b.ReportMetric((set-before)/shops/each, "bytes/configured")
		b.ReportMetric((owned-set)/shops/each, "bytes/owned")
		for _, id := range e.Owned() {
			if _, err := e.Status(ctx, id); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric((heap()-owned)/shops/each, "bytes/looked-at")
		runtime.KeepAlive(routes)
		runtime.KeepAlive(c)
	}
}
