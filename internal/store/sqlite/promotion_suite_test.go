package sqlite_test

import (
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/sqlite"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

func TestPromotionSuite(t *testing.T) {
	t.Parallel()
	storetest.RunPromotions(t, func(t testing.TB, now func() time.Time, fault func(string) error) store.Store {
		o := sqlite.Options{Now: now, Fault: func(p sqlite.Point) error { return fault(string(p)) }}
		s, err := sqlite.Open(t.Context(), t.TempDir(), o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
