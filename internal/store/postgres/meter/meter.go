// Package meter makes databases on a PostgreSQL server to be measured and reads
// what the server counts: for bench.
package meter

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"
)

// Server is a PostgreSQL server that is measured. Its methods are for one
// goroutine.
type Server struct {
	address *url.URL
	conn    *pgx.Conn
	made    []string
	counted map[string]bool // databases whose statements are counted
}

// Open connects to the database of a URL (postgres://…), beside which Fresh
// makes others: its user must be allowed to. It stays connected until Close.
func Open(ctx context.Context, address string) (*Server, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("the database must be an address such as postgres://user:password@host/name")
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return &Server{address: u, conn: conn, counted: map[string]bool{}}, nil
}

// Close removes the databases that Fresh made, unless keep, and disconnects.
func (s *Server) Close(ctx context.Context, keep bool) error {
	var errs []error
	for _, name := range s.made {
		if !keep {
			errs = append(errs, s.drop(ctx, name))
		}
	}
	return errors.Join(append(errs, s.conn.Close(ctx))...)
}

func (s *Server) drop(ctx context.Context, name string) error {
	_, err := s.conn.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
	return err
}

// Fresh makes an empty database of that name in place of one that is there, and
// returns its address.
func (s *Server) Fresh(ctx context.Context, name string) (string, error) {
	if err := s.drop(ctx, name); err != nil {
		return "", err
	}
	if _, err := s.conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return "", fmt.Errorf("make a database: %w", err)
	}
	s.made = append(s.made, name)
	u := *s.address
	u.Path = "/" + name
	return u.String(), nil
}

// Count has the statements of a database counted from its next connection on;
// false: the server has no pg_stat_statements for us. It takes a little of what
// is measured.
func (s *Server) Count(ctx context.Context, name string) bool {
	for _, statement := range []string{
		"CREATE EXTENSION IF NOT EXISTS pg_stat_statements",
		"SELECT 1 FROM pg_stat_statements LIMIT 1",
		"ALTER DATABASE " + pgx.Identifier{name}.Sanitize() + " SET pg_stat_statements.track = 'top'",
	} {
		if _, err := s.conn.Exec(ctx, statement); err != nil {
			return false
		}
	}
	s.counted[name] = true
	return true
}

// Backend returns the process id of the connection's server process, whose
// parent is the server. It means something only on the server's own machine.
func (s *Server) Backend() int { return int(s.conn.PgConn().PID()) }

// Counts is what the server counted for a database so far.
type Counts struct {
	Transactions int64 // ended, well or not
	Statements   int64 // executed, BEGIN and COMMIT too; -1: not counted, see Count
}

// Counts reads the counters of a database. They are up to a second late.
func (s *Server) Counts(ctx context.Context, name string) (Counts, error) {
	c := Counts{Statements: -1}
	err := s.conn.QueryRow(ctx, "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = $1", name).Scan(&c.Transactions)
	if err == nil && s.counted[name] {
		err = s.conn.QueryRow(ctx, `SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements
			JOIN pg_database ON oid = dbid WHERE datname = $1`, name).Scan(&c.Statements)
	}
	if err != nil {
		return c, fmt.Errorf("read the server's counters: %w", err)
	}
	return c, nil
}
