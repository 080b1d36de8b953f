package delivery

import "time"

// The breaker opens when that many calls in a row failed as a whole, or some
// over a longer time; a call fails as a whole if none of its tasks got more
// than "later" or no answer.
const (
	tripCalls = 10
	tripFew   = 3
	tripSpan  = 5 * time.Second
	probeMin  = time.Second
	probeMax  = 5 * time.Minute
)

// callVerdict says what a call tells of the partner's health.
type callVerdict int8

const (
	callGood   callVerdict = iota // the partner works: it answered for at least one task
	callFailed                    // nothing but "later" and silence
	callCut                       // we ended it, or kept it from leaving: nothing about the partner
	callLogin                     // the login, the address or the account: about the route
)

// breaker stops calls to a partner that is down.
type breaker struct {
	open     bool
	since    time.Time
	streak   int       // calls that failed in a row
	first    time.Time // of the streak
	probing  bool
	probeAt  time.Time
	interval time.Duration
}

func (b *breaker) good() {
	probing := b.probing
	*b = breaker{probing: probing}
}

// failed reports whether the call counts as an attempt: not once the whole
// partner is held to be down.
func (b *breaker) failed(probe bool, after time.Duration, now time.Time) bool {
	if b.open {
		if probe {
			b.interval = min(2*b.interval, probeMax)
			b.probeAt = now.Add(max(jitter(b.interval), after))
		}
		return false
	}
	if b.streak == 0 {
		b.first = now
	}
	b.streak++
	if b.streak < tripCalls && (b.streak < tripFew || now.Sub(b.first) < tripSpan) {
		return true
	}
	b.open, b.since, b.interval = true, now, probeMin
	b.probeAt = now.Add(max(jitter(b.interval), after))
	return false
}
