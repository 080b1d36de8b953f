package postgres

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// clock tells the database's time without asking it each time.
type clock struct{ at atomic.Pointer[reading] }

// reading is one answer of the database.
type reading struct {
	database time.Time
	here     time.Time // when it was asked, with the monotonic clock
}

// read asks the database for its time.
func (c *clock) read(ctx context.Context, q interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}) error {
	asked := time.Now()
	var at time.Time
	if err := q.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&at); err != nil {
		return err
	}
	c.set(asked, at)
	return nil
}

// set takes an answer to a question asked at a moment. The answer was made
// between then and now: half way.
func (c *clock) set(asked, answer time.Time) {
	now := time.Now()
	c.at.Store(&reading{database: answer, here: asked.Add(now.Sub(asked) / 2)})
}

func (c *clock) now() time.Time {
	r := c.at.Load()
	if r == nil {
		return time.Now()
	}
	return r.database.Add(time.Since(r.here))
}
