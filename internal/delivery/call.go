package delivery

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// overdueAfter is how long a side may overrun its time limit before its call
// is given up: the outcome is unknown, and its slot is free.
const overdueAfter = 10 * time.Second

// work is one delivery on its way: loaded, judged, and with its task.
type work struct {
	d      Delivery
	task   partner.Task
	change int // the change that claims it in the round's bundle; -1: none
}

// call is one Deliver or Look.
type call struct {
	setup   *setup
	works   []*work
	look    bool
	grant   grant // its part of one
	began   time.Time
	overdue time.Time

	done      atomic.Bool // somebody decided the outcomes
	ended     time.Time
	outcomes  []partner.Outcome
	exchanges []outbound.Exchange
	cut       bool // by us, or kept from leaving
	unsent    bool // never made
	counted   bool // as an attempt
	login     bool // the login, the address or the account was refused
	results   map[State]int
}

// run makes the call. It is not cancelled by anything but its own time limit,
// and the end of our leave to make it: the shop's, or the node's.
func (r *runner) run(c *call) {
	defer r.e.active.Done()
	side := &c.setup.route.Side
	permit, cancel := r.permit(timeout(side), r.may)
	ctx, trace := outbound.WithTrace(permit.ctx)
	tasks := make([]partner.Task, len(c.works))
	for i, w := range c.works {
		tasks[i] = w.task
	}
	ask := side.Deliver
	if c.look {
		ask = side.Look
	}
	outcomes := answered(ctx, ask, tasks)
	cut := permit.cut()
	cancel()
	if c.done.CompareAndSwap(false, true) {
		c.cut = cut
		r.arrive(c, outcomes, trace.List())
	}
}

// answered calls a side. A panic or a wrong number of outcomes means that
// nothing is known of any task.
func answered(ctx context.Context, ask func(context.Context, []partner.Task) []partner.Outcome, tasks []partner.Task) (outcomes []partner.Outcome) {
	defer func() {
		if p := recover(); p != nil {
			outcomes = allUnknown(len(tasks), "panic", "the partner's code failed")
		}
	}()
	outcomes = ask(ctx, tasks)
	if len(outcomes) != len(tasks) {
		return allUnknown(len(tasks), "outcomes",
			fmt.Sprintf("%d outcomes for %d tasks", len(outcomes), len(tasks)))
	}
	return outcomes
}

func allUnknown(n int, code, reason string) []partner.Outcome {
	all := make([]partner.Outcome, n)
	for i := range all {
		all[i] = partner.Unknown(code, reason)
	}
	return all
}

// arrive hands a call that ended to the runner.
func (r *runner) arrive(c *call, outcomes []partner.Outcome, exchanges []outbound.Exchange) {
	c.finish(r, outcomes, exchanges)
	r.mu.Lock()
	r.arrivals = append(r.arrivals, c)
	r.mu.Unlock()
	r.wake()
}

func (c *call) finish(r *runner, outcomes []partner.Outcome, exchanges []outbound.Exchange) {
	c.ended, c.outcomes, c.exchanges = r.e.now(), outcomes, exchanges
	verdict, after := health(outcomes)
	if verdict == callFailed && c.cut {
		verdict = callCut
	}
	if verdict == callLogin {
		// Before the slot is free: no round may take it that has not heard.
		c.login = true
		r.refusals.Add(1)
	}
	counted, changed := c.setup.conn.ended(verdict, c.grant, after, c.ended)
	c.counted = counted
	if changed {
		c.setup.conn.announce()
	}
}

// health tells what a call says of the partner, and how long it asks to be
// left alone.
func health(outcomes []partner.Outcome) (v callVerdict, after time.Duration) {
	v = callFailed
	for i := range outcomes {
		o := &outcomes[i]
		switch {
		case o.Scope == partner.ScopeRoute && o.Result != partner.ResultDelivered && o.Result != partner.ResultPending:
			return callLogin, 0
		case o.Scope == partner.ScopeReceiver:
			v = callGood // of the others nothing is known
		case o.Result == partner.ResultUnknown:
		case o.Result == partner.ResultLater:
			after = max(after, o.After)
		default:
			v = callGood
		}
	}
	return v, after
}

// abandonOverdue gives up calls that overran their time by far: their slot is
// taken back, and nothing is known of their tasks.
func (r *runner) abandonOverdue() {
	now := r.e.now()
	for c := range r.calls {
		if now.Before(c.overdue) || !c.done.CompareAndSwap(false, true) {
			continue
		}
		c.finish(r, allUnknown(len(c.works), "overdue", "no outcome in time"), nil)
		delete(r.calls, c)
		r.unsettled = append(r.unsettled, c)
	}
}

