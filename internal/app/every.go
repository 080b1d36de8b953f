package app

import (
	"context"
	"time"
)

// tellEvery calls tell time and again until ctx ends, and then once more, with
// the time that a stopping hub has.
func tellEvery(ctx context.Context, every time.Duration, tell func(context.Context)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
			defer cancel()
			tell(ctx)
			return
		case <-tick.C:
			tell(ctx)
		}
	}
}
