package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

const (
	addRef   = "INSERT INTO refs (shop, source, value, number) VALUES ($1, 's', $2, 1)"
	findRefs = "SELECT value FROM refs WHERE shop = $1 ORDER BY value"
)

func wantRefs(t *testing.T, s *Store, want string) {
	t.Helper()
	var values []string
	err := s.view(t.Context(), func(v *View) error {
		rows, err := v.Query(v.ctx, findRefs, testShop)
		if err != nil {
			return err
		}
		values, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if got := strings.Join(values, " "); err != nil || got != want {
		t.Errorf("stored %q instead of %q, %v", got, want, err)
	}
}

func TestDo(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	write := func(value string, after error) error {
		return s.do(t.Context(), func(tx *Tx) error {
			if _, err := tx.Exec(tx.ctx, addRef, testShop, value); err != nil {
				return err
			}
			return after
		})
	}
	if err := write("first", nil); err != nil {
		t.Error(err)
	}
	if err := write("refused", errPlanted); !errors.Is(err, errPlanted) {
		t.Error(err)
	}
	if err := write("first", nil); !errors.Is(err, ErrDuplicate) {
		t.Error(err)
	}
	if err := s.do(t.Context(), func(*Tx) error { return nil }); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
	wantRefs(t, s, "first")
}

// TestLast commits in the round trip of the last statements.
func TestLast(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	last := func(first bool, values ...string) error {
		return s.do(t.Context(), func(tx *Tx) error {
			if first { // a statement before, or none
				if _, err := tx.Exec(tx.ctx, "SELECT 1"); err != nil {
					return err
				}
			}
			b := &pgx.Batch{}
			for _, v := range values {
				b.Queue(addRef, testShop, v)
			}
			return tx.last(b)
		})
	}
	for i, first := range []bool{true, false} {
		if err := last(first, fmt.Sprint("a", i), fmt.Sprint("b", i)); err != nil {
			t.Error(err)
		}
		if err := last(first, fmt.Sprint("c", i), "a0", fmt.Sprint("d", i)); !errors.Is(err, ErrDuplicate) {
			t.Error(err)
		}
	}
	wantRefs(t, s, "a0 a1 b0 b1")
	// A callback's error comes too late to undo anything, and is told.
	err := s.do(t.Context(), func(tx *Tx) error {
		b := &pgx.Batch{}
		b.Queue("SELECT 1").QueryRow(func(pgx.Row) error { return errPlanted })
		b.Queue(addRef, testShop, "e")
		return tx.last(b)
	})
	if !errors.Is(err, errPlanted) {
		t.Error(err)
	}
	wantRefs(t, s, "a0 a1 b0 b1 e")
}

func TestBatch(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	err := s.do(t.Context(), func(tx *Tx) error {
		var one, two int
		b := &pgx.Batch{}
		b.Queue("SELECT 1").QueryRow(func(row pgx.Row) error { return row.Scan(&one) })
		b.Queue(addRef, testShop, "a")
		b.Queue("SELECT 2").QueryRow(func(row pgx.Row) error { return row.Scan(&two) })
		if err := tx.batch(b); err != nil || one != 1 || two != 2 {
			t.Errorf("%d %d %v", one, two, err)
		}
		return tx.batch(&pgx.Batch{})
	})
	if err != nil {
		t.Error(err)
	}
	wantRefs(t, s, "a")
}

func TestSavepoint(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	err := s.do(t.Context(), func(tx *Tx) error {
		try := func(value string, after func() error) error {
			own, err := tx.savepoint(func() error {
				if _, err := tx.Exec(tx.ctx, addRef, testShop, value); err != nil {
					return err
				}
				return after()
			})
			if err != nil {
				t.Fatal(err)
			}
			return own
		}
		good := func() error { return nil }
		if err := try("a", good); err != nil {
			t.Error(err)
		}
		if err := try("a", good); sqlState(err) != codeDuplicate {
			t.Error(err)
		}
		if err := try("b", func() error { return errPlanted }); !errors.Is(err, errPlanted) {
			t.Error(err)
		}
		if err := try("c", func() error { panic("a mistake") }); err == nil {
			t.Error("a panic is no error")
		}
		return try("d", good)
	})
	if err != nil {
		t.Error(err)
	}
	wantRefs(t, s, "a d")
}

func TestViewCanNotWrite(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	err := s.view(t.Context(), func(v *View) error {
		_, err := v.Exec(v.ctx, addRef, testShop, "a")
		return err
	})
	if !errors.Is(err, order.ErrReadOnly) {
		t.Errorf("error %v", err)
	}
}

// TestViewIsOfOneMoment: what is committed meanwhile is not seen.
func TestViewIsOfOneMoment(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	conn := other(t, s)
	err := s.view(t.Context(), func(v *View) error {
		for range 2 {
			var n int
			const count = "SELECT count(*) FROM refs WHERE shop = $1"
			if err := v.QueryRow(v.ctx, count, testShop).Scan(&n); err != nil || n != 0 {
				t.Errorf("%d rows, %v", n, err)
			}
			mustExec(t, conn, addRef+" ON CONFLICT DO NOTHING", testShop, "a")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	wantRefs(t, s, "a")
}

// raise is a statement that fails with a code.
func raise(code string) string {
	return "DO $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '" + code + "'; END $$"
}

func TestFailuresHaveKinds(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	kinds := map[string]error{
		codeDuplicate: ErrDuplicate,
		codeReadOnly:  order.ErrReadOnly, codeDenied: order.ErrReadOnly, codeDiskFull: order.ErrReadOnly, codeIO: order.ErrReadOnly,
		codeSerialization: order.ErrBusy, codeDeadlock: order.ErrBusy, codeConnections: order.ErrBusy, codeShutdown: order.ErrBusy,
		codeCrash: order.ErrBusy, codeStarting: order.ErrBusy, codeLocked: order.ErrBusy, codeCancelled: order.ErrBusy,
		codeIdle: order.ErrBusy, "08006": order.ErrBusy, "53200": order.ErrBusy,
	}
	var wg sync.WaitGroup
	for code, want := range kinds {
		wg.Go(func() {
			err := s.do(t.Context(), func(tx *Tx) error {
				_, err := tx.Exec(tx.ctx, raise(code))
				return err
			})
			if !errors.Is(err, want) || sqlState(err) != code {
				t.Errorf("%s: %v", code, err)
			}
		})
	}
	wg.Wait()
}

// TestRunsAgain: what passes is tried again, and only a few times.
func TestRunsAgain(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	for code, want := range map[string]int{codeSerialization: 3, codeDeadlock: 3, codeCancelled: 1, codeDuplicate: 1} {
		tries := 0
		err := s.do(t.Context(), func(tx *Tx) error {
			tries++
			if _, err := tx.Exec(tx.ctx, addRef, testShop, code); err != nil || tries == 3 {
				return err
			}
			_, err := tx.Exec(tx.ctx, raise(code))
			return err
		})
		if tries != want || (err == nil) != (want == 3) {
			t.Errorf("%s: %d tries, %v", code, tries, err)
		}
	}
	wantRefs(t, s, codeSerialization+" "+codeDeadlock)
	tries := 0
	err := s.do(t.Context(), func(tx *Tx) error {
		tries++
		_, err := tx.Exec(tx.ctx, raise(codeSerialization))
		return err
	})
	if tries != mostTries || !errors.Is(err, order.ErrBusy) {
		t.Errorf("%d tries, %v", tries, err)
	}
}

// TestUnknownCommitNotRepeated: what may have been committed never runs again.
func TestUnknownCommitNotRepeated(t *testing.T) {
	t.Parallel()
	p := plant(PointCommitted, errPlanted)
	s := openNew(t, Options{Fault: p.fault})
	p.armed.Store(true)
	tries := 0
	err := s.do(t.Context(), func(tx *Tx) error {
		tries++
		_, err := tx.Exec(tx.ctx, addRef, testShop, "a")
		return err
	})
	unknown(t, err)
	if tries != 1 {
		t.Errorf("%d tries", tries)
	}
	wantRefs(t, s, "a")
}

// TestConnectionsLost: all connections are gone at once, and nobody notices.
func TestConnectionsLost(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() { wantRefs(t, s, "") })
	}
	wg.Wait()
	killOthers(t, s)
	for i := range 12 {
		wg.Go(func() {
			err := s.do(t.Context(), func(tx *Tx) error {
				_, err := tx.Exec(tx.ctx, addRef, testShop, fmt.Sprint(i))
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// TestFrozenWithinTransaction: the server ends a transaction whose node does
// nothing any more, and with it its locks.
func TestFrozenWithinTransaction(t *testing.T) {
	t.Parallel()
	s := openTest(t, pgtest.Filled(t)+"&idle_in_transaction_session_timeout=200", Options{})
	l := openLedger(s)
	mustAppend(t, l, testEntry("A-1", "p"))
	tries := 0
	err := s.do(t.Context(), func(tx *Tx) error {
		if tries++; tries > 1 {
			return errPlanted
		}
		if _, err := tx.Exec(tx.ctx, lockHead, testShop); err != nil {
			return err
		}
		mustAppend(t, l, testEntry("A-2", "p")) // waits for the lock
		_, err := tx.Exec(tx.ctx, addRef, testShop, "a")
		return err
	})
	if !errors.Is(err, errPlanted) || tries != 2 {
		t.Errorf("%d tries, %v", tries, err)
	}
	mustVerify(t, s, 2)
}

func TestCallerGone(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	err := s.do(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(tx.ctx, addRef, testShop, "a"); err != nil {
			return err
		}
		cancel()
		_, err := tx.Exec(tx.ctx, addRef, testShop, "b")
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	wantRefs(t, s, "")
}
