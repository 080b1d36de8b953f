package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

func TestEveryConnectionIsDurable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustOpen(t, dir, Options{})
	for _, r := range []role{roleWriter, roleReader, roleUpkeep, roleMigrator} {
		c, err := connector{path: filepath.Join(dir, FileName), role: r}.Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"synchronous": "2", "journal_mode": "wal", "wal_autocheckpoint": "20000", "temp_store": "2",
			"secure_delete": map[bool]string{true: "1", false: "0"}[r == roleWriter || r == roleMigrator],
			"query_only":    map[bool]string{true: "1", false: "0"}[r == roleReader],
		} {
			if got, err := pragma(c, "PRAGMA "+name); err != nil || fmt.Sprint(got) != want {
				t.Errorf("role %d: %s is %v instead of %s, %v", r, name, got, want, err)
			}
		}
		if _, err := pragma(c, "PRAGMA synchronous=NORMAL"); err != nil {
			t.Fatal(err)
		}
		if err := (connector{role: r}).readBack(c); err == nil || !strings.Contains(err.Error(), "synchronous") {
			t.Errorf("role %d: less than FULL is not refused: %v", r, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSecondProcess(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	s := mustOpen(t, dir, Options{})
	for name, open := range map[string]func() (*Store, error){
		"open":         func() (*Store, error) { return Open(t.Context(), dir, Options{}) },
		"open to read": func() (*Store, error) { return OpenToRead(t.Context(), dir) },
	} {
		_, err := open()
		var inUse *InUse
		if !errors.As(err, &inUse) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for path, want := range map[string]os.FileMode{"": 0o700, FileName: 0o600, FileName + "-wal": 0o600, "lock": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("mode of %q: %v, %v", path, info.Mode(), err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := mustOpen(t, dir, Options{}).Close(); err != nil {
		t.Error(err)
	}
}

func TestFolderThatCanNotBe(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), filepath.Join(file, "data"), Options{}); err == nil {
		t.Error("a folder in a file")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte("not a database, and long enough to be looked at as one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, Options{}); err == nil {
		t.Error("a file that is no database")
	}
	if _, err := Open(t.Context(), dir, Options{}); errors.As(err, new(*InUse)) {
		t.Error("a failed start keeps the lock")
	}
}

// migrationsOf are the ledger's and steps after it.
func migrationsOf(texts ...string) fstest.MapFS {
	base, err := embedded.ReadFile("migrations/0001_ledger.sql")
	if err != nil {
		panic(err)
	}
	m := fstest.MapFS{"migrations/0001_ledger.sql": {Data: base}}
	for i, text := range texts {
		m[fmt.Sprintf("migrations/%04d_step.sql", i+101)] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one := "CREATE TABLE a (shop TEXT PRIMARY KEY); INSERT INTO a (shop) VALUES ('kept');"
	two := "ALTER TABLE a ADD COLUMN b TEXT;"
	copies := func() int {
		files, err := filepath.Glob(filepath.Join(dir, "before-*.db"))
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	open := func(now time.Time, texts ...string) error {
		s, err := Open(t.Context(), dir, Options{migrations: migrationsOf(texts...), Now: func() time.Time { return now }})
		if err != nil {
			return err
		}
		return s.Close()
	}
	start := time.Now()
	if err := open(start, one); err != nil || copies() != 0 {
		t.Fatalf("fresh: %v, %d copies", err, copies())
	}
	// A migration that fails half way leaves nothing of itself.
	if err := open(start, one, two+"CREATE TABLE a (x);"); err == nil {
		t.Fatal("a broken migration went through")
	}
	if err := open(start.Add(time.Second), one, two); err != nil || copies() != 2 {
		t.Fatalf("older: %v, %d copies", err, copies())
	}
	var newer *Newer
	if err := open(start, one); !errors.As(err, &newer) || newer.Migration != "0102_step" {
		t.Errorf("newer: %v", err)
	}
	if err := open(start, one, two); err != nil || copies() != 2 {
		t.Errorf("same: %v, %d copies", err, copies())
	}
	if err := open(start.Add(copiesKept+time.Hour), one, two); err != nil || copies() != 0 {
		t.Errorf("later: %v, %d copies", err, copies())
	}
}

// TestCrash opens what a process that was killed has left: the file as it is
// and the log up to any byte. All that was answered before is there.
func TestCrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{Rest: time.Hour})
	l := ledger.New(s, ledger.Options{})
	mustAppend(t, l, testEntry("first", "p"))
	var answered atomic.Int64
	answered.Store(1)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for c := range 4 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				e := []order.Entry{testEntry(fmt.Sprint(c, "-", i), "p"), testEntry(fmt.Sprint(c, "-", i, "b"), "p")}
				r, err := l.Append(context.Background(), testShop, e)
				if err != nil {
					t.Error(err)
					return
				}
				for seq := r[1].Seq; ; {
					old := answered.Load()
					if old >= seq || answered.CompareAndSwap(old, seq) {
						break
					}
				}
			}
		})
	}
	for i := range 8 {
		for answered.Load() < int64(i*50) {
			continue
		}
		sure := answered.Load()
		crashed := copyFolder(t, dir, int64(i*37))
		c := mustOpen(t, crashed, Options{})
		r, err := ledger.New(c, ledger.Options{}).Verify(t.Context(), testShop)
		if err != nil || r.Faults != nil || r.Events < sure {
			t.Errorf("after a crash: %+v, %v; answered %d", r, err, sure)
		}
		if r.Events%2 != 1 {
			t.Errorf("half a call: %d events", r.Events)
		}
	}
	cancel()
	wg.Wait()
}

// copyFolder copies database and log, with some garbage after the log's end,
// as a torn write leaves it.
func copyFolder(t *testing.T, dir string, garbage int64) string {
	to := t.TempDir()
	for _, name := range []string{FileName, FileName + "-wal"} {
		from, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		out, err := os.Create(filepath.Join(to, name))
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(out, from)
		if name != FileName {
			_, tail := out.Write(make([]byte, garbage))
			err = errors.Join(err, tail)
		}
		if err := errors.Join(err, from.Close(), out.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func TestRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := mustOpen(t, dir, Options{})
		appendIDs(t, ledger.New(s, ledger.Options{}), 0, 50)
		log := func() (length, done int) {
			length, done, err := checkpoint(s.upkeep.conn, "NOOP")
			if err != nil {
				t.Fatal(err)
			}
			return length, done
		}
		if length, done := log(); length == 0 || done != 0 {
			t.Errorf("%d of %d pages written back right after 50 appends", done, length)
		}
		<-time.After(3 * time.Second)
		if length, done := log(); length != done {
			t.Errorf("%d of %d pages written back after a rest", done, length)
		}
		mustVerify(t, s, 50)
	})
}

func TestLongLogStartsAnew(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	appendIDs(t, ledger.New(s, ledger.Options{}), 0, 20)
	s.upkeep.writeBackFrom(1)
	length, done, err := checkpoint(s.writer.conn, "NOOP")
	if err != nil || length == 0 || done != length {
		t.Errorf("%d of %d pages written back, %v", done, length, err)
	}
	appendIDs(t, ledger.New(s, ledger.Options{}), 20, 21)
	if again, _, err := checkpoint(s.writer.conn, "NOOP"); err != nil || again >= length {
		t.Errorf("the log has %d pages after %d, %v", again, length, err)
	}
}
