package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	l := ledger.New(s, ledger.Options{})
	appendIDs(t, l, 0, 300)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { // goes on meanwhile
		for i := 0; ctx.Err() == nil; i++ {
			if _, err := l.Append(context.Background(), testShop, []order.Entry{testEntry(fmt.Sprint("B-", i), "p")}); err != nil {
				t.Error(err)
			}
		}
	})
	dst := filepath.Join(t.TempDir(), "backup.db")
	if err := s.Backup(t.Context(), dst); err != nil {
		t.Fatal(err)
	}
	cancel()
	wg.Wait()
	if info, err := os.Stat(dst); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if files, err := os.ReadDir(filepath.Dir(dst)); err != nil || len(files) != 1 {
		t.Errorf("beside the backup: %v, %v", files, err)
	}
	if err := s.Backup(t.Context(), dst); err == nil {
		t.Error("a backup was overwritten")
	}
	if err := s.Backup(ctx, dst+"2"); !errors.Is(err, context.Canceled) {
		t.Errorf("broken off: %v", err)
	}

	dir := filepath.Join(t.TempDir(), "restored")
	reports, err := Restore(t.Context(), dst, dir)
	if err != nil || len(reports) != 1 || reports[0].Faults != nil || reports[0].Events < 300 {
		t.Fatalf("restore: %+v, %v", reports, err)
	}
	if _, err := Restore(t.Context(), dst, dir); err == nil {
		t.Error("restored into a folder that is not empty")
	}
	r := mustOpen(t, dir, Options{})
	again := mustAppend(t, ledger.New(r, ledger.Options{}), testEntry("A-7", "person"), testEntry("new", "p"))
	if !again[0].Known || again[1].Seq != reports[0].Events+1 {
		t.Errorf("receipts of the restored store: %+v", again)
	}
}

func TestRestoreOfSomethingElse(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "d")
	nothingLeft := func() {
		t.Helper()
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a failed restore left its folder: %v", err)
		}
	}
	if _, err := Restore(t.Context(), filepath.Join(t.TempDir(), "none"), dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	nothingLeft()
	src := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(src, []byte("this is a letter and not a database, as everybody can see"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), src, dir); err == nil {
		t.Error("restored a letter")
	}
	nothingLeft()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), src, dir); err == nil {
		t.Error("restored a letter")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in a folder that was there before: %v, %v", left, err)
	}
}

func TestOpenToRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := OpenToRead(t.Context(), dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no store: %v", err)
	}
	s := mustOpen(t, dir, Options{})
	appendIDs(t, ledger.New(s, ledger.Options{}), 0, 10)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := OpenToRead(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	reports, err := r.Verify(t.Context())
	if err != nil || len(reports) != 1 || reports[0].Faults != nil || reports[0].Events != 10 {
		t.Errorf("verify: %+v, %v", reports, err)
	}
	if _, err := ledger.New(r, ledger.Options{}).Append(t.Context(), testShop, []order.Entry{testEntry("B", "p")}); !errors.Is(err, order.ErrReadOnly) {
		t.Errorf("append: %v", err)
	}
	if err := r.Do(t.Context(), func(*Tx) error { return nil }); !errors.Is(err, order.ErrReadOnly) {
		t.Errorf("do: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// TestFrozen reads a store as in a folder that nobody may write to.
func TestFrozen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{})
	appendIDs(t, ledger.New(s, ledger.Options{}), 0, 10)
	f := &Store{dir: dir, opts: Options{}.withDefaults(), recent: newRecent()}
	if err := f.checkFrozen(); err == nil {
		t.Error("a log that was not written back would be overlooked")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.checkFrozen(); err != nil {
		t.Error(err)
	}
	f.readers = newReaders(f.path(), roleFrozen, 1)
	reports, err := f.Verify(t.Context())
	if err != nil || len(reports) != 1 || reports[0].Faults != nil || reports[0].Events != 10 {
		t.Errorf("verify: %+v, %v", reports, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 { // and the lock
		t.Errorf("left in the folder: %v, %v", files, err)
	}
}

func TestVerifyFindsDamage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{})
	appendIDs(t, ledger.New(s, ledger.Options{}), 0, 400)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, FileName)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 30 * 4096; i < 34*4096; i++ {
		b[i] ^= 0x5a
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := OpenToRead(t.Context(), dir)
	if err != nil {
		return // found already
	}
	if reports, err := r.Verify(t.Context()); err == nil && reports[0].Faults == nil {
		t.Error("damaged pages were not found")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
