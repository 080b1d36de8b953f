package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/ordermux/ordermux/internal/order"
)

const (
	// mostTries is how often a transaction runs at most, with firstPause
	// doubled between one try and the next: together somewhat over half a
	// second, the time of a switch of servers that went well.
	mostTries  = 6
	firstPause = 20 * time.Millisecond
	// tryLimit bounds one try: a server that is cut off without a word is as
	// good as lost. It is longer than the server's own limit on a statement.
	tryLimit = 30 * time.Second
	endLimit = 2 * time.Second
)

// lost is an error of a connection that is gone.
type lost struct{ error }

func (e lost) Unwrap() error { return e.error }

// again runs f on a connection until it succeeds or fails for a reason of its
// own. f may run again only if nothing of it can have been committed.
func (s *Store) again(ctx context.Context, f func(context.Context, *pgxpool.Conn) error) error {
	wait := firstPause
	for try := 1; ; try++ {
		err := s.try(ctx, f)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return interrupted(ctx, err)
		case try == mostTries || !passes(err):
			return kind(err)
		}
		if pause(ctx, wait/2+rand.N(wait)) != nil {
			return interrupted(ctx, err)
		}
		wait *= 2
	}
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// passes reports whether a new try may succeed.
func passes(err error) bool {
	if errors.Is(err, errUnknownCommit) {
		return false
	}
	var gone lost
	return errors.As(err, &gone) || passing(sqlState(err)) || stalePlan(err)
}

// kind gives an error its kind: a connection that is gone is a trouble that
// passes.
func kind(err error) error {
	var gone lost
	if errors.As(err, &gone) && !errors.Is(err, errUnknownCommit) {
		if known := translate(err); known != err {
			return known
		}
		return fmt.Errorf("%w: %w", order.ErrBusy, err)
	}
	return translate(err)
}

// try runs f once on a connection of the pool.
func (s *Store) try(ctx context.Context, f func(context.Context, *pgxpool.Conn) error) error {
	limited, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	conn, err := s.pool.Acquire(limited)
	if err != nil {
		return s.acquireFailure(ctx, err)
	}
	defer s.giveBack(conn)
	err = f(limited, conn)
	if err == nil || errors.Is(err, errUnknownCommit) {
		return err
	}
	if sqlState(err) == codeReadOnly {
		s.renew()
	}
	if !conn.Conn().IsClosed() {
		return err
	}
	s.doubtIdle()
	return gone(limited, ctx, err)
}

// renew lets the pool connect anew, at most once a second: a server that became
// a standby takes no writes any more, and the address may lead to the one that
// took over.
func (s *Store) renew() {
	last, now := s.renewed.Load(), time.Now().UnixNano()
	if now-last > int64(time.Second) && s.renewed.CompareAndSwap(last, now) {
		s.pool.Reset()
	}
}

// giveBack gives a connection back to the pool. A transaction that f left open
// only read (see view): nobody has to wait for its end.
func (s *Store) giveBack(conn *pgxpool.Conn) {
	c := conn.Conn()
	if c.IsClosed() || c.PgConn().TxStatus() != 'T' {
		conn.Release()
		return
	}
	go func() {
		defer conn.Release()
		(&session{ctx: context.Background(), conn: c}).rollback()
	}()
}

// gone is the error of a lost connection. A server that was silent for so long
// is not asked again.
func gone(limited, ctx context.Context, err error) error {
	if limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: the database does not answer: %v", order.ErrBusy, err)
	}
	return lost{err}
}

// acquireFailure is the error of a connection that could not be had.
func (s *Store) acquireFailure(ctx context.Context, err error) error {
	if s.shut.Load() {
		return errClosed
	}
	var failed *pgconn.ConnectError
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && !errors.As(err, &failed) {
		return fmt.Errorf("%w: no connection to the database is free: %v", order.ErrBusy, err)
	}
	return connectFailure(err)
}

// connectFailure is the error of a connection that could not be made. One that
// the server refuses for a reason of its own, or that check refuses, stays that.
func connectFailure(err error) error {
	var refused *Refused
	code := sqlState(err)
	switch {
	case code == codeProtocol:
		return fmt.Errorf("%w (a pooler of transactions stands before the server? "+
			"then add default_query_exec_mode=exec to its address)", err)
	case errors.As(err, &refused), code != "" && !passing(code):
		return err
	}
	return lost{err}
}
