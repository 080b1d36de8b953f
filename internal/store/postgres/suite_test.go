package postgres_test

import (
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

func open(t testing.TB, place string, now func() time.Time) storetest.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), pgtest.At(t, place), postgres.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLedgerSuite(t *testing.T) {
	t.Parallel()
	storetest.RunLedger(t, open)
}

func TestSharedSuite(t *testing.T) {
	t.Parallel()
	storetest.RunShared(t, open)
}
