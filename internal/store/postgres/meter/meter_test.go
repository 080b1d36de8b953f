package meter_test

import (
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermux/ordermux/internal/store/postgres/meter"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// TestMeter makes a database, works in it, sees the work counted, and removes
// it.
func TestMeter(t *testing.T) {
	t.Parallel()
	main := pgtest.Database(t)
	s, err := meter.Open(t.Context(), main)
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.Fresh(t.Context(), "measured")
	if err != nil {
		t.Fatal(err)
	}
	work(t, url, "CREATE TABLE here (a int)")
	if url, err = s.Fresh(t.Context(), "measured"); err != nil {
		t.Fatal(err)
	}
	before, err := s.Counts(t.Context(), "measured")
	if err != nil {
		t.Fatal(err)
	}
	work(t, url, "CREATE TABLE here (a int)") // so it is not there any more
	counted := func() bool {
		after, err := s.Counts(t.Context(), "measured")
		if err != nil {
			t.Fatal(err)
		}
		return after.Transactions > before.Transactions
	}
	for limit := time.Now().Add(20 * time.Second); !counted(); {
		if time.Now().After(limit) {
			t.Fatal("a transaction was not counted")
		}
	}
	if s.Backend() == 0 {
		t.Error("no process")
	}
	if err := s.Close(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.Connect(t.Context(), url); err == nil {
		t.Error("the database is still there")
	}
}

func TestNoAddress(t *testing.T) {
	t.Parallel()
	if _, err := meter.Open(t.Context(), "./data"); err == nil {
		t.Error("a folder is taken for a database")
	}
}

func work(t *testing.T, url, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
