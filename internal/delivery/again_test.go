package delivery

import (
	"testing"
	"time"
)

// TestWhatBecomesDueWhileARoundRuns checks that a delivery whose time came
// after the round had planned, and before it ended, wakes the route: nobody
// has seen it yet, and no call of ours need be under way whose end would.
func TestWhatBecomesDueWhileARoundRuns(t *testing.T) {
	t.Parallel()
	planned := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f := func(due, want time.Time) {
		t.Helper()
		r := &runner{workbench: &workbench{planned: planned}, nextDue: [2]time.Time{due, far}}
		if got := r.again(); !got.Equal(want) {
			t.Errorf("due at %v: woken at %v, want %v", due, got, want)
		}
	}
	f(planned.Add(time.Hour), planned.Add(time.Hour))
	f(planned.Add(time.Millisecond), planned.Add(time.Millisecond))
	f(planned, time.Time{}) // was seen: it waits for a slot
	f(planned.Add(-time.Hour), time.Time{})
	f(far, time.Time{})
}
