package postgres

import (
	"errors"

	"github.com/ordermux/ordermux/internal/ledger"
)

// errMiss means that the fast way does not suit: another node wrote to the
// shop's log, or a subject is known.
var errMiss = errors.New("not what this node remembers")

// mayBeFast reports whether the group may go the fast way.
func (a *appender) mayBeFast() bool {
	if !a.log.known || a.log.slow > 0 {
		return false
	}
	for _, t := range a.group {
		if !t.call.Plain() || t.call.Alone() {
			return false
		}
	}
	return true
}

// fast decides by what this node remembers, as if all subjects were new, and
// writes and commits in the same round trip that begins the transaction.
// Whatever was assumed wrongly makes a statement fail: the head by moveHead,
// the subjects by their unique index. Then nothing is stored: errMiss.
func (a *appender) fast() error {
	a.base = a.log.head
	a.batch.Reset(a.s.Now(), remembered(a.base))
	for _, t := range a.group {
		for _, k := range t.call.Keys() {
			a.batch.Know(a.log.shop, k, nil)
		}
	}
	for _, t := range a.group {
		if guarded(func() error { return a.batch.Decide(t.call) }) != nil {
			return errMiss // also what is refused: the slow way says so
		}
	}
	err := a.write()
	switch sqlState(err) {
	case codeDivision, codeDuplicate:
		return errMiss
	}
	if err == nil {
		a.log.penalty /= 2
	}
	return err
}

// remembered is the Lookup of a node that assumes all subjects new.
type remembered ledger.Head

// Head implements ledger.Lookup.
func (r remembered) Head(string) (ledger.Head, error) { return ledger.Head(r), nil }

// Event implements ledger.Lookup.
func (remembered) Event(string, int64) (*ledger.Stored, error) { return nil, errMiss }

// Happening implements ledger.Lookup.
func (remembered) Happening(string, int64, ledger.Print) (int64, error) { return 0, errMiss }
