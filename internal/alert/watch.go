package alert

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
)

// Hub is the book of what is wrong with no shop but with the hub itself.
const Hub = ""

// Watcher reconciles the books that it keeps from time to time, and single ones
// at once when it is nudged. Of a book that several nodes could keep, one does
// at a time: see Keep, Release and Drop.
type Watcher struct {
	opts WatcherOptions
	wake chan struct{}

	channels atomic.Pointer[[]Channel]

	mu     sync.Mutex
	books  map[string]*Book
	nudged map[string]bool
	now    string        // the shop whose book is being reconciled, while free is not nil
	cut    func()        // breaks that off
	free   chan struct{} // closed when that is done
}

// WatcherOptions are what a Watcher works with.
type WatcherOptions struct {
	// State keeps the book of a shop, or of Hub.
	State func(shop string) State
	// Gather returns what is wrong with a shop, or with Hub, now. With
	// delivery.ErrElsewhere the book stays as it is.
	Gather func(ctx context.Context, shop string) ([]Trouble, error)
	// Ours reports whether a shop, or Hub, is still this node's to tell of; nil:
	// always.
	Ours func(shop string) bool
	Now  func() time.Time
	Log  *slog.Logger
}

// NewWatcher makes a watcher that keeps no book yet.
func NewWatcher(opts WatcherOptions) *Watcher {
	return &Watcher{opts: opts, wake: make(chan struct{}, 1), books: map[string]*Book{}, nudged: map[string]bool{}}
}

// Keep takes the books of shops into work, which nobody else may keep. Those
// that are kept already stay as they are.
func (w *Watcher) Keep(shops ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, shop := range shops {
		if w.books[shop] == nil {
			w.books[shop] = NewBook(w.opts.State(shop))
			w.nudged[shop] = true
		}
	}
	w.call()
}

// Release gives a book up, so that somebody else can keep it: what is just
// being told is awaited. False: that took longer; the book stays.
func (w *Watcher) Release(shop string, within time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if free := w.free; free != nil && w.now == shop {
		w.mu.Unlock()
		late := time.NewTimer(within)
		defer late.Stop()
		select {
		case <-free:
		case <-late.C:
		}
		w.mu.Lock()
		if w.free != nil && w.now == shop {
			return false
		}
	}
	delete(w.books, shop)
	delete(w.nudged, shop)
	return true
}

// Drop gives a book up at once: what is just being told is broken off, and
// nothing is written any more.
func (w *Watcher) Drop(shop string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.books, shop)
	delete(w.nudged, shop)
	if w.free != nil && w.now == shop {
		w.cut()
	}
}

// Nudge says that something may have changed about shops; without any: about
// everything. It never blocks.
func (w *Watcher) Nudge(shops ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, shop := range shops {
		if w.books[shop] != nil {
			w.nudged[shop] = true
		}
	}
	if len(shops) == 0 {
		for shop := range w.books {
			w.nudged[shop] = true
		}
	}
	w.call()
}

// call wakes Run if there is something to do; the caller holds w.mu.
func (w *Watcher) call() {
	if len(w.nudged) == 0 {
		return
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Use replaces the channels from the next round on.
func (w *Watcher) Use(channels ...Channel) { w.channels.Store(&channels) }

// Open returns the troubles that last, of the books that are kept here.
func (w *Watcher) Open() []Notice {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Notice
	for _, shop := range slices.Sorted(maps.Keys(w.books)) {
		out = append(out, w.books[shop].Open()...)
	}
	return out
}

// Run works until ctx ends.
func (w *Watcher) Run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	w.Nudge()
	for {
		w.round(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.Nudge()
		case <-w.wake:
		}
	}
}

// round reconciles the books that were nudged.
func (w *Watcher) round(ctx context.Context) {
	var channels []Channel
	if c := w.channels.Load(); c != nil {
		channels = *c
	}
	round := NewRound(channels...).Ours(w.opts.Ours)
	w.mu.Lock()
	due := slices.Sorted(maps.Keys(w.nudged))
	clear(w.nudged)
	w.mu.Unlock()
	for _, shop := range due {
		if ctx.Err() != nil {
			return
		}
		w.check(ctx, shop, round)
	}
}

// check reconciles one book.
func (w *Watcher) check(ctx context.Context, shop string, round *Round) {
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	book := w.begin(shop, cut)
	if book == nil {
		return
	}
	defer w.end()
	troubles, err := w.opts.Gather(ctx, shop)
	if err == nil {
		err = book.Reconcile(ctx, w.opts.Now(), troubles, round)
	}
	// A shop that another node took meanwhile is that one's to tell of.
	if err != nil && ctx.Err() == nil && !errors.Is(err, delivery.ErrElsewhere) {
		w.opts.Log.Error("alerts", "shop", shop, "error", err)
	}
}

func (w *Watcher) begin(shop string, cut func()) *Book {
	w.mu.Lock()
	defer w.mu.Unlock()
	book := w.books[shop]
	if book != nil {
		w.now, w.cut, w.free = shop, cut, make(chan struct{})
	}
	return book
}

func (w *Watcher) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.free)
	w.cut, w.free = nil, nil
}
