package torture_test

import (
	"slices"
	"testing"

	"github.com/ordermux/ordermux/e2e/torture"
)

// whole is the evidence of a run that kept every promise: a got a 2xx, b's
// answer was lost, c was sent and never stored.
func whole() torture.Evidence {
	return torture.Evidence{
		Acked:   map[string]bool{"a": true},
		Offered: map[string]bool{"a": true, "b": true, "c": true},
		Placed:  map[string]int{"a": 1, "b": 1},

		Receipts: map[string]string{"a": "1 ab"},
		Stored:   map[string]string{"a": "1 ab", "b": "2 cd"},
		Routes: []torture.Arrivals{
			{Route: "hook", Got: map[string]int{"a": 3, "b": 1}},
			{Route: "mail", Repeat: torture.NeverAlone, Got: map[string]int{"a": 1}, Listed: map[string]bool{"b": true}},
		},
	}
}

// TestCheckSeesEveryLoss fabricates each loss and expects it to be named.
func TestCheckSeesEveryLoss(t *testing.T) {
	t.Parallel()
	f := func(damage func(*torture.Evidence), want ...string) {
		t.Helper()
		e := whole()
		damage(&e)
		if got := e.Check(); !slices.Equal(got, want) {
			t.Errorf("found %q, want %q", got, want)
		}
	}
	f(func(e *torture.Evidence) {})
	f(func(e *torture.Evidence) { delete(e.Placed, "a") },
		"order a arrived by route hook and is not in the ledger",
		"order a arrived by route mail and is not in the ledger",
		"order a got a 2xx and is not in the ledger")
	f(func(e *torture.Evidence) { e.Placed["a"] = 2 }, "order a is in the ledger 2 times")
	f(func(e *torture.Evidence) { delete(e.Offered, "b") }, "order b is in the ledger and nobody sent it")
	f(func(e *torture.Evidence) { delete(e.Routes[0].Got, "a") }, "order a never arrived by route hook")
	f(func(e *torture.Evidence) { delete(e.Routes[0].Got, "b") }, "order b never arrived by route hook")
	f(func(e *torture.Evidence) { delete(e.Routes[1].Listed, "b") }, "order b never arrived by route mail")
	f(func(e *torture.Evidence) { e.Routes[1].Got["a"] = 2 }, "order a arrived 2 times by route mail, which must never repeat by itself")
	f(func(e *torture.Evidence) {
		e.Routes[0].Listed = map[string]bool{"a": true}
		delete(e.Routes[0].Got, "a")
	},
		"order a never arrived by route hook")
	f(func(e *torture.Evidence) { e.Chain = []string{"seq 2: hash differs"} }, "the chain does not verify: seq 2: hash differs")
	f(func(e *torture.Evidence) { e.Stored["a"] = "2 cd" }, "order a is in the ledger as 2 cd and its receipt says 1 ab")
	f(func(e *torture.Evidence) { e.Fenced = []string{"node 1, epoch 2"} }, "a node wrote for a shop that another one owned: node 1, epoch 2")
	f(func(e *torture.Evidence) { e.Routes[0].Backwards = []string{"a"} }, "order a arrived by route hook after a later event of its order")
	happen := func(e *torture.Evidence) {
		e.Acked["a/shipped"], e.Offered["a/shipped"], e.Placed["a/shipped"] = true, true, 1
		e.Routes[1].Orders = true
	}
	f(happen, "order a/shipped never arrived by route hook")
	f(func(e *torture.Evidence) { happen(e); e.Routes[0].Got["a/shipped"] = 1 })
	f(func(e *torture.Evidence) {
		happen(e)
		e.Routes[0].Got["a/shipped"], e.Routes[1].Orders = 1, false
	},
		"order a/shipped never arrived by route mail")
	f(func(e *torture.Evidence) {
		happen(e)
		e.Routes[0].Got["a/shipped"], e.Routes[1].Orders = 1, false
		e.Routes[1].Listed["a"] = true
	})
	if n := whole().Routes[0].Repeats(); n != 2 {
		t.Errorf("%d repeats, want 2", n)
	}
}
