package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Older is the error of a database whose schema is not that of this program,
// where it must not be brought up to date.
type Older struct{ Migration string }

func (e *Older) Error() string {
	return fmt.Sprintf("the database was written by an older ordermux, or by none (%q is not applied); start a hub of this version on it first", e.Migration)
}

// OpenToRead opens a database to verify or look at it, beside the hubs that
// work on it. Nothing is written, not even a migration. *Newer and *Older:
// another version's database; *Filling as by Open.
func OpenToRead(ctx context.Context, url string) (*Store, error) {
	s := &Store{opts: Options{}.withDefaults(), appenders: sync.Pool{New: newAppender}}
	if err := s.openToRead(ctx, url); err != nil {
		return nil, fmt.Errorf("open database: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Store) openToRead(ctx context.Context, url string) (err error) {
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
	if err := s.checkSchema(ctx); err != nil {
		return err
	}
	return s.checkFilling(ctx)
}

// checkSchema refuses a schema that is not this program's.
func (s *Store) checkSchema(ctx context.Context) error {
	const there = "SELECT to_regclass('migrations') IS NOT NULL"
	return s.alone(ctx, func(conn *pgx.Conn) error {
		var found bool
		if err := conn.QueryRow(ctx, there).Scan(&found); err != nil {
			return err
		}
		if !found {
			return &Older{Migration: "0001_ledger"}
		}
		return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			pending, err := s.pending(ctx, tx)
			if err == nil && len(pending) > 0 {
				err = &Older{Migration: pending[0]}
			}
			return err
		})
	})
}
