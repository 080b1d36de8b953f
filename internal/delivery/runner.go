package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
)

// runner is one route. It has a goroutine only while it has work; what stands
// below `loop` belongs to that goroutine. There may be very many that have
// none: maps are made when there is something to put in.
type runner struct {
	e        *Engine
	shop     *shop
	name     string
	key      [16]byte // prefix of its tasks' keys
	alarm    alarm
	flows    atomic.Bool // worth waking when the log grows
	position atomic.Int64
	setup    atomic.Pointer[setup] // nil: not in the configuration
	stored   atomic.Pointer[RouteRow]

	touched  atomic.Bool             // others may have planted deliveries
	refusals atomic.Int32            // of the login, not settled yet
	stalled  atomic.Pointer[stalled] // nil: rounds succeed

	mu       sync.Mutex
	running  bool
	dirty    bool
	gone     bool // the shop runs here no longer
	drained  bool // at rest, and all of its work is on disk
	arrivals []*call
	acts     []*act

	// loop
	row      *RouteRow    // never changed while others see it; see keep
	ready    bool         // recovered after a start
	lost     bool         // another owner has the route
	resync   bool         // a commit failed: what is stored is not known
	leaving  bool         // not configured, and not marked as gone yet
	written  int64        // position as stored
	nextDue  [2]time.Time // per lane: earliest Due stored that is not in memory; see far
	nextPoll time.Time
	polling  atomic.Bool
	pollCut  atomic.Bool // a poll was cut short: it is made again
	*workbench
}

// workbench is what a runner has in hand. One that has nothing has none.
type workbench struct {
	busy       map[int64]*work // by order: sent or asked about, not settled
	calls      map[*call]bool  // in flight
	parts      [][]*work       // halves of batches, still to be sent
	halved     map[Key]bool    // what is in parts
	blocked    map[int64]bool  // orders with a delivery that waits for another one
	unblock    []int64         // of these, orders to look at again
	follow     []Change        // for the next bundle
	unsettled  []*call         // ended; their commit failed
	retryAt    time.Time       // after a failed commit
	failures   int             // of commits in a row
	items      []ledger.Item   // read, and not yet considered
	grantAgain time.Time       // when the connection may grant calls again
	planned    time.Time       // the time as of which the last round planned
}

// empty reports whether nothing is lost with the workbench.
func (w *workbench) empty() bool {
	return len(w.busy)+len(w.calls)+len(w.parts)+len(w.blocked)+len(w.unblock)+len(w.follow)+len(w.unsettled) == 0 &&
		w.retryAt.IsZero()
}

// far is later than any Due: nothing stored waits for its time.
var far = time.Unix(1<<40, 0)

// act is something that a runner does between two commits.
type act struct {
	do   func() error
	err  error
	done chan struct{}
}

func newRunner(e *Engine, s *shop, row RouteRow) *runner {
	sum := sha256.Sum256([]byte(s.id + "\x00" + row.Route))
	r := &runner{e: e, shop: s, name: row.Route, row: &row, written: row.Position, drained: true}
	hex.Encode(r.key[:], sum[:8])
	r.alarm = alarm{r: r, index: -1}
	r.position.Store(row.Position)
	r.publish()
	return r
}

// publish shows the row to others.
func (r *runner) publish() {
	r.stored.Store(r.row)
	r.flows.Store(r.row.Status == Flowing && r.setup.Load() != nil)
}

// keep takes a row over, in place unless others see the old one.
func (r *runner) keep(row *RouteRow) {
	if r.row == r.stored.Load() {
		r.row = new(RouteRow)
	}
	*r.row = *row
}

// wake lets the runner look for work.
func (r *runner) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rouse()
}

// rouse is wake for who holds r.mu.
func (r *runner) rouse() {
	if r.gone {
		return
	}
	r.dirty = true
	if !r.running {
		r.running = true
		r.e.active.Add(1)
		go r.loop()
	}
}

// do runs f in the runner's goroutine, between two commits. ErrElsewhere: the
// shop does not run here any more, and f was not run.
func (r *runner) do(ctx context.Context, f func() error) error {
	a := &act{do: f, done: make(chan struct{})}
	r.mu.Lock()
	if r.gone {
		r.mu.Unlock()
		return ErrElsewhere
	}
	r.acts = append(r.acts, a)
	r.rouse()
	r.mu.Unlock()
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *runner) loop() {
	defer r.e.active.Done()
	for {
		r.mu.Lock()
		if r.gone || !r.dirty {
			r.rest()
			r.mu.Unlock()
			r.shop.rested()
			return
		}
		r.dirty = false
		if r.workbench == nil {
			r.workbench = &workbench{}
		}
		arrivals, acts := r.arrivals, r.acts
		r.arrivals, r.acts = nil, nil
		r.mu.Unlock()
		r.step(arrivals, acts)
	}
}

