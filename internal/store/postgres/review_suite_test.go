package postgres_test

import (
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

func TestReviewSuite(t *testing.T) {
	t.Parallel()
	storetest.RunReviews(t, func(t testing.TB, now func() time.Time) store.Store {
		s, err := postgres.Open(t.Context(), pgtest.Filled(t), postgres.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
