package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var embedded embed.FS

// Newer is the error of opening a database that a newer program has migrated.
type Newer struct{ Migration string }

func (e *Newer) Error() string {
	return fmt.Sprintf("the database was migrated by a newer program (%s)", e.Migration)
}

// migrate brings the schema up to date: forward only. Of several nodes that
// start at once, one does and the others wait for its lock row.
func (s *Store) migrate(ctx context.Context) error {
	const table = `CREATE TABLE IF NOT EXISTS migrations (name text COLLATE "C" NOT NULL PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`
	if _, err := s.pool.Exec(ctx, table); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "LOCK TABLE migrations IN EXCLUSIVE MODE"); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, "SELECT name FROM migrations")
		if err != nil {
			return err
		}
		applied, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		names, err := fs.Glob(s.opts.migrations, "migrations/*.sql")
		if err != nil {
			return err
		}
		for _, name := range names {
			if slices.Contains(applied, name) {
				continue
			}
			text, err := fs.ReadFile(s.opts.migrations, name)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, string(text)); err != nil {
				return fmt.Errorf("migrate %s: %w", name, err)
			}
			if _, err := tx.Exec(ctx, "INSERT INTO migrations (name) VALUES ($1)", name); err != nil {
				return err
			}
		}
		return nil
	})
}
