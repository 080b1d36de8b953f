package postgres

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/transfer"
)

// Import fills a database with what a data folder holds.
type Import struct{ s *Store }

var _ transfer.Target = (*Import)(nil)

// Filling is the error of opening a database into which a folder is being
// moved.
type Filling struct{ Began string }

func (e *Filling) Error() string {
	return "a data folder is being moved into this database since " + e.Began +
		"; the hub still runs on its folder. Run `ordermux migrate` to its end first"
}

// OpenImport opens a database to be filled, and brings its schema up to date.
// Errors: those of Open.
func OpenImport(ctx context.Context, url string) (*Import, error) {
	s, err := Open(ctx, url, Options{filling: true})
	if err != nil {
		return nil, err
	}
	return &Import{s}, nil
}

// Close closes all connections.
func (i *Import) Close() error { return i.s.Close() }

// Ledger implements transfer.Target.
func (i *Import) Ledger() ledger.Store { return i.s }

// Files are the database's files of routes.
func (i *Import) Files() store.Files { return i.s.Files() }

// Address implements transfer.Target.
func (i *Import) Address() string {
	cfg := i.s.config.ConnConfig
	u := url.URL{Scheme: "postgres", Host: cfg.Host, Path: "/" + cfg.Database}
	if strings.HasPrefix(cfg.Host, "/") { // a folder with a socket
		u.Host, u.RawQuery = "", url.Values{"host": {cfg.Host}}.Encode()
	} else if cfg.Port != 5432 {
		u.Host = net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
	}
	if cfg.User != "" {
		u.User = url.User(cfg.User)
	}
	return u.String()
}

// checkFilling refuses a database whose move is not over.
func (s *Store) checkFilling(ctx context.Context) error {
	const query = "SELECT began FROM transfers WHERE ended IS NULL"
	if s.opts.filling {
		return nil
	}
	var began time.Time
	err := s.again(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, query).Scan(&began)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return &Filling{Began: began.UTC().Format(time.RFC3339)}
}

// held are the tables of which one has a row in every database that a hub has
// used, with what people call it.
var held = []struct{ query, what string }{
	{"SELECT count(*) FROM (SELECT 1 FROM shops LIMIT 1) x", "a hub's orders"},
	{"SELECT count(*) FROM (SELECT 1 FROM routes LIMIT 1) x", "a hub's routes"},
	{"SELECT count(*) FROM (SELECT 1 FROM state LIMIT 1) x", "a hub's state"},
	{"SELECT count(*) FROM (SELECT 1 FROM tokens LIMIT 1) x", "a hub's tokens"},
	{"SELECT count(*) FROM (SELECT 1 FROM files LIMIT 1) x", "a hub's files"},
}

// Begin implements transfer.Target.
func (i *Import) Begin(ctx context.Context, id string) error {
	const find = "SELECT id, ended FROM transfers"
	const take = "INSERT INTO transfers (id) VALUES ($1)"
	return i.s.do(ctx, func(tx *Tx) error {
		var known string
		var ended *time.Time
		err := tx.QueryRow(ctx, find).Scan(&known, &ended)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			if err := refuseHeld(tx); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, take, id)
			return err
		case err != nil:
			return err
		case known != id:
			return &transfer.Occupied{What: "the move of another folder"}
		case ended != nil:
			return &transfer.Finished{When: ended.UTC().Format(time.RFC3339)}
		}
		return nil
	})
}

func refuseHeld(tx *Tx) error {
	for _, h := range held {
		var n int
		if err := tx.QueryRow(tx.ctx, h.query).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return &transfer.Occupied{What: h.what}
		}
	}
	return nil
}

// Finish implements transfer.Target.
func (i *Import) Finish(ctx context.Context, id string) error {
	const end = "UPDATE transfers SET ended = now() WHERE id = $1"
	return i.s.do(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, end, id)
		return err
	})
}

// Query implements transfer.Target. It does not try again: f has had rows.
func (i *Import) Query(ctx context.Context, query string, args []any, f func([]any) bool) error {
	return kind(i.s.try(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			values, err := rows.Values()
			if err != nil {
				return err
			}
			if !f(values) {
				break
			}
		}
		rows.Close()
		return rows.Err()
	}))
}

// Settle implements transfer.Target.
func (i *Import) Settle(ctx context.Context, tables []*transfer.Table) error {
	names := make([]string, len(tables))
	for k, t := range tables {
		names[k] = t.Name
	}
	return i.s.alone(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "VACUUM (ANALYZE) "+strings.Join(names, ", "))
		return err
	})
}
