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

// lookEvery calls look, which is about what, time and again until ctx ends. What
// it can not see now it may see the next time: a trouble is logged.
func (a *App) lookEvery(ctx context.Context, every time.Duration, what string, look func(context.Context) error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := look(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "look for "+what, "error", err)
		}
	}
}
