package postgres

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

// The bounds of a group. They keep a transaction short; beyond some hundred
// rows a commit costs nothing per row any more.
const (
	groupEntries = 2000
	groupBytes   = 8 << 20
)

// queue holds the appends that wait, by shop. A shop has one group on its way
// at a time; what comes meanwhile gathers for its next one, and nobody waits
// for a group to fill. Shops take turns over at most so many workers, each of
// which lives while there is work.
type queue struct {
	mu      sync.Mutex
	shops   map[string]*shopLog
	ready   []*shopLog // with waiting calls and no group on its way
	calls   int        // that wait, of all shops
	bytes   int
	workers int
	shut    bool
	done    sync.WaitGroup // workers
	opts    Options
	run     func(*shopLog, []*task)
}

// task is one caller's append.
type task struct {
	call  *ledger.Call
	state atomic.Int32 // taskQueued, then one of the others
	err   error
	done  chan struct{}
}

const (
	taskQueued int32 = iota
	taskTaken
	taskGivenUp
)

// wait returns the task's result, or the context's error if it ended before
// the task was taken up.
func (t *task) wait(ctx context.Context) error {
	select {
	case <-t.done:
		return t.err
	case <-ctx.Done():
	}
	if t.state.CompareAndSwap(taskQueued, taskGivenUp) {
		return ctx.Err()
	}
	<-t.done
	return t.err
}

// init makes the queue of a store; run settles a group.
func (q *queue) init(opts Options, run func(*shopLog, []*task)) {
	q.shops, q.opts, q.run = map[string]*shopLog{}, opts, run
}

// add queues an append, or says order.ErrBusy.
func (q *queue) add(t *task) error {
	size := t.call.Size()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.shut {
		return errClosed
	}
	if full := q.calls >= q.opts.QueueCalls || q.bytes+size > q.opts.QueueBytes; full && q.calls > 0 {
		return order.ErrBusy
	}
	l := q.shops[t.call.Shop]
	if l == nil {
		l = newShopLog(t.call.Shop)
		q.shops[t.call.Shop] = l
	}
	l.waiting = append(l.waiting, t)
	q.calls++
	q.bytes += size
	if len(l.waiting) == 1 && !l.onItsWay {
		q.turn(l)
	}
	return nil
}

// turn gives a shop its turn; call it with mu locked.
func (q *queue) turn(l *shopLog) {
	q.ready = append(q.ready, l)
	if q.workers < q.opts.Writers {
		q.workers++
		q.done.Go(q.work)
	}
}

// work settles groups until none is ready.
func (q *queue) work() {
	var group []*task
	for {
		l := q.next()
		if l == nil {
			return
		}
		group = q.take(l, group[:0])
		if len(group) > 0 {
			q.run(l, group)
		}
		for _, t := range group {
			close(t.done)
		}
		clear(group)
		q.back(l)
	}
}

// next takes the shop that has waited the longest; nil: the worker is to end.
func (q *queue) next() *shopLog {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.ready) == 0 {
		q.workers--
		return nil
	}
	l := q.ready[0]
	q.ready[0] = nil
	q.ready = q.ready[1:]
	l.onItsWay = true
	return l
}

// back ends a shop's group.
func (q *queue) back(l *shopLog) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l.onItsWay = false
	if len(l.waiting) > 0 {
		q.ready = append(q.ready, l) // this worker goes on
	}
}

// take moves a shop's next group out of the queue, up to the bounds. A task
// that has to be alone is a group of its own.
func (q *queue) take(l *shopLog, into []*task) []*task {
	q.mu.Lock()
	defer q.mu.Unlock()
	entries, bytes, n := 0, 0, 0
	for n < len(l.waiting) && entries < groupEntries && bytes < groupBytes {
		t := l.waiting[n]
		if t.call.Alone() && len(into) > 0 {
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
	q.calls -= n
	l.waiting = drop(l.waiting, n)
	return into
}

// drop removes the first n tasks, keeping the slice's memory.
func drop(tasks []*task, n int) []*task {
	rest := copy(tasks, tasks[n:])
	clear(tasks[rest:])
	return tasks[:rest]
}

// close waits for what is queued.
func (q *queue) close() {
	q.mu.Lock()
	q.shut = true
	q.mu.Unlock()
	q.done.Wait()
}

// Stats returns how busy the store is.
func (s *Store) Stats() store.Stats {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	return store.Stats{Commits: s.commits.Load(), Appends: s.queue.calls}
}
