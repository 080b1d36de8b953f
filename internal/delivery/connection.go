package delivery

import (
	"slices"
	"sync"
	"time"
)

// defaultSlots is how many calls a connection has in flight at a time unless
// its side or configuration says otherwise.
const defaultSlots = 4

// rest is how long a connection may idle before what its last answer said of
// the login counts as old.
const rest = 10 * time.Second

// connection is what routes with an equal Connection share: slots, rate, daily
// cap and breaker.
type connection struct {
	shop, name string

	mu      sync.Mutex
	slots   int
	busy    int
	window  int       // how many slots are open: one until the partner answered well
	fresh   bool      // a good answer came since the last grant
	good    time.Time // of the last good answer
	era     int       // counts restarts: earlier calls' answers do not open slots
	bucket  bucket
	cap     int // calls per day; 0: no bound
	day     string
	used    int
	breaker breaker
	members []*runner
	queue   []*runner // wait for a slot
}

// limits are what one route asks of its connection.
type limits struct {
	slots int
	rate  float64
	cap   int
}

func routeLimits(r *Route) limits {
	l := limits{slots: r.Side.Slots, rate: r.Side.Rate, cap: r.Side.DailyCap}
	if r.Slots > 0 {
		l.slots = r.Slots
	}
	if l.slots <= 0 {
		l.slots = defaultSlots
	}
	l.rate = lower(l.rate, r.Rate)
	l.cap = lower(l.cap, r.DailyCap)
	return l
}

// lower returns the smaller limit; 0 is no limit.
func lower[N int | float64](a, b N) N {
	if a <= 0 || b > 0 && b < a {
		return max(b, 0)
	}
	return a
}

// configure sets the limits to the most careful of all members.
func (c *connection) configure(members []*runner, all []limits) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = members
	sum := all[0]
	for _, l := range all[1:] {
		sum.slots, sum.rate, sum.cap = min(sum.slots, l.slots), lower(sum.rate, l.rate), lower(sum.cap, l.cap)
	}
	c.slots, c.cap = sum.slots, sum.cap
	c.bucket.rate = sum.rate
	c.window = max(c.window, 1)
	c.queue = slices.DeleteFunc(c.queue, func(r *runner) bool { return !slices.Contains(members, r) })
}

// grant is leave to make calls.
type grant struct {
	calls int
	probe bool // the breaker is open: one call with one delivery
	era   int
	again time.Time // with no calls: when to ask again; zero: when woken
}

// acquire asks for up to want calls.
func (c *connection) acquire(r *runner, want int, now time.Time) grant {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.breaker.open {
		return c.acquireProbe(now)
	}
	if c.busy == 0 && (!c.fresh || now.Sub(c.good) > rest) {
		c.window = 1
	}
	c.fresh = false
	n := min(want, min(c.slots, c.window)-c.busy)
	if n <= 0 {
		if !slices.Contains(c.queue, r) {
			c.queue = append(c.queue, r)
		}
		return grant{}
	}
	g := c.metered(n, now)
	c.busy += g.calls
	return g
}

// restart lets one call go first, as after a start: nobody knows whether the
// login still holds, or the new one does.
func (c *connection) restart() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.era++
	c.window, c.fresh = 1, false
}

// slotsNow returns how many calls may be in flight at a time.
func (c *connection) slotsNow() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.slots
}

// capped reports whether calls per day are counted.
func (c *connection) capped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cap > 0
}

// uncounted reports whether calls per day are counted and nobody has asked the
// store how many there were.
func (c *connection) uncounted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cap > 0 && c.day == ""
}

// announce tells of the breaker to all who share it.
func (c *connection) announce() {
	c.mu.Lock()
	members := c.members
	c.mu.Unlock()
	for _, r := range members {
		r.announce()
	}
}

func (c *connection) acquireProbe(now time.Time) grant {
	if c.breaker.probing {
		return grant{} // woken when it ends
	}
	if now.Before(c.breaker.probeAt) {
		return grant{again: c.breaker.probeAt}
	}
	g := c.metered(1, now)
	if g.calls > 0 {
		g.probe = true
		c.breaker.probing = true
		c.busy++
	}
	return g
}

// metered takes calls from the bucket and the day.
func (c *connection) metered(n int, now time.Time) grant {
	if c.cap > 0 {
		c.turn(now)
		if c.used >= c.cap {
			return grant{again: tomorrow(now)}
		}
		n = min(n, c.cap-c.used)
	}
	n, again := c.bucket.take(n, now)
	c.used += n
	return grant{calls: n, era: c.era, again: again}
}

func (c *connection) turn(now time.Time) {
	if day := dayOf(now); day != c.day {
		c.day, c.used = day, 0
	}
}

// dayOf names the day, in UTC, that a daily cap counts by.
func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func tomorrow(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC)
}

// giveBack returns calls that were granted and not made.
func (c *connection) giveBack(g grant) {
	if g.calls == 0 {
		return
	}
	c.mu.Lock()
	c.busy -= g.calls
	c.used -= g.calls
	c.bucket.tokens += float64(g.calls)
	wake := c.dequeue()
	if g.probe {
		c.breaker.probing = false
		wake = append(wake, c.members...)
	}
	c.mu.Unlock()
	for _, r := range wake {
		r.wake()
	}
}

// ended reports the end of a call of an era. It returns whether the call counts
// as an attempt of its deliveries, and whether the breaker opened or closed.
func (c *connection) ended(v callVerdict, g grant, after time.Duration, now time.Time) (counted, changed bool) {
	c.mu.Lock()
	c.busy--
	was := c.breaker.open
	if g.probe {
		c.breaker.probing = false
	}
	switch v {
	case callCut:
	case callFailed:
		counted = c.breaker.failed(g.probe, after, now)
	case callGood:
		counted = true
		if g.era == c.era {
			c.fresh, c.good = true, now
			c.window = min(2*c.window, c.slots)
		}
		c.breaker.good()
	default: // an answer about the login says nothing of the partner's health
		counted = true
		c.window, c.fresh = 1, false
		c.breaker.good()
	}
	changed = was != c.breaker.open
	if changed {
		c.window = 1
	}
	wake := c.dequeue()
	if changed || g.probe {
		wake = append(wake, c.members...)
	}
	c.mu.Unlock()
	for _, r := range wake {
		r.wake()
	}
	return counted, changed
}

// dequeue takes those who wait for a slot out of the queue.
func (c *connection) dequeue() []*runner {
	wake := c.queue
	c.queue = nil
	return wake
}

// state tells people whether the breaker is open, and since when.
func (c *connection) state() (open bool, since time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.breaker.open, c.breaker.since
}

// bucket is a token bucket that holds one second's worth.
type bucket struct {
	rate   float64 // per second; 0: no limit
	tokens float64
	last   time.Time
}

// take returns how many of n tokens there are, and with none when there is one.
func (b *bucket) take(n int, now time.Time) (int, time.Time) {
	if b.rate <= 0 {
		return n, time.Time{}
	}
	burst := max(b.rate, 1)
	if b.last.IsZero() {
		b.tokens = 1
	} else if d := now.Sub(b.last); d > 0 {
		b.tokens += d.Seconds() * b.rate
	}
	b.last = now
	b.tokens = min(b.tokens, burst)
	// A hair's breadth below one is one: sums of fractions fall short.
	n = min(n, int(b.tokens+1e-9))
	b.tokens -= float64(n)
	if n > 0 {
		return n, time.Time{}
	}
	missing := (1 - b.tokens) / b.rate
	return 0, now.Add(time.Duration(missing*float64(time.Second)) + time.Microsecond)
}
