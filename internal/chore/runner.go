package chore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

const (
	look     = 2 * time.Second  // between two looks for chores
	beat     = 5 * time.Second  // between two signs of life
	saving   = time.Second      // between two savings of progress
	silence  = 30 * time.Second // of a node, until another one does its chores
	pause    = 10 * time.Second // before a chore that met a trouble of ours is begun anew
	slots    = 2                // chores of a node at a time
	mostFail = 5                // beginnings of a chore that meets troubles of ours
	mostLost = 3                // nodes that end while they do a chore: it may be what ends them
	parting  = 5 * time.Second  // for giving back what is done here, when the hub stops
)

// Do does a chore. A *Failure ends it; other errors are troubles of ours, after
// which it is begun anew. It ends soon after ctx did.
type Do func(ctx context.Context, run *Run) error

// Options of a Runner.
type Options struct {
	Book  *Book
	Node  string // another one after every start
	Alone bool   // there is no other node
	Do    map[string]Do
	// Over hears of a chore that ended here, or was found cancelled. May be nil.
	Over func(ctx context.Context, c Chore)
	Log  *slog.Logger
}

// Runner does chores on one node.
type Runner struct {
	Options
	wake chan struct{}

	mu    sync.Mutex
	mine  map[string]bool      // keys of those done here
	seen  map[string]sign      // of those done elsewhere
	later map[string]time.Time // when one may be begun anew here
}

// sign is what was seen of a chore that another node does.
type sign struct {
	node  string
	beat  int64
	since time.Time
}

// NewRunner makes a Runner.
func NewRunner(o Options) *Runner {
	return &Runner{
		Options: o, wake: make(chan struct{}, 1), mine: map[string]bool{}, seen: map[string]sign{}, later: map[string]time.Time{},
	}
}

// Nudge lets the node look for chores at once.
func (r *Runner) Nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run does chores until ctx ends; then they are given back.
func (r *Runner) Run(ctx context.Context) {
	var work sync.WaitGroup
	defer work.Wait()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		if err := r.look(ctx, &work); err != nil && ctx.Err() == nil {
			r.Log.WarnContext(ctx, "look for chores", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.wake:
		}
	}
}

// look begins what nobody does, as far as there is room.
func (r *Runner) look(ctx context.Context, work *sync.WaitGroup) error {
	keys, err := r.Book.running(ctx)
	if err != nil {
		return err
	}
	r.forget(keys)
	for _, key := range keys {
		if !r.room(key) {
			continue
		}
		c, old, err := r.Book.find(ctx, key)
		if errors.Is(err, order.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if c.State != Running || !r.orphan(key, &c) || r.Do[c.Kind] == nil {
			continue
		}
		r.takes(&c)
		if ok, err := r.Book.write(ctx, old, &c, true); err != nil || !ok {
			if err != nil {
				return err
			}
			continue
		}
		if c.State.Over() {
			r.Log.ErrorContext(ctx, "a chore is given up: its node ended each time", "shop", c.Shop, "kind", c.Kind, "id", c.ID, "times", c.Lost)
			r.over(ctx, c)
			continue
		}
		r.mu.Lock()
		r.mine[key] = true
		r.mu.Unlock()
		work.Go(func() { r.do(ctx, c) })
	}
	return nil
}

// takes makes a chore that nobody does this node's, or ends it if its nodes
// never came to its end.
func (r *Runner) takes(c *Chore) {
	if c.Node != "" && c.Node != r.Node { // it was not given back
		c.Lost++
	}
	if c.Lost >= mostLost {
		c.Node, c.State, c.Ended = "", Failed, r.Book.now().UTC()
		c.Error = fmt.Sprintf("the hub ended %d times while it did this; its log may say why", c.Lost)
		return
	}
	if c.Beat > 0 {
		c.Restarts++
	}
	c.Node, c.Beat = r.Node, c.Beat+1
}

// forget what is known of chores that run no more.
func (r *Runner) forget(keys []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	runs := map[string]bool{}
	for _, k := range keys {
		runs[k] = true
	}
	for k := range r.seen {
		if !runs[k] {
			delete(r.seen, k)
		}
	}
	for k := range r.later {
		if !runs[k] {
			delete(r.later, k)
		}
	}
}

func (r *Runner) room(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.mine) < slots && !r.mine[key] && !time.Now().Before(r.later[key])
}

