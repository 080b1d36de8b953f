package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/rehearsal"
)

// rehearseTime bounds a rehearsal: nothing of it waits for a partner.
const rehearseTime = 10 * time.Second

// Rehearse implements api.Connections: the side's own code makes the request, at
// a gate that lets nothing out, and over a state that keeps nothing.
func (c connections) Rehearse(ctx context.Context, shop, name, id string) (api.Rehearsal, error) {
	r := c.app.current.Load().routes[routeKey{shop, name}]
	if r == nil {
		return api.Rehearsal{}, fmt.Errorf("route %s of shop %s: %w", name, shop, order.ErrNotFound)
	}
	t, err := c.app.engine.Try(ctx, shop, name, id)
	if err != nil {
		return api.Rehearsal{}, err
	}
	out := api.Rehearsal{State: t.State, Now: api.VerdictOf(t.Now), ByHand: api.VerdictOf(t.ByHand), Requests: []api.Exchange{}}
	side := r.delivery.Side
	if t.Task == nil || side.Deliver == nil || side.Unrehearsed || r.from == api.FromDoor {
		return out, nil
	}
	list, err := c.app.rehearseTask(ctx, r, t)
	if err != nil {
		c.app.log.WarnContext(ctx, "rehearse a delivery", "shop", shop, "route", name, "error", err)
		return out, nil // what Render made is shown all the same
	}
	out.Requests = api.Exchanges(list)
	return out, nil
}

// rehearseTask lets a side of its own send a task.
func (a *App) rehearseTask(ctx context.Context, r *route, t delivery.Trial) (list []outbound.Exchange, err error) {
	ctx, cancel := context.WithTimeout(ctx, rehearseTime)
	defer cancel()
	ctx, trace := outbound.WithTrace(outbound.WithGate(ctx, func() bool { return false }))
	side, err := a.rehearsalSide(r)
	if err != nil {
		return nil, err
	}
	defer func() {
		if p := recover(); p != nil {
			list, err = nil, fmt.Errorf("the side panicked: %v", p)
		}
	}()
	task := *t.Task
	task.Shop, task.Route = r.delivery.Shop, r.delivery.Name
	side.Deliver(outbound.WithHop(ctx, hopsOf([]partner.Task{task})), []partner.Task{task})
	list = trace.List()
	for i := range list {
		list[i].Error = "" // that nothing left is what was wanted
	}
	return list, nil
}

// rehearsalSide builds a side that remembers what the route's own does, and changes
// nothing.
func (a *App) rehearsalSide(r *route) (partner.Side, error) {
	g := a.current.Load()
	shop := g.config.Shops[r.delivery.Shop]
	p, ok := a.partner(r.delivery.Partner)
	if shop == nil || !ok {
		return partner.Side{}, errors.New("the route is gone")
	}
	cfg := *g.config
	deps := bareDeps(&cfg, shop.ID, p, r.delivery.Name)
	deps.State = rehearsal.Over(a.connectionState(shop.ID, r.delivery.Connection))
	deps.Intake, deps.Orders, deps.Catalog, deps.Reviews = closedIntake{}, a.ledger, a.store.Catalog(), a.book
	deps.Currency, deps.Timezone, deps.Seal, deps.Now, deps.Put = shop.Currency, shop.Timezone, a.sealer, a.now, putNowhere
	deps.HTTP = outbound.New(outbound.Options{Timeout: rehearseTime, Hop: a.hubID, Now: a.now, UserAgent: "ordermux/" + a.opts.Version})
	return p.Route(deps, r.settings(p))
}

// errRehearsal is the answer to whatever would change something.
var errRehearsal = errors.New("this is a rehearsal")

// closedIntake takes nothing.
type closedIntake struct{}

func (closedIntake) Append(context.Context, string, []order.Entry) ([]order.Receipt, error) {
	return nil, errRehearsal
}

// putNowhere leaves the evidence of an upload that did not take place.
func putNowhere(ctx context.Context, to partner.SFTPTarget, folder, name string, write func(io.Writer) error) error {
	x := outbound.Exchange{At: time.Now(), Method: "PUT", URL: addressOf(to, folder, name)}
	if write != nil {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return err
		}
		x.RequestSize = b.Len()
		x.RequestBody = outbound.NewMasker().Body(b.Bytes(), outbound.DefaultKeepBody)
	}
	outbound.Record(ctx, x)
	return errRehearsal
}
