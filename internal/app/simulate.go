package app

import (
	"context"
	"net/http"

	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/rehearsal"
)

// simulate lets a partner's door do all that it would do for a call, and keeps
// nothing of it. order.ErrNotFound for a partner without a door.
func (a *App) simulate(ctx context.Context, name string, c rehearsal.Call) (rehearsal.Answer, error) {
	d, ok := a.door(name)
	if !ok {
		return rehearsal.Answer{}, order.ErrNotFound
	}
	deps := d.deps
	deps.Intake = a.ledger // it is no intake: nothing is counted or traced
	answer, err := rehearsal.Run(ctx, d.build, deps, a.asTaken, c)
	if err == nil && answer.Status == http.StatusUnauthorized {
		refusedDoor(ctx) // who tries keys here waits as he would at the door
	}
	return answer, err
}

// asTaken adds to entries what the intake adds.
func (a *App) asTaken(shop string, entries []order.Entry) []order.Entry {
	return catalog.Settling(a.now, shop, withReviews(a.store.Reviews(), shop, entries))
}
