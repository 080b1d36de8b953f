package app

import (
	"context"
	"net/http"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/catalog"
	"github.com/ordermux/ordermux/internal/console"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/rehearsal"
)

// simulate lets a partner's door do all that it would do for a call, and keeps
// nothing of it; whole: it says what each route would do then, too.
// order.ErrNotFound for a partner without a door.
func (a *App) simulate(ctx context.Context, name string, c rehearsal.Call, whole bool) (out console.Rehearsed, err error) {
	if name == ownAPI {
		return a.simulateOwn(ctx, c, whole)
	}
	d, ok := a.door(name)
	if !ok {
		return out, order.ErrNotFound
	}
	deps := d.deps
	deps.Intake = a.ledger // it is no intake: nothing is counted or traced
	out.Answer, err = rehearsal.Run(ctx, d.build, deps, a.asTaken, c)
	if err == nil && out.Answer.Status == http.StatusUnauthorized {
		refusedDoor(ctx) // who tries keys here waits as he would at the door
	}
	if err != nil || !whole || len(out.Answer.Events) == 0 {
		return out, err
	}
	// A door's call is about one shop.
	out.Routes, err = a.plannedFor(ctx, out.Answer.Events[0].Shop, out.Answer.Events)
	return out, err
}

// asTaken adds to entries what the intake adds.
func (a *App) asTaken(shop string, entries []order.Entry) []order.Entry {
	return catalog.Settling(a.now, shop, withReviews(a.store.Reviews(), shop, entries))
}

// ownAPI is the name of our own API among the documents.
const ownAPI = "ordermux"

// simulateOwn is simulate for our own API: what only looks is done, entries are
// handed in and undone, whatever else would change something is refused.
func (a *App) simulateOwn(ctx context.Context, c rehearsal.Call, whole bool) (out console.Rehearsed, err error) {
	path, _, _ := strings.Cut(c.Path, "?")
	if c.Method != http.MethodGet && !(c.Method == http.MethodPost && strings.HasPrefix(path, "/api/v1/shops/") && strings.HasSuffix(path, "/events")) {
		return out, console.ErrUnsimulated
	}
	r := rehearsal.New(partner.Deps{Intake: a.ledger, Orders: a.ledger, Now: a.now}, a.asTaken)
	opts := a.apiOptions
	opts.Ledger = apiLedger{Ledger: a.ledger, intake: r.Deps().Intake}
	out.Answer, err = rehearsal.Ask(ctx, api.New(opts), c)
	if out.Answer.Status == http.StatusUnauthorized {
		refusedDoor(ctx)
	}
	if out.Answer.Events = r.Events(); err != nil || !whole || len(out.Answer.Events) == 0 {
		return out, err
	}
	out.Routes, err = a.plannedFor(ctx, out.Answer.Events[0].Shop, out.Answer.Events)
	return out, err
}
