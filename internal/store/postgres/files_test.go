package postgres_test

import (
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

// hands are the clock of a test.
type hands struct {
	mu sync.Mutex
	at time.Time
}

func (h *hands) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hands) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

// fileTest is a database with files, and two nodes over it.
type fileTest struct {
	*testing.T
	hands *hands
	nodes [2]*postgres.Store
}

var ordersFile = store.FileName{Shop: "nordlys", Route: "ads", Name: "orders.tsv"}

func newFileTest(t *testing.T) *fileTest {
	f := &fileTest{T: t, hands: &hands{at: time.Date(2026, 5, 31, 9, 0, 0, 0, time.UTC)}}
	place := t.TempDir()
	for i := range f.nodes {
		s, err := postgres.Open(t.Context(), pgtest.At(t, place), postgres.Options{Now: f.hands.now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		f.nodes[i] = s
	}
	return f
}

func (f *fileTest) write(node int, text string) {
	f.Helper()
	err := f.nodes[node].Files().WriteFile(f.Context(), ordersFile, 0, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fileTest) open() store.File {
	f.Helper()
	file, err := f.nodes[1].Files().OpenFile(f.Context(), ordersFile)
	if err != nil {
		f.Fatal(err)
	}
	return file
}

const threePieces = 3 << 19

// TestFileReadSlowly: a version that was replaced stays while somebody reads
// it, however slowly, and goes afterwards.
func TestFileReadSlowly(t *testing.T) {
	t.Parallel()
	f := newFileTest(t)
	f.write(0, strings.Repeat("a", threePieces))
	file, other := f.open(), f.open()
	piece := make([]byte, 1<<19)
	for range 3 {
		f.write(0, "new")
		f.hands.move(40 * time.Minute)
		if _, err := io.ReadFull(file, piece); err != nil || strings.Trim(string(piece), "a") != "" {
			t.Fatal(err)
		}
	}
	f.hands.move(2 * time.Hour)
	f.write(0, "newer")
	if _, err := io.ReadFull(other, piece); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("of a version that nobody read for hours: %v", err)
	}
}

// TestFileOfAnEarlierOwner: what a node writes that lost the shop is not
// fetched.
func TestFileOfAnEarlierOwner(t *testing.T) {
	t.Parallel()
	f := newFileTest(t)
	place := t.TempDir()
	s, err := postgres.Open(t.Context(), pgtest.At(t, place), postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f.nodes = [2]*postgres.Store{s, s}
	first := own(t, place, "nordlys")
	for size, text := range map[string]string{"small": "old", "large": strings.Repeat("old", threePieces)} {
		f.write(0, size)
		err := s.Files().WriteFile(t.Context(), ordersFile, first, func(w io.Writer) error {
			own(t, place, "nordlys")
			_, err := io.WriteString(w, text)
			return err
		})
		if !errors.Is(err, delivery.ErrLost) {
			t.Errorf("%s: %v", size, err)
		}
		if got, err := io.ReadAll(f.open()); err != nil || string(got) != size {
			t.Errorf("%s: fetched %.20q %v", size, got, err)
		}
	}
	for _, table := range search(t, place, "oldold") {
		t.Errorf("left in %s", table)
	}
	second := own(t, place, "nordlys")
	err = s.Files().WriteFile(t.Context(), ordersFile, second, func(w io.Writer) error {
		_, err := io.WriteString(w, "mine")
		return err
	})
	if got, read := io.ReadAll(f.open()); err != nil || read != nil || string(got) != "mine" {
		t.Errorf("the owner's: %q %v %v", got, err, read)
	}
}

// TestFileDiscarded: what was begun when an order was erased may speak of it.
// It does not become a file, and replaced versions are gone.
func TestFileDiscarded(t *testing.T) {
	t.Parallel()
	f := newFileTest(t)
	f.write(0, strings.Repeat("a", threePieces))
	replaced := f.open()
	f.write(0, "new")
	err := f.nodes[0].Files().WriteFile(t.Context(), ordersFile, 0, func(w io.Writer) error {
		if _, err := io.WriteString(w, strings.Repeat("b", threePieces)); err != nil {
			return err
		}
		return f.nodes[1].Files().DiscardUnfinished(t.Context(), "nordlys", "ads")
	})
	if !errors.Is(err, delivery.ErrLost) {
		t.Error(err)
	}
	if _, err := io.ReadAll(replaced); err == nil {
		t.Error("a replaced version is still there")
	}
	if got, err := io.ReadAll(f.open()); err != nil || string(got) != "new" {
		t.Errorf("%.20q %v", got, err)
	}
}

// TestFileOfTwoWriters: whichever is last, the file is one of theirs, whole.
func TestFileOfTwoWriters(t *testing.T) {
	t.Parallel()
	f := newFileTest(t)
	var wg sync.WaitGroup
	for node, letter := range []string{"a", "b"} {
		wg.Go(func() {
			for range 6 {
				err := f.nodes[node].Files().WriteFile(t.Context(), ordersFile, 0, func(w io.Writer) error {
					_, err := io.WriteString(w, strings.Repeat(letter, threePieces))
					return err
				})
				if err != nil && !errors.Is(err, order.ErrBusy) {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 6 {
			file, err := f.nodes[0].Files().OpenFile(t.Context(), ordersFile)
			if errors.Is(err, order.ErrNotFound) {
				continue
			}
			text, err := io.ReadAll(file)
			if err != nil || len(text) != threePieces || strings.Trim(string(text), string(text[:1])) != "" {
				t.Errorf("%d bytes, %v", len(text), err)
			}
		}
	})
	wg.Wait()
}
