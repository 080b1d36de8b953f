//go:build !cgo

package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite"
)

// openDriver opens one connection. Frozen: the file and its folder can not
// change.
func openDriver(uri string, frozen bool) (driver.Conn, error) {
	if frozen {
		uri += "?immutable=1"
	}
	return (&sqlite.Driver{}).Open(uri)
}

// runInsert runs a prepared INSERT.
func runInsert(ctx context.Context, st driver.Stmt, values []driver.NamedValue) error {
	_, err := st.(driver.StmtExecContext).ExecContext(ctx, values)
	return err
}

// resultCode returns SQLite's extended result code of err.
func resultCode(err error) (int, bool) {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0, false
	}
	return e.Code(), true
}

// onlineBackup copies the whole database of conn into the file dst, pages at
// a time; step is called between.
func onlineBackup(conn any, dst string, pages int, step func() error) error {
	src, ok := conn.(interface {
		NewBackup(string) (*sqlite.Backup, error)
	})
	if !ok {
		return errors.New("not a connection of this driver")
	}
	b, err := src.NewBackup(fileURI(dst))
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		if more, err = b.Step(int32(pages)); err == nil && more {
			err = step()
		}
	}
	if err != nil {
		return errors.Join(err, b.Finish())
	}
	dest, err := b.Commit()
	if err != nil {
		return err
	}
	return errors.Join(settleCopy(dest.(driver.ExecerContext)), dest.Close())
}

// settleCopy makes a copy one file: the backup of a WAL database is in WAL
// mode too and would leave a log beside it.
func settleCopy(c driver.ExecerContext) error {
	_, err := c.ExecContext(context.Background(), "PRAGMA journal_mode=DELETE", nil)
	return err
}