// orphan reports whether nobody does a chore: a node that gives no sign of life
// for a while is gone, whatever its clock says.
func (r *Runner) orphan(key string, c *Chore) bool {
	if c.Node == "" || c.Node == r.Node || r.Alone {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.seen[key]
	if !ok || s.node != c.Node || s.beat != c.Beat {
		r.seen[key] = sign{c.Node, c.Beat, time.Now()}
		return false
	}
	return time.Since(s.since) > silence
}

// do does a chore that is this node's, and writes down how it ended.
func (r *Runner) do(ctx context.Context, c Chore) {
	key := c.key()
	defer func() {
		r.mu.Lock()
		delete(r.mine, key)
		r.mu.Unlock()
		r.Nudge()
	}()
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	run := &Run{Chore: c, book: r.Book, cancel: cancel}
	var beats sync.WaitGroup
	beats.Go(func() { run.beats(work) })
	err := r.safely(work, run)
	if err == nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	if over := context.Cause(work); errors.Is(over, ErrOver) {
		err = over
	}
	cancel(nil)
	beats.Wait()
	r.ends(ctx, run, err)
}

// safely makes a panic an error.
func (r *Runner) safely(ctx context.Context, run *Run) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return r.Do[run.Kind](ctx, run)
}

// ends writes down how a chore ended here.
func (r *Runner) ends(ctx context.Context, run *Run, err error) {
	stopped := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), parting)
	defer cancel()
	if errors.Is(err, ErrOver) {
		c, err := r.Book.Find(ctx, run.Shop, run.Kind, run.ID)
		if err == nil && c.State.Over() {
			r.over(ctx, c)
		}
		return
	}
	failure, failed := errors.AsType[*Failure](err)
	trouble := err != nil && !failed && !stopped
	end := func(c *Chore) {
		c.Node, c.State, c.Ended = "", Done, r.Book.now().UTC()
		if trouble {
			c.Troubles++
		}
		switch {
		case failed:
			c.State, c.Error = Failed, failure.Reason
		case trouble && c.Troubles >= mostFail:
			c.State, c.Error = Failed, "something went wrong here; the hub's log has the reason"
		case err != nil:
			c.State, c.Ended = Running, time.Time{}
		}
	}
	if trouble {
		r.rests(run.key())
		r.Log.ErrorContext(ctx, "chore", "shop", run.Shop, "kind", run.Kind, "id", run.ID, "error", err)
	}
	c, err := run.write(ctx, end)
	switch {
	case err != nil && !errors.Is(err, ErrOver):
		r.Log.ErrorContext(ctx, "keep the end of a chore", "shop", run.Shop, "kind", run.Kind, "id", run.ID, "error", err)
	case err == nil && c.State.Over():
		r.over(ctx, c)
	}
}

func (r *Runner) over(ctx context.Context, c Chore) {
	if r.Over != nil {
		r.Over(ctx, c)
	}
}

// rests leaves a chore alone for a while.
func (r *Runner) rests(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.later[key] = time.Now().Add(pause)
}

// Run is a chore that is being done here.
type Run struct {
	Chore
	book   *Book
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	saved time.Time
}

// Want reports whether progress should be saved: it is a while ago.
func (r *Run) Want() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Since(r.saved) >= saving
}

// Save keeps how far a chore is. Error: ErrOver when it is no more this node's,
// or to be done.
func (r *Run) Save(ctx context.Context, progress any) error {
	text, err := json.Marshal(progress)
	if err != nil {
		return fmt.Errorf("encode progress: %w", err)
	}
	_, err = r.write(ctx, func(c *Chore) { c.Progress = text })
	return err
}

// write changes the chore, if it is this node's still.
func (r *Run) write(ctx context.Context, change func(*Chore)) (Chore, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, err := r.book.Change(ctx, r.Shop, r.Kind, r.ID, func(c *Chore) error {
		if c.State != Running || c.Node != r.Node {
			return ErrOver
		}
		c.Beat++
		change(c)
		return nil
	})
	if errors.Is(err, order.ErrNotFound) {
		err = ErrOver
	}
	r.saved = time.Now()
	return c, err
}

// beats gives signs of life, and ends the chore when it is over.
func (r *Run) beats(ctx context.Context) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := r.write(ctx, func(*Chore) {}); errors.Is(err, ErrOver) {
			r.cancel(ErrOver)
			return
		}
	}
}
