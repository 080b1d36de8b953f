package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/promotion"
	"github.com/ordermux/ordermux/internal/store"
)

const (
	// promotionTicks is how many Ticks pass between two looks at a shop that
	// nobody woke: a minute.
	promotionTicks = 4
	// promotionSlots is how many jobs run here at a time, one of a shop after the
	// other; promotionLooks how many shops are looked at, and in how many the
	// clock's work is done.
	promotionSlots = 1
	promotionLooks = 4
	// promotionShare is which part of the time a job works: orders come first.
	// Where the store is a database, most of that time is spent waiting for it.
	promotionShare       = 0.12
	promotionShareShared = 0.5
	// promotionSweep is how often what is left over is looked for.
	promotionSweep = 5 * time.Minute
	// promotionAdvance bounds the calls of Advance between two looks, so that what
	// starts and ends does not wait for what is only removed.
	promotionAdvance = 20
	// promotionHint is how long the owner of a shop is waited for.
	promotionHint = 5 * time.Second
)

// doPromotions is the errand of telling the owner of a shop that there is a job.
const doPromotions = "promotions"

// promotions are the book of what shops sell for less, and whoever runs its
// jobs and moves it by the clock: the owner of the shop. Were two nodes at it at
// a time, the book would let only one of them write.
type promotions struct {
	*promotion.Book
	app *App

	mu     sync.Mutex
	shared bool            // only shops that were given count
	given  map[string]bool // by keeper
	turns  map[turnID]*turn
	other  map[string]bool // shops with jobs whose owner is another node
	wake   chan struct{}
	hint   chan struct{}
	slots  chan struct{}
	looks  chan struct{}
	moves  chan struct{}
	work   sync.WaitGroup
}

// turnID names what is done for a shop, one beside the other: its jobs, and what
// the clock wants.
type turnID struct {
	shop  string
	clock bool
}

// turn is how a shop stands with this node's runner.
type turn struct {
	next   time.Time          // when it is looked at, by this machine's clock
	swept  time.Time          // of the clock's
	fails  int                // in sequence
	failed time.Time          // since when it fails; zero: it does not
	cancel context.CancelFunc // nil: nobody is at it
	done   chan struct{}
	again  bool // woken meanwhile
}

var _ partner.Promotions = (*promotions)(nil)

func (a *App) newPromotions() *promotions {
	book := promotion.New(a.store.Promotions(), store.OffersForPromotions(a.store.Catalog()))
	share := promotionShare
	if a.database != nil {
		share = promotionShareShared
	}
	book.Pace(share)
	return &promotions{
		Book: book, app: a, shared: a.database != nil,
		given: map[string]bool{}, turns: map[turnID]*turn{}, other: map[string]bool{},
		wake: make(chan struct{}, 1), hint: make(chan struct{}, 1), slots: make(chan struct{}, promotionSlots),
		looks: make(chan struct{}, promotionLooks), moves: make(chan struct{}, promotionLooks),
	}
}

// Put implements partner.Promotions: not while there is no room. The job is run
// at once, wherever the shop's owner is.
func (p *promotions) Put(ctx context.Context, shop string, r *promotion.Request, wire []byte) (promotion.Job, error) {
	if err := p.app.disk.check(); err != nil {
		return promotion.Job{}, err
	}
	j, err := p.Book.Put(ctx, shop, r, wire)
	p.app.disk.saw(err)
	if err == nil && !j.State.Over() {
		p.tell(shop)
	}
	return j, err
}

// tell has a shop looked at by its owner.
func (p *promotions) tell(shop string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ours(shop) {
		p.rouse(turnID{shop: shop})
		return
	}
	p.other[shop] = true
	ring(p.hint)
}

