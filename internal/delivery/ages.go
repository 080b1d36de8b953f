package delivery

import (
	"context"
	"sync"
	"time"
)

// openStates are those whose age is told.
var openStates = []State{Ready, Held, Sending, AwaitingPartner, Retrying, Asking, Failed, Parked}

// knowledge is what Status read last of a shop that runs here. Nobody but its
// routes, and an erasure, which grows the log, changes what was read: without
// either it is read once.
type knowledge struct {
	mu            sync.Mutex
	read          bool
	commits, head int64
	routes        map[string]aged
}

// aged is what is read of a route.
type aged struct {
	counts   map[State]int64
	position int64     // of which next is the successor
	next     time.Time // when the oldest event that it has not considered was accepted
	oldest   time.Time // when the event of its oldest open delivery was
}

// Status tells how the routes of a shop stand, in the configuration's
// sequence, vanished ones last. Of a shop that another node owns it tells what
// is stored: neither breakers nor rounds that fail. The counts are not to be
// changed.
func (e *Engine) Status(ctx context.Context, shop string) ([]RouteStatus, error) {
	s, err := e.seen(ctx, shop)
	if err != nil {
		return nil, ignoreUnknown(err)
	}
	k := &s.known
	k.mu.Lock()
	defer k.mu.Unlock()
	// What was written by then first, then positions, then counts: whoever sees
	// a position beyond an event also sees what was planned of it.
	commits, head := s.commits.Load(), s.head.Load()
	var list []RouteStatus
	for _, r := range s.runners() {
		list = append(list, r.status())
	}
	if !k.read || k.commits != commits || k.head != head {
		k.read = false
		if k.routes, err = e.readAges(ctx, shop, list); err != nil {
			return nil, err
		}
		k.read, k.commits, k.head = true, commits, head
	}
	for i := range list {
		if err := e.fill(ctx, k, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// readAges reads counts, and how old the oldest open deliveries are.
func (e *Engine) readAges(ctx context.Context, shop string, list []RouteStatus) (map[string]aged, error) {
	counts, err := e.store.Counts(ctx, shop)
	if err != nil {
		return nil, err
	}
	routes := map[string]aged{}
	for i := range list {
		name := list[i].Route
		if len(counts[name]) == 0 {
			continue
		}
		a := aged{counts: counts[name], position: -1}
		if a.oldest, err = e.oldest(ctx, shop, name, a.counts); err != nil {
			return nil, err
		}
		routes[name] = a
	}
	return routes, nil
}

// oldest returns when the event of a route's oldest open delivery was accepted;
// zero: it has none.
func (e *Engine) oldest(ctx context.Context, shop, route string, counts map[State]int64) (time.Time, error) {
	var open int64
	for _, state := range openStates {
		open += counts[state]
	}
	if open == 0 {
		return time.Time{}, nil
	}
	seq, err := e.store.Oldest(ctx, shop, route, openStates)
	if err != nil || seq == 0 {
		return time.Time{}, err
	}
	return e.acceptedAt(ctx, shop, seq)
}

// fill adds counts and ages to what is known without a look.
func (e *Engine) fill(ctx context.Context, k *knowledge, s *RouteStatus) error {
	a, ok := k.routes[s.Route]
	if !ok {
		a.position = -1
	}
	s.Counts, s.Oldest = a.counts, a.oldest
	if s.Counts == nil {
		s.Counts = map[State]int64{}
	}
	if s.Position >= s.Head || s.State == string(Gone) {
		return nil
	}
	if a.position != s.Position {
		at, err := e.acceptedAt(ctx, s.Shop, s.Position+1)
		if err != nil || at.IsZero() {
			return err
		}
		a.position, a.next = s.Position, at
		k.routes[s.Route] = a
	}
	s.Lag = max(e.now().Sub(a.next), 0)
	if s.State == "flowing" && s.Lag >= e.lag {
		s.State = "lagging"
	}
	return nil
}

// acceptedAt returns when an event was accepted; zero: it can not be read.
func (e *Engine) acceptedAt(ctx context.Context, shop string, seq int64) (time.Time, error) {
	items, err := e.log.Read(ctx, shop, seq-1, 1)
	if err != nil || len(items) == 0 {
		return time.Time{}, err
	}
	return items[0].Event.At, nil
}
