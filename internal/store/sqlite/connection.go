package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
)

// The writer's cache, in KB. The small one holds what a transaction of some
// hundred products touches.
const (
	cachePragma      = "cache_size=-262144"
	spareCachePragma = "cache_size=-16384"
)

// role says what a connection is for.
type role int

const (
	roleWriter   role = iota
	roleReader        // query_only
	roleUpkeep        // checkpoints; writes no rows
	roleMigrator      // as the writer, before it runs
	roleVisitor       // reads a store that is not in use
	roleFrozen        // the same where the folder can not be written to
)

// connector opens connections of one role, pragmas set and read back. It is
// what database/sql calls; both drivers go through it.
type connector struct {
	path string
	role role
}

var _ driver.Connector = connector{}

func (c connector) Driver() driver.Driver { return noDriver{} }

// Connect opens a connection. synchronous is set after journal_mode, because
// one of the drivers is compiled to lower it with WAL, and is read back: a
// store that would lose receipts in a power cut is refused.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := openDriver(fileURI(c.path), c.role == roleFrozen)
	if err != nil {
		return nil, err
	}
	if err := c.prepare(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func (c connector) prepare(conn driver.Conn) error {
	if c.role == roleVisitor || c.role == roleFrozen {
		// A hub may be using what is visited, see OpenExport.
		_, err := pragma(conn, "PRAGMA busy_timeout=5000")
		if err == nil {
			_, err = pragma(conn, "PRAGMA query_only=ON")
		}
		return err
	}
	pragmas := []string{
		"busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "temp_store=MEMORY",
		"foreign_keys=OFF", "wal_autocheckpoint=20000",
	}
	switch c.role {
	case roleWriter, roleMigrator:
		// The cache fills under load only; upkeep shrinks it.
		pragmas = append(pragmas, cachePragma, "secure_delete=ON")
	case roleReader:
		pragmas = append(pragmas, "cache_size=-8192", "query_only=ON")
	}
	for _, p := range pragmas {
		if _, err := pragma(conn, "PRAGMA "+p); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return c.readBack(conn)
}

func (c connector) readBack(conn driver.Conn) error {
	mode, err := pragma(conn, "PRAGMA journal_mode")
	if err != nil {
		return err
	}
	if s := fmt.Sprintf("%s", mode); s != "wal" {
		return fmt.Errorf("journal_mode is %s instead of wal: the file system of the data folder does not allow it", s)
	}
	level, err := pragma(conn, "PRAGMA synchronous")
	if err != nil {
		return err
	}
	if n, ok := level.(int64); !ok || n < 2 {
		return fmt.Errorf("synchronous is %v instead of FULL: accepted orders would not be safe", level)
	}
	return nil
}

// pragma runs one statement and returns the first value of its first row.
func pragma(conn driver.Conn, query string) (driver.Value, error) {
	rows, err := conn.(driver.QueryerContext).QueryContext(context.Background(), query, nil)
	if err != nil {
		return nil, err
	}
	values := make([]driver.Value, len(rows.Columns()))
	err = rows.Next(values)
	if closing := rows.Close(); err == nil || err == io.EOF {
		err = closing
	}
	if err != nil || len(values) == 0 {
		return nil, err
	}
	if b, ok := values[0].([]byte); ok {
		return string(b), nil
	}
	return values[0], nil
}

func fileURI(path string) string {
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path}).String()
}

// noDriver satisfies database/sql, which asks for a driver only to open by
// name.
type noDriver struct{}

func (noDriver) Open(string) (driver.Conn, error) {
	return nil, errors.New("open by connector only")
}

// open1 opens a single connection of a role, held for good.
func open1(ctx context.Context, path string, r role) (*sql.DB, *sql.Conn, error) {
	db := sql.OpenDB(connector{path: path, role: r})
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, conn, nil
}
