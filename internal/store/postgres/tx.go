package postgres

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Tx is an open writing transaction of one shop, as closures of do and effects
// of entries get it. It is valid only while they run.
//
// Errors of the engine come back as they are and must be returned: do
// translates. After one the transaction is void, unless it came from within a
// savepoint.
type Tx struct{ session }

// View is a reading transaction: what it reads is of one moment.
type View struct{ session }

// session is a transaction on a connection. Its BEGIN travels with the first
// statement.
type session struct {
	ctx   context.Context
	conn  *pgx.Conn
	begin string // what is still to be sent before anything else
	ended bool   // COMMIT is sent
}

const (
	beginWrite = "BEGIN" // READ COMMITTED, see check
	beginRead  = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
)

// querier is a transaction that can read: a Tx or a View.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// SendBatch sends statements in one round trip. The results must be closed
// before the next statement.
func (x *session) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if x.begin == "" {
		return x.conn.SendBatch(ctx, b)
	}
	b.QueuedQueries = append([]*pgx.QueuedQuery{{SQL: x.begin}}, b.QueuedQueries...)
	results := x.conn.SendBatch(ctx, b)
	x.begin = ""
	_, _ = results.Exec() // of BEGIN; its error is that of the next result, too
	return results
}

// batch sends statements in one round trip and hands each result to its
// statement's callback (Query, QueryRow or Exec of what Queue returns). It
// returns the first error, after which no more callbacks are called.
func (x *session) batch(b *pgx.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	return x.SendBatch(x.ctx, b).Close()
}

// Exec runs a statement.
func (x *session) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if x.begin == "" {
		return x.conn.Exec(ctx, sql, args...)
	}
	b := &pgx.Batch{}
	b.Queue(sql, args...)
	results := x.SendBatch(ctx, b)
	tag, err := results.Exec()
	if end := results.Close(); err == nil {
		err = end
	}
	return tag, err
}

// Query runs a query; the caller closes the rows before the next statement.
func (x *session) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if x.begin == "" {
		return x.conn.Query(ctx, sql, args...)
	}
	b := &pgx.Batch{}
	b.Queue(sql, args...)
	results := x.SendBatch(ctx, b)
	rows, err := results.Query()
	if err != nil {
		_ = results.Close()
	}
	return &firstRows{Rows: rows, results: results}, err
}

// QueryRow runs a query of at most one row; Scan returns pgx.ErrNoRows if
// there is none.
func (x *session) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := x.Query(ctx, sql, args...)
	return oneRow{rows, err}
}

// firstRows are the rows of a transaction's first statement: closing them ends
// the round trip that it shared with BEGIN.
type firstRows struct {
	pgx.Rows
	results pgx.BatchResults
	err     error
}

func (r *firstRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

func (r *firstRows) Close() {
	r.Rows.Close()
	if err := r.results.Close(); r.err == nil {
		r.err = err
	}
}

func (r *firstRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return err
	}
	return r.err
}

type oneRow struct {
	rows pgx.Rows
	err  error
}

func (r oneRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}

// last sends statements with the COMMIT behind them, in one round trip; nothing
// can be sent after it, and do commits no more. Whatever must not be committed
// has to be an SQL error of one of them: an error of a callback comes too late.
func (t *Tx) last(b *pgx.Batch) error { return t.lastBefore(b, nil) }

// lastBefore is last with a query behind the COMMIT, in the same round trip: it
// sees all that was committed until then. If it is cut off, its callback fails
// or is not called, which says nothing about the commit.
func (t *Tx) lastBefore(b *pgx.Batch, look *pgx.QueuedQuery) error {
	before := b.QueuedQueries
	b.Queue("COMMIT")
	if look != nil {
		b.QueuedQueries = append(b.QueuedQueries, look)
	}
	results := t.SendBatch(t.ctx, b)
	t.ended = true
	var own error // of a callback
	for _, q := range before {
		var err error
		if q.Fn != nil {
			err = q.Fn(results)
		} else {
			_, err = results.Exec()
		}
		if lostBatch(t.conn, err) {
			_ = results.Close()
			return commitNotReached(err)
		}
		own = errors.Join(own, err)
	}
	tag, err := results.Exec()
	if err == nil && look != nil {
		_ = look.Fn(results)
	}
	_ = results.Close() // what became of the COMMIT is known by now
	return errors.Join(committed(tag, err), own)
}

