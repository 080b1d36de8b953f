package store

import (
	"context"
	"time"
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
	// Reclaim gives back the room of what was overwritten and belongs to orders
	// that were removed, some at a time, and reports whether there may be more.
	Reclaim(ctx context.Context, shop string) (more bool, err error)
}
