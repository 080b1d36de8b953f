package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// writer is the one goroutine that writes. It takes whatever has queued while
// it was busy, appends first, runs all in one transaction and answers after
// the sync. Nobody waits for a group to fill.
type writer struct {
	opts   Options
	db     *sql.DB
	conn   *sql.Conn
	tx     *Tx
	queue  queue
	recent *recent
	// What appender keeps from group to group: memory, and what is known of
	// the store as of the last commit.
	batch  ledger.Batch
	args   []driver.Value
	layers []byte
	heads  map[string]ledger.Head
	stated map[statedKey]int64 // the source's last block
	// dirty wakes upkeep after a commit.
	dirty chan struct{}
	// committed counts commits, for upkeep; broken is the sync error after
	// which nothing is written any more.
	committed atomic.Int64
	broken    atomic.Pointer[error]
	done      chan struct{}
}

// task is one caller's part of a group.
type task struct {
	call  *ledger.Call    // an append, or
	do    func(*Tx) error // a closure in the transaction, or
	alone func() error    // something outside of any transaction
	state atomic.Int32    // taskQueued, then one of the others
	err   error
	done  chan struct{}
}

const (
	taskQueued int32 = iota
	taskTaken
	taskGivenUp
)

// The bounds of a group. They keep a transaction short, not its sync cheap:
// beyond some hundred rows a sync costs nothing per row any more.
const (
	groupEntries = 2000
	groupBytes   = 8 << 20
	groupOthers  = 64
)

func startWriter(ctx context.Context, path string, opts Options, r *recent) (*writer, error) {
	db, conn, err := open1(ctx, path, roleWriter)
	if err != nil {
		return nil, err
	}
	w := &writer{
		opts: opts, db: db, conn: conn, tx: newTx(conn, opts.Now), recent: r,
		heads: map[string]ledger.Head{}, stated: map[statedKey]int64{},
		dirty: make(chan struct{}, 1), done: make(chan struct{}),
	}
	w.queue.init(opts)
	go w.loop()
	return w, nil
}

// Do runs f in the writer's next transaction and returns when it is on disk.
// What f writes is undone if f returns an error or panics, or if the
// transaction fails; then f may run a second time, so it must have no effect
// but its writes and the values it hands out (set them anew each time).
// The context counts until f is taken up; after that Do waits for the result.
//
// Errors: those of f, order.ErrReadOnly, order.ErrBusy, or one of a commit
// whose result is unknown.
func (s *Store) Do(ctx context.Context, f func(tx *Tx) error) error {
	if s.writer == nil {
		return fmt.Errorf("%w: opened to read", order.ErrReadOnly)
	}
	t := &task{do: f, done: make(chan struct{})}
	if err := s.writer.queue.addOther(ctx, t); err != nil {
		return err
	}
	return t.wait(ctx)
}

// wait returns the task's result, or the context's error if it ended before
// the writer took the task.
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

func (w *writer) loop() {
	defer close(w.done)
	var group []*task
	for {
		var open bool
		if group, open = w.queue.take(group[:0]); !open {
			return
		}
		w.run(group)
		for _, t := range group {
			close(t.done)
		}
		clear(group)
	}
}

// run settles every task of a group.
func (w *writer) run(group []*task) {
	if len(group) == 1 && group[0].alone != nil {
		group[0].err = group[0].alone()
		return
	}
	if cause := w.broken.Load(); cause != nil {
		fail(group, fmt.Errorf("%w: a sync failed earlier, restart to go on: %w", order.ErrReadOnly, *cause))
		return
	}
	err := w.attempt(group)
	switch {
	case err == nil:
	case len(group) == 1 || errors.Is(err, errUnknownCommit):
		fail(group, err)
	default:
		for i, t := range group {
			t.err = nil
			if err := w.attempt(group[i : i+1]); err != nil {
				t.err = err
			}
		}
	}
}

func fail(group []*task, err error) {
	for _, t := range group {
		t.err = err
	}
}

// attempt runs the group in one transaction. Its error is the whole group's;
// a task's own trouble is in task.err.
func (w *writer) attempt(group []*task) (err error) {
	if err := w.begin(); err != nil {
		return err
	}
	app := newAppender(w)
	defer func() {
		if err == nil {
			return
		}
		if !errors.Is(err, errUnknownCommit) {
			err = errors.Join(err, w.rollback())
		}
		app.failed(err)
	}()
	if err := app.run(group); err != nil {
		return translate(err)
	}
	if err := w.others(group); err != nil {
		return translate(err)
	}
	if err := w.commit(); err != nil {
		return err
	}
	app.committed(group)
	return nil
}

