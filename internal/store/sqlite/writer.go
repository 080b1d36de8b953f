package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
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
	spared bool                // the cache is a small one now, see spare
	// dirty wakes upkeep after a commit.
	dirty chan struct{}
	// committed counts commits, for upkeep; broken is the error (of a sync, or
	// of undoing) after which nothing is written any more.
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
	// sparing says that do writes much that nobody will soon look at again.
	sparing bool
}

const (
	taskQueued int32 = iota
	taskTaken
	taskGivenUp
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
	return s.do(ctx, &task{do: f, done: make(chan struct{})})
}

// doSparing is Do for what writes much that nobody will soon look at again: it
// must not fill the memory that the writer keeps for the ledger.
func (s *Store) doSparing(ctx context.Context, f func(tx *Tx) error) error {
	return s.do(ctx, &task{do: f, sparing: true, done: make(chan struct{})})
}

func (s *Store) do(ctx context.Context, t *task) error {
	if s.writer == nil {
		return fmt.Errorf("%w: opened to read", order.ErrReadOnly)
	}
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
		fail(group, fmt.Errorf("%w: the store failed earlier, restart to go on: %w", order.ErrReadOnly, *cause))
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
	if err := w.spare(group); err != nil {
		return err
	}
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

// spare makes the cache small for a group of nothing but sparing tasks, which
// drops all but the pages that were used last, and large for any other. What an
// import of many products leaves in it would be of no use to anybody; the pages
// of the ledger that go with it are read again from the system's memory.
func (w *writer) spare(group []*task) error {
	spare := !slices.ContainsFunc(group, func(t *task) bool { return !t.sparing })
	if spare == w.spared {
		return nil
	}
	size := cachePragma
	if spare {
		size = spareCachePragma
	}
	if _, err := w.conn.ExecContext(context.Background(), "PRAGMA "+size); err != nil {
		return translate(err)
	}
	w.spared = spare
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
	if err == nil || !inTransaction(err) {
		return nil
	}
	w.broken.Store(&err) // what is open can neither be ended nor begun anew
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
	start, n := time.Now(), 0
	for _, t := range group {
		if t.do == nil {
			continue
		}
		n++
		t.err = nil
		err := w.savepoint(func() error { return t.do(w.tx) }, &t.err)
		if err != nil {
			return err
		}
	}
	if n > 0 {
		w.queue.took(time.Since(start) / time.Duration(n))
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
