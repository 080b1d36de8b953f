package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrElsewhere says that another node owns the shop: what was asked for must be
// asked there. Nothing was done.
var ErrElsewhere = errors.New("another node owns the shop")

var errStopping = errors.New("the engine stops")

// Own takes a shop into work: its routes are opened with the epoch, which
// fences every earlier owner, and started. ErrLost: the epoch is not in force.
// With any error the shop is not owned. Owning a shop again with the same epoch
// does nothing.
func (e *Engine) Own(ctx context.Context, shop string, epoch int64) error {
	if !e.shared || epoch <= 0 {
		return fmt.Errorf("own shop %s with epoch %d: the store is not shared", shop, epoch)
	}
	s, err := e.enter(shop, epoch)
	if err != nil {
		return err
	}
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	switch {
	case s.over():
		return ErrLost
	case s.open.Load():
		return nil
	}
	err = e.openOwned(ctx, s)
	if s.over() { // meanwhile
		err = ErrLost
	}
	if err != nil {
		e.lose(s, false)
		return fmt.Errorf("own shop %s: %w", shop, err)
	}
	return nil
}

// enter makes the shop known before anything of it is read, so that no word of
// its log is lost meanwhile.
func (e *Engine) enter(id string, epoch int64) (*shop, error) {
	e.mu.Lock()
	old := e.shops[id]
	switch {
	case e.stopping.Load():
		e.mu.Unlock()
		return nil, errStopping
	case old != nil && old.epoch == epoch:
		e.mu.Unlock()
		return old, nil
	case old != nil && old.epoch > epoch:
		e.mu.Unlock()
		return nil, ErrLost
	}
	s := newShop(id, epoch)
	e.shops[id] = s
	e.mu.Unlock()
	if old != nil {
		old.stop()
	}
	return s, nil
}

func (e *Engine) openOwned(ctx context.Context, s *shop) error {
	head, err := e.log.Head(ctx, s.id)
	if err != nil {
		return err
	}
	s.grow(head)
	e.mu.RLock()
	setups := e.setups[s.id]
	e.mu.RUnlock()
	return e.setShop(ctx, s, setups)
}

// Lose takes a shop out of work at once: calls in flight are cut, and nothing
// is written any more. The next owner finds their outcomes unknown.
func (e *Engine) Lose(shop string) {
	e.mu.RLock()
	s := e.shops[shop]
	e.mu.RUnlock()
	if s != nil && e.shared {
		e.lose(s, false)
	}
}

// lose drops a shop; found: it was the store that knew of another owner.
func (e *Engine) lose(s *shop, found bool) {
	if !s.stop() {
		return
	}
	e.forget(s)
	if found && e.lost != nil && s.open.Load() {
		e.lost(s.id)
	}
}

func (e *Engine) forget(s *shop) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.shops[s.id] == s {
		delete(e.shops, s.id)
	}
}

// Owns reports whether the shop's routes run here. Without Options.Shared all
// do.
func (e *Engine) Owns(shop string) bool { return !e.shared || e.running(shop) != nil }

// Owned returns the shops whose routes run here, sorted.
func (e *Engine) Owned() []string {
	var ids []string
	for _, s := range e.all() {
		if s.open.Load() {
			ids = append(ids, s.id)
		}
	}
	slices.Sort(ids)
	return ids
}

// yielding is a shop that is being given up.
type yielding struct {
	rested chan struct{} // told when a runner rests, or a command is done
}

// rested tells who waits for the shop to be at rest.
func (s *shop) rested() {
	if y := s.yielding.Load(); y != nil {
		select {
		case y.rested <- struct{}{}:
		default: // told already
		}
	}
}

// Yield takes a shop out of work so that another node can own it: no new call
// begins, those in flight are awaited and settled, positions are written. True:
// all that is done within the time, and the shop is not owned any more; so it
// is for a shop that was not. False: it is not, and the shop goes on as if
// nothing had happened. The error is ctx's.
func (e *Engine) Yield(ctx context.Context, shop string, within time.Duration) (bool, error) {
	if !e.shared {
		return false, nil
	}
	e.mu.RLock()
	s := e.shops[shop]
	e.mu.RUnlock()
	if s == nil {
		return true, nil
	}
	limited, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if s.lock(limited) != nil {
		return false, ctx.Err()
	}
	defer s.unlock()
	if !s.drain(limited) {
		return false, ctx.Err()
	}
	e.lose(s, false)
	return true, nil
}

// drain lets the shop come to rest; false: it did not in time, and goes on.
func (s *shop) drain(ctx context.Context) bool {
	y := &yielding{rested: make(chan struct{}, 1)}
	s.yielding.Store(y)
	all := s.every()
	for _, r := range all {
		r.flush()
	}
	for !s.rests(all) {
		select {
		case <-y.rested:
		case <-s.ctx.Done():
			return true // lost meanwhile
		case <-ctx.Done():
			s.yielding.Store(nil)
			for _, r := range all {
				r.wake()
			}
			return false
		}
	}
	return true
}

// flush lets a runner write what it has in memory.
func (r *runner) flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running || !r.drained {
		r.rouse()
	}
}

// rests reports whether all is at rest and on disk, and if so keeps it: no
// runner can be woken any more.
func (s *shop) rests(all []*runner) bool {
	for _, r := range all {
		r.mu.Lock()
		defer r.mu.Unlock()
	}
	if s.commands.Load() > 0 {
		return false
	}
	for _, r := range all {
		if r.running || r.dirty || !r.drained || len(r.acts)+len(r.arrivals) > 0 {
			return false
		}
	}
	for _, r := range all {
		r.gone = true
	}
	return true
}