// rest ends the loop. The caller holds r.mu.
func (r *runner) rest() {
	r.running, r.drained = false, r.settled()
	if r.workbench == nil {
		return
	}
	r.items = nil // out of date when there is work again
	if r.empty() {
		r.workbench = nil
		r.stored.Store(r.row)
	}
}

// settled reports whether everything that the runner knows is on disk, and
// nothing of it is under way.
func (r *runner) settled() bool {
	under := r.workbench != nil && len(r.calls)+len(r.unsettled)+len(r.follow) > 0
	return !under && !r.polling.Load() && !r.resync && r.row.Position == r.written
}

// step does one round: settle what came back, run commands, plan and claim
// what there are free slots for, all in one commit, then send.
func (r *runner) step(arrivals []*call, acts []*act) {
	for _, c := range arrivals {
		delete(r.calls, c)
	}
	r.unsettled = append(r.unsettled, arrivals...)
	if r.lost {
		r.refuse(acts)
		return
	}
	if err := r.settleFirst(acts); err != nil {
		r.failed(err, acts)
		return
	}
	for _, a := range acts {
		a.err = r.perform(a)
		close(a.done)
	}
	if err := r.round(); err != nil {
		r.failed(err, nil)
		return
	}
	if r.retryAt.IsZero() { // else the round waited
		r.recovered()
	}
	r.arm()
}

// perform does what somebody asked for. A store that knows another owner ends
// the shop here.
func (r *runner) perform(a *act) error {
	err := a.do()
	if errors.Is(err, ErrLost) && r.e.shared {
		r.e.lose(r.shop, true)
		return ErrElsewhere // an act is one commit: nothing was written
	}
	return err
}

// settleFirst commits what came back before commands run, so that they see
// the rows as they are.
func (r *runner) settleFirst(acts []*act) error {
	if len(acts) == 0 || len(r.unsettled) == 0 && !r.resync {
		return nil
	}
	if err := r.recover(); err != nil {
		return err
	}
	b := r.bundle()
	r.settleInto(b)
	return r.commit(b)
}

func (r *runner) refuse(acts []*act) {
	for _, a := range acts {
		a.err = ErrLost
		close(a.done)
	}
}

// round is the engine's part of a step.
func (r *runner) round() error {
	if now := r.e.now(); now.Before(r.retryAt) {
		return nil
	}
	r.retryAt = time.Time{}
	if !r.e.started.Load() || !r.shop.open.Load() {
		return nil
	}
	if err := r.recover(); err != nil {
		return err
	}
	if r.touched.Swap(false) {
		row := *r.row
		row.Idle = false
		r.keep(&row)
		r.reread()
	}
	if err := r.leave(); err != nil {
		return err
	}
	r.abandonOverdue()
	b := r.bundle()
	r.settleInto(b)
	var p plan
	if r.mayPlan() && b.Route.Status == Flowing {
		if err := r.plan(b, &p); err != nil {
			p.giveBack(r)
			return err
		}
	}
	if err := r.commit(b); err != nil {
		p.giveBack(r)
		return err
	}
	r.launch(b, &p)
	r.poll()
	return nil
}

// wants reports whether the route would send, if it may.
func (r *runner) wants() bool {
	return r.setup.Load() != nil && r.row.Status == Flowing && !r.e.stopping.Load() && r.shop.yielding.Load() == nil
}

// mayPlan reports whether the route may send.
func (r *runner) mayPlan() bool { return r.wants() && r.may() }

// may reports whether calls may be made: the shop runs here, and the node has
// leave to.
func (r *runner) may() bool {
	return !r.shop.over() && (r.e.lease == nil || r.e.lease.Valid())
}

// Pauses before a runner looks again whether something has come about that
// nobody wakes it for.
const (
	leaseAgain = time.Second     // the lease holds again
	leaveAgain = 5 * time.Second // all nodes have the same configuration
)

// arm sets the time at which the runner must look again by itself.
func (r *runner) arm() {
	if r.e.stopping.Load() {
		return
	}
	if r.shop.over() {
		r.e.timers.at(&r.alarm, zeroTime)
		return
	}
	at := time.Time{}
	sooner := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	sooner(r.retryAt)
	for c := range r.calls {
		sooner(c.overdue)
	}
	if r.leaving {
		sooner(r.e.now().Add(leaveAgain))
	}
	switch {
	case !r.wants() || !r.e.started.Load() || !r.retryAt.IsZero():
	case r.may():
		sooner(r.again())
		sooner(r.nextPoll)
	case r.anything() || !r.again().IsZero() || !r.nextPoll.IsZero():
		sooner(r.e.now().Add(leaseAgain))
	}
	r.e.timers.at(&r.alarm, at)
}
