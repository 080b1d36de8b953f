package app_test

import (
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// TestTwoHubsThatFeedEachOther lets each hub deliver to the other's door: an
// order makes one round and stops.
func TestTwoHubsThatFeedEachOther(t *testing.T) { eachStore(t, testTwoHubsThatFeedEachOther) }

func testTwoHubsThatFeedEachOther(t *testing.T, at newPlace) {
	to := func(url string) string {
		return strings.Replace(adsRoute(url), "sandbox-secret-key", "sk-12345", 1)
	}
	p := at(t)
	a := startHub(t, p, shop(to("http://127.0.0.1:1")))
	b := startHub(t, at(t), shop(to(a.URL())))
	cfg, err := parse(p, shop(to(b.URL())))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Reload(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	for _, total := range []string{"3.00", "4.00"} {
		a.give(oneOrder("o-1", total))
		for range 3 { // what the one sends, the other must settle
			a.settled()
			b.settled()
		}
	}
	for name, h := range map[string]*hub{"a": a, "b": b} {
		state, err := h.api.Order(t.Context(), "nordlys", "o-1")
		if err != nil {
			t.Fatal(err)
		}
		if len(state.Events) > 4 {
			t.Errorf("hub %s has %d events of one order", name, len(state.Events))
		}
		if total := state.Order.Lines[0].Total.String(); total != "4.00" {
			t.Errorf("hub %s has a total of %s", name, total)
		}
	}
}

// TestHopsOfABatch checks that orders sent together are named after no hub
// that one of them did not come through: that hub would take it for its own.
func TestHopsOfABatch(t *testing.T) {
	t.Parallel()
	f := func(want string, origins ...string) {
		t.Helper()
		var tasks []partner.Task
		for _, o := range origins {
			tasks = append(tasks, partner.Task{Event: order.Event{Origin: o}})
		}
		if got := app.HopsOf(tasks); got != want {
			t.Errorf("%q: got %q, want %q", origins, got, want)
		}
	}
	f("")
	f("", "")
	f("", "route:dh")
	f("hub-a", "hop:hub-a")
	f("hub-a, hub-b", "hop:hub-a, hub-b", "hop:hub-b,hub-a")
	f("hub-b", "hop:hub-a, hub-b", "hop:hub-b")
	f("", "hop:hub-a", "hop:hub-b")
	f("", "hop:hub-a", "")
}
