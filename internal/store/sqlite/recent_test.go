package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// allKnown appends orders that are there already, by a ledger without memory.
func allKnown(t *testing.T, s *Store, from, to int) {
	t.Helper()
	l := ledger.New(s, ledger.Options{})
	var entries []order.Entry
	for i := from; i < to; i++ {
		entries = append(entries, testEntry(fmt.Sprint("A-", i), "person"))
	}
	for i, r := range mustAppend(t, l, entries...) {
		if !r.Known || r.Seq != int64(from+i+1) {
			t.Fatalf("order %d: %+v", from+i, r)
		}
	}
}

func indexed(t *testing.T, s *Store) (rows, upTo int) {
	t.Helper()
	err := s.View(t.Context(), func(v *View) error {
		if err := v.QueryRow("SELECT count(*) FROM ids WHERE shop = ?", testShop).Scan(&rows); err != nil {
			return err
		}
		return v.QueryRow("SELECT indexed FROM shops WHERE shop = ?", testShop).Scan(&upTo)
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, upTo
}

func TestRecentIDsGoIntoTheTable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{})
	appendIDs(t, ledger.New(s, ledger.Options{}), 0, 2500)
	if rows, _ := indexed(t, s); rows != 0 || s.recent.len() != 2500 {
		t.Errorf("%d rows, %d in memory before", rows, s.recent.len())
	}
	if err := s.mergeRecent(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows, upTo := indexed(t, s); rows != 2500 || upTo != 2500 || s.recent.len() != 0 || s.recent.frozen != nil {
		t.Errorf("%d rows up to %d, %d in memory after", rows, upTo, s.recent.len())
	}
	appendIDs(t, ledger.New(s, ledger.Options{}), 2500, 2600)
	allKnown(t, s, 0, 2600)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, dir, Options{})
	if s.recent.len() != 100 {
		t.Errorf("%d in memory after a start", s.recent.len())
	}
	allKnown(t, s, 0, 2600)
	mustVerify(t, s, 2600)
}

// TestMergeBrokenOff breaks off half way; nothing is lost, neither then nor
// after a restart.
func TestMergeBrokenOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	commits, limit := 0, -1
	s := mustOpen(t, dir, Options{Fault: func(p Point) error {
		if p != PointCommit {
			return nil
		}
		if commits++; commits == limit {
			return errPlanted
		}
		return nil
	}})
	appendIDs(t, ledger.New(s, ledger.Options{}), 0, 2500)
	limit = commits + 2
	if err := s.mergeRecent(t.Context()); !errors.Is(err, errPlanted) {
		t.Fatalf("error %v", err)
	}
	if rows, upTo := indexed(t, s); rows != 1000 || upTo != 0 || s.recent.len() != 2500 {
		t.Errorf("%d rows up to %d, %d in memory", rows, upTo, s.recent.len())
	}
	allKnown(t, s, 0, 2500)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, dir, Options{})
	allKnown(t, s, 0, 2500)
	if err := s.mergeRecent(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows, upTo := indexed(t, s); rows != 2500 || upTo != 2500 {
		t.Errorf("%d rows up to %d", rows, upTo)
	}
	allKnown(t, s, 0, 2500)
}

// TestReadsWhileMerging: an order that was answered is found by its id at any
// moment.
func TestReadsWhileMerging(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	l := ledger.New(s, ledger.Options{})
	appendIDs(t, l, 0, 1500)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for c := range 2 {
		wg.Go(func() {
			for i := c; ctx.Err() == nil; i++ {
				id := fmt.Sprint("A-", i*31%1500)
				states, err := l.StatesByID(t.Context(), testShop, []string{id})
				if err != nil || states[0] == nil {
					t.Errorf("%s: %v, %v", id, states, err)
					return
				}
			}
		})
	}
	for i := range 5 {
		if err := s.mergeRecent(t.Context()); err != nil {
			t.Error(err)
		}
		appendIDs(t, l, 1500+i*100, 1600+i*100)
	}
	cancel()
	wg.Wait()
}

func TestFailedAppendLeavesNoID(t *testing.T) {
	t.Parallel()
	fail := false
	s := mustOpen(t, t.TempDir(), Options{Fault: func(p Point) error {
		if fail && p == PointCommit {
			return errPlanted
		}
		return nil
	}})
	l := ledger.New(s, ledger.Options{})
	appendIDs(t, l, 0, 10)
	fail = true
	if _, err := l.Append(t.Context(), testShop, []order.Entry{testEntry("B", "p")}); !errors.Is(err, errPlanted) {
		t.Fatalf("error %v", err)
	}
	fail = false
	if s.recent.len() != 10 {
		t.Errorf("%d ids in memory", s.recent.len())
	}
	if r := mustAppend(t, l, testEntry("C", "p"), testEntry("B", "p")); r[0].Seq != 11 || r[1].Seq != 12 || r[1].Known {
		t.Errorf("receipts: %+v", r)
	}
}

// TestEqualDigests: two subjects may have one digest.
func TestEqualDigests(t *testing.T) {
	t.Parallel()
	r := newRecent()
	for _, n := range []int64{5, 9, 9, 12} {
		r.add(testShop, 77, n)
	}
	r.add("other", 77, 3)
	want := []wanted{{testShop, ledger.Key{Hash: 77}}, {testShop, ledger.Key{Hash: 78}}, {"nobody", ledger.Key{Hash: 77}}}
	got := map[int64]bool{}
	for _, c := range r.candidates(r.generations(), want) {
		if c.place != 0 {
			t.Errorf("candidate %+v", c)
		}
		got[c.number] = true
	}
	if len(got) != 3 || !got[5] || !got[9] || !got[12] {
		t.Errorf("candidates %v", got)
	}
	if lists := r.freeze(); len(lists[testShop]) != 3 || len(lists["other"]) != 1 {
		t.Errorf("lists %v", lists)
	}
	r.unfreeze()
	if list := r.candidates(r.generations(), want); len(list) != 3 {
		t.Errorf("candidates %v", list)
	}
}
