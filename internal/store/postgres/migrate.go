package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var embedded embed.FS

// Newer is the error of opening a database that a newer program has migrated.
type Newer struct{ Migration string }

func (e *Newer) Error() string {
	return fmt.Sprintf("the database was written by a newer ordermux (it knows %q, this program does not); "+
		"use that version", e.Migration)
}

// migrate brings the schema up to date: forward only, all in one transaction.
// Of several nodes that start at once, one does and the others wait for its
// lock.
func (s *Store) migrate(ctx context.Context) error {
	return s.alone(ctx, func(conn *pgx.Conn) error {
		if err := makeMigrations(ctx, conn); err != nil {
			return err
		}
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "LOCK TABLE migrations IN EXCLUSIVE MODE"); err != nil {
				return err
			}
			pending, err := s.pending(ctx, tx)
			for _, name := range pending {
				if err := s.apply(ctx, tx, name); err != nil {
					return fmt.Errorf("migrate %s: %w", name, err)
				}
			}
			return err
		})
	})
}

// makeMigrations makes the table of what was applied. Several nodes may try at
// once, and then all but one fail in the catalogue.
func makeMigrations(ctx context.Context, conn *pgx.Conn) error {
	const table = `CREATE TABLE IF NOT EXISTS migrations (
		name text COLLATE "C" NOT NULL PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`
	const there = "SELECT to_regclass('migrations') IS NOT NULL"
	var found bool
	if err := conn.QueryRow(ctx, there).Scan(&found); err != nil || found {
		return err
	}
	_, err := conn.Exec(ctx, table)
	if err == nil {
		return nil
	}
	if again := conn.QueryRow(ctx, there).Scan(&found); again == nil && found {
		return nil
	}
	return err
}

// pending returns the names of the migrations that are not applied, in
// sequence.
func (s *Store) pending(ctx context.Context, tx pgx.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, "SELECT name FROM migrations ORDER BY name")
	if err != nil {
		return nil, err
	}
	applied, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(s.opts.migrations, "migrations/*.sql")
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

func (s *Store) apply(ctx context.Context, tx pgx.Tx, name string) error {
	text, err := fs.ReadFile(s.opts.migrations, "migrations/"+name+".sql")
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, string(text)); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO migrations (name) VALUES ($1)", name)
	return err
}

// alone runs f on a connection of its own, for work that may take long: there
// no limit of time holds but the context's.
func (s *Store) alone(ctx context.Context, f func(conn *pgx.Conn) error) (err error) {
	cfg := s.config.ConnConfig.Copy()
	for name := range limits {
		delete(cfg.RuntimeParams, name)
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return kind(connectFailure(err))
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), endLimit)
		defer cancel()
		err = errors.Join(kind(err), conn.Close(end))
	}()
	return f(conn)
}
