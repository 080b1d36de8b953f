package alert

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// Watcher reconciles a book from time to time, and at once when it is nudged.
type Watcher struct {
	book   *Book
	gather func(context.Context) ([]Trouble, error)
	now    func() time.Time
	log    *slog.Logger
	nudge  chan struct{}

	channels atomic.Pointer[[]Channel]
}

// NewWatcher makes a watcher that asks gather what is wrong.
func NewWatcher(book *Book, gather func(context.Context) ([]Trouble, error), now func() time.Time, log *slog.Logger) *Watcher {
	return &Watcher{book: book, gather: gather, now: now, log: log, nudge: make(chan struct{}, 1)}
}

// Nudge says that something may have changed. It never blocks.
func (w *Watcher) Nudge() {
	select {
	case w.nudge <- struct{}{}:
	default:
	}
}

// Use replaces the channels from the next check on.
func (w *Watcher) Use(channels ...Channel) { w.channels.Store(&channels) }

// Open returns the troubles that last.
func (w *Watcher) Open() []Notice { return w.book.Open() }

// Run works until ctx ends.
func (w *Watcher) Run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		w.check(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-w.nudge:
		}
	}
}

func (w *Watcher) check(ctx context.Context) {
	if c := w.channels.Swap(nil); c != nil {
		w.book.channels = *c
	}
	troubles, err := w.gather(ctx)
	if err == nil {
		err = w.book.Reconcile(ctx, w.now(), troubles)
	}
	if err != nil && ctx.Err() == nil {
		w.log.Error("alerts", "error", err)
	}
}
