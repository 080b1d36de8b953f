package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

func TestDo(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	const add = "INSERT INTO refs (shop, source, value, number) VALUES (?, 's', ?, 1)"
	ctx := t.Context()
	release := hold(t, s)
	var wg sync.WaitGroup
	errs := make([]error, 5)
	do := func(i int, f func(tx *Tx) error) {
		wg.Go(func() { errs[i] = s.Do(ctx, f) })
		queued(s, 0, i+1)
	}
	write := func(value string, after error) func(tx *Tx) error {
		return func(tx *Tx) error {
			if _, err := tx.Exec(add, testShop, value); err != nil {
				return err
			}
			if value == "panics" {
				panic("a mistake")
			}
			return after
		}
	}
	do(0, write("first", nil))
	do(1, write("refused", errPlanted))
	do(2, write("panics", nil))
	do(3, write("first", nil)) // a duplicate key
	do(4, write("last", nil))
	release()
	wg.Wait()
	if errs[0] != nil || errs[4] != nil {
		t.Errorf("good closures: %v, %v", errs[0], errs[4])
	}
	if !errors.Is(errs[1], errPlanted) || !errors.Is(errs[3], ErrDuplicate) {
		t.Errorf("bad closures: %v, %v", errs[1], errs[3])
	}
	if errs[2] == nil || !strings.Contains(errs[2].Error(), "a mistake") {
		t.Errorf("panic: %v", errs[2])
	}
	var values []string
	err := s.View(ctx, func(v *View) (err error) {
		values, err = texts(v, "SELECT value FROM refs WHERE shop = ? ORDER BY value", testShop)
		return err
	})
	if err != nil || strings.Join(values, " ") != "first last" {
		t.Errorf("stored %v, %v", values, err)
	}
}

func TestDoGivenUp(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	release := hold(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() {
		result <- s.Do(ctx, func(*Tx) error { t.Error("ran after its caller had gone"); return nil })
	}()
	queued(s, 0, 1)
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	release()
	if err := s.Do(t.Context(), func(*Tx) error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestViewCanNotWrite(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	err := s.View(t.Context(), func(v *View) error {
		rows, err := v.Query("INSERT INTO refs (shop, source, value, number) VALUES ('a', 'b', 'c', 1) RETURNING number")
		if err != nil {
			return err
		}
		return eachRow(rows, func() error { return nil })
	})
	if !errors.Is(err, order.ErrReadOnly) {
		t.Errorf("error %v", err)
	}
}

// appendTogether appends n orders in one group and returns their errors.
func appendTogether(t *testing.T, s *Store, n int) []error {
	l := ledger.New(s, ledger.Options{})
	mustAppend(t, l, testEntry("first", "p")) // makes the shop
	release := hold(t, s)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			_, errs[i] = l.Append(context.Background(), testShop, []order.Entry{testEntry(fmt.Sprint("A-", i), "p")})
		})
	}
	queued(s, n, 0)
	release()
	wg.Wait()
	return errs
}

func TestGroupRepeatedOneByOne(t *testing.T) {
	t.Parallel()
	for _, point := range []Point{PointBegin, PointInsert, PointCommit} {
		var armed atomic.Bool
		s := mustOpen(t, t.TempDir(), Options{Fault: func(p Point) error {
			if p == point && armed.CompareAndSwap(true, false) {
				return errPlanted
			}
			return nil
		}})
		l := ledger.New(s, ledger.Options{})
		mustAppend(t, l, testEntry("before", "p"))
		release := hold(t, s)
		errs := make([]error, 5)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = l.Append(context.Background(), testShop, []order.Entry{testEntry(fmt.Sprint("A-", i), "p")})
			})
		}
		queued(s, 5, 0)
		armed.Store(true)
		release()
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Errorf("%s: %v", point, err)
		}
		mustVerify(t, s, 6)
	}
}

func TestQueueFull(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{QueueCalls: 2})
	l := ledger.New(s, ledger.Options{})
	mustAppend(t, l, testEntry("first", "p"))
	release := hold(t, s)
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			if _, err := l.Append(context.Background(), testShop, []order.Entry{testEntry(fmt.Sprint("A-", i), "p")}); err != nil {
				t.Error(err)
			}
		})
	}
	queued(s, 2, 0)
	_, err := l.Append(t.Context(), testShop, []order.Entry{testEntry("B", "p")})
	if !errors.Is(err, order.ErrBusy) {
		t.Errorf("error %v", err)
	}
	release()
	wg.Wait()
	mustVerify(t, s, 3)
}

