package node

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// ErrLeaseOver is the cause with which a lease's context ends.
var ErrLeaseOver = errors.New("the node's lease is over")

// Lease is a node's leave to deliver. It holds while the node's heartbeats
// succeed; see NewLease. Safe for concurrent use. It is a delivery.Lease.
type Lease struct {
	now func() time.Time // tests stop it

	mu    sync.Mutex
	term  atomic.Pointer[term]
	timer *time.Timer
	ended func(error) // told of the end of each term; set before the first one
}

// term is one stretch of time for which the lease holds without a gap.
type term struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	until  atomic.Pointer[deadline]
}

// deadline is a span from a moment, which has both clocks' readings.
type deadline struct {
	from time.Time
	span time.Duration
}

// passed reports whether one of the clocks says that the span is over: the
// monotonic clock may stand while the machine sleeps, the wall clock may be set.
func (d *deadline) passed(now time.Time) bool {
	return now.Sub(d.from) >= d.span || now.Round(0).Sub(d.from.Round(0)) >= d.span
}

// NewLease makes a lease that does not hold yet: a Node begins it.
func NewLease() *Lease {
	l := &Lease{now: time.Now}
	over, cancel := context.WithCancelCause(context.Background())
	cancel(ErrLeaseOver)
	l.term.Store(&term{ctx: over, cancel: cancel})
	return l
}

// Context returns one that ends when the lease that holds now is over, with
// ErrLeaseOver as its cause; it has ended if none holds.
func (l *Lease) Context() context.Context { return l.term.Load().ctx }

// Valid reports whether the lease holds, by the clocks and not only by a timer:
// a process that was stopped notices.
func (l *Lease) Valid() bool {
	t := l.term.Load()
	d := t.until.Load()
	return d != nil && t.ctx.Err() == nil && !d.passed(l.now())
}

// begin starts a new term that lasts span from the moment from; false: it is
// over already.
func (l *Lease) begin(from time.Time, span time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := &deadline{from, span}
	if d.passed(l.now()) {
		return false
	}
	t := &term{}
	t.ctx, t.cancel = context.WithCancelCause(context.Background())
	t.until.Store(d)
	l.term.Load().cancel(ErrLeaseOver)
	l.term.Store(t)
	l.arm(t)
	return true
}

// renew makes the term that holds last until span after from. False: none holds
// any more, whatever the timer says.
func (l *Lease) renew(from time.Time, span time.Duration) bool {
	if !l.Valid() {
		l.end(ErrLeaseOver)
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.term.Load()
	if t.ctx.Err() != nil {
		return false
	}
	t.until.Store(&deadline{from, span})
	l.arm(t)
	return true
}

// arm sets the timer that ends a term. The caller holds l.mu.
func (l *Lease) arm(t *term) {
	if l.timer != nil {
		l.timer.Stop()
	}
	d := t.until.Load()
	l.timer = time.AfterFunc(d.span-l.now().Sub(d.from), func() {
		if t == l.term.Load() && !l.Valid() {
			l.end(ErrLeaseOver)
		}
	})
}

// end ends the term that holds, for a reason; without one it does nothing.
func (l *Lease) end(why error) {
	l.mu.Lock()
	t := l.term.Load()
	if t.ctx.Err() != nil {
		l.mu.Unlock()
		return
	}
	t.cancel(ErrLeaseOver)
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()
	if l.ended != nil {
		l.ended(why)
	}
}
