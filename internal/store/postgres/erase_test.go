package postgres

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/ordermux/ordermux/internal/order"
)

// holding counts the versions of a table's rows, dead or alive, that hold a
// text.
func holding(t *testing.T, conn *pgx.Conn, table, text string) (n int) {
	t.Helper()
	const count = `SELECT count(*) FROM generate_series(0, pg_relation_size($1::text::regclass) / 8192 - 1) page,
		heap_page_items(get_raw_page($1::text, page::int)) item WHERE position($2::text::bytea IN item.t_data) > 0`
	if err := conn.QueryRow(t.Context(), count, table, text).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestErasedLeavesNoVersion looks into the pages of the tables: what was
// erased stands in no version of a row, and what was not erased does.
func TestErasedLeavesNoVersion(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	l := openLedger(s)
	conn := other(t, s)
	mustExec(t, conn, "CREATE EXTENSION pageinspect")
	for i := range 20 {
		mustAppend(t, l, testEntry(fmt.Sprint("A-", i), fmt.Sprint("person", i, ".")))
	}
	mustAppend(t, l, testEntry("A-7", "person7.again"))
	if n := holding(t, conn, "personal", "person7."); n != 2 {
		t.Fatalf("%d versions before erasing", n)
	}
	if err := l.Erase(t.Context(), testShop, "A-7"); err != nil {
		t.Fatal(err)
	}
	for _, table := range slices.Concat(erasedTables, []string{"events"}) {
		if n := holding(t, conn, table, "person7."); n != 0 {
			t.Errorf("%s: %d versions of rows still hold the person", table, n)
		}
	}
	if n := holding(t, conn, "personal", "person8."); n != 1 {
		t.Errorf("%d versions of another one", n)
	}
	mustVerify(t, s, 22)
}

// TestErasedTogether: who comes while rows are being removed shares the next
// run.
func TestErasedTogether(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	l := openLedger(s)
	for i := range 10 {
		mustAppend(t, l, testEntry(fmt.Sprint("A-", i), "p"))
	}
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			if err := l.Erase(t.Context(), testShop, fmt.Sprint("A-", i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	mustVerify(t, s, 20)
}

// TestErasedStillSeen: a transaction that sees what was erased is told of.
func TestErasedStillSeen(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	l := openLedger(s)
	mustAppend(t, l, testEntry("A-1", "p"))
	conn := other(t, s)
	mustExec(t, conn, "SET idle_in_transaction_session_timeout = 0")
	mustExec(t, conn, beginRead)
	mustExec(t, conn, "SELECT count(*) FROM personal WHERE shop = $1", testShop)
	err := l.Erase(t.Context(), testShop, "A-1")
	if !errors.Is(err, errStillSeen) || !errors.Is(err, order.ErrBusy) {
		t.Errorf("error %v", err)
	}
	mustExec(t, conn, "COMMIT")
	if err := l.Erase(t.Context(), testShop, "A-1"); err != nil {
		t.Error(err)
	}
	mustVerify(t, s, 2)
}
