package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var embedded embed.FS

// copyPrefix begins the names of the copies made before a migration; see
// removeCopies for how long they stay.
const copyPrefix = "before-"

// copiesKept is how long a copy made before a migration stays.
const copiesKept = 14 * 24 * time.Hour

// migrate brings the schema up to date: forward only, each migration in a
// transaction of its own and remembered by name. An older store is copied
// first.
func (s *Store) migrate(ctx context.Context) (err error) {
	db, conn, err := open1(ctx, s.path(), roleMigrator)
	if err != nil {
		return translate(err)
	}
	defer func() { err = errors.Join(err, conn.Close(), db.Close()) }()
	applied, err := appliedMigrations(ctx, conn)
	if err != nil {
		return fmt.Errorf("read the store's version: %w", translate(err))
	}
	pending, err := pendingMigrations(s.opts.migrations, applied)
	if err != nil {
		return err
	}
	if len(pending) > 0 && len(applied) > 0 {
		if err := s.copyBefore(ctx, conn, pending[0]); err != nil {
			return fmt.Errorf("copy the store before its migration: %w", translate(err))
		}
	}
	for _, name := range pending {
		if err := applyMigration(ctx, conn, s.opts.migrations, name, s.opts.Now()); err != nil {
			return fmt.Errorf("migrate %s: %w", name, translate(err))
		}
	}
	return s.removeCopies(s.opts.Now().Add(-copiesKept))
}

func appliedMigrations(ctx context.Context, conn *sql.Conn) (names []string, err error) {
	const table = `CREATE TABLE IF NOT EXISTS migrations (
		name TEXT NOT NULL PRIMARY KEY, applied_at INTEGER NOT NULL) WITHOUT ROWID`
	if _, err := conn.ExecContext(ctx, table); err != nil {
		return nil, err
	}
	rows, err := conn.QueryContext(ctx, "SELECT name FROM migrations ORDER BY name")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Err(), rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// Newer is the error of opening a store that a newer program has migrated.
type Newer struct{ Migration string }

func (e *Newer) Error() string {
	return fmt.Sprintf("the store was written by a newer ordermux (it knows %q, this program does not); "+
		"use that version, or the copy it made before its migration", e.Migration)
}

// pendingMigrations returns the names of the migrations that are not applied, in
// sequence.
func pendingMigrations(migrations fs.FS, applied []string) ([]string, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var known, pending []string
	for _, f := range files { // Glob sorts
		name := strings.TrimSuffix(filepath.Base(f), ".sql")
		known = append(known, name)
		if !slices.Contains(applied, name) {
			pending = append(pending, name)
		}
	}
	for _, name := range applied {
		if !slices.Contains(known, name) {
			return nil, &Newer{Migration: name}
		}
	}
	return pending, nil
}

func applyMigration(ctx context.Context, conn *sql.Conn, migrations fs.FS, name string, now time.Time) (err error) {
	text, err := fs.ReadFile(migrations, "migrations/"+name+".sql")
	if err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, back := conn.ExecContext(ctx, "ROLLBACK")
			err = errors.Join(err, back)
		}
	}()
	if _, err := conn.ExecContext(ctx, string(text)); err != nil {
		return err
	}
	const remember = "INSERT INTO migrations (name, applied_at) VALUES (?, ?)"
	if _, err := conn.ExecContext(ctx, remember, name, now.UnixMicro()); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}

// copyBefore copies the store beside itself before the migration name.
func (s *Store) copyBefore(ctx context.Context, conn *sql.Conn, name string) error {
	file := copyPrefix + name + "-" + s.opts.Now().UTC().Format("20060102T150405Z") + ".db"
	dst := filepath.Join(s.dir, file)
	if _, err := os.Stat(dst); err == nil {
		return nil // a start that failed within the same second
	}
	_, err := conn.ExecContext(ctx, "VACUUM INTO ?", dst)
	if err != nil {
		return err
	}
	return os.Chmod(dst, 0o600)
}

// removeCopies removes the copies made before migrations up to a moment (zero:
// all of them): they hold personal data, and nothing is erased in them.
func (s *Store) removeCopies(until time.Time) error {
	files, err := filepath.Glob(filepath.Join(s.dir, copyPrefix+"*.db"))
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range files {
		info, err := os.Stat(f)
		if err == nil && (until.IsZero() || !info.ModTime().After(until)) {
			err = os.Remove(f)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
