package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/sandbox"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// build makes the parts in the sequence in which they need each other.
func (a *App) build(ctx context.Context) error {
	cfg := a.opts.Config
	a.metrics, a.traces, a.ids = newMetrics(), newTraces(), newRequestIDs()
	// The addresses first: they fail most often, and cost least.
	if err := a.listen(cfg); err != nil {
		return err
	}
	if err := a.openStore(ctx, cfg); err != nil {
		return err
	}
	a.buildCore()
	if a.opts.Sandbox {
		var names []string
		for _, p := range a.opts.Partners {
			if p.Door != nil {
				names = append(names, p.Name)
			}
		}
		a.faults = sandbox.New(names...)
	}
	if err := a.buildDoors(); err != nil {
		return err
	}
	if cfg.TLS != nil {
		var err error
		if a.certificate, err = newCertificate(*cfg.TLS, a.log); err != nil {
			return err
		}
	}
	first, err := a.generate(cfg, nil)
	if err != nil {
		return err
	}
	a.current.Store(first)
	if err := a.engine.SetRoutes(ctx, first.deliveryRoutes()); err != nil {
		return fmt.Errorf("routes: %w", err)
	}
	a.buildSurface(ctx)
	return nil
}

// openStore opens the data folder and what stands beside the store in it.
func (a *App) openStore(ctx context.Context, cfg *config.Config) (err error) {
	if a.store, err = sqlite.Open(ctx, cfg.Data, a.opts.Store); err != nil {
		return err
	}
	a.onClose("store", a.store.Close)
	if cfg.SealKey.Set() {
		a.sealKey, err = secret.ParseKey(cfg.SealKey)
	} else {
		a.sealKey, err = secret.LoadOrCreateKey(filepath.Join(cfg.Data, sealKeyFile))
	}
	if err != nil {
		return fmt.Errorf("seal_key: %w", err)
	}
	a.files = &files{dir: filepath.Join(cfg.Data, "files"), store: a.store, now: a.opts.Now, log: a.log}
	if a.hubID, err = a.identity(ctx); err != nil {
		return fmt.Errorf("name of this hub: %w", err)
	}
	a.disk = &disk{
		dir: cfg.Data, free: a.opts.DiskFree, log: a.log, probe: a.store.State(hubShop, "disk"),
		least: func() int64 { return a.config().Alerts.DiskFree },
	}
	return nil
}

// identity returns this hub's name among hubs: made once, for ever.
func (a *App) identity(ctx context.Context) (string, error) {
	state := a.store.State(hubShop, "hub")
	if id, ok, err := state.Get(ctx, "id"); err != nil || ok {
		return string(id), err
	}
	_, word, _ := strings.Cut(secret.NewToken("hub").Reveal(), "_")
	id := "hub-" + strings.ToLower(word[:16])
	return id, state.Put(ctx, "id", []byte(id), 0)
}

// buildCore makes ledger and engine, which know of each other by hooks only,
// and the watcher that the engine nudges.
func (a *App) buildCore() {
	book := alert.NewBook(a.store.State(hubShop, "alerts"))
	a.watcher = alert.NewWatcher(book, a.troubles, a.opts.Now, a.log)
	a.ledger = ledger.New(a.store, ledger.Options{
		Now:      a.opts.Now,
		Appended: func(shop string, head int64) { a.engine.Notify(shop, head) },
	})
	a.engine = delivery.New(delivery.Options{
		Log: a.ledger, Store: a.store.Deliveries(), Now: a.opts.Now, Observe: &observer{app: a}, Lag: a.opts.Config.Alerts.Lag,
	})
}

