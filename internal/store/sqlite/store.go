// Package sqlite keeps everything of an ordermux in one file: the shops'
// ledgers, the deliveries and the small state beside them.
//
// One goroutine writes (see writer.go): appends of the ledger and closures
// given to Do share its transactions, so that many callers pay for one sync.
// Readers have connections of their own that can not write (see view.go).
//
// A file of this package that needs tables brings its own migration
// (migrations/NNNN_name.sql), starts every primary key and index with shop,
// and names the shop in every statement.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// FileName is the name of the database in the data folder.
const FileName = "ordermux.db"

// Options of a Store. The zero value is what `serve` uses.
type Options struct {
	// Now is the clock of accepted_at; default time.Now.
	Now func() time.Time
	// QueueCalls and QueueBytes bound the appends that wait for the writer;
	// beyond, Append is order.ErrBusy. Default 4096 calls, 256 MiB.
	QueueCalls, QueueBytes int
	// Readers is how many reads run at a time; default 4.
	Readers int
	// Rest is how long the store is idle before it gives log and memory back;
	// default 1 s.
	Rest time.Duration
	// Fault is for tests only: it is called at each point of a writing
	// transaction and its error, if any, takes the engine's place.
	Fault func(Point) error

	migrations fs.FS // tests of migrating bring their own
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
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.QueueCalls == 0 {
		o.QueueCalls = 4096
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = 256 << 20
	}
	if o.Readers == 0 {
		o.Readers = 4
	}
	if o.Rest == 0 {
		o.Rest = time.Second
	}
	if o.migrations == nil {
		o.migrations = embedded
	}
	return o
}

// Store is an open data folder. Safe for concurrent use.
type Store struct {
	dir     string
	opts    Options
	lock    *os.File
	writer  *writer
	readers *readers
	recent  *recent
	upkeep  *upkeep
	closing sync.Once
	closed  error
}

// Open opens the store in the folder dir, which is made (mode 0700) if it is
// missing. A store of an older program is copied beside itself, then brought
// up to date; one of a newer program is refused. The folder is locked: a
// second process gets *InUse. One whose hub moved to a database is *Moved.
func Open(ctx context.Context, dir string, opts Options) (*Store, error) {
	s := &Store{dir: dir, opts: opts.withDefaults(), recent: newRecent()}
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("open store: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) (err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return translatePath(err)
	}
	if s.lock, err = takeLock(s.dir); err != nil {
		return translatePath(err)
	}
	if err := checkMoved(s.dir); err != nil {
		return translatePath(err)
	}
	if err := s.touch(); err != nil {
		return translatePath(err)
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	s.readers = newReaders(s.path(), roleReader, s.opts.Readers)
	if err := s.loadRecent(ctx); err != nil {
		return fmt.Errorf("read recent orders: %w", err)
	}
	if s.writer, err = startWriter(ctx, s.path(), s.opts, s.recent); err != nil {
		return translate(err)
	}
	s.upkeep, err = startUpkeep(ctx, s)
	return translate(err)
}

// touch makes the database file for this user alone; the engine gives its
// log the same mode.
func (s *Store) touch() error {
	f, err := os.OpenFile(s.path(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (s *Store) path() string { return filepath.Join(s.dir, FileName) }

// Dir returns the data folder.
func (s *Store) Dir() string { return s.dir }

// Close waits for what is queued, writes the log back into the file and gives
// the folder free. Safe to call twice.
func (s *Store) Close() error {
	s.closing.Do(func() { s.closed = s.close() })
	return s.closed
}

func (s *Store) close() error {
	var errs []error
	if s.upkeep != nil {
		errs = append(errs, s.upkeep.stop())
	}
	if s.readers != nil {
		errs = append(errs, s.readers.close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.stop())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}
