package app

import (
	"context"
	"log/slog"

	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
)

// observer turns what the engine tells into log lines, figures and alerts.
type observer struct{ app *App }

var _ delivery.Observer = (*observer)(nil)

// Attempted implements delivery.Observer: one summary line per call.
func (o *observer) Attempted(t delivery.Attempt) {
	o.app.metrics.calls.WithLabelValues(t.Shop, t.Route, t.Partner, t.Kind).Observe(t.Duration.Seconds())
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
	o.app.metrics.settled.WithLabelValues(r.Shop, r.Name, r.Partner, string(to)).Inc()
}

// RouteChanged implements delivery.Observer.
func (o *observer) RouteChanged(r *delivery.Route, s delivery.RouteStatus) {
	level := slog.LevelInfo
	if s.State == "blocked" || s.State == "breaker_open" {
		level = slog.LevelWarn
	}
	o.app.log.Log(context.Background(), level, "route", "shop", r.Shop, "route", r.Name, "partner", r.Partner,
		"state", s.State, "reason", s.Reason)
	o.app.watcher.Nudge()
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

// statuses returns how every configured route stands.
func (a *App) statuses(ctx context.Context) []delivery.RouteStatus {
	var out []delivery.RouteStatus
	for _, shop := range a.config().ShopOrder {
		list, err := a.engine.Status(ctx, shop)
		if err != nil {
			a.log.Error("status of routes", "shop", shop, "error", err)
			continue
		}
		out = append(out, list...)
	}
	return out
}

// troubles returns what is wrong now.
func (a *App) troubles(ctx context.Context) ([]alert.Trouble, error) {
	c := a.config().Alerts
	limits := alert.Limits{Lag: c.Lag, Waiting: c.Waiting, DiskFree: c.DiskFree}
	var out []alert.Trouble
	now := a.opts.Now()
	for _, shop := range a.config().ShopOrder {
		// All or nothing: a shop that could not be asked must not look mended.
		list, err := a.engine.Status(ctx, shop)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			out = append(out, alert.OfRoute(s, limits, now)...)
		}
	}
	if a.disk.full.Load() {
		out = append(out, alert.OfDisk(a.disk.room.Load(), limits)...)
	}
	return out, nil
}

// alerts returns the troubles that last, for the API.
func (a *App) alerts() []api.Alert {
	out := []api.Alert{}
	for _, n := range a.watcher.Open() {
		out = append(out, api.Alert{
			Shop: n.Trouble.Shop, Route: n.Trouble.Route, Kind: string(n.Trouble.Kind), Text: n.Trouble.Text, Since: n.Since,
		})
	}
	return out
}
