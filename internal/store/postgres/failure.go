package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ordermux/ordermux/internal/order"
)

// PostgreSQL's SQLSTATE codes,
// https://www.postgresql.org/docs/current/errcodes-appendix.html (seen 2026).
const (
	codeDuplicate       = "23505"
	codeDivision        = "22012" // see moveHead
	codeReadOnly        = "25006"
	codeIdle            = "25P03"
	codeSerialization   = "40001"
	codeDeadlock        = "40P01"
	codeDenied          = "42501"
	codeDiskFull        = "53100"
	codeConnections     = "53300"
	codeLocked          = "55P03"
	codeCancelled       = "57014"
	codeShutdown        = "57P01"
	codeCrash           = "57P02"
	codeStarting        = "57P03"
	codeIO              = "58030"
	codeProtocol        = "08P01"
	classConnection     = "08"
	classResources      = "53"
	codeStalePlan       = "0A000" // "cached plan must not change result type"
	codeUnknownPrepared = "26000" // a pooler gave us another session
)

// ErrDuplicate is a violated unique or primary key. Closures of do may look
// for it; nothing outside the store sees it.
var ErrDuplicate = errors.New("duplicate key")

// errUnknownCommit is a commit of which nobody knows whether it is on disk.
var errUnknownCommit = errors.New("commit: result unknown")

var errClosed = errors.New("the store is closed")

// sqlState returns the code of an error of the server; "": it is not one.
func sqlState(err error) string {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return said.Code
	}
	return ""
}

// translate gives an error of the engine its kind. It is the only place that
// knows what codes mean to callers; errors of other origin pass unchanged.
func translate(err error) error {
	code := sqlState(err)
	switch {
	case code == "":
		return err
	case code == codeDuplicate:
		return fmt.Errorf("%w: %w", ErrDuplicate, err)
	case code == codeReadOnly, code == codeDenied, code == codeDiskFull, code == codeIO:
		return fmt.Errorf("%w: %w", order.ErrReadOnly, err)
	case passing(code), code == codeLocked, code == codeCancelled, strings.HasPrefix(code, classResources):
		return fmt.Errorf("%w: %w", order.ErrBusy, err)
	}
	return err
}

// passing tells the codes after which the same transaction may well succeed on
// a new connection.
func passing(code string) bool {
	switch code {
	case codeSerialization, codeDeadlock, codeIdle, codeConnections, codeShutdown, codeCrash, codeStarting, codeUnknownPrepared:
		return true
	}
	return strings.HasPrefix(code, classConnection) && code != codeProtocol
}

// stalePlan tells a statement that was prepared before a table was changed.
func stalePlan(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && said.Code == codeStalePlan && strings.Contains(said.Message, "cached plan")
}

// fatal tells an error with which the server ended the connection.
func fatal(said *pgconn.PgError) bool {
	severity := said.SeverityUnlocalized
	if severity == "" {
		severity = said.Severity
	}
	return severity == "FATAL" || severity == "PANIC"
}

// commitNotReached translates an error of a statement that was sent together
// with its COMMIT. What the server says instead of the statement's result, it
// says before it looks at the COMMIT. A connection that just ends says nothing.
func commitNotReached(err error) error {
	if sqlState(err) != "" || pgconn.SafeToRetry(err) {
		return err
	}
	// %v: the cause must not make it look like an error after which nothing
	// is stored.
	return fmt.Errorf("%w: %v", errUnknownCommit, err)
}

// committed translates what became of a COMMIT. The server refuses it by an
// error and keeps the connection; whoever loses the connection at that moment
// knows nothing.
func committed(tag pgconn.CommandTag, err error) error {
	var said *pgconn.PgError
	switch {
	case err == nil && tag.String() == "ROLLBACK":
		return pgx.ErrTxCommitRollback
	case err == nil, errors.As(err, &said) && !fatal(said), pgconn.SafeToRetry(err):
		return err
	}
	return fmt.Errorf("%w: %v", errUnknownCommit, err)
}

// interrupted is the error of work that the caller's context ended.
func interrupted(ctx context.Context, err error) error {
	if errors.Is(err, errUnknownCommit) {
		return err
	}
	return fmt.Errorf("%w: %v", ctx.Err(), err)
}