func ring(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// ours reports whether a shop is run here. The lock is held, as by all below
// that end without a word on it.
func (p *promotions) ours(shop string) bool { return !p.shared || p.given[shop] }

func (p *promotions) rouse(key turnID) {
	t := p.turnOf(key)
	t.next, t.again = time.Time{}, true
	ring(p.wake)
}

func (p *promotions) turnOf(key turnID) *turn {
	t := p.turns[key]
	if t == nil {
		t = &turn{}
		p.turns[key] = t
	}
	return t
}

// turnsOf are what is done for a shop.
func turnsOf(shop string) [2]turnID { return [2]turnID{{shop, true}, {shop, false}} }

// woken is told by another node that there is a job.
func (p *promotions) woken(shop string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ours(shop) {
		p.rouse(turnID{shop: shop})
	}
}

// keep makes a shop this node's to run.
func (p *promotions) keep(shop string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.given[shop] = true
	for _, key := range turnsOf(shop) {
		p.rouse(key)
	}
}

// drop ends what is done for a shop, and returns what is closed when it has
// ended.
func (p *promotions) drop(shop string) (all []<-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.given, shop)
	for _, key := range turnsOf(shop) {
		if t := p.turns[key]; t != nil && t.cancel != nil {
			t.cancel()
			all = append(all, t.done)
		}
		delete(p.turns, key)
	}
	return all
}

// release is drop, and waits: a job is given back between two pieces, for the
// next owner to go on with.
func (p *promotions) release(shop string, within time.Duration) bool {
	late := time.NewTimer(within)
	defer late.Stop()
	for _, done := range p.drop(shop) {
		select {
		case <-done:
		case <-late.C:
			return false
		}
	}
	return true
}

// run works until ctx ends.
func (p *promotions) run(ctx context.Context) {
	p.work.Go(func() { p.tellOthers(ctx) })
	defer p.work.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case <-timer.C:
		}
		timer.Reset(time.Until(p.begin(ctx)))
	}
}

func (p *promotions) every() time.Duration { return promotionTicks * p.app.opts.Tick }

// begin begins what is due and returns when to look again.
func (p *promotions) begin(ctx context.Context) time.Time {
	now := time.Now()
	next := now.Add(p.every())
	for _, shop := range p.app.config().ShopOrder {
		if ctx.Err() != nil {
			return next
		}
		p.mu.Lock()
		for _, key := range turnsOf(shop) {
			if !p.ours(shop) {
				break
			}
			t := p.turnOf(key)
			if t.cancel == nil && !t.next.After(now) {
				p.start(ctx, key, t)
			}
			if t.cancel == nil && t.next.Before(next) {
				next = t.next
			}
		}
		p.mu.Unlock()
	}
	return next
}

// start looks after a shop beside the others.
func (p *promotions) start(ctx context.Context, key turnID, t *turn) {
	ctx, cancel := context.WithCancel(ctx)
	t.cancel, t.done, t.again = cancel, make(chan struct{}), false
	p.work.Go(func() {
		defer close(t.done)
		defer cancel()
		after, err := p.turn(ctx, key, &t.swept)
		stopped := ctx.Err() != nil
		p.mu.Lock()
		defer p.mu.Unlock()
		t.cancel = nil
		switch {
		case err == nil:
			t.fails, t.failed = 0, time.Time{}
		case !stopped:
			if t.fails++; t.fails == 1 {
				t.failed = time.Now()
			}
			after = min(time.Second<<min(t.fails-1, 10), p.every())
			p.app.log.Warn("promotions", "shop", key.shop, "failures", t.fails, "error", err)
		}
		t.next = time.Now().Add(min(after, p.every()))
		if t.again {
			t.next = time.Time{}
		}
		ring(p.wake)
	})
}

// troubles are what lasts: a shop's jobs, or what the clock wants, failed for a
// minute, each time.
func (p *promotions) troubles(shop string) (list []alert.Trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range turnsOf(shop) {
		if t := p.turns[key]; t != nil && !t.failed.IsZero() && time.Since(t.failed) >= p.every() {
			return []alert.Trouble{alert.OfPromotions(shop)}
		}
	}
	return nil
}

