package app

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// intake stands between those who take orders and the ledger: it refuses while
// there is no room, keeps what a call came with (trace, hops), and counts.
type intake struct {
	app     *App
	next    partner.Intake
	partner string // label for metrics: whose door, or "api"
}

var _ partner.Intake = (*intake)(nil)

// Append implements partner.Intake.
func (i *intake) Append(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error) {
	if err := i.app.disk.check(); err != nil {
		i.app.metrics.refuse(i.partner, "read_only")
		return nil, err
	}
	if err := i.app.awaitRoutes(ctx, shop); err != nil {
		i.app.metrics.refuse(i.partner, refusal(err))
		return nil, err
	}
	c := callOf(ctx)
	if c != nil {
		c.heard.Belongs(shop)
	}
	if c != nil && c.hops != "" {
		entries = i.app.marked(entries, c.hops)
	}
	entries = i.app.asTaken(shop, entries)
	receipts, err := i.next.Append(ctx, shop, entries)
	i.app.disk.saw(err)
	if err != nil {
		i.app.metrics.refuse(i.partner, refusal(err))
		return nil, err
	}
	i.app.metrics.taken(shop, i.partner, receipts)
	if c != nil && c.traceparent != "" {
		i.app.traces.keep(shop, receipts, c.traceparent)
	}
	return receipts, nil
}

func refusal(err error) string {
	var bad *order.Invalid
	switch {
	case errors.As(err, &bad):
		return "invalid"
	case errors.Is(err, order.ErrConflict):
		return "conflict"
	case errors.Is(err, order.ErrBusy):
		return "busy"
	case errors.Is(err, order.ErrReadOnly):
		return "read_only"
	}
	return "error"
}

// originHop begins the Origin of an event that another hub delivered; the
// hubs' names follow.
const originHop = "hop:"

// marked keeps through which hubs entries came. What has been here before is
// recorded, but triggers no delivery: so two hubs that feed each other stop.
// A publishable key is no hub's: whoever holds it must not be able to keep
// orders from being delivered.
func (a *App) marked(entries []order.Entry, hops string) []order.Entry {
	returned := false
	for hop := range strings.SplitSeq(hops, ",") {
		returned = returned || strings.TrimSpace(hop) == a.hubID
	}
	out := make([]order.Entry, len(entries))
	for n, e := range entries {
		if e.Source.Public() {
			out[n] = e
			continue
		}
		e.History = e.History || returned
		if e.Origin == "" && len(hops) <= 512 {
			e.Origin = originHop + hops
		}
		out[n] = e
	}
	return out
}

// hopsOf returns the hubs that every one of the tasks came through, in the
// first one's sequence: a batch must not make the others look returned.
func hopsOf(tasks []partner.Task) string {
	var common []string
	for n, t := range tasks {
		hops, ok := strings.CutPrefix(t.Event.Origin, originHop)
		if !ok {
			return ""
		}
		list := strings.Split(hops, ",")
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
		if n == 0 {
			common = list
			continue
		}
		kept := common[:0]
		for _, hop := range common {
			if slices.Contains(list, hop) {
				kept = append(kept, hop)
			}
		}
		common = kept
	}
	return strings.Join(common, ", ")
}
