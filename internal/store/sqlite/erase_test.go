package sqlite

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// found lists the files of a folder in which the bytes stand.
func found(t *testing.T, dir, text string) []string {
	t.Helper()
	return contents(t, dir).with(text)
}

// files are those of a folder, by path.
type files map[string][]byte

func (f files) with(text string) (names []string) {
	for path, b := range f {
		if bytes.Contains(b, []byte(text)) {
			names = append(names, filepath.Base(path))
		}
	}
	return names
}

func contents(t *testing.T, dir string) files {
	t.Helper()
	out := files{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		out[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestEraseLeavesNoBytes erases every third of many orders, one after the
// other, and searches the folder for each of them each time. The orders have
// personal parts of very different sizes, several of them, and happenings.
func TestEraseLeavesNoBytes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{})
	l := ledger.New(s, ledger.Options{})
	const orders = 120
	marker := func(i int) string { return fmt.Sprintf("marker%03dmarker", i) }
	for round := range 3 {
		for i := range orders {
			e := testEntry(fmt.Sprint("A-", i), marker(i)+fmt.Sprint(round)+strings.Repeat("x", i*round*37%9000))
			e.Statement.Order.Lines = []order.Line{{ID: "1"}, {Attachments: []order.Attachment{{Name: marker(i) + ".png", Data: []byte("x")}}}}
			h := order.Entry{Subject: e.Subject, Source: e.Source, Happening: &order.Happening{
				Kind: order.KindNote, Note: marker(i) + " called", Wire: []byte(fmt.Sprint(i, round)),
			}}
			mustAppend(t, l, e, h)
		}
		if err := truncateNow(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "before-0009_x-20260101T000000Z.db"), []byte(marker(0)), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < orders; i += 3 {
		if files := found(t, dir, marker(i)); len(files) == 0 {
			t.Fatalf("order %d is not found before it is erased: the test searches wrongly", i)
		}
		if err := l.Erase(t.Context(), testShop, fmt.Sprint("A-", i)); err != nil {
			t.Fatal(err)
		}
		left := contents(t, dir)
		for j := 0; j <= i; j += 3 {
			if names := left.with(marker(j)); names != nil {
				t.Fatalf("after erasing %d, order %d is found in %v", i, j, names)
			}
		}
		// Traffic goes on around it.
		mustAppend(t, l, testEntry(fmt.Sprint("B-", i), strings.Repeat("y", i*7)))
	}
	if files := found(t, dir, marker(1)); len(files) == 0 {
		t.Error("another person's data is gone")
	}
	// A re-import does not bring them back.
	for i := 0; i < orders; i += 3 {
		mustAppend(t, l, testEntry(fmt.Sprint("A-", i), marker(i)+"2"))
	}
	if err := truncateNow(s); err != nil {
		t.Fatal(err)
	}
	left := contents(t, dir)
	for i := 0; i < orders; i += 3 {
		if names := left.with(marker(i)); names != nil {
			t.Fatalf("after a re-import order %d is found in %v", i, names)
		}
	}
	head, err := l.Head(t.Context(), testShop)
	if err != nil {
		t.Fatal(err)
	}
	mustVerify(t, s, head)
}

func truncateNow(s *Store) error {
	return s.writer.outside(func() error {
		_, err := truncate(s.writer.conn, 0)
		return err
	})
}

// TestEraseWaitsForReaders: a reader of the old pages keeps them in the log.
func TestEraseWaitsForReaders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{})
	l := ledger.New(s, ledger.Options{})
	mustAppend(t, l, testEntry("A-1", "markermarker"))
	reading, end := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- s.View(t.Context(), func(v *View) error {
			if _, err := readHead(v, testShop); err != nil {
				return err
			}
			close(reading)
			<-end
			return nil
		})
	}()
	<-reading
	erased := make(chan error)
	go func() { erased <- l.Erase(t.Context(), testShop, "A-1") }()
	for s.writer.committed.Load() < 3 {
		continue // the shop, the order, the erasing
	}
	close(end)
	if err := <-erased; err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if files := found(t, dir, "markermarker"); files != nil {
		t.Errorf("found in %v", files)
	}
}
