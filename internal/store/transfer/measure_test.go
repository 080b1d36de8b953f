package transfer_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
	"github.com/ordermux/ordermux/internal/store/sqlite"
	"github.com/ordermux/ordermux/internal/store/transfer"
)

var (
	measured = flag.Int("transfer.orders", 0, "measure the move of so many orders")
	perSec   = flag.Int("transfer.rate", 500, "orders per second that arrive meanwhile")
)

// TestMeasured moves a hub with many orders, all delivered on two routes, while
// new ones keep arriving and are delivered. It says how long it took:
//
//	go test ./internal/store/transfer -run Measured -v -timeout 30m -transfer.orders=1000000
func TestMeasured(t *testing.T) {
	if *measured == 0 {
		return
	}
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l := &load{T: t, store: s, ledger: ledger.New(s, ledger.Options{}), random: rand.New(rand.NewPCG(1, 1))}
	l.open()
	began := time.Now()
	for l.accepted.Load() < int64(*measured) {
		l.page(500)
	}
	t.Logf("filled with %d orders in %s", l.accepted.Load(), time.Since(began).Round(time.Second))
	l.move()
}

// load is a hub under load.
type load struct {
	*testing.T
	store    *sqlite.Store
	ledger   *ledger.Ledger
	random   *rand.Rand
	routes   []delivery.RouteRow
	accepted atomic.Int64
	slowest  time.Duration // append
}

func (l *load) must(err error) {
	if err != nil {
		l.Error(err)
		panic(err)
	}
}

const measuredShop = "nordlys"

func (l *load) open() {
	rows, err := l.store.Deliveries().OpenRoutes(l.Context(), measuredShop, 0, []delivery.RouteRow{
		{Shop: measuredShop, Route: "ads", Partner: "citrusad"}, {Shop: measuredShop, Route: "hook", Partner: "webhook"},
	})
	l.must(err)
	l.routes = rows
}

// page accepts orders and delivers them: on one route by hundreds, on the other
// one by one.
func (l *load) page(n int) {
	entries := make([]order.Entry, n)
	for i := range entries {
		entries[i] = l.order()
	}
	began := time.Now()
	receipts, err := l.ledger.Append(context.Background(), measuredShop, entries)
	l.must(err)
	l.slowest = max(l.slowest, time.Since(began))
	l.accepted.Add(int64(n))
	l.deliver(&l.routes[0], receipts, 100)
	l.deliver(&l.routes[1], receipts, 1)
}

func (l *load) order() order.Entry {
	id := fmt.Sprintf("%016x-%08x", l.random.Uint64(), l.random.Uint32())
	price := func() order.Decimal {
		d, err := order.ParseDecimal(fmt.Sprintf("%d.%02d", l.random.IntN(500), l.random.IntN(100)))
		l.must(err)
		return d
	}
	line := func(n int) order.Line {
		return order.Line{Product: order.Product{Code: fmt.Sprint("P-", l.random.IntN(5000)), Name: "Coffee, ground, 500 g"}, Total: price()}
	}
	o := order.Order{
		ID: id, Currency: "SEK", Channel: "online", Session: "s-" + id,
		Customer: &order.Customer{Name: "Person of " + id, Email: "person." + id + "@nordlys.example"},
		Lines:    []order.Line{line(1), line(2), line(3)},
	}
	return order.Entry{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Source: sources[0], Statement: &order.Statement{Order: o},
	}
}

func (l *load) deliver(row *delivery.RouteRow, receipts []order.Receipt, batch int) {
	changes := make([]delivery.Change, len(receipts))
	now := time.Now()
	for i, r := range receipts {
		changes[i].Row = delivery.Delivery{
			Shop: measuredShop, Route: row.Route, Order: r.Seq, Seq: r.Seq, State: delivery.Sending, Attempt: 1,
			Due: now, Planned: now, Base: now, Digest: []byte("0123456789abcdef"),
		}
		row.Position = max(row.Position, r.Seq)
	}
	write := func(b delivery.Bundle) {
		b.Route, b.Now = *row, now
		l.must(l.store.Deliveries().Commit(context.Background(), &b))
	}
	write(delivery.Bundle{Changes: changes})
	var calls []delivery.Call
	for i := range changes {
		if i%batch == 0 {
			row.LastCall++
			calls = append(calls, delivery.Call{Shop: measuredShop, Route: row.Route, ID: row.LastCall, Tasks: batch, Exchanges: []outbound.Exchange{{
				At: now, Method: "POST", URL: "https://partner.example/in", RequestHead: "Content-Type: application/json",
				RequestBody: make([]byte, 700), RequestSize: 700, Status: 200, ResponseHead: "Content-Type: text/plain", ResponseBody: []byte("ok"), ResponseSize: 2,
			}}})
		}
		c := &changes[i]
		c.From, c.Row.State, c.Row.Due, c.Row.Settled = delivery.Sending, delivery.Delivered, time.Time{}, now
		c.Row.Call, c.Row.Place, c.Row.Code = row.LastCall, i%batch, "http_200"
	}
	write(delivery.Bundle{Changes: changes, Calls: calls})
}

// move moves the hub while it goes on.
func (l *load) move() {
	url := pgtest.Database(l)
	from, to := ends(l, l.store.Dir(), url)
	defer closeEnds(l, from, to)
	l.slowest = 0
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		l.arrive(stop)
	}()
	var once sync.Once
	result, err := transfer.New(transfer.Options{
		Source: from, Target: to,
		Observe: func(s transfer.Step) {
			if s.Over {
				l.Logf("%s, pass %d: %d compared, %d written, %s", s.Phase, s.Pass, s.Compared, s.Written, s.Took.Round(time.Millisecond))
			}
			if s.Phase == transfer.Waiting {
				go once.Do(func() {
					time.AfterFunc(8*time.Second, func() {
						close(stop)
						<-done
						l.must(l.store.Close())
					})
				})
			}
		},
	}).Run(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	if result.Rows["events"] != l.accepted.Load() {
		l.Errorf("%d orders accepted, %d moved", l.accepted.Load(), result.Rows["events"])
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	l.Logf("%d orders, %d deliveries, %d calls in %s, the switch %s; slowest append meanwhile %s; %d MB from the system",
		result.Rows["events"], result.Rows["deliveries"], result.Rows["calls"], result.Took.Round(time.Millisecond),
		result.Switch.Round(time.Millisecond), l.slowest.Round(time.Millisecond), memory.Sys>>20)
}

// arrive accepts and delivers at the rate until stop.
func (l *load) arrive(stop chan struct{}) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			l.page(max(1, *perSec/10))
		}
	}
}
