package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ordermux/ordermux/internal/order"
)

// shop is the routes of one shop while they run here. With Options.Shared that
// is from Own to Yield or Lose, each time a new one; else it is for ever.
type shop struct {
	id       string
	epoch    int64 // with which it is owned; 0: the store is this node's alone
	head     atomic.Int64
	commits  atomic.Int64    // so far: each makes what Status knows out of date
	ctx      context.Context // ends with the shop; Background if it never does
	end      context.CancelCauseFunc
	ended    atomic.Bool
	open     atomic.Bool  // its routes are known, and may start
	commands atomic.Int32 // of people, under way
	yielding atomic.Pointer[yielding]
	setting  chan struct{} // holds one token: who has it may change the routes, or take the shop away

	mu    sync.RWMutex
	order []*runner          // configured routes, in the configuration's sequence
	all   map[string]*runner // with those that vanished
	conns map[string]*connection

	known knowledge            // of Status
	told  atomic.Pointer[told] // nil: nobody looks
}

// errMoved is why the calls and queries of a shop that is lost end.
var errMoved = errors.New("the shop went to another node")

func newShop(id string, epoch int64) *shop {
	s := &shop{
		id: id, epoch: epoch, ctx: context.Background(), setting: make(chan struct{}, 1),
		all: map[string]*runner{}, conns: map[string]*connection{},
	}
	if epoch != 0 {
		s.ctx, s.end = context.WithCancelCause(context.Background())
	}
	return s
}

// over reports whether the shop runs here no longer.
func (s *shop) over() bool { return s.ended.Load() }

// lock waits for the right to change the shop's routes.
func (s *shop) lock(ctx context.Context) error {
	select {
	case s.setting <- struct{}{}:
		return nil
	default:
	}
	select {
	case s.setting <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *shop) unlock() { <-s.setting }

// grow notes how long the log is; false: that is no news.
func (s *shop) grow(head int64) bool {
	for {
		old := s.head.Load()
		if head <= old {
			return false
		}
		if s.head.CompareAndSwap(old, head) {
			return true
		}
	}
}

// every returns all runners, those of vanished routes included.
func (s *shop) every() []*runner {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*runner, 0, len(s.all))
	for _, r := range s.all {
		all = append(all, r)
	}
	return all
}

// runners returns the configured routes in sequence, then the others.
func (s *shop) runners() []*runner {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := slices.Clone(s.order)
	if len(list) == len(s.all) {
		return list
	}
	for _, name := range sortedNames(s.all) {
		if r := s.all[name]; !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return list
}

// route finds a route that is or was configured; order.ErrNotFound.
func (s *shop) route(name string) (*runner, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.all[name]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("route %s of shop %s: %w", name, s.id, order.ErrNotFound)
}

// stop takes the shop out of work at once; once only. What its runners have in
// memory is forgotten, commands that wait for them are sent elsewhere.
func (s *shop) stop() bool {
	if s.ended.Swap(true) {
		return false
	}
	var waiting []*act
	for _, r := range s.every() {
		r.mu.Lock()
		r.gone = true
		r.flows.Store(false)
		waiting = append(waiting, r.acts...)
		r.acts, r.arrivals = nil, nil
		r.mu.Unlock()
		r.e.timers.at(&r.alarm, zeroTime)
	}
	s.end(errMoved) // what is cut by it finds nobody who would write it down
	for _, a := range waiting {
		a.err = ErrElsewhere
		close(a.done)
	}
	return true
}
