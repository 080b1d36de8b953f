//go:build linux

package torture

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// settle ends the faults and waits until the hub has nothing left to do by
// itself.
func (w *world) settle(ctx context.Context) error {
	if w.clients.refused != nil {
		return w.clients.refused
	}
	if err := w.partners.calm(ctx); err != nil {
		return err
	}
	limit := time.Now().Add(w.Quiet)
	for {
		busy, err := w.side().busy(ctx)
		if err != nil || busy == "" {
			return err
		}
		if time.Now().After(limit) {
			w.Log("not quiet after %v: %s\n%s", w.Quiet, busy, w.side().open(ctx))
			return nil // what is missing is found by asking
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// collect asks every side what it has.
func (w *world) collect(ctx context.Context) (Report, error) {
	r := &w.report
	r.Traffic = w.clients.sent()
	if err := w.side().ledger(ctx, new(sync.Mutex), &r.Evidence); err != nil {
		return *r, fmt.Errorf("ask the hub: %w", err)
	}
	var err error
	if r.Chain, err = w.side().chain(ctx); err != nil {
		return *r, err
	}
	listed := map[string]bool{}
	if err := w.side().listed(ctx, "careful", listed); err != nil {
		return *r, fmt.Errorf("ask the hub: %w", err)
	}
	r.Routes, err = w.partners.arrivals(ctx, r.Offered, listed)
	return *r, err
}
