package api_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/search"
)

// fakeIndex keeps the index of orders in memory; the real ones have their own
// tests.
type fakeIndex struct {
	log  *fakeLedger
	at   int64
	keys map[search.Entry]bool
}

var _ search.Store = (*fakeIndex)(nil)

func (x *fakeIndex) Indexed(context.Context, string) (int64, error) { return x.at, nil }

func (x *fakeIndex) Index(_ context.Context, _ string, p search.Piece) (bool, error) {
	for _, e := range p.Entries {
		x.keys[e] = true
	}
	x.at = p.To
	return true, nil
}

// list lists the numbers of a shop's orders that match, newest first.
func (x *fakeIndex) list(shop string, above, below int64, limit int, match func(int64) bool) (out []int64) {
	for _, e := range slices.Backward(x.log.events[shop]) {
		if e.Seq == e.Order && e.Subject.Kind == order.SubjectOrder && e.Seq > above && e.Seq < below && match(e.Seq) && len(out) < limit {
			out = append(out, e.Seq)
		}
	}
	return out
}

func (x *fakeIndex) WithKey(_ context.Context, shop string, k search.Key, above, below int64, limit int) ([]int64, error) {
	return x.list(shop, above, below, limit, func(n int64) bool { return x.keys[search.Entry{Key: k, Number: n}] }), nil
}

func (x *fakeIndex) HaveKey(_ context.Context, _ string, k search.Key, numbers []int64) ([]int64, error) {
	return slices.DeleteFunc(slices.Clone(numbers), func(n int64) bool { return !x.keys[search.Entry{Key: k, Number: n}] }), nil
}

func (x *fakeIndex) Orders(_ context.Context, shop string, above, below int64, limit int) ([]int64, error) {
	return x.list(shop, above, below, limit, func(int64) bool { return true }), nil
}

func (x *fakeIndex) InState(_ context.Context, shop, _ string, s delivery.State, below int64, _ int) (out []search.Place, err error) {
	for _, e := range slices.Backward(x.log.events[shop]) {
		if s == delivery.Failed && e.Subject.ID == "1002" && e.Seq < below {
			out = append(out, search.Place{Seq: e.Seq, Number: e.Order})
		}
	}
	return out, nil
}

func (x *fakeIndex) Accepted(_ context.Context, shop string, seqs []int64) ([]time.Time, error) {
	out := make([]time.Time, len(seqs))
	for i, seq := range seqs {
		out[i] = x.log.events[shop][seq-1].At
	}
	return out, nil
}

// Routes, Sending and OfOrders are the deliveries that the search reads: order
// 1002 failed on "ads".
func (x *fakeIndex) Routes(context.Context, string) ([]delivery.RouteRow, error) {
	return []delivery.RouteRow{{Route: "ads"}}, nil
}

func (x *fakeIndex) Sending(context.Context, string, string) ([]delivery.Delivery, error) {
	return nil, nil
}

func (x *fakeIndex) OfOrders(_ context.Context, shop, _ string, numbers []int64) (out []delivery.Delivery, err error) {
	for _, e := range x.log.events[shop] {
		if e.Subject.ID == "1002" && slices.Contains(numbers, e.Order) {
			out = append(out, delivery.Delivery{Shop: shop, Route: "ads", Order: e.Order, Seq: e.Seq, State: delivery.Failed})
		}
	}
	return out, nil
}

// newFinder finds orders of a fake ledger.
func newFinder(l *fakeLedger) (*search.Finder, *search.Follower) {
	x := &fakeIndex{log: l, keys: map[search.Entry]bool{}}
	key := func(_ context.Context, shop string) ([]byte, error) { return []byte(shop), nil }
	return &search.Finder{Store: x, Log: l, Deliveries: x, Key: key}, &search.Follower{Store: x, Log: l, Key: key}
}