// buildSurface makes what looks at the hub: API, alerts, figures.
func (a *App) buildSurface(ctx context.Context) {
	a.tokens = &tokens{store: a.store, now: a.opts.Now, admin: func() secret.Text { return a.config().AdminToken }}
	opts := api.Options{
		Ledger: apiLedger{Ledger: a.ledger, intake: &intake{app: a, next: a.ledger, partner: "api"}},
		Engine: a.engine, Tokens: a.tokens, Log: a.log, Now: a.opts.Now, Version: a.opts.Version,
		Operator: api.Operator{Erase: a.erase, Backup: a.backup, Alerts: a.alerts, Shops: a.shops, Files: a.listFiles},
	}
	if a.opts.Load != nil {
		opts.Operator.Reload = a.reloadFile
	}
	if a.faults != nil {
		opts.Faults = a.faults
	}
	a.api = api.New(opts)
	a.watcher.Use(a.current.Load().channels...)
	a.metrics.collectRoutes(a.statuses, a.opts.Now)
	a.disk.look(ctx)
}

// deliveryRoutes returns what the engine runs.
func (g *generation) deliveryRoutes() []delivery.Route {
	out := make([]delivery.Route, len(g.list))
	for i, r := range g.list {
		out[i] = r.delivery
	}
	return out
}

// apiLedger is the ledger as the API sees it: what it takes goes through the
// intake.
type apiLedger struct {
	*ledger.Ledger
	intake *intake
}

// Append is the intake's, not the ledger's own.
func (l apiLedger) Append(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error) {
	return l.intake.Append(ctx, shop, entries)
}

// errNoReload is Reload's error for what can not change while the hub runs.
var errNoReload = errors.New("can not change while the hub runs; restart it")

// Reload replaces the configuration, whole or not at all.
func (a *App) Reload(ctx context.Context, cfg *config.Config) error {
	a.reload.Lock()
	defer a.reload.Unlock()
	before := a.current.Load()
	if err := unchanged(before.config, cfg); err != nil {
		return err
	}
	next, err := a.generate(cfg, before)
	if err != nil {
		return err
	}
	if cfg.TLS != nil && *cfg.TLS != *before.config.TLS {
		if _, err := newCertificate(*cfg.TLS, a.log); err != nil {
			return err
		}
	}
	// Credentials and rules first: a route must not run by new rules while
	// its door still takes by old credentials, nor the other way round; both
	// change within the same moment for every request that comes after it.
	a.current.Store(next)
	if err := a.engine.SetRoutes(ctx, next.deliveryRoutes()); err != nil {
		a.current.Store(before)
		return errors.Join(fmt.Errorf("routes: %w", err), a.engine.SetRoutes(ctx, before.deliveryRoutes()))
	}
	if a.certificate != nil {
		a.certificate.use(*cfg.TLS)
	}
	a.watcher.Use(next.channels...)
	a.watcher.Nudge()
	a.retire(before, next)
	a.log.Info("configuration reloaded", "shops", len(cfg.Shops), "routes", len(next.list))
	return nil
}

// retire closes the unused connections of routes that are gone or changed.
func (a *App) retire(before, next *generation) {
	for key, r := range before.routes {
		if now := next.routes[key]; now == nil || now.client != r.client {
			r.client.CloseIdle()
		}
	}
}

// unchanged refuses a configuration that needs a restart.
func unchanged(old, new *config.Config) error {
	var what []string
	if old.Listen != new.Listen {
		what = append(what, "listen")
	}
	if old.Data != new.Data || old.Database != new.Database {
		what = append(what, "data")
	}
	if (old.TLS == nil) != (new.TLS == nil) {
		what = append(what, "tls")
	}
	if !old.SealKey.Equal(new.SealKey) {
		what = append(what, "seal_key")
	}
	same := len(old.Doors) == len(new.Doors)
	for name, d := range old.Doors {
		same = same && new.Doors[name] == d
	}
	if !same {
		what = append(what, "doors")
	}
	if len(what) > 0 {
		return fmt.Errorf("%s %w", strings.Join(what, ", "), errNoReload)
	}
	return nil
}

// reloadFile reloads what Options.Load reads.
func (a *App) reloadFile(ctx context.Context) error {
	cfg, err := a.opts.Load()
	if err != nil {
		return err
	}
	return a.Reload(ctx, cfg)
}
