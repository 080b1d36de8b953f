package app

import (
	"fmt"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
)

func pieces(n int64) order.Decimal { return order.FromInt(n, 0) }

// However many products are asked for, few answers are kept: the newest.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	a, now := newAnswers(100), time.Now()
	ask := func(product string) bool {
		f := newFlight()
		_, found := a.find(answerKey{product: product}, pieces(1), now, false, f)
		if found == nil {
			return true
		}
		a.land(f, map[string]said{product: {asked: pieces(1), free: pieces(3), at: now}})
		return false
	}
	for i := range 10_000 {
		if ask(fmt.Sprint("P-", i)) {
			t.Fatalf("P-%d was known", i)
		}
		if n := len(a.young) + len(a.old); n > 100 || len(a.flights) > 0 {
			t.Fatalf("%d answers, %d flights", n, len(a.flights))
		}
	}
	for i := 9_950; i < 10_000; i++ {
		if !ask(fmt.Sprint("P-", i)) {
			t.Errorf("P-%d is forgotten", i)
		}
	}
}

// A flight that asks for less, and one that began before a fresh question, are
// not waited for; an older answer does not replace a newer one.
func TestFlights(t *testing.T) {
	t.Parallel()
	a, now := newAnswers(100), time.Now()
	key := answerKey{product: "P"}
	find := func(n int64, fresh bool) (own, found *flight) {
		own = newFlight()
		_, found = a.find(key, pieces(n), now, fresh, own)
		return own, found
	}
	first, found := find(2, false)
	if found != first {
		t.Error("nobody asks")
	}
	if _, found := find(1, false); found != first {
		t.Error("asked twice")
	}
	more, found := find(3, false)
	if found != more {
		t.Error("waits for a question about fewer")
	}
	fresh, found := find(1, true)
	if found != fresh {
		t.Error("a fresh question waits for an older one")
	}
	a.land(fresh, map[string]said{"P": {asked: pieces(1), free: pieces(5), at: now.Add(time.Second)}})
	a.land(first, map[string]said{"P": {asked: pieces(2), free: pieces(9), at: now}})
	a.land(more, nil)
	if s, found := a.find(key, pieces(4), now, false, newFlight()); found != nil || s.free.String() != "5" || len(a.flights) > 0 {
		t.Errorf("%+v", s)
	}
}

func TestWhatAnAnswerTells(t *testing.T) {
	t.Parallel()
	now := time.Now()
	f := func(s said, quantity int64, tells bool, verdict catalog.Reason) {
		t.Helper()
		s.at = now
		if got := s.tells(pieces(quantity)); got != tells {
			t.Errorf("%+v of %d: %v", s, quantity, got)
		}
		if got := s.verdict(pieces(quantity), pieces(quantity)); tells && got != verdict {
			t.Errorf("%+v of %d: %q", s, quantity, got)
		}
	}
	yes := said{asked: pieces(5)} // they do not say how many they have
	f(yes, 5, true, "")
	f(yes, 4, true, "")
	f(yes, 6, false, "")
	counted := said{asked: pieces(5), free: pieces(8)}
	f(counted, 8, true, "")
	f(counted, 9, false, "")
	no := said{asked: pieces(5), reason: catalog.TooFew}
	f(no, 5, true, catalog.TooFew)
	f(no, 6, true, catalog.TooFew)
	f(no, 4, false, "")
	some := said{asked: pieces(5), free: pieces(3), reason: catalog.TooFew}
	f(some, 3, true, "")
	f(some, 4, true, catalog.TooFew)
	f(said{reason: catalog.Unknown}, 1, true, catalog.Unknown)
	f(said{reason: catalog.Undecided}, 1, false, "")
	if (said{asked: pieces(5)}).tells(pieces(1)) {
		t.Error("an answer that nobody gave")
	}
}
