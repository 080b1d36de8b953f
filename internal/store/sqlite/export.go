package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/ordermux/ordermux/internal/store/transfer"
)

// Export reads a data folder for a move to a database, while a hub uses it.
type Export struct {
	dir    string
	store  *Store
	moving *os.File // locked: one move at a time
	lock   *os.File // of the folder; nil: the hub may run
	id     string

	closing sync.Once
	closed  error
}

var _ transfer.Source = (*Export)(nil)

// movingName is the file that names a folder's move and is locked by it.
const movingName = "moving"

// Older is the error of a store that this program has not migrated.
type Older struct{ Migration string }

func (e *Older) Error() string {
	return fmt.Sprintf("the store was written by an older ordermux (it lacks %q): run the hub with this version first", e.Migration)
}

// errMoving means that another process moves the folder.
var errMoving = errors.New("another ordermux migrate moves this folder")

// OpenExport opens the store in a folder for a move. Nothing is written to it
// but the name of the move, in a file of its own. Errors: *Newer, *Older.
func OpenExport(ctx context.Context, dir string) (*Export, error) {
	e := &Export{dir: dir, store: &Store{dir: dir, opts: Options{}.withDefaults(), recent: newRecent()}}
	if err := e.open(ctx); err != nil {
		return nil, fmt.Errorf("open store: %w", errors.Join(err, e.Close()))
	}
	return e, nil
}

func (e *Export) open(ctx context.Context) (err error) {
	if _, err := os.Stat(e.store.path()); err != nil {
		return err
	}
	if e.moving, err = openMoving(e.dir); err != nil {
		return translatePath(err)
	}
	if e.id, err = readMoving(e.moving); err != nil {
		return translatePath(err)
	}
	e.store.readers = newReaders(e.store.path(), roleVisitor, e.store.opts.Readers)
	var applied []string
	err = e.store.View(ctx, func(v *View) error {
		applied, err = texts(v, "SELECT name FROM migrations ORDER BY name")
		return err
	})
	if err != nil {
		return err
	}
	pending, err := pendingMigrations(e.store.opts.migrations, applied)
	if err == nil && len(pending) > 0 {
		err = &Older{Migration: pending[0]}
	}
	return err
}

func openMoving(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, movingName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		err = errors.Join(err, f.Close())
		if errors.Is(err, errLocked) {
			return nil, errMoving
		}
		return nil, err
	}
	return f, nil
}

// readMoving returns the name of the folder's move, which is made once.
func readMoving(f *os.File) (string, error) {
	room := make([]byte, 64)
	n, _ := f.ReadAt(room, 0)
	if id := strings.TrimSpace(string(room[:n])); len(id) == 32 {
		return id, nil
	}
	random := make([]byte, 16)
	rand.Read(random)
	id := hex.EncodeToString(random)
	if err := f.Truncate(0); err != nil {
		return "", err
	}
	_, err := f.WriteAt([]byte(id+"\n"), 0)
	return id, errors.Join(err, f.Sync())
}

// ID implements transfer.Source.
func (e *Export) ID() string { return e.id }

// Query implements transfer.Source, in one short view.
func (e *Export) Query(ctx context.Context, query string, args []any, f func([]any) bool) error {
	return e.store.View(ctx, func(v *View) error {
		rows, err := v.Query(query, args...)
		if err != nil {
			return err
		}
		names, err := rows.Columns()
		values, dest := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			dest[i] = &values[i]
		}
		for more := true; more && err == nil && rows.Next(); {
			if err = rows.Scan(dest...); err == nil {
				more = f(values)
			}
			if err == nil {
				err = ctx.Err()
			}
		}
		return errors.Join(err, rows.Err(), rows.Close())
	})
}

// Lock implements transfer.Source.
func (e *Export) Lock() (bool, error) {
	if e.lock != nil {
		return true, nil
	}
	lock, err := takeLock(e.dir)
	if _, used := errors.AsType[*InUse](err); used {
		return false, nil
	}
	if err != nil {
		return false, translatePath(err)
	}
	e.lock = lock
	return true, nil
}

// MarkMoved implements transfer.Source.
func (e *Export) MarkMoved(_ context.Context, to string) error {
	return translatePath(writeMoved(e.dir, to, e.store.opts.Now()))
}

// Close gives the folder free. Safe to call twice.
func (e *Export) Close() error {
	e.closing.Do(func() { e.closed = e.close() })
	return e.closed
}

func (e *Export) close() error {
	var errs []error
	if e.store.readers != nil {
		errs = append(errs, e.store.readers.close())
	}
	for _, f := range []*os.File{e.lock, e.moving} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}
