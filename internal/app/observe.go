package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// observer turns what the engine tells into log lines, figures and alerts.
type observer struct{ app *App }

var _ delivery.Observer = (*observer)(nil)

// Attempted implements delivery.Observer: one summary line per call.
func (o *observer) Attempted(t delivery.Attempt) {
	o.app.metrics.called(&t)
	level := slog.LevelInfo
	switch {
	case t.Error != "":
		level = slog.LevelWarn
	case t.Kind == "poll" && t.Status == 0:
		level = slog.LevelDebug // it looked at the clock, and called nobody
	}
	log := o.app.log
	if !log.Enabled(context.Background(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("shop", t.Shop), slog.String("route", t.Route), slog.String("partner", t.Partner),
		slog.String("kind", t.Kind), slog.Int("tasks", t.Tasks), slog.Int64("ms", t.Duration.Milliseconds()),
	}
	if t.Status != 0 {
		attrs = append(attrs, slog.Int("status", t.Status))
	}
	for _, s := range loggedStates {
		if n := t.Results[s]; n > 0 {
			attrs = append(attrs, slog.Int(string(s), n))
		}
	}
	if t.Error != "" {
		attrs = append(attrs, slog.String("error", t.Error))
	}
	log.LogAttrs(context.Background(), level, summary, attrs...)
}

// loggedStates are what a call can end in, in the sequence of a log line.
var loggedStates = []delivery.State{
	delivery.Delivered, delivery.AwaitingPartner, delivery.Asking, delivery.Retrying, delivery.Ready, delivery.Held,
	delivery.Refused, delivery.Failed, delivery.Parked, delivery.Dropped, delivery.Superseded, delivery.Cancelled,
}

// Settled implements delivery.Observer.
func (o *observer) Settled(r *delivery.Route, _, to delivery.State, _ string) {
	o.app.metrics.came(r, to)
}

// RouteChanged implements delivery.Observer.
func (o *observer) RouteChanged(r *delivery.Route, s delivery.RouteStatus) {
	level := slog.LevelInfo
	if s.State == "blocked" || s.State == "breaker_open" {
		level = slog.LevelWarn
	}
	o.app.log.Log(context.Background(), level, "route", "shop", r.Shop, "route", r.Name, "partner", r.Partner,
		"state", s.State, "reason", s.Reason)
	o.app.watcher.Nudge(r.Shop)
}

// Stalled implements delivery.Observer. The watcher is not nudged: what is over
// before it looks by itself is for the log only.
func (o *observer) Stalled(r *delivery.Route, err error) {
	log := o.app.log.With("shop", r.Shop, "route", r.Name, "partner", r.Partner)
	if err != nil {
		log.Warn("route can not go on", "error", err)
		return
	}
	log.Info("route goes on again")
}

// statuses returns how every configured route stands that runs here.
func (a *App) statuses(ctx context.Context) []delivery.RouteStatus {
	var out []delivery.RouteStatus
	for _, shop := range a.config().ShopOrder {
		if !a.engine.Owns(shop) {
			continue
		}
		list, err := a.engine.Status(ctx, shop)
		if err != nil {
			a.log.Error("status of routes", "shop", shop, "error", err)
			continue
		}
		out = append(out, list...)
	}
	return out
}

// troubles returns what is wrong with a shop, or with the hub, now.
func (a *App) troubles(ctx context.Context, shop string) ([]alert.Trouble, error) {
	cfg := a.config()
	limits := alert.Limits{Lag: cfg.Alerts.Lag, Waiting: cfg.Alerts.Waiting, DiskFree: cfg.Alerts.DiskFree}
	if shop == alert.Hub {
		list, err := a.nodeTroubles(ctx)
		waiting, errFiles := a.uploads.troubles(ctx)
		return slices.Concat(a.disk.troubles(limits), list, waiting), errors.Join(err, errFiles)
	}
	if cfg.Shops[shop] == nil {
		return nil, nil // it left the configuration
	}
	list, err := a.engine.Status(ctx, shop)
	if err != nil {
		return nil, err
	}
	// Asked afterwards: what another node owns looks different from here.
	if !a.engine.Owns(shop) {
		return nil, delivery.ErrElsewhere
	}
	out := slices.Concat(a.promotions.troubles(shop), a.idleTroubles(shop), a.retainer.troubles(shop))
	now := a.now()
	for _, s := range list {
		out = append(out, alert.OfRoute(s, limits, now)...)
		said, err := a.sideTroubles(ctx, s)
		if err != nil {
			return nil, err
		}
		out = append(out, said...)
	}
	return out, nil
}

// idleTroubles returns the connected routes of a shop that can not run. Where the
// file has a route of the name, that one does.
func (a *App) idleTroubles(shop string) (out []alert.Trouble) {
	for _, c := range a.current.Load().connected.routes {
		if c.shop == shop && c.fault != "" && !c.shadowed {
			out = append(out, alert.OfIdle(shop, c.name, c.fault))
		}
	}
	return out
}

// sideTime is how long a side may think about what is wrong.
const sideTime = 5 * time.Second

// sideTroubles returns what the side of a route says is wrong.
func (a *App) sideTroubles(ctx context.Context, s delivery.RouteStatus) ([]alert.Trouble, error) {
	r := a.current.Load().routes[routeKey{s.Shop, s.Route}]
	if r == nil || r.delivery.Side.Troubles == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(a.keeper.asOwner(ctx, s.Shop), sideTime)
	defer cancel()
	sentences, err := r.delivery.Side.Troubles(ctx)
	if err != nil {
		return nil, fmt.Errorf("troubles of route %s: %w", s.Route, err)
	}
	return alert.OfSide(s.Shop, s.Route, sentences), nil
}

// doAlerts is what nodes ask each other for.
const doAlerts = "alerts"

// alerts returns the troubles that last, for the API: those that every node
// tells of.
func (a *App) alerts(ctx context.Context) ([]api.Alert, error) {
	if a.node == nil {
		return a.alertsHere(), nil
	}
	answers, err := a.node.AskAll(ctx, doAlerts, nil)
	if err != nil {
		return nil, err
	}
	var out []api.Alert
	for _, n := range answers {
		if n.Err != nil {
			// Half a list would look like less trouble than there is.
			return nil, fmt.Errorf("alerts of node %s: %w: %w", n.Node.Name, order.ErrBusy, n.Err)
		}
		var list []api.Alert
		if err := json.Unmarshal(n.Answer, &list); err != nil {
			return nil, fmt.Errorf("alerts of node %s: %w", n.Node.Name, err)
		}
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b api.Alert) int {
		return cmp.Or(cmp.Compare(a.Shop, b.Shop), cmp.Compare(a.Route, b.Route), cmp.Compare(a.Kind, b.Kind))
	})
	return out, nil
}

// alertsHere are those of the shops that this node owns.
func (a *App) alertsHere() []api.Alert {
	out := []api.Alert{}
	for _, n := range a.watcher.Open() {
		out = append(out, api.Alert{
			Shop: n.Trouble.Shop, Route: n.Trouble.Route, Kind: string(n.Trouble.Kind), Text: n.Trouble.Text, Since: n.Since,
		})
	}
	return out
}
