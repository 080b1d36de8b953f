package delivery

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Engine runs the routes. Safe for concurrent use.
type Engine struct {
	log     Log
	store   Store
	now     func() time.Time
	observe Observer
	lag     time.Duration
	shared  bool
	lease   Lease // nil: always
	lost    func(shop string)
	agreed  func() bool
	timers  timers

	setting sync.Mutex // one SetRoutes at a time
	mu      sync.RWMutex
	shops   map[string]*shop    // that run here
	setups  map[string][]*setup // as configured, of all shops
	known   bool                // the first SetRoutes has looked at what is stored

	started  atomic.Bool
	stopping atomic.Bool
	stopped  context.Context // ends when stopping begins
	stop     context.CancelFunc
	active   sync.WaitGroup // loops and calls
}

// New makes an engine; nothing runs before Run.
func New(opts Options) *Engine {
	e := &Engine{
		log: opts.Log, store: opts.Store, now: opts.Now, observe: opts.Observe,
		lag: opts.Lag, shared: opts.Shared, lease: opts.Lease, lost: opts.Lost, agreed: opts.Agreed,
		shops: map[string]*shop{},
	}
	if e.now == nil {
		e.now = time.Now
	}
	if e.lag <= 0 {
		e.lag = 15 * time.Minute
	}
	e.timers.now = e.now
	e.stopped, e.stop = context.WithCancel(context.Background())
	return e
}

// Notify tells that a shop's log has grown. A shop that does not run here is
// passed over.
func (e *Engine) Notify(shop string, head int64) {
	e.mu.RLock()
	s := e.shops[shop]
	e.mu.RUnlock()
	if s == nil || !s.grow(head) {
		return
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.order {
		if r.flows.Load() {
			r.wake()
		}
	}
}

// Run works until ctx ends, then lets calls in flight finish.
func (e *Engine) Run(ctx context.Context) error {
	if e.started.Swap(true) {
		return errors.New("the engine runs already")
	}
	e.each((*runner).wake)
	<-ctx.Done()
	e.stopping.Store(true)
	e.stop()
	e.timers.stop()
	// Positions that only skips moved are written by a last step.
	e.each((*runner).wake)
	e.active.Wait()
	return nil
}

// each calls f for every runner.
func (e *Engine) each(f func(*runner)) {
	for _, s := range e.all() {
		for _, r := range s.every() {
			f(r)
		}
	}
}

func (e *Engine) all() []*shop {
	e.mu.RLock()
	defer e.mu.RUnlock()
	list := make([]*shop, 0, len(e.shops))
	for _, s := range e.shops {
		list = append(list, s)
	}
	return list
}

// running returns the shop if its routes run here, else nil.
func (e *Engine) running(id string) *shop {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if s := e.shops[id]; s != nil && (s.open.Load() || !e.shared) {
		return s
	}
	return nil
}

// command finds the shop for somebody's command, and keeps it here until the
// command is done: done must be called. ErrElsewhere: it runs on another node.
func (e *Engine) command(id string) (s *shop, done func(), err error) {
	s = e.running(id)
	switch {
	case s == nil && e.shared:
		return nil, nil, ErrElsewhere
	case s == nil:
		return nil, nil, fmt.Errorf("shop %s: %w", id, order.ErrNotFound)
	}
	s.commands.Add(1)
	return s, func() {
		s.commands.Add(-1)
		s.rested()
	}, nil
}
