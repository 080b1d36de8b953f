package sqlite

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

// The bounds of a group. They keep a transaction short, not its sync cheap:
// beyond some hundred rows a sync costs nothing per row any more.
const (
	groupEntries = 2000
	groupBytes   = 8 << 20
	groupOthers  = 64
	// othersTime is how long the closures of a group may take, going by what
	// they took lately; at least one runs in each group.
	othersTime = 5 * time.Millisecond
)

// queue holds what waits for the writer.
type queue struct {
	mu      sync.Mutex
	appends []*task
	others  []*task
	bytes   int // of the waiting appends
	shut    bool
	wake    chan struct{} // one token: something has come
	room    chan struct{} // one token per waiting closure
	each    time.Duration // what a closure takes, lately; the writer's own
	opts    Options
}

// took notes what the closures of a group took each.
func (q *queue) took(each time.Duration) { q.each = (3*q.each + each) / 4 }

func (q *queue) init(opts Options) {
	q.opts = opts
	q.wake = make(chan struct{}, 1)
	q.room = make(chan struct{}, 1024)
}

// addAppend queues an append, or says order.ErrBusy.
func (q *queue) addAppend(t *task) error {
	size := t.call.Size()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.shut {
		return errClosed
	}
	full := len(q.appends) >= q.opts.QueueCalls || q.bytes+size > q.opts.QueueBytes
	if full && len(q.appends) > 0 {
		return order.ErrBusy
	}
	q.appends = append(q.appends, t)
	q.bytes += size
	q.signal()
	return nil
}

// addOther queues a closure; it waits for room, because what the engine
// settles must not be lost for a moment's rush.
func (q *queue) addOther(ctx context.Context, t *task) error {
	select {
	case q.room <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", order.ErrBusy, ctx.Err())
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.shut {
		<-q.room
		return errClosed
	}
	q.others = append(q.others, t)
	q.signal()
	return nil
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.shut = true
	q.signal()
}

// take waits for tasks and appends the next group to into; false: closed and
// empty.
func (q *queue) take(into []*task) ([]*task, bool) {
	for {
		q.mu.Lock()
		into = q.group(into)
		left, shut := len(q.appends)+len(q.others) > 0, q.shut
		q.mu.Unlock()
		switch {
		case len(into) > 0:
			return into, true
		case left: // what was taken out had all been given up
		case shut:
			return into, false
		default:
			<-q.wake
		}
	}
}

// group moves the next group out of the queue: appends up to the bounds, then
// closures. A task that has to be alone is a group of its own.
func (q *queue) group(into []*task) []*task {
	entries, bytes, n := 0, 0, 0
	for n < len(q.appends) && entries < groupEntries && bytes < groupBytes {
		t := q.appends[n]
		if t.call.Alone() && n > 0 {
			break
		}
		n++
		size := t.call.Size()
		q.bytes -= size
		if !t.state.CompareAndSwap(taskQueued, taskTaken) {
			continue
		}
		into = append(into, t)
		entries += t.call.Len()
		bytes += size
		if t.call.Alone() {
			break
		}
	}
	q.appends = drop(q.appends, n)
	if len(into) > 0 && into[len(into)-1].call.Alone() {
		return into
	}
	return q.groupOthers(into)
}

func (q *queue) groupOthers(into []*task) []*task {
	n, most := 0, groupOthers
	if q.each > 0 {
		most = max(1, min(most, int(othersTime/q.each)))
	}
	for n < len(q.others) && n < most {
		t := q.others[n]
		if t.alone != nil && len(into) > 0 {
			break
		}
		n++
		<-q.room
		if !t.state.CompareAndSwap(taskQueued, taskTaken) {
			continue
		}
		into = append(into, t)
		if t.alone != nil {
			break
		}
	}
	q.others = drop(q.others, n)
	return into
}

// drop removes the first n tasks, keeping the slice's memory.
func drop(tasks []*task, n int) []*task {
	rest := copy(tasks, tasks[n:])
	clear(tasks[rest:])
	return tasks[:rest]
}

// Stats returns how busy the store is.
func (s *Store) Stats() store.Stats {
	if s.writer == nil {
		return store.Stats{}
	}
	q := &s.writer.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	return store.Stats{Commits: s.writer.committed.Load(), Appends: len(q.appends), Others: len(q.others)}
}
