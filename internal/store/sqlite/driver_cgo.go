//go:build cgo

package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"

	sqlite3 "github.com/mattn/go-sqlite3"
)

// openDriver opens one connection. NOMUTEX: a connection is never used by two
// goroutines at a time. Frozen: the file and its folder can not change.
func openDriver(uri string, frozen bool) (driver.Conn, error) {
	uri += "?_mutex=no"
	if frozen {
		uri += "&immutable=1"
	}
	return (&sqlite3.SQLiteDriver{}).Open(uri)
}

// runInsert runs a prepared INSERT. As a query, because this driver then binds
// all values in one crossing to C, where as a statement it makes one for each.
func runInsert(ctx context.Context, st driver.Stmt, values []driver.NamedValue) error {
	rows, err := st.(driver.StmtQueryContext).QueryContext(ctx, values)
	if err != nil {
		return err
	}
	return rows.Close()
}

// resultCode returns SQLite's extended result code of err.
func resultCode(err error) (int, bool) {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return 0, false
	}
	if e.ExtendedCode != 0 {
		return int(e.ExtendedCode), true
	}
	return int(e.Code), true
}

// onlineBackup copies the whole database of conn into the file dst, pages at
// a time; step is called between.
func onlineBackup(conn any, dst string, pages int, step func() error) error {
	src, ok := conn.(*sqlite3.SQLiteConn)
	if !ok {
		return errors.New("not a connection of this driver")
	}
	c, err := (&sqlite3.SQLiteDriver{}).Open(fileURI(dst))
	if err != nil {
		return err
	}
	dest := c.(*sqlite3.SQLiteConn)
	b, err := dest.Backup("main", src, "main")
	if err != nil {
		return errors.Join(err, dest.Close())
	}
	for done := false; !done && err == nil; {
		if done, err = b.Step(pages); err == nil && !done {
			err = step()
		}
	}
	return errors.Join(err, b.Finish(), settleCopy(dest), dest.Close())
}

// settleCopy makes a copy one file: the backup of a WAL database is in WAL
// mode too and would leave a log beside it.
func settleCopy(c driver.ExecerContext) error {
	_, err := c.ExecContext(context.Background(), "PRAGMA journal_mode=DELETE", nil)
	return err
}