// turn does what is to be done for a shop, and returns how long nothing more is.
func (p *promotions) turn(ctx context.Context, key turnID, swept *time.Time) (after time.Duration, err error) {
	defer func() {
		if r := recover(); r != nil {
			p.app.log.Error("promotions", "shop", key.shop, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = errors.New("the runner of promotions panicked")
		}
	}()
	if key.clock {
		return p.move(ctx, key.shop, swept)
	}
	job, after, err := p.look(ctx, key.shop)
	if err != nil || job == 0 {
		return after, err
	}
	done, err := enter(ctx, p.slots)
	if err != nil {
		return 0, err
	}
	defer done()
	return 0, p.runJob(ctx, key.shop, job) // the next one behind other shops'
}

// enter waits for one of a few places.
func enter(ctx context.Context, places chan struct{}) (leave func(), err error) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// look returns the number of the job that is to be run, or 0 and how long there
// is none.
func (p *promotions) look(ctx context.Context, shop string) (job int64, after time.Duration, err error) {
	done, err := enter(ctx, p.looks)
	if err != nil {
		return 0, 0, err
	}
	defer done()
	a, err := p.Agenda(ctx, shop)
	if err != nil || a.Empty {
		return 0, p.every(), err
	}
	if a.Job != 0 && a.Held.IsZero() {
		return a.Job, 0, nil
	}
	return 0, until(a.Held, p.app.now(), p.every()), nil
}

// move does what the clock wants, and returns how long that is nothing. A job of
// the same shop may run meanwhile: starts and ends do not wait for it.
func (p *promotions) move(ctx context.Context, shop string, swept *time.Time) (after time.Duration, err error) {
	done, err := enter(ctx, p.moves)
	if err != nil {
		return 0, err
	}
	defer done()
	var seen time.Time // what was due and is done, as far as it can be now
	for {
		a, err := p.Agenda(ctx, shop)
		if err != nil || a.Empty {
			return p.every(), err
		}
		now := p.app.now()
		if a.Due.Equal(seen) {
			a.Due = time.Time{}
		}
		due := !a.Due.IsZero() && !a.Due.After(now)
		if !due && time.Since(*swept) <= promotionSweep {
			return until(a.Due, now, p.every()), nil
		}
		if err := p.advance(ctx, shop); err != nil {
			return 0, err
		}
		if *swept = time.Now(); due {
			seen = a.Due
		}
	}
}

// until is how long it is to a moment, which may be none: at most so long.
func until(at, now time.Time, most time.Duration) time.Duration {
	if at.IsZero() {
		return most
	}
	return min(most, max(at.Sub(now), 0)+time.Millisecond)
}

// advance does what the clock wants.
func (p *promotions) advance(ctx context.Context, shop string) error {
	for range promotionAdvance {
		if more, err := p.Advance(ctx, shop); err != nil || !more {
			return err
		}
	}
	return nil
}

// runJob runs one job to its end, which may have made a promotion that begins or
// ends. That somebody else has it is no error.
func (p *promotions) runJob(ctx context.Context, shop string, number int64) error {
	began := time.Now()
	j, err := p.Run(ctx, shop, number)
	if errors.Is(err, promotion.ErrTaken) {
		return nil
	}
	if err != nil {
		return err
	}
	p.mu.Lock()
	if p.ours(shop) {
		p.rouse(turnID{shop, true})
	}
	p.mu.Unlock()
	r := &j.Result
	p.app.log.LogAttrs(ctx, slog.LevelInfo, "promotion job", slog.String("shop", shop), slog.String("job", j.ID), slog.String("state", string(j.State)),
		slog.Int("stores", j.Stores), slog.Int("skus", j.SKUs), slog.Int64("accepted", r.Accepted), slog.Int64("stores_refused", r.StoresRefused),
		slog.Int64("missing", r.Missing), slog.Int64("invalid", r.Invalid), slog.Bool("changed", r.Changed),
		slog.Int64("ms", time.Since(began).Milliseconds()))
	return nil
}

// tellOthers wakes the owners of shops elsewhere. One that does not hear looks by
// itself within a minute.
func (p *promotions) tellOthers(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.hint:
		}
		p.mu.Lock()
		shops := p.other
		p.other = map[string]bool{}
		p.mu.Unlock()
		for shop := range shops {
			soon, cancel := context.WithTimeout(ctx, promotionHint)
			if _, err := p.app.node.Ask(soon, shop, doPromotions, nil); err != nil && ctx.Err() == nil {
				p.app.log.Info("tell the owner of a shop of a promotion", "shop", shop, "error", err)
			}
			cancel()
		}
	}
}
