package postgres

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

// openTest opens a store that the test closes at its end.
func openTest(t testing.TB, url string, opts Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// openNew opens a store over a new database.
func openNew(t testing.TB, opts Options) *Store {
	t.Helper()
	return openTest(t, pgtest.Filled(t), opts)
}

// openLedger makes a ledger as several nodes have it.
func openLedger(s ledger.Store) *ledger.Ledger {
	return ledger.New(s, ledger.Options{Shared: true})
}

const testShop = "nordlys"

// testEntry is an order whose personal part holds the marker.
func testEntry(id, marker string) order.Entry {
	return order.Entry{
		Subject: order.Subject{Kind: order.SubjectOrder, ID: id},
		Source:  order.Source{Name: "citrusad:default", Rank: order.RankDoor},
		Statement: &order.Statement{Order: order.Order{
			ID: id, Currency: "SEK", Customer: &order.Customer{Email: marker + "@nordlys.example"},
		}},
	}
}

func mustAppend(t testing.TB, l *ledger.Ledger, entries ...order.Entry) []order.Receipt {
	t.Helper()
	receipts, err := l.Append(context.Background(), testShop, entries)
	if err != nil {
		t.Fatal(err)
	}
	return receipts
}

func mustVerify(t testing.TB, s *Store, events int64) {
	t.Helper()
	r, err := openLedger(s).Verify(t.Context(), testShop)
	if err != nil || r.Faults != nil || r.Events != events {
		t.Fatalf("verify: %+v, %v; want %d events", r, err, events)
	}
}

// other returns a connection of its own to the database of a store.
func other(t testing.TB, s *Store) *pgx.Conn {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), s.config.ConnConfig.Copy())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func mustExec(t testing.TB, conn *pgx.Conn, query string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// hold locks the shop's head until the returned function is called, so that
// what is queued meanwhile becomes one group behind the first call.
func hold(t testing.TB, s *Store) (release func()) {
	t.Helper()
	conn := other(t, s)
	mustExec(t, conn, "BEGIN")
	mustExec(t, conn, "SELECT 1 FROM heads WHERE shop = $1 FOR UPDATE", testShop)
	return func() { mustExec(t, conn, "COMMIT") }
}

// queued waits until so many calls wait for their shop's next group.
func queued(s *Store, calls int) {
	for s.Stats().Appends != calls {
		runtime.Gosched()
	}
}

// appendGroup appends n orders so that all but one are one group, and returns
// their errors. before runs when all are waiting.
func appendGroup(t *testing.T, s *Store, prefix string, n int, before func()) []error {
	t.Helper()
	l := openLedger(s)
	release := hold(t, s)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			_, errs[i] = l.Append(context.Background(), testShop, []order.Entry{testEntry(fmt.Sprint(prefix, i), "p")})
		})
		queued(s, i)
		if i == 0 {
			locked(t, s)
		}
	}
	before()
	release()
	wg.Wait()
	return errs
}

// locked waits until a statement of the store's database waits for a lock.
func locked(t testing.TB, s *Store) {
	t.Helper()
	conn := other(t, s)
	for n := 0; n == 0; {
		const waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
		if err := conn.QueryRow(t.Context(), waiting).Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
}

var errPlanted = errors.New("planted")