// TestUnknownCommit: the commit happened, yet nobody knows. The caller's
// retry is then known.
func TestUnknownCommit(t *testing.T) {
	t.Parallel()
	var armed atomic.Bool
	s := mustOpen(t, t.TempDir(), Options{Fault: func(p Point) error {
		if p == PointCommitted && armed.CompareAndSwap(true, false) {
			return errPlanted
		}
		return nil
	}})
	l := ledger.New(s, ledger.Options{})
	mustAppend(t, l, testEntry("A-1", "p"))
	armed.Store(true)
	_, err := l.Append(t.Context(), testShop, []order.Entry{testEntry("A-2", "p")})
	var invalid *order.Invalid
	for _, kind := range []error{order.ErrReadOnly, order.ErrBusy, order.ErrConflict} {
		if err == nil || errors.Is(err, kind) || errors.As(err, &invalid) {
			t.Errorf("error %v", err)
		}
	}
	if r := mustAppend(t, l, testEntry("A-2", "p")); !r[0].Known || r[0].Seq != 2 {
		t.Errorf("retry: %+v", r[0])
	}
	if r := mustAppend(t, l, testEntry("A-3", "p")); r[0].Seq != 3 {
		t.Errorf("next: %+v", r[0])
	}
	items, err := l.Read(t.Context(), testShop, 0, 10)
	if err != nil || len(items) != 3 {
		t.Errorf("%d items, %v", len(items), err)
	}
	mustVerify(t, s, 3)
}

// TestDiskFull lets the engine itself run out of room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	l := ledger.New(s, ledger.Options{})
	mustAppend(t, l, testEntry("A-0", "p"))
	limit := func(pages string) {
		err := s.writer.outside(func() error {
			_, err := s.writer.conn.ExecContext(context.Background(), "PRAGMA max_page_count="+pages)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // the engine takes the present size
	var stored int64 = 1
	var err error
	for err == nil {
		_, err = l.Append(t.Context(), testShop, []order.Entry{testEntry(fmt.Sprint("A-", stored), strings.Repeat("x", 900))})
		if err == nil {
			stored++
		}
	}
	if !errors.Is(err, order.ErrReadOnly) {
		t.Errorf("error %v", err)
	}
	mustVerify(t, s, stored)
	for i, err := range appendTogetherFull(t, s, l) {
		if !errors.Is(err, order.ErrReadOnly) {
			t.Errorf("order %d: %v", i, err)
		}
	}
	limit("1000000")
	mustAppend(t, l, testEntry("after", "p"))
	mustVerify(t, s, stored+1)
}

func appendTogetherFull(t *testing.T, s *Store, l *ledger.Ledger) []error {
	release := hold(t, s)
	errs := make([]error, 3)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = l.Append(context.Background(), testShop,
				[]order.Entry{testEntry(fmt.Sprint("B-", i), strings.Repeat("x", 9000))})
		})
	}
	queued(s, 3, 0)
	release()
	wg.Wait()
	return errs
}

func TestFailuresHaveKinds(t *testing.T) {
	t.Parallel()
	for point, want := range map[Point]error{PointBegin: order.ErrReadOnly, PointInsert: order.ErrReadOnly, PointCommit: order.ErrReadOnly} {
		var armed atomic.Bool
		s := mustOpen(t, t.TempDir(), Options{Fault: func(p Point) error {
			if armed.Load() && p == point {
				return order.ErrReadOnly
			}
			return nil
		}})
		armed.Store(true)
		if err := s.Do(t.Context(), func(*Tx) error { return nil }); !errors.Is(err, want) && point != PointInsert {
			t.Errorf("%s: %v", point, err)
		}
		armed.Store(false)
		for i, err := range appendTogether(t, s, 3) {
			if err != nil {
				t.Errorf("%s: order %d after the trouble: %v", point, i, err)
			}
		}
		mustVerify(t, s, 4)
	}
}
