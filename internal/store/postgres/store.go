// Package postgres keeps everything of an ordermux in a PostgreSQL database
// that several nodes share.
//
// No transaction spans two shops, every statement names its shop, and nothing
// lives in a session: so the same program runs on Citus, where the tables are
// distributed by shop (see distribute.go).
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Options of a Store. The zero value is what `serve` uses.
type Options struct {
	// Now is the clock of accepted_at; default: the database's, see Store.Now.
	Now func() time.Time
	// QueueCalls and QueueBytes bound the appends that wait; beyond, Append is
	// order.ErrBusy. Default 4096 calls, 256 MiB.
	QueueCalls, QueueBytes int
	// Writers is how many shops' appends are written at a time; default 16.
	Writers int
	// Fault is for tests only: it is called at each point of a writing
	// transaction and its error, if any, takes the engine's place.
	Fault func(Point) error

	migrations fs.FS // tests of migrating bring their own
	filling    bool  // see import.go
}

// Point names a place in a writing transaction where Options.Fault is asked.
type Point string

// The points. An error at PointCommitted makes the result of a commit that
// did happen unknown.
const (
	PointBegin     Point = "begin"
	PointInsert    Point = "insert"
	PointCommit    Point = "commit"
	PointCommitted Point = "committed"
)

func (o Options) withDefaults() Options {
	if o.QueueCalls == 0 {
		o.QueueCalls = 4096
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = 256 << 20
	}
	if o.Writers == 0 {
		o.Writers = 16
	}
	if o.migrations == nil {
		o.migrations = embedded
	}
	return o
}

// Store is an open database. Safe for concurrent use.
type Store struct {
	opts      Options
	config    *pgxpool.Config
	pool      *pgxpool.Pool
	clock     clock
	queue     queue
	cleaning  cleaning
	appenders sync.Pool
	doubted   atomic.Int64 // see doubtIdle
	renewed   atomic.Int64 // see renew
	commits   atomic.Int64
	life      context.Context // ends with Close; see configure
	end       context.CancelFunc
	shut      atomic.Bool
	closing   sync.Once
	closed    error
}

// Open connects to the database of a URL or connection string, refuses one
// that does not keep what it commits (fsync or synchronous_commit off:
// *Refused), and brings the schema up to date; of several nodes that start at
// once one does. A database that a newer program has migrated is refused:
// *Newer; one that is being filled from a data folder: *Filling. What the URL
// says of the pool (pool_max_conns and the like), of time limits and of the way
// of asking (default_query_exec_mode, for poolers) wins.
func Open(ctx context.Context, url string, opts Options) (*Store, error) {
	s := &Store{opts: opts.withDefaults(), appenders: sync.Pool{New: newAppender}}
	if err := s.open(ctx, url); err != nil {
		return nil, fmt.Errorf("open database: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, url string) (err error) {
	if s.config, err = s.configure(url); err != nil {
		return err
	}
	s.queue.init(s.opts, s.settle)
	if s.pool, err = pgxpool.NewWithConfig(ctx, s.config); err != nil {
		return err
	}
	if err := s.Refresh(ctx); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	return s.checkFilling(ctx)
}

// Now is the database's time: what its clock said when it was last asked, and
// the time that has passed here since. So the nodes agree, whatever their own
// clocks say.
func (s *Store) Now() time.Time {
	if s.opts.Now != nil {
		return s.opts.Now()
	}
	return s.clock.now()
}

// Refresh asks the database for its time.
func (s *Store) Refresh(ctx context.Context) error {
	return s.again(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return s.clock.read(ctx, conn)
	})
}

// Close waits for what is queued and closes all connections. Safe to call
// twice.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.queue.close()
		s.shut.Store(true)
		if s.end != nil {
			s.end()
		}
		s.cleaning.wait()
		if s.pool != nil {
			s.pool.Close()
		}
	})
	return s.closed
}