// taskOf makes the task of a delivery.
func (r *runner) taskOf(w *work) {
	d := &w.d
	t := &w.task
	b := make([]byte, 0, 64)
	b = append(b, r.key[:]...)
	b = append(b, '-')
	b = strconv.AppendInt(b, d.Order, 10)
	b = append(b, '-')
	b = strconv.AppendInt(b, d.Seq, 10)
	b = append(b, '-')
	b = strconv.AppendInt(b, int64(d.Run), 10)
	t.Key, t.Shop, t.Route, t.Attempt = string(b), d.Shop, d.Route, max(d.Attempt, 1)
	t.Planned, t.Note, t.Ref = d.Planned, d.Note, d.Ref
	t.SaveNote = func(ctx context.Context, note []byte) error { return r.saveNote(ctx, w, note) }
}

// mostNote bounds a side's note of a delivery.
const mostNote = 4096

func (r *runner) saveNote(ctx context.Context, w *work, note []byte) error {
	if len(note) > mostNote {
		return fmt.Errorf("note of %d bytes: at most %d", len(note), mostNote)
	}
	err := r.e.store.SaveNote(ctx, w.d.Shop, w.d.Route, r.stored.Load().Epoch, w.d.Key(), note)
	if errors.Is(err, ErrLost) && r.e.shared {
		r.e.lose(r.shop, true)
	}
	if err != nil {
		return err
	}
	w.task.Note = note
	return nil
}

// observed tells the summary of a call that is settled.
func (r *runner) observed(c *call) {
	a := Attempt{
		Shop: r.shop.id, Route: r.name, Partner: c.setup.route.Partner, Kind: "deliver",
		Tasks: len(c.works), Results: c.results, Duration: c.ended.Sub(c.began),
	}
	if c.look {
		a.Kind = "look"
	}
	if n := len(c.exchanges); n > 0 {
		a.Status, a.Error = c.exchanges[n-1].Status, c.exchanges[n-1].Error
	}
	r.e.observe.Attempted(a)
}

// poll runs the side's Poll when it is due, one at a time.
func (r *runner) poll() {
	c := r.setup.Load()
	if c == nil || c.route.Side.Poll == nil || c.route.Side.PollEvery <= 0 || r.row.Status == Blocked || r.e.stopping.Load() {
		r.nextPoll = time.Time{}
		return
	}
	now := r.e.now()
	if r.nextPoll.IsZero() || r.pollCut.Swap(false) {
		r.nextPoll = now // soon after the start
	}
	if now.Before(r.nextPoll) || !r.mayPoll() {
		return
	}
	r.nextPoll = now.Add(c.route.Side.PollEvery)
	if r.polling.CompareAndSwap(false, true) {
		r.e.active.Add(1)
		go r.runPoll(c)
	}
}

// mayPoll reports whether a poll, and each request of it, may begin.
func (r *runner) mayPoll() bool { return r.may() && r.shop.yielding.Load() == nil }

func (r *runner) runPoll(c *setup) {
	defer r.e.active.Done()
	defer r.polled()
	most := timeout(&c.route.Side)
	permit, cancel := r.permit(max(10*most, c.route.Side.PollEvery), r.mayPoll)
	defer cancel()
	// A poll may be many requests: a stop lets the one that has left end.
	defer context.AfterFunc(r.e.stopped, func() { time.AfterFunc(most, cancel) })()
	ctx, trace := outbound.WithTrace(permit.ctx)
	began := r.e.now()
	err := pollOnce(ctx, c.route.Side.Poll)
	if permit.cut() {
		r.pollCut.Store(true)
		return
	}
	a := Attempt{
		Shop: r.shop.id, Route: r.name, Partner: c.route.Partner, Kind: "poll",
		Duration: r.e.now().Sub(began),
	}
	if made := trace.List(); len(made) > 0 {
		last := &made[len(made)-1]
		a.Status, a.Error = last.Status, last.Error
	}
	if err != nil {
		a.Error = err.Error()
	}
	r.e.observe.Attempted(a)
}

// polled ends a poll; who waits for the route to rest is told.
func (r *runner) polled() {
	r.polling.Store(false)
	if r.shop.yielding.Load() != nil || r.pollCut.Load() {
		r.wake()
	}
}

func pollOnce(ctx context.Context, poll func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("poll: panic: %v", p)
		}
	}()
	return poll(ctx)
}
