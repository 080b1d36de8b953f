package app

import (
	"context"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
)

// retainedOf is what the rounds of a shop came to so far.
func (a *App) retainedOf(ctx context.Context, shop string) (out retainedReport, err error) {
	b, ok, err := a.store.State(shop, retentionScope).Get(ctx, "report")
	if err == nil && ok {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return out, fmt.Errorf("read retention: %w", err)
	}
	return out, nil
}

// retention tells for how long data is kept, for the API.
func (a *App) retention(ctx context.Context, shop string, count bool) (api.Retention, error) {
	out := api.Retention{Shop: shop}
	if shop != hubShop && a.config().Shops[shop] == nil {
		return out, order.ErrNotFound
	}
	report, err := a.retainedOf(ctx, shop)
	if err != nil {
		return out, err
	}
	begin, err := a.ledger.Checkpoint(ctx, shop)
	if err != nil {
		return out, err
	}
	if begin.Seq > 0 {
		out.Start = &api.LogStart{Seq: begin.Seq, Hash: fmt.Sprintf("%x", begin.Hash[:]), At: time.UnixMicro(begin.At).UTC()}
	}
	out.Round, out.Failed, out.WaitsUntil = report.At, report.Fault, report.waitsUntil()
	for _, k := range config.RetentionKinds() {
		kind, err := a.retainedKind(ctx, shop, k, &report, count)
		if err != nil {
			return out, err
		}
		out.Kinds = append(out.Kinds, kind)
	}
	return out, nil
}

func (a *App) retainedKind(ctx context.Context, shop string, k config.RetentionKind, report *retainedReport, count bool) (api.RetainedKind, error) {
	_, from := a.config().Kept(shop, k)
	days, so := a.keptDays(shop, k), report.Kinds[k.Name]
	out := api.RetainedKind{Kind: k.Name, Days: days, From: from, Removed: so.Removed, LastRemoved: so.At}
	if k.Name == config.RetainEvents && days > 0 && report.Need.Seq > 0 {
		out.Held = &api.RetentionHeld{Seq: report.Need.Seq, Why: report.Need.Why}
	}
	if !count || days == 0 {
		return out, nil
	}
	return out, a.countDue(ctx, shop, &out, a.now().AddDate(0, 0, -days))
}

// countDue says how much of a kind a round would remove.
func (a *App) countDue(ctx context.Context, shop string, out *api.RetainedKind, before time.Time) error {
	var n int64
	var err error
	switch out.Kind {
	case config.RetainPersonal:
		n, _, err = a.ledger.CountQuiet(ctx, shop, before)
	case config.RetainEvidence:
		n, err = a.countEvidence(ctx, shop, before)
	case config.RetainFiles:
		n, err = a.countFiles(ctx, shop, before)
	case config.RetainCaptures:
		var old int
		old, err = a.captures.Old(ctx, shop, before)
		n = int64(old)
	case config.RetainEvents:
		n, err = a.countEvents(ctx, shop, out, before)
	default:
		return nil
	}
	out.Due = &n
	return err
}

func (a *App) countEvidence(ctx context.Context, shop string, before time.Time) (n int64, err error) {
	rows, err := a.store.Deliveries().Routes(ctx, shop)
	if err != nil {
		return 0, err
	}
	for _, route := range rows {
		at, err := a.position(ctx, a.store.State(shop, retentionScope), a.evidenceKey(route.Route))
		if err != nil {
			return n, err
		}
		some, err := a.store.Retention().CountCalls(ctx, shop, route.Route, at, before)
		if err != nil {
			return n, err
		}
		n += some
	}
	return n, nil
}

func (a *App) countFiles(ctx context.Context, shop string, before time.Time) (n int64, err error) {
	routes, err := a.files.place.FileRoutes(ctx, shop)
	if err != nil {
		return 0, err
	}
	for _, route := range routes {
		list, err := a.files.place.ListFiles(ctx, shop, route)
		if err != nil {
			return n, err
		}
		for _, info := range list {
			if !info.Withdrawn && info.Written.Before(before) {
				n++
			}
		}
	}
	return n, nil
}

// countEvents counts the events from the beginning of the log up to a moment:
// what is in the way of the first of them is told beside.
func (a *App) countEvents(ctx context.Context, shop string, out *api.RetainedKind, before time.Time) (int64, error) {
	begin, need, err := a.ledger.CutLook(ctx, shop, before)
	if err != nil {
		return 0, err
	}
	to, err := a.ledger.SeqAt(ctx, shop, before)
	if err != nil {
		return 0, err
	}
	out.Held = nil
	if need.Seq > 0 && to > begin.Seq {
		out.Held = &api.RetentionHeld{Seq: need.Seq, Why: need.Why}
	}
	if need != (ledger.Need{}) {
		to = min(to, need.Seq-1)
	}
	return max(0, to-begin.Seq), nil
}

// retain has a round begin soon at the owner of a shop.
func (a *App) retain(ctx context.Context, shop string) error {
	if shop != hubShop && a.config().Shops[shop] == nil {
		return order.ErrNotFound
	}
	if a.node == nil {
		a.retainer.rouse(shop)
		return nil
	}
	_, err := relayTo[struct{}](ctx, a.node, shop, doRetention, errand{})
	return err
}
