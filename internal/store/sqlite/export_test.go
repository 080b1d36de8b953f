package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ordermux/ordermux/internal/ledger"
)

// mustExport opens a folder for a move that the test closes.
func mustExport(t *testing.T, dir string) *Export {
	t.Helper()
	e, err := OpenExport(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// TestExportBesideAHub reads what a running hub has committed, and keeps it out
// only once it has stopped.
func TestExportBesideAHub(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	l := ledger.New(s, ledger.Options{})
	e := mustExport(t, dir)
	for i := range 3 {
		appendIDs(t, l, i, i+1)
		count(t, e, i+1)
	}
	if got, err := e.Lock(); got || err != nil {
		t.Errorf("locked beside a hub: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := e.Lock(); !got || err != nil {
		t.Errorf("not locked: %v", err)
	}
	count(t, e, 3)
	if _, err := Open(t.Context(), dir, Options{}); !inUse(err) {
		t.Errorf("a hub started while it was locked: %v", err)
	}
}

func inUse(err error) bool {
	_, ok := errors.AsType[*InUse](err)
	return ok
}

func count(t *testing.T, e *Export, want int) {
	t.Helper()
	n := 0
	err := e.Query(t.Context(), "SELECT seq, body FROM events WHERE shop = ?", []any{testShop}, func(values []any) bool {
		n++
		if values[0] != int64(n) {
			t.Errorf("seq %v", values[0])
		}
		return true
	})
	if err != nil || n != want {
		t.Errorf("%d events instead of %d: %v", n, want, err)
	}
}

func TestExportTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustClose(t, mustOpenOnce(t, dir, Options{}))
	e := mustExport(t, dir)
	if _, err := OpenExport(t.Context(), dir); !errors.Is(err, errMoving) {
		t.Errorf("two moves at a time: %v", err)
	}
	id := e.ID()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if again := mustExport(t, dir); len(id) != 32 || again.ID() != id {
		t.Errorf("the move is called %q and then %q", id, again.ID())
	}
}

func mustOpenOnce(t *testing.T, dir string, opts Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustClose(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestExportOfAnotherVersion refuses what this program's tables are not.
func TestExportOfAnotherVersion(t *testing.T) {
	t.Parallel()
	older := fstest.MapFS{}
	files, err := embedded.ReadDir("migrations")
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		text, err := embedded.ReadFile("migrations/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if i < len(files)-1 {
			older["migrations/"+f.Name()] = &fstest.MapFile{Data: text}
		}
	}
	dir := t.TempDir()
	mustClose(t, mustOpenOnce(t, dir, Options{migrations: older}))
	_, err = OpenExport(t.Context(), dir)
	if e, ok := errors.AsType[*Older](err); !ok || e.Migration == "" {
		t.Errorf("older: %v", err)
	}
	s := mustOpenOnce(t, dir, Options{})
	err = s.Do(t.Context(), func(tx *Tx) error {
		_, err := tx.Exec("INSERT INTO migrations (name, applied_at) VALUES ('9999_future', 0)")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	_, err = OpenExport(t.Context(), dir)
	if _, ok := errors.AsType[*Newer](err); !ok {
		t.Errorf("newer: %v", err)
	}
}

func TestMoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustOpenOnce(t, dir, Options{})
	appendIDs(t, ledger.New(s, ledger.Options{}), 0, 3)
	mustClose(t, s)
	e := mustExport(t, dir)
	if err := e.MarkMoved(context.Background(), "postgres://ordermux@db.example/orders"); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), dir, Options{})
	mark := filepath.Join(dir, movedName)
	if m, ok := errors.AsType[*Moved](err); !ok || m.To != "postgres://ordermux@db.example/orders" || m.At == "" ||
		!strings.Contains(m.Error(), "remove "+mark) {
		t.Errorf("opened: %v", err)
	}
	// What is there can still be verified, and the mark can be taken away.
	s, err = OpenToRead(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	mustVerify(t, s, 3)
	mustClose(t, s)
	if err := removeIfThere(mark); err != nil {
		t.Fatal(err)
	}
	s = mustOpenOnce(t, dir, Options{})
	mustVerify(t, s, 3)
	mustClose(t, s)
	if _, err := OpenExport(t.Context(), filepath.Join(dir, "none")); err == nil {
		t.Error("opened a folder that is not there")
	}
}
