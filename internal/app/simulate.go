package app

import (
	"context"
	"log/slog"
	"net/http"

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
		out.Answer, err = a.simulateOwn(ctx, c)
	} else {
		out.Answer, err = a.simulateDoor(ctx, name, c)
	}
	if err == nil && out.Answer.Status == http.StatusUnauthorized {
		refusedDoor(ctx) // who tries keys here waits as he would at the door
	}
	if err != nil || !whole || len(out.Answer.Events) == 0 {
		return out, err
	}
	// A call is about one shop.
	out.Routes, err = a.plannedFor(ctx, out.Answer.Events[0].Shop, out.Answer.Events)
	return out, err
}

func (a *App) simulateDoor(ctx context.Context, name string, c rehearsal.Call) (rehearsal.Answer, error) {
	d, ok := a.door(name)
	if !ok {
		return rehearsal.Answer{}, order.ErrNotFound
	}
	deps := d.deps
	deps.Intake = simulatedIntake{a}
	deps.Credentials = doorCredentials{app: a, partner: name, unused: true}
	deps.Access = doorAccess{app: a, partner: name, unused: true}
	deps.Stock = a.knownStock()
	deps.Log = slog.New(onlyTroubles{deps.Log.Handler()})
	return rehearsal.Run(ctx, d.build, deps, a.asTaken, c)
}

// knownStock asks no partner: a rehearsal sends nothing.
func (a *App) knownStock() *stock { return &stock{app: a, answers: a.stock.answers, known: true} }

// asTaken adds to entries what the intake adds.
func (a *App) asTaken(shop string, entries []order.Entry) []order.Entry {
	return catalog.Settling(a.now, shop, withReviews(a.store.Reviews(), shop, entries))
}

// simulatedIntake refuses what the intake refuses for want of room. Nothing is
// counted or traced.
type simulatedIntake struct{ app *App }

var _ partner.Intake = simulatedIntake{}

// Append implements partner.Intake.
func (i simulatedIntake) Append(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error) {
	if err := i.app.disk.check(); err != nil {
		return nil, err
	}
	return i.app.ledger.Append(ctx, shop, entries)
}

// onlyTroubles is a log that does not tell of what was only rehearsed, but of
// what went wrong with it.
type onlyTroubles struct{ slog.Handler }

// Enabled implements slog.Handler.
func (o onlyTroubles) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError && o.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (o onlyTroubles) WithAttrs(attrs []slog.Attr) slog.Handler {
	return onlyTroubles{o.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (o onlyTroubles) WithGroup(name string) slog.Handler {
	return onlyTroubles{o.Handler.WithGroup(name)}
}
