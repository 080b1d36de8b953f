package sqlite_test

import (
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/store/sqlite"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

func TestDeliverySuite(t *testing.T) {
	t.Parallel()
	storetest.RunDelivery(t, func(t testing.TB, place string, now func() time.Time) storetest.DeliveryStore {
		s, err := sqlite.Open(t.Context(), place, sqlite.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
