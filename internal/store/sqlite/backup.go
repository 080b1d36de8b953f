package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/ordermux/ordermux/internal/ledger"
)

// backupPages is how many pages a backup copies before it looks whether it is
// still wanted: 16 MB.
const backupPages = 4096

// Backup copies the store, as it is at one moment, into the new file dst (mode
// 0600) while it runs. The copy is on disk and complete when it returns; a
// broken-off one leaves nothing. Writing goes on meanwhile, but the log can
// not be cut, so it grows by what is written.
//
// The copy holds personal data: what is erased later is not erased in it.
func (s *Store) Backup(ctx context.Context, dst string) (err error) {
	if _, err := os.Stat(dst); err == nil {
		return fmt.Errorf("backup: %s exists already", dst)
	}
	partial := dst + ".partial"
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("backup: %w", translatePath(translate(err))), removeIfThere(partial))
		}
	}()
	f, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := s.copyTo(ctx, partial); err != nil {
		return err
	}
	if err := syncPath(partial); err != nil {
		return err
	}
	if err := os.Rename(partial, dst); err != nil {
		return err
	}
	return syncPath(filepath.Dir(dst))
}

// copyTo copies the database as one reading transaction sees it: without one,
// the engine would begin anew at every commit.
func (s *Store) copyTo(ctx context.Context, dst string) (err error) {
	db, conn, err := open1(ctx, s.path(), roleReader)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(), db.Close()) }()
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	var n int
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM migrations").Scan(&n); err != nil {
		return err
	}
	err = conn.Raw(func(c any) error { return onlineBackup(c, dst, backupPages, ctx.Err) })
	_, end := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	return errors.Join(err, end)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// syncPath syncs a file or a folder.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Restore makes the folder dir, which must be missing or empty, out of a file
// that Backup made, and verifies it: the file's structure and the chain of
// every shop. Faults are in the reports; with an error nothing was made.
func Restore(ctx context.Context, src, dir string) (reports []ledger.Report, err error) {
	from, err := os.Open(src) // before anything is made
	if err != nil {
		return nil, fmt.Errorf("restore: %w", translatePath(err))
	}
	defer func() { _ = from.Close() }()
	made, err := emptyFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("restore: %w", translatePath(err))
	}
	to, err := os.OpenFile(filepath.Join(dir, FileName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil { // perhaps somebody else's by now: nothing is removed
		return nil, fmt.Errorf("restore: %w", translatePath(err))
	}
	defer func() {
		if err == nil {
			return
		}
		if _, used := errors.AsType[*InUse](err); !used { // by somebody who was faster
			err = errors.Join(err, unmake(dir, made))
		}
		err = fmt.Errorf("restore: %w", err)
	}()
	if _, err := io.Copy(to, from); err != nil {
		return nil, translatePath(errors.Join(err, to.Close()))
	}
	if err := errors.Join(to.Sync(), to.Close(), syncPath(dir)); err != nil {
		return nil, translatePath(err)
	}
	return openRestored(ctx, dir)
}

// openRestored brings a copied store up to date and verifies it.
func openRestored(ctx context.Context, dir string) ([]ledger.Report, error) {
	s, err := Open(ctx, dir, Options{}) // migrates an older backup
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		return nil, err
	}
	if s, err = OpenToRead(ctx, dir); err != nil {
		return nil, err
	}
	reports, err := s.Verify(ctx)
	return reports, errors.Join(err, s.Close())
}

// emptyFolder makes the folder dir, or takes one that is empty; made says
// which.
func emptyFolder(dir string) (made bool, err error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return true, os.MkdirAll(dir, 0o700)
	case err == nil && len(entries) > 0:
		err = fmt.Errorf("the folder %s is not empty", dir)
	}
	return false, err
}

// unmake removes what a failed restore made, the folder too if it made that.
func unmake(dir string, made bool) (err error) {
	for _, name := range []string{FileName, FileName + "-wal", FileName + "-shm", "lock"} {
		err = errors.Join(err, removeIfThere(filepath.Join(dir, name)))
	}
	if made && err == nil {
		err = removeIfThere(dir)
	}
	return err
}

// Verify walks the chain of every shop; of a store that is opened to read it
// also checks the structure of the file, which takes one long view. What it
// finds in a chain is in its report; a fault of the file itself is an error.
func (s *Store) Verify(ctx context.Context) ([]ledger.Report, error) {
	if s.writer == nil {
		if err := s.View(ctx, quickCheck); err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
	}
	l := ledger.New(s, ledger.Options{})
	shops, err := l.Shops(ctx)
	if err != nil {
		return nil, err
	}
	var reports []ledger.Report
	for _, shop := range shops {
		r, err := l.Verify(ctx, shop)
		if err != nil {
			return reports, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

func quickCheck(v *View) error {
	rows, err := v.Query("PRAGMA quick_check(10)")
	if err != nil {
		return err
	}
	var faults []error
	var line sql.NullString
	err = eachRow(rows, func() error {
		err := rows.Scan(&line)
		if line.String != "ok" {
			faults = append(faults, fmt.Errorf("the file is damaged: %s", line.String))
		}
		return err
	})
	return errors.Join(append(faults, err)...)
}

// OpenToRead opens a store that nobody uses, to verify or look at it. Nothing
// is written, not even a migration; Append and Do return order.ErrReadOnly.
// The folder may be one that this user can not write to.
func OpenToRead(ctx context.Context, dir string) (*Store, error) {
	s := &Store{dir: dir, opts: Options{}.withDefaults(), recent: newRecent()}
	if err := s.openToRead(ctx); err != nil {
		return nil, fmt.Errorf("open store: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Store) openToRead(ctx context.Context) (err error) {
	if _, err := os.Stat(s.path()); err != nil {
		return err
	}
	r := roleVisitor
	if s.lock, err = takeLock(s.dir); unwritable(err) {
		// Nobody can write here, so nobody has to be kept out.
		r, err = roleFrozen, s.checkFrozen()
	}
	if err != nil {
		return err
	}
	s.readers = newReaders(s.path(), r, s.opts.Readers)
	var applied []string
	err = s.View(ctx, func(v *View) error {
		applied, err = texts(v, "SELECT name FROM migrations ORDER BY name")
		return err
	})
	if err != nil {
		return err
	}
	if _, err = pendingMigrations(s.opts.migrations, applied); err != nil {
		return err
	}
	return s.loadRecent(ctx)
}

// checkFrozen refuses a folder without write access whose log was never
// written back: the engine can not read it there.
func (s *Store) checkFrozen() error {
	info, err := os.Stat(s.path() + "-wal")
	if err == nil && info.Size() > 0 {
		return fmt.Errorf("the store in %s was not closed, and the folder can not be written to: verify a copy of it", s.dir)
	}
	return nil
}
