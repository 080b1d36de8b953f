package deliveryhero

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

func (b *ordersBench) list(query string) (int, wireOrders) {
	b.t.Helper()
	status, text := b.call(http.MethodGet, "/v2/chains/"+testChain+"/vendors/"+testVendor+"/orders?"+query, "")
	var out wireOrders
	if status == http.StatusOK {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			b.t.Fatal(err)
		}
	}
	return status, out
}

// TestListOrders pages through an outlet's orders of a window.
func TestListOrders(t *testing.T) {
	t.Parallel()
	b := newOrdersBench(t, "pedidosya")
	for n := range 45 {
		o := groceries("platform")
		o.ID = fmt.Sprintf("%08d-3b0d-4e55-9d4e-1d2f6f0a7b11", n)
		switch n % 9 {
		case 7:
			o.Store = "s8ym"
		case 8:
			o.Store = "SHOP-07"
		}
		b.place(o)
		b.now = b.now.Add(time.Minute)
	}
	f := func(query string, want string) {
		t.Helper()
		_, l := b.list(query)
		got := fmt.Sprintf("page %d of %d at %d:", l.Page, l.TotalPages, l.PageSize)
		for _, o := range l.Orders {
			got += " " + strings.TrimLeft(string(o.ID[:8]), "0")
		}
		if got != want {
			t.Errorf("%s: %s", query, got)
		}
	}
	f("page=&page_size=", "page 1 of 2 at 20:  1 2 3 4 5 6 8 9 10 11 12 13 14 15 17 18 19 20 21")
	f("page=4&page_size=12", "page 4 of 4 at 12: 40 41 42 44")
	f("page=5&page_size=12", "page 5 of 4 at 12:")
	f("start_time=2026-03-02T18:03:00&end_time=2026-03-02T18:08:00", "page 1 of 1 at 20: 3 4 5 6 8")
	f("start_time=2026-03-02T18:03:00Z&end_time=2026-03-02T18:03:00Z&page_size=500", "page 1 of 1 at 500: 3")
	f("start_time=2026-03-02T21:03:00+03:00&end_time=2026-03-02T18:03:00.5-00:00", "page 1 of 1 at 20: 3") // a plus is a blank there
	f("end_time=2026-03-02T23:59:59&page=2", "page 2 of 2 at 20: 22 23 24 26 27 28 29 30 31 32 33 35 36 37 38 39 40 41 42 44")
	f("start_time=2026-03-02T12:03:00&end_time=2026-03-02T13:00:00", "page 1 of 0 at 20:")
	for _, bad := range []string{
		"page=0", "page=x", "page_size=501", "page_size=-1", "start_time=yesterday", "start_time=2026-01-01T00:00:00",
		"start_time=2026-03-02T18:03:00&end_time=2026-03-02T18:02:00", "start_time=2026-02-01T00:00:00&end_time=2026-06-01T00:00:00",
	} {
		if status, _ := b.list(bad); status != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, status)
		}
	}
	if status, text := b.call(http.MethodGet, "/v2/chains/"+testChain+"/vendors/"+testVendor, ""); status != http.StatusNotFound || text != "" {
		t.Errorf("without /orders: %d %q", status, text)
	}
	if status, _ := b.call(http.MethodGet, "/v2/chains/"+testChain+"/vendors/nope/orders", ""); status != http.StatusNotFound {
		t.Errorf("another's outlet: %d", status)
	}
}

// TestListOfALargeLedger: a list that nobody asked for before is made a piece at
// a time, and nobody is told that it is whole meanwhile.
func TestListOfALargeLedger(t *testing.T) {
	t.Parallel()
	b := newOrdersBench(t, "pedidosya")
	deps := b.hub.Deps(Partner)
	log := &endlessLog{Orders: deps.Orders}
	deps.Orders = log
	b.door = doorOf(t, deps)
	status, text := b.call(http.MethodGet, "/v2/chains/"+testChain+"/vendors/"+testVendor+"/orders", "")
	if status != http.StatusServiceUnavailable || log.asked != listRounds {
		t.Errorf("%d %s after %d rounds", status, text, log.asked)
	}
	log.ends = true
	if status, l := b.list(""); status != http.StatusOK || len(l.Orders) != 0 {
		t.Errorf("%d %+v", status, l)
	}
}

// endlessLog has always one more event.
type endlessLog struct {
	partner.Orders
	asked int
	ends  bool
}

func (l *endlessLog) After(_ context.Context, shop string, after int64, _ int) ([]order.Event, error) {
	l.asked++
	if l.ends {
		return nil, nil
	}
	return []order.Event{{Shop: shop, Seq: after + 1}}, nil
}
