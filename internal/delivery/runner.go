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

// setup is a route as configured. Never changed once in force.
type setup struct {
	route  Route
	rules  *rules
	policy policy
	conn   *connection
}

func newSetup(r *Route) (*setup, error) {
	c := &setup{route: *r, policy: newPolicy(r)}
	var err error
	c.rules, err = compile(r)
	return c, err
}

// runner is one route. It has a goroutine only while it has work; what stands
// below `loop` belongs to that goroutine.
type runner struct {
	e        *Engine
	shop     *shop
	name     string
	key      string // prefix of its tasks' keys
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
	arrivals []*call
	acts     []*act

	// loop
	row        RouteRow
	ready      bool            // recovered after a start
	lost       bool            // another owner has the route
	resync     bool            // a commit failed: what is stored is not known
	written    int64           // position as stored
	nextDue    [2]time.Time    // per lane: earliest Due stored that is not in memory; see far
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
	nextPoll   time.Time
	polling    atomic.Bool
	items      []ledger.Item // read, and not yet considered
	grantAgain time.Time     // when the connection may grant calls again
	planned    time.Time     // the time as of which the last round planned
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
	r := &runner{
		e: e, shop: s, name: row.Route, key: hex.EncodeToString(sum[:8]) + "-",
		row: row, written: row.Position,
		busy: map[int64]*work{}, calls: map[*call]bool{}, blocked: map[int64]bool{}, halved: map[Key]bool{},
	}
	r.alarm = alarm{r: r, index: -1}
	r.position.Store(row.Position)
	r.publish()
	return r
}

// publish shows the stored row to others.
func (r *runner) publish() {
	row := r.row
	r.stored.Store(&row)
	r.flows.Store(row.Status == Flowing && r.setup.Load() != nil)
}

// wake lets the runner look for work.
func (r *runner) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dirty = true
	if !r.running {
		r.running = true
		r.e.active.Add(1)
		go r.loop()
	}
}

// do runs f in the runner's goroutine, between two commits.
func (r *runner) do(ctx context.Context, f func() error) error {
	a := &act{do: f, done: make(chan struct{})}
	r.mu.Lock()
	r.acts = append(r.acts, a)
	r.mu.Unlock()
	r.wake()
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
		if !r.dirty {
			r.items = nil // out of date when there is work again
			r.running = false
			r.mu.Unlock()
			return
		}
		r.dirty = false
		arrivals, acts := r.arrivals, r.acts
		r.arrivals, r.acts = nil, nil
		r.mu.Unlock()
		r.step(arrivals, acts)
	}
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
		a.err = a.do()
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

// failed keeps what must not be lost and tries again a little later.
func (r *runner) failed(err error, acts []*act) {
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

// round is the engine's part of a step.
func (r *runner) round() error {
	if now := r.e.now(); now.Before(r.retryAt) {
		return nil
	}
	r.retryAt = time.Time{}
	if !r.e.started.Load() {
		return nil
	}
	if err := r.recover(); err != nil {
		return err
	}
	if r.touched.Swap(false) {
		r.reread()
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

// mayPlan reports whether the route may send.
func (r *runner) mayPlan() bool {
	c := r.setup.Load()
	return c != nil && r.row.Status == Flowing && !r.e.stopping.Load()
}

// arm sets the time at which the runner must look again by itself.
func (r *runner) arm() {
	if r.e.stopping.Load() {
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
	if r.mayPlan() && r.e.started.Load() && r.retryAt.IsZero() {
		sooner(r.again())
		sooner(r.nextPoll)
	}
	r.e.timers.at(&r.alarm, at)
}
