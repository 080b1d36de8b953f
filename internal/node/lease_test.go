package node

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestLeaseIsCountedFromBeforeTheBeat: an answer that comes late renews it for
// that much less.
func TestLeaseIsCountedFromBeforeTheBeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLease()
		if l.Valid() || !errors.Is(context.Cause(l.Context()), ErrLeaseOver) {
			t.Error("a lease that has not begun holds")
		}
		sent := time.Now()
		time.Sleep(time.Second)
		if !l.begin(sent, 4*time.Second) {
			t.Fatal("not begun")
		}
		ctx := l.Context()
		time.Sleep(2 * time.Second)
		if !l.Valid() || !l.renew(sent.Add(time.Second), 4*time.Second) {
			t.Error("not renewed")
		}
		time.Sleep(2*time.Second - time.Millisecond)
		if !l.Valid() || ctx.Err() != nil {
			t.Error("over too early")
		}
		time.Sleep(time.Millisecond)
		if l.Valid() {
			t.Error("over too late")
		}
		synctest.Wait()
		if !errors.Is(context.Cause(ctx), ErrLeaseOver) {
			t.Error("its context has not ended")
		}
		if l.renew(time.Now(), time.Second) || l.begin(time.Now().Add(-time.Hour), time.Second) {
			t.Error("what is over was renewed")
		}
		if !l.begin(time.Now(), time.Second) || ctx == l.Context() || !l.Valid() {
			t.Error("not begun anew")
		}
	})
}

// TestFrozenProcessFindsItsLeaseOver: no timer has run yet when it goes on; one
// of its clocks may have stood still.
func TestFrozenProcessFindsItsLeaseOver(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]func(time.Time) time.Time{
		"stopped":   func(t time.Time) time.Time { return t.Add(time.Hour) },
		"suspended": func(t time.Time) time.Time { return t.Round(0).Add(time.Hour) }, // the monotonic clock stood
	} {
		synctest.Test(t, func(t *testing.T) {
			l := NewLease()
			frozen := false
			l.now = func() time.Time {
				if frozen {
					return later(time.Now())
				}
				return time.Now()
			}
			told := 0
			l.ended = func(error) { told++ }
			l.begin(time.Now(), 4*time.Second)
			ctx := l.Context()
			time.Sleep(time.Second)
			frozen = true
			if l.Valid() {
				t.Errorf("%s: it may call", name)
			}
			// A beat that comes through does not hide the gap.
			if l.renew(time.Now(), 4*time.Second) || ctx.Err() == nil || told != 1 {
				t.Errorf("%s: renewed; told %d times", name, told)
			}
			l.end(nil)
		})
	}
}

// TestWatch declares nobody dead too early, whatever the database's clock says.
func TestWatch(t *testing.T) {
	t.Parallel()
	const beat, span = time.Second, 6 * time.Second
	start := time.Now()
	database := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	silentAt := func(last time.Duration, gap func(i int) time.Duration, clock func(at time.Duration) time.Duration) (at time.Duration) {
		w := watch{beat: beat, span: span, seen: map[string]sighting{}}
		for i := 0; at < 2*time.Minute; i++ {
			at += gap(i)
			beats := int64(min(at, last) / time.Second)
			v := View{Now: database.Add(clock(at)), Nodes: []Member{
				{ID: "me"},
				{ID: "other", Lease: span, Beats: beats, Beat: database.Add(clock(min(at, last).Truncate(time.Second)))},
			}}
			if s := w.look("me", v, start.Add(at), start.Add(at)); len(s) > 0 {
				return at
			}
		}
		return 0
	}
	steady := func(int) time.Duration { return time.Second }
	right := func(at time.Duration) time.Duration { return at }
	if at := silentAt(time.Hour, steady, right); at != 0 {
		t.Errorf("a living one is silent after %v", at)
	}
	if at := silentAt(20*time.Second, steady, right); at != 26*time.Second {
		t.Errorf("silent since 20 s: seen at %v", at)
	}
	if at := silentAt(0, steady, right); at < span || at > span+2*time.Second {
		t.Errorf("silent from the start: seen at %v", at)
	}
	// The database's clock jumps by an hour in the 30th second.
	jump := func(at time.Duration) time.Duration {
		if at >= 30*time.Second {
			at += time.Hour
		}
		return at
	}
	if at := silentAt(time.Hour, steady, jump); at != 0 {
		t.Errorf("a jump of the clock ends a living one at %v", at)
	}
	if at := silentAt(28*time.Second, steady, jump); at < 33*time.Second {
		t.Errorf("silent since 28 s and a jump: seen at %v", at)
	}
	// No look came through between the 20th and the 80th second.
	outage := func(i int) time.Duration {
		if i == 20 {
			return time.Minute
		}
		return time.Second
	}
	if at := silentAt(20*time.Second, outage, right); at < 80*time.Second+span {
		t.Errorf("nobody could beat: seen at %v", at)
	}
}
