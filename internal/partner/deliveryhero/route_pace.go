package deliveryhero

import (
	"context"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
)

// pace keeps calls within so many in any minute. It measures by the clock of
// the machine: what it protects is the platform's edge, not a date.
type pace struct {
	mu    sync.Mutex
	made  []time.Time // of the last calls, a ring
	next  int         // where the oldest stands
	spare int         // that many turns are for urgent calls alone
}

const minute = time.Minute

func newPace(perMinute int) *pace {
	return &pace{made: make([]time.Time, max(perMinute, 1)), spare: perMinute / 4}
}

// turn waits until a call may be made. The outcome is set if that is later than
// ctx lasts.
func (p *pace) turn(ctx context.Context, urgent bool) *partner.Outcome {
	for {
		wait := p.take(time.Now(), urgent)
		if wait <= 0 {
			return nil
		}
		if until, ok := ctx.Deadline(); ok && time.Until(until) < wait {
			o := partner.Later(wait, "own_pace", "calls_per_minute lets no call be made now")
			return &o
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			o := partner.Later(wait, "own_pace", "the call was waiting for its turn")
			return &o
		}
	}
}

// take takes a turn, or says how long to wait before asking again.
func (p *pace) take(now time.Time, urgent bool) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.next
	if !urgent {
		at = (p.next + p.spare) % len(p.made) // as if the spare turns were taken
	}
	if last := p.made[at]; !last.IsZero() {
		if wait := minute - now.Sub(last); wait > 0 {
			return wait
		}
	}
	p.made[p.next] = now
	p.next = (p.next + 1) % len(p.made)
	return 0
}
