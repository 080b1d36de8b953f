package deliveryhero

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestPace: in no minute more calls than allowed, a quarter for urgent ones.
func TestPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(8)
		begun := time.Now()
		var bulk, urgent []time.Duration
		for range 20 {
			if o := p.turn(t.Context(), false); o != nil {
				t.Fatal(o)
			}
			bulk = append(bulk, time.Since(begun))
			if len(bulk)%6 == 0 { // the six of a minute are taken
				if o := p.turn(t.Context(), true); o != nil {
					t.Fatal(o)
				}
				urgent = append(urgent, time.Since(begun))
			}
		}
		if bulk[5] != 0 || urgent[0] != 0 || bulk[6] < minute {
			t.Errorf("bulk %v, urgent %v", bulk, urgent)
		}
		all := append(bulk, urgent...)
		for _, from := range all {
			n := 0
			for _, at := range all {
				if at >= from && at < from+minute {
					n++
				}
			}
			if n > 8 {
				t.Errorf("%d calls in the minute after %v", n, from)
			}
		}
	})
}

// TestPaceOfShortCalls: who has no time to wait for a turn is told when to come.
func TestPaceOfShortCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(4)
		for range 4 {
			if o := p.turn(t.Context(), true); o != nil {
				t.Fatal(o)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begun := time.Now()
		o := p.turn(ctx, true)
		if o == nil || o.Code != "own_pace" || o.After != minute || time.Since(begun) != 0 {
			t.Errorf("%+v after %v", o, time.Since(begun))
		}
		stopped, stop := context.WithCancel(t.Context())
		go stop()
		if o := p.turn(stopped, true); o == nil || time.Since(begun) != 0 {
			t.Errorf("%+v after %v", o, time.Since(begun))
		}
	})
}