// lostBatch tells errors of the engine, after which the rest of a batch has no
// results, from those of callbacks.
func lostBatch(conn *pgx.Conn, err error) bool {
	var said *pgconn.PgError
	return err != nil && (errors.As(err, &said) || conn.IsClosed())
}

// savepoint runs f so that its error, or its panic, undoes only what f wrote;
// that error is own. The other one is the transaction's.
func (t *Tx) savepoint(f func() error) (own, err error) {
	if _, err := t.Exec(t.ctx, "SAVEPOINT own"); err != nil {
		return nil, err
	}
	own = guarded(f)
	if own != nil && t.conn.IsClosed() {
		return nil, own
	}
	end := "RELEASE SAVEPOINT own"
	if own != nil {
		end = "ROLLBACK TO SAVEPOINT own; RELEASE SAVEPOINT own"
	}
	_, err = t.Exec(t.ctx, end)
	return own, err
}

// guarded turns a panic of f into an error, so that one caller's mistake does
// not end the program.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a transaction: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// do runs f in one transaction (READ COMMITTED) and returns when it is
// committed. What f writes is undone if f returns an error or panics. After a
// serialization failure, or a connection lost before the commit, f runs again:
// it must have no effect but its writes and the values that it hands out (set
// them anew each time).
//
// Errors: those of f, order.ErrReadOnly, order.ErrBusy, ErrDuplicate, the
// context's if it ended before the commit was sent, or one of a commit whose
// result is unknown (errUnknownCommit, which is none of the others).
func (s *Store) do(ctx context.Context, f func(tx *Tx) error) error {
	return s.again(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return s.write(ctx, conn.Conn(), f)
	})
}

// write runs f in one transaction of a connection.
func (s *Store) write(ctx context.Context, conn *pgx.Conn, f func(tx *Tx) error) error {
	if err := s.fault(PointBegin); err != nil {
		return err
	}
	tx := &Tx{session{ctx: ctx, conn: conn, begin: beginWrite}}
	err := guarded(func() error { return f(tx) })
	if err == nil && !tx.ended {
		err = s.commit(tx)
	}
	if err != nil {
		tx.rollback()
		return err
	}
	return s.committedFault()
}

func (s *Store) commit(tx *Tx) error {
	if tx.begin != "" {
		return nil // f had nothing to ask
	}
	if err := s.fault(PointCommit); err != nil {
		return err
	}
	tx.ended = true
	return committed(tx.conn.Exec(tx.ctx, "COMMIT"))
}

// rollback gives the connection back clean, or closes it.
func (x *session) rollback() {
	if x.conn.IsClosed() || x.conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.ctx), endLimit)
	defer cancel()
	if _, err := x.conn.Exec(ctx, "ROLLBACK"); err != nil {
		// The server undoes what an ended connection left.
		_ = x.conn.Close(ctx)
	}
}

func (s *Store) fault(p Point) error {
	if s.opts.Fault == nil {
		return nil
	}
	return s.opts.Fault(p)
}

func (s *Store) committedFault() error {
	if err := s.fault(PointCommitted); err != nil {
		return fmt.Errorf("%w: %v", errUnknownCommit, err)
	}
	s.commits.Add(1)
	return nil
}

// view runs f in a transaction that can not write (REPEATABLE READ). After a
// lost connection f runs again, as with do. Errors: as those of do, but for
// those of a commit.
func (s *Store) view(ctx context.Context, f func(v *View) error) error {
	return s.again(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		v := &View{session{ctx: ctx, conn: conn.Conn(), begin: beginRead}}
		err := guarded(func() error { return f(v) })
		if err != nil {
			v.rollback()
		}
		return err // giveBack ends the transaction
	})
}
