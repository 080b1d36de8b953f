package delivery

import (
	"math/rand/v2"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
)

// The retries of a route that configures none.
const (
	defaultFirst   = 5 * time.Second
	defaultMax     = time.Hour
	defaultGiveUp  = 72 * time.Hour
	defaultTimeout = 30 * time.Second
)

// schedule says when a delivery is tried again, and when it is given up.
type schedule struct {
	first, max, giveUp time.Duration
	attempts           int             // 0: no bound
	fixed              []time.Duration // a side's own; ends dropped
}

func newSchedule(r RetryRules, fixed []time.Duration) schedule {
	s := schedule{first: r.First, max: r.Max, giveUp: r.GiveUp, attempts: r.Attempts, fixed: fixed}
	if s.first <= 0 {
		s.first = defaultFirst
	}
	if s.max <= 0 {
		s.max = max(defaultMax, s.first)
	}
	if s.giveUp <= 0 {
		s.giveUp = defaultGiveUp
	}
	return s
}

// nominal returns the wait after the n-th attempt without jitter.
func (s *schedule) nominal(n int) time.Duration {
	d := s.first
	for ; n > 1 && d < s.max; n-- {
		d *= 2
	}
	return min(d, s.max)
}

// spent returns how long n attempts have waited by the schedule. It is what a
// delivery's age is measured with: neither a partner's outage nor a pause
// counts.
func (s *schedule) spent(n int) time.Duration {
	var sum time.Duration
	for i := 1; i <= n; i++ {
		if d := s.nominal(i); d < s.max {
			sum += d
		} else {
			return sum + time.Duration(n-i+1)*s.max
		}
	}
	return sum
}

// next returns the wait after the n-th attempt, or the state in which the
// delivery ends.
func (s *schedule) next(n int) (time.Duration, State) {
	if s.fixed != nil {
		if n > len(s.fixed) {
			return 0, Dropped
		}
		return s.fixed[n-1], Retrying
	}
	if s.attempts > 0 && n >= s.attempts || s.spent(n) > s.giveUp {
		return 0, Failed
	}
	return jitter(s.nominal(n)), Retrying
}

// jitter spreads a wait over 80 to 120 percent.
func jitter(d time.Duration) time.Duration {
	return d - d/5 + rand.N(2*d/5+1)
}

// policy is what a route does with outcomes.
type policy struct {
	schedule
	repeat partner.Repeat
	look   bool          // the side can be asked
	settle time.Duration // before it is asked
	batch  int
}

func newPolicy(r *Route) policy {
	p := policy{
		schedule: newSchedule(r.Rules.Retry, r.Side.Retry),
		repeat:   r.Side.Repeat, look: r.Side.Look != nil,
		settle: 2 * timeout(&r.Side), batch: max(r.Side.Batch, 1),
	}
	if p.repeat == "" {
		p.repeat = partner.RepeatNever // a side that does not say is not repeated
	}
	return p
}

func timeout(s *partner.Side) time.Duration {
	if s.Timeout > 0 {
		return s.Timeout
	}
	return defaultTimeout
}
