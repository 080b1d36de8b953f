package delivery_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// disk is an engine over the real ledger and store.
type disk struct {
	store  *sqlite.Store
	ledger *ledger.Ledger
	engine *delivery.Engine
	stop   func()
}

func openDisk(t testing.TB, dir string) *disk {
	t.Helper()
	s, err := sqlite.Open(ctx, dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := &disk{store: s}
	d.ledger = ledger.New(s, ledger.Options{Appended: func(shop string, head int64) { d.engine.Notify(shop, head) }})
	d.engine = delivery.New(delivery.Options{
		Log: d.ledger, Store: s.Deliveries(), Now: time.Now, Observe: &observer{last: map[string]delivery.RouteStatus{}},
	})
	run, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = d.engine.Run(run)
	}()
	d.stop = func() {
		cancel()
		<-done
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	return d
}

func (d *disk) accept(t testing.TB, from, n int, history bool) {
	entries := make([]order.Entry, n)
	for i := range entries {
		o := sold(fmt.Sprintf("order-%07d", from+i))
		entries[i] = order.Entry{
			Subject: order.Subject{Kind: order.SubjectOrder, ID: o.ID}, Source: order.Source{Name: "api:erp", Rank: order.RankShop},
			Statement: &order.Statement{Order: *o}, History: history,
		}
	}
	if _, err := d.ledger.Append(ctx, shop, entries); err != nil {
		t.Error(err)
	}
}

// count returns a side that counts what it takes, and says when all is there.
func countTo(want int64, batch, slots int) (partner.Side, *atomic.Int64, chan struct{}) {
	var n atomic.Int64
	all := make(chan struct{})
	body := make([]byte, 400)
	side := partner.Side{Mode: partner.Each, Repeat: partner.RepeatSafe, Batch: batch, Slots: slots}
	side.Deliver = func(ctx context.Context, tasks []partner.Task) []partner.Outcome {
		outbound.Record(ctx, outbound.Exchange{
			At: time.Now(), Method: "POST", URL: "http://127.0.0.1:9000/in", RequestHead: "Content-Type: application/json\r\n",
			RequestBody: body, RequestSize: len(body), Status: 200, ResponseHead: "Content-Length: 2\r\n", ResponseBody: body[:2],
		})
		outcomes := make([]partner.Outcome, len(tasks))
		for i := range tasks {
			outcomes[i] = partner.Delivered("")
		}
		if n.Add(int64(len(tasks))) == want {
			close(all)
		}
		return outcomes
	}
	return side, &n, all
}

func TestHistoryOnDisk(t *testing.T) {
	t.Parallel()
	d := openDisk(t, t.TempDir())
	defer d.stop()
	side, n, all := countTo(1, 1, 4)
	if err := d.engine.SetRoutes(ctx, []delivery.Route{{Shop: shop, Name: "hook", Partner: "fake", Side: side}}); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		d.accept(t, i*500, 500, true)
	}
	d.accept(t, 10_000, 1, false)
	<-all
	for wait := true; wait; {
		s, err := d.engine.Status(ctx, shop)
		if err != nil {
			t.Fatal(err)
		}
		wait = s[0].Position != 10_001 || s[0].Counts[delivery.Delivered] != 1
	}
	if n.Load() != 1 {
		t.Errorf("%d sent", n.Load())
	}
}

func BenchmarkDeliver(b *testing.B) {
	for _, c := range []struct{ batch, slots int }{{1, 64}, {100, 4}} {
		b.Run(fmt.Sprintf("batch%d", c.batch), func(b *testing.B) {
			d := openDisk(b, b.TempDir())
			defer d.stop()
			side, _, all := countTo(int64(b.N), c.batch, c.slots)
			if err := d.engine.SetRoutes(ctx, []delivery.Route{{Shop: shop, Name: "hook", Partner: "fake", Side: side}}); err != nil {
				b.Fatal(err)
			}
			if err := d.engine.Pause(ctx, shop, "hook", ""); err != nil {
				b.Fatal(err)
			}
			for at := 0; at < b.N; at += 500 {
				d.accept(b, at, min(500, b.N-at), false)
			}
			b.ReportAllocs()
			b.ResetTimer()
			if err := d.engine.Resume(ctx, shop, "hook"); err != nil {
				b.Fatal(err)
			}
			<-all
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}

// TestOnDisk takes orders through a route with faults, over the real ledger
// and store, with stops in between.
func TestOnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const orders = 300
	var took sync.Map
	arrived := make(chan struct{}, 10*orders)
	n := 0
	var mu sync.Mutex
	side := partner.Side{Mode: partner.Latest, Repeat: partner.AskFirst, Batch: 7, Timeout: time.Millisecond}
	side.Deliver = func(ctx context.Context, tasks []partner.Task) []partner.Outcome {
		mu.Lock()
		defer mu.Unlock()
		outbound.Record(ctx, outbound.Exchange{Method: "POST", URL: "http://partner.example", RequestBody: []byte(tasks[0].Order.ID)})
		outcomes := make([]partner.Outcome, len(tasks))
		for i := range tasks {
			switch n++; n % 11 {
			case 3:
				outcomes[i] = partner.Later(0, "http_503", "busy")
				continue
			case 7:
				outcomes[i] = partner.Unknown("timeout", "no answer")
				continue
			}
			outcomes[i] = partner.Delivered("ref")
			if _, twice := took.LoadOrStore(tasks[i].Order.ID, true); twice {
				t.Errorf("%s twice", tasks[i].Order.ID)
			}
			arrived <- struct{}{}
		}
		return outcomes
	}
	side.Look = func(_ context.Context, tasks []partner.Task) []partner.Outcome {
		outcomes := make([]partner.Outcome, len(tasks))
		for i := range outcomes {
			outcomes[i] = partner.NotThere()
		}
		return outcomes
	}
	route := delivery.Route{Shop: shop, Name: "ads", Partner: "fake", Side: side, Rules: delivery.Rules{
		Retry: delivery.RetryRules{First: time.Millisecond, Max: 10 * time.Millisecond, GiveUp: time.Hour},
	}}
	got := 0
	for life := range 3 {
		d := openDisk(t, dir)
		if err := d.engine.SetRoutes(ctx, []delivery.Route{route}); err != nil {
			t.Fatal(err)
		}
		d.accept(t, life*orders/3, orders/3, false)
		for ; got < (life+1)*orders/3-20*(2-life); got++ { // some are on their way at the stop
			<-arrived
		}
		if life < 2 {
			d.stop()
			continue
		}
		settled := func() bool {
			s, err := d.engine.Status(ctx, shop)
			if err != nil {
				t.Fatal(err)
			}
			return s[0].Counts[delivery.Delivered] == orders
		}
		for !settled() {
			runtime.Gosched()
		}
		d.proves(t, orders)
		d.stop()
	}
}

// proves checks that every delivery has the evidence of its last call.
func (d *disk) proves(t *testing.T, want int) {
	n := 0
	for f := (delivery.Filter{Limit: 100}); ; {
		list, next, err := d.engine.Deliveries(ctx, shop, f)
		if err != nil {
			t.Fatal(err)
		}
		for i := range list {
			calls, err := d.engine.Calls(ctx, list[i])
			if err != nil || len(calls) == 0 || calls[len(calls)-1].ID != list[i].Call || list[i].Ref != "ref" || list[i].OrderID == "" {
				t.Errorf("%+v has the calls %+v, %v", list[i], calls, err)
			}
			n++
		}
		if f.Cursor = next; next == "" {
			break
		}
	}
	if n != want {
		t.Errorf("%d deliveries", n)
	}
}
