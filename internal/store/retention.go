package store

import (
	"context"
	"time"

	"github.com/ordermux/ordermux/internal/search"
)

// Retention removes what a shop need not keep any more, beside what ledger.Store
// removes.
type Retention interface {
	// ForgetCalls removes the texts of the evidence of a route's calls behind the
	// id after that began before a moment, of so many calls at most: what erasing
	// an order does to the calls that carried it. It returns the id of the last
	// one that it met (after: none) and how many it met.
	ForgetCalls(ctx context.Context, shop, route string, after int64, before time.Time, limit int) (last int64, met int, err error)
	// CountCalls counts those calls.
	CountCalls(ctx context.Context, shop, route string, after int64, before time.Time) (int64, error)
	// ForgetKeys removes what removed orders were found by: of so many entries at
	// most of the index of orders behind one. It returns the last one that it met
	// and how many it met; fewer than limit: it is through.
	ForgetKeys(ctx context.Context, shop string, after search.Entry, limit int) (last search.Entry, met int, err error)
	// Reclaim gives back the room of what was overwritten and belongs to orders
	// that were removed, some at a time, and reports whether there may be more.
	Reclaim(ctx context.Context, shop string) (more bool, err error)
}