func TestOrdersAreFound(t *testing.T) {
	t.Parallel()
	h := newHub(t).seed()
	f := func(o api.ListOptions, want ...string) {
		t.Helper()
		page, err := h.client("nordlys-read").Orders(ctx, "nordlys", o)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, ids(page.Orders), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%+v (-want +got):\n%s", o, d)
		}
		if text := o.Find != (api.Find{}) && o.Find.ID == ""; (page.Behind > 0) != text {
			t.Errorf("%+v: behind %d", o, page.Behind)
		}
	}
	f(api.ListOptions{Find: api.Find{ID: "1002"}}, "1002")
	f(api.ListOptions{Find: api.Find{Text: "a/b c"}}, "a/b c")
	f(api.ListOptions{Find: api.Find{Parcel: "PK-77"}})
	f(api.ListOptions{Route: "ads", States: []string{"failed"}}, "1002")
	f(api.ListOptions{States: []string{"failed", "delivered"}}, "1002")
	f(api.ListOptions{Route: "ads", States: []string{"parked"}})

	if _, err := h.ledger.Append(ctx, "nordlys", []order.Entry{{
		Subject:   order.Subject{Kind: order.SubjectOrder, ID: "1001"},
		Source:    order.Source{Name: "api:erp", Rank: order.RankShop},
		Happening: &order.Happening{Kind: order.KindShipped, Parcel: &order.Parcel{Number: "PK 77"}},
	}}); err != nil {
		t.Fatal(err)
	}
	h.follow()
	page, err := h.client(admin).Orders(ctx, "nordlys", api.ListOptions{Find: api.Find{Parcel: "pk77"}})
	if err != nil || page.Behind != 0 || !slices.Equal(ids(page.Orders), []string{"1001"}) || page.Orders[0].Accepted.IsZero() {
		t.Errorf("%+v, %v", page, err)
	}
	for _, bad := range []string{"state=lost", "email=" + string(make501()), "q=a&q=b"} {
		if r := h.call("GET", "/api/v1/shops/nordlys/orders?"+bad, admin, ""); r.status != 400 {
			t.Errorf("%.20s: %d %s", bad, r.status, r.body)
		}
	}
}

// follow takes every order into the index.
func (h *hub) follow() {
	h.t.Helper()
	for more := true; more; {
		var err error
		if more, err = h.follower.Step(ctx, "nordlys"); err != nil {
			h.t.Fatal(err)
		}
	}
}

// Orders are found by the channel and the account that they have now.
func TestOrdersOfAccount(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	put := func(id, account string) {
		t.Helper()
		if _, err := h.ledger.Append(ctx, "nordlys", []order.Entry{{
			Subject: order.Subject{Kind: order.SubjectOrder, ID: id}, Source: order.Source{Name: "api:erp", Rank: order.RankShop},
			Statement: &order.Statement{Order: order.Order{ID: id, Channel: "dropshipping", Account: account}},
		}}); err != nil {
			t.Fatal(err)
		}
		h.follow()
	}
	put("1", "sklep-abc")
	put("2", "sklep-xyz")
	f := func(o api.ListOptions, want ...string) {
		t.Helper()
		page, err := h.client(admin).Orders(ctx, "nordlys", o)
		if d := cmp.Diff(want, ids(page.Orders), cmpopts.EquateEmpty()); d != "" || err != nil {
			t.Errorf("%+v: %v (-want +got):\n%s", o, err, d)
		}
	}
	f(api.ListOptions{Account: "Sklep-ABC"}, "1")
	f(api.ListOptions{Account: "sklep-abc", Channel: "online"})
	f(api.ListOptions{Channel: "dropshipping"}, "2", "1")
	f(api.ListOptions{Find: api.Find{Text: "sklep-abc"}}) // an account is no text that may be anything
	put("1", "sklep-new")
	f(api.ListOptions{Account: "sklep-abc"})
	f(api.ListOptions{Account: "sklep-new"}, "1")
}

func make501() []byte {
	b := make([]byte, 501)
	for i := range b {
		b[i] = 'a'
	}
	return b
}
