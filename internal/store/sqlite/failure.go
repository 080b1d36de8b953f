package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/ordermux/ordermux/internal/order"
)

// SQLite's primary result codes, https://www.sqlite.org/rescode.html (seen 2026).
const (
	codePerm       = 3
	codeBusy       = 5
	codeLocked     = 6
	codeNoMemory   = 7
	codeReadOnly   = 8
	codeIO         = 10
	codeCorrupt    = 11
	codeFull       = 13
	codeCantOpen   = 14
	codeConstraint = 19
	codeNotADB     = 26

	codePrimaryKey = codeConstraint | 6<<8
	codeUnique     = codeConstraint | 8<<8
	codeIOFsync    = codeIO | 4<<8
	codeIODirFsync = codeIO | 5<<8
)

// ErrDuplicate is a violated unique or primary key. Closures of Do may look
// for it; nothing outside the store sees it.
var ErrDuplicate = errors.New("duplicate key")

// errUnknownCommit is a commit of which nobody knows whether it is on disk.
var errUnknownCommit = errors.New("commit: result unknown")

// translate gives an error of the engine its kind. It is the only place that
// knows result codes; errors of other origin pass unchanged.
func translate(err error) error {
	code, ok := resultCode(err)
	if !ok {
		return err
	}
	switch code & 0xff {
	case codeFull, codeReadOnly, codePerm, codeCantOpen, codeIO:
		return fmt.Errorf("%w: %w", order.ErrReadOnly, err)
	case codeBusy, codeLocked:
		return fmt.Errorf("%w: %w", order.ErrBusy, err)
	}
	if code == codeUnique || code == codePrimaryKey {
		return fmt.Errorf("%w: %w", ErrDuplicate, err)
	}
	return err
}

// lost reports whether err means that the engine has given up the whole
// transaction, so that no savepoint can save the rest of the group.
func lost(err error) bool {
	code, ok := resultCode(err)
	if !ok {
		return false
	}
	switch code & 0xff {
	case codeFull, codeIO, codeNoMemory, codeReadOnly, codeCorrupt, codeNotADB, codeBusy, codeLocked:
		return true
	}
	return false
}

// commitFailure translates the error of a COMMIT. A full disk or a refused
// lock is found before the commit's last page is written; after any other
// error the commit may or may not survive a restart.
func commitFailure(err error) error {
	code, ok := resultCode(err)
	if ok && (code&0xff == codeFull || code&0xff == codeBusy || code&0xff == codeReadOnly) {
		return translate(err)
	}
	// %v: the cause must not make it look like an ErrReadOnly that a client
	// may take for "certainly not stored".
	return fmt.Errorf("%w: %v", errUnknownCommit, err)
}

// brokenSync reports whether a sync failed: what the system then holds of the
// file is not to be trusted until it is read again by a new process.
func brokenSync(err error) bool {
	code, ok := resultCode(err)
	return ok && (code == codeIOFsync || code == codeIODirFsync)
}

// translatePath gives an error of the file system its kind.
func translatePath(err error) error {
	if unwritable(err) || errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", order.ErrReadOnly, err)
	}
	return err
}

// unwritable reports whether the file system does not let this user write.
func unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
