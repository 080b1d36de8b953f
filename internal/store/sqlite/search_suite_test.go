package sqlite_test

import (
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/store"
	"github.com/ordermux/ordermux/internal/store/sqlite"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

func TestSearchSuite(t *testing.T) {
	t.Parallel()
	storetest.RunSearch(t, func(t testing.TB, now func() time.Time) store.Store {
		s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
