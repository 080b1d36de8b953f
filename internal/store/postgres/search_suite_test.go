package postgres_test

import (
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

func TestSearchSuite(t *testing.T) {
	t.Parallel()
	storetest.RunSearch(t, func(t testing.TB, now func() time.Time) store.Store {
		o := postgres.Options{Now: now}
		s, err := postgres.Open(t.Context(), pgtest.Database(t), o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
