package postgres_test

import (
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

func TestPromotionSuite(t *testing.T) {
	t.Parallel()
	storetest.RunPromotions(t, func(t testing.TB, now func() time.Time, fault func(string) error) store.Store {
		o := postgres.Options{Now: now, Fault: func(p postgres.Point) error { return fault(string(p)) }}
		s, err := postgres.Open(t.Context(), pgtest.Database(t), o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