func (w *writer) begin() error {
	if err := w.fault(PointBegin); err != nil {
		return translate(err)
	}
	_, err := w.tx.Exec("BEGIN IMMEDIATE")
	return translate(err)
}

func (w *writer) commit() error {
	if err := w.fault(PointCommit); err != nil {
		return translate(err)
	}
	_, err := w.tx.Exec("COMMIT")
	if err == nil {
		err = w.fault(PointCommitted)
	}
	if err == nil {
		w.committed.Add(1)
		select {
		case w.dirty <- struct{}{}:
		default:
		}
		return nil
	}
	if brokenSync(err) {
		w.broken.Store(&err)
	}
	if err = commitFailure(err); errors.Is(err, errUnknownCommit) {
		// The engine may have ended the transaction or not; the error of a
		// needless rollback says nothing.
		_ = w.rollback()
	}
	return err
}

func (w *writer) rollback() error {
	clear(w.heads)
	clear(w.stated)
	_, err := w.conn.ExecContext(context.Background(), "ROLLBACK")
	if err != nil && !inTransaction(err) {
		return nil
	}
	return err
}

// inTransaction tells the errors of ROLLBACK apart: the engine undoes a
// transaction by itself when the disk is full, and then has none to undo.
func inTransaction(err error) bool {
	code, ok := resultCode(err)
	return !ok || code != 1
}

func (w *writer) fault(p Point) error {
	if w.opts.Fault == nil {
		return nil
	}
	return w.opts.Fault(p)
}

// others runs the closures of the group, each under a savepoint.
func (w *writer) others(group []*task) error {
	for _, t := range group {
		if t.do == nil {
			continue
		}
		t.err = nil
		err := w.savepoint(func() error { return t.do(w.tx) }, &t.err)
		if err != nil {
			return err
		}
	}
	return nil
}

// savepoint runs f so that its error undoes only what f wrote; that error is
// put into own. The returned error is the transaction's.
func (w *writer) savepoint(f func() error, own *error) error {
	if _, err := w.tx.Exec("SAVEPOINT own"); err != nil {
		return err
	}
	err := guarded(f)
	if err == nil {
		_, err = w.tx.Exec("RELEASE own")
		return err
	}
	if lost(err) {
		return err
	}
	*own = translate(err)
	if _, err := w.tx.Exec("ROLLBACK TO own"); err != nil {
		return err
	}
	_, err = w.tx.Exec("RELEASE own")
	return err
}

// guarded turns a panic of f into an error, so that one caller's mistake does
// not end the writer of all shops.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a transaction: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// outside runs f in the writer's goroutine between two transactions.
func (w *writer) outside(f func() error) error {
	t := &task{alone: f, done: make(chan struct{})}
	if err := w.queue.addOther(context.Background(), t); err != nil {
		return err
	}
	<-t.done
	return t.err
}

// rest gives memory back that only load needs. It runs in the writer's
// goroutine, outside of a transaction.
func (w *writer) rest() error {
	w.tx.rest()
	w.args, w.layers, w.batch = nil, nil, ledger.Batch{}
	_, err := w.conn.ExecContext(context.Background(), "PRAGMA shrink_memory")
	return err
}

// stop ends the writer after what is queued, writes the log back and closes
// the connection.
func (w *writer) stop() error {
	w.queue.close()
	<-w.done
	w.tx.close()
	_, err := truncate(w.conn, time.Second)
	return errors.Join(err, w.conn.Close(), w.db.Close())
}

// queue holds what waits for the writer.
type queue struct {
	mu      sync.Mutex
	appends []*task
	others  []*task
	bytes   int // of the waiting appends
	shut    bool
	wake    chan struct{} // one token: something has come
	room    chan struct{} // one token per waiting closure
	opts    Options
}

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
		shut := q.shut
		q.mu.Unlock()
		if len(into) > 0 || shut {
			return into, len(into) > 0
		}
		<-q.wake
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
	n := 0
	for n < len(q.others) && n < groupOthers {
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
