package delivery

import (
	"errors"
	"time"
)

// failed keeps what must not be lost and tries again a little later.
func (r *runner) failed(err error, acts []*act) {
	if r.e.shared && (errors.Is(err, ErrLost) || r.shop.over()) {
		r.e.lose(r.shop, true)
		for _, a := range acts {
			a.err = ErrElsewhere
			close(a.done)
		}
		return
	}
	if errors.Is(err, ErrLost) {
		r.lost = true
		r.flows.Store(false)
	}
	for _, a := range acts {
		a.err = err
		close(a.done)
	}
	r.resync = true
	r.failures++
	r.stall(err)
	if r.lost || r.e.stopping.Load() && r.failures > 3 {
		return
	}
	pause := min(50*time.Millisecond<<min(r.failures, 7), 5*time.Second)
	if r.e.stopping.Load() {
		r.wake()
		return
	}
	r.retryAt = r.e.now().Add(pause)
	r.e.timers.at(&r.alarm, r.retryAt)
}

// stalled is why a route's rounds fail, and since when.
type stalled struct {
	err   error
	since time.Time
}

// stall tells people, once, that rounds fail.
func (r *runner) stall(err error) {
	if r.failures > 1 && !r.lost {
		return
	}
	r.stalled.Store(&stalled{err: err, since: r.e.now()})
	r.e.observe.Stalled(r.route(), err)
}

// recovered ends what stall began.
func (r *runner) recovered() {
	r.failures = 0
	if r.stalled.Swap(nil) != nil {
		r.e.observe.Stalled(r.route(), nil)
	}
}
