package delivery

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// tells hands so many deliveries of orders from..to in.
func tells(s *shop, now time.Time, from, to int64) {
	for n := from; n <= to; n++ {
		s.tell(&Delivery{Order: n, State: Delivered, Note: []byte("n")}, now)
	}
}

func ordersOf(t Told) string {
	var out []string
	for _, d := range t.Deliveries {
		out = append(out, strconv.FormatInt(d.Order, 10))
	}
	return strings.Join(out, " ")
}

// TestTold: what came after a mark is told once, what was lost is owned up to.
func TestTold(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 31, 9, 30, 0, 0, time.UTC)
	s := newShop("nordlys", 0)
	tells(s, now, 1, 3) // nobody looks
	s.told.Store(&told{id: 7, asked: now})
	ring := s.told.Load()
	begin := ring.since("", now)
	if len(begin.Deliveries) > 0 || begin.Gap || begin.Mark == "" {
		t.Fatalf("%+v", begin)
	}
	tells(s, now, 4, 6)
	s.tell(&Delivery{Order: 9, State: Sending}, now)
	s.tell(&Delivery{Order: 9, State: Ready}, now)
	one := ring.since(begin.Mark, now)
	if ordersOf(one) != "4 5 6" || one.Gap || one.Deliveries[0].Note != nil {
		t.Errorf("%+v", one)
	}
	if again := ring.since(one.Mark, now); len(again.Deliveries) > 0 || again.Gap || again.Mark != one.Mark {
		t.Errorf("%+v", again)
	}
	// Another owner's mark, and what is none.
	for _, mark := range []string{"6-0", "x", "7", "7-zzz", "7--1", "7-!"} {
		if got := ring.since(mark, now); ordersOf(got) != "4 5 6" || !got.Gap {
			t.Errorf("%s: %+v", mark, got)
		}
	}
	// More than is kept.
	tells(s, now, 7, 3*mostTold)
	got := ring.since(one.Mark, now)
	last := got.Deliveries
	for all := got; len(all.Deliveries) > 0; all = ring.since(all.Mark, now) {
		last = all.Deliveries
	}
	if !got.Gap || len(got.Deliveries) != toldAtOnce || last[len(last)-1].Order != 3*mostTold {
		t.Errorf("%d deliveries, gap %v, the last %d", len(got.Deliveries), got.Gap, last[len(last)-1].Order)
	}
	// Nobody asked for a while: nothing is kept any more.
	tells(s, now.Add(toldFor+time.Second), 1, 1)
	if s.told.Load() != nil {
		t.Error("it goes on though nobody looks")
	}
}
