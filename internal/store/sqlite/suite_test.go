package sqlite_test

import (
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/store/sqlite"
	"github.com/ordermux/ordermux/internal/store/storetest"
)

// What the others rely on; the ledger itself knows neither of them.
var (
	_ partner.Orders = (*ledger.Ledger)(nil)
	_ partner.Intake = (*ledger.Ledger)(nil)
	_ delivery.Log   = (*ledger.Ledger)(nil)
)

func TestLedgerSuite(t *testing.T) {
	t.Parallel()
	storetest.RunLedger(t, func(t testing.TB, place string, now func() time.Time) storetest.Store {
		s, err := sqlite.Open(t.Context(), place, sqlite.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
