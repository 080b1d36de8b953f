package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/node"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/sandbox"
	"github.com/ordermux/ordermux/internal/secret"
)

// build makes the parts in the sequence in which they need each other.
func (a *App) build(ctx context.Context) error {
	cfg := a.opts.Config
	a.metrics, a.traces, a.ids = newMetrics(), newTraces(), newRequestIDs()
	// The addresses first: they fail most often, and cost least.
	if err := errors.Join(a.listen(cfg), a.listenForFiles(cfg)); err != nil {
		return err
	}
	a.name, a.began = nodeName(a.Addr()), time.Now().UTC()
	if err := a.openStore(ctx, cfg); err != nil {
		return err
	}
	a.buildCore()
	var err error
	if a.sealer, err = secret.NewSealer(a.sealKey); err != nil {
		return fmt.Errorf("seal_key: %w", err)
	}
	a.access, a.book = secret.NewTokens(a.sealKey), a.newBook()
	a.grants, a.uses, a.passwords = newGrants(a), newUses(a), cmp.Or(a.opts.Passwords, secret.NewPasswords())
	a.captures, a.stock, a.promotions, a.flows = a.newCaptures(), a.newStock(), a.newPromotions(), a.newFlows()
	a.users, a.refusals, a.retainer = a.newUsers(), newRefusals(a), newRetainer(a)
	a.promotions.Keep(a.keptJobs)
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
	if err := a.buildUploads(ctx, cfg); err != nil {
		return err
	}
	if cfg.TLS != nil {
		if a.certificate, err = newCertificate(*cfg.TLS, a.log); err != nil {
			return err
		}
	}
	first, err := a.generate(ctx, cfg, nil)
	if err != nil {
		return err
	}
	a.current.Store(first)
	if err := a.setRoutes(ctx, first); err != nil {
		return err
	}
	if err := a.buildSurface(ctx); err != nil {
		return err
	}
	a.opts.Config = nil // what is needed of it is in the generation
	return nil
}

// buildCore makes ledger and engine, which know of each other by hooks only,
// the watcher that the engine nudges, and where nodes share the store this one
// among them.
func (a *App) buildCore() {
	shared := a.database != nil
	watch := alert.WatcherOptions{State: a.bookState, Gather: a.troubles, Now: a.now, Log: a.log}
	if shared {
		watch.Ours = a.keeper.tells
	}
	a.watcher = alert.NewWatcher(watch)
	a.ledger = ledger.New(a.store, ledger.Options{Now: a.now, Shared: shared, Appended: a.appended})
	a.search = newOrderIndex(a)
	opts := delivery.Options{
		Log: a.ledger, Store: a.store.Deliveries(), Now: a.now, Observe: &observer{app: a}, Lag: a.opts.Config.Alerts.Lag,
	}
	if shared {
		a.lease = node.NewLease()
		opts.Shared, opts.Lease, opts.Lost, opts.Agreed = true, a.lease, a.lost, a.agreed
	}
	a.engine = delivery.New(opts)
	if shared {
		a.buildNode()
	}
}

// appended tells who delivers that a shop's log has grown.
func (a *App) appended(shop string, head int64) {
	if a.node != nil {
		a.node.Appended(shop, head)
		return
	}
	a.engine.Notify(shop, head)
	a.search.notify(shop)
}

// buildSurface makes what looks at the hub: API, alerts, figures.
func (a *App) buildSurface(ctx context.Context) error {
	a.tokens = &tokens{store: a.store, now: a.now, uses: a.uses, admin: func() secret.Text { return a.config().AdminToken }}
	opts := api.Options{
		Ledger: apiLedger{Ledger: a.ledger, intake: &intake{app: a, next: a.ledger, partner: "api"}},
		Engine: a.engine, Finder: a.finder(), Tokens: a.tokens, Credentials: credentialActs{a.grants}, Log: a.log, Now: a.now, Version: a.opts.Version,
		Operator: api.Operator{Erase: a.eraseHere, Backup: a.backup, Alerts: a.alerts, Shops: a.shops, Files: a.listFiles, Nodes: a.nodes, Flow: a.flows.of, DoorURL: a.doorURL, SendTest: a.sendTest,
			Couriers: a.couriersOf, Mirror: a.mirror, TestMessage: a.testMessage, TestOrder: a.testOrder, Promote: a.promote, Jobs: a.jobs, Job: a.job},
		Book: a.book, Invites: a.invites, Warnings: a.warnings, Captures: a.captures,
		Catalog: products{a.store.Catalog(), a.disk}, Stock: a.stock, Promotions: a.promotions, Stopping: a.stopping.Load,
	}
	opts.Operator.Told = a.engine.Told
	if a.node != nil {
		opts.Engine, opts.Operator.Erase, opts.Operator.Told = relay{a.engine, a.node}, a.erase, a.toldElsewhere
	}
	if a.opts.Load != nil {
		opts.Operator.Reload = a.reloadFiles
	}
	if a.faults != nil {
		opts.Faults = a.faults
	}
	opts.Connections = connections{a}
	opts.People, opts.Acts = a.users, actIndex{a}
	a.chores = a.newChores(opts.Engine)
	opts.Importer, opts.Checker = importer{a.chores}, checker{a.chores}
	opts.Operator.Retention, opts.Operator.Retain = a.retention, a.retain
	opts.Operator.Doors, opts.Operator.Refused, opts.Operator.Settings = a.listDoors, a.refusals.list, a.settingsOf
	a.api, a.apiOptions = api.New(opts), opts
	if err := a.buildConsole(); err != nil {
		return err
	}
	a.watcher.Use(a.current.Load().channels...)
	if a.node == nil {
		a.watcher.Keep(append(slices.Clone(a.config().ShopOrder), alert.Hub)...)
	}
	a.metrics.collectRoutes(a.statuses, a.now)
	a.disk.look(ctx)
	return nil
}

// setRoutes brings a configuration's routes into force.
func (a *App) setRoutes(ctx context.Context, g *generation) error {
	if err := a.engine.SetRoutes(ctx, g.delivered); err != nil {
		return fmt.Errorf("routes: %w", err)
	}
	if a.node != nil {
		a.node.SetShops(g.config.ShopOrder)
	}
	actIndex{a}.begin(ctx, g.config.ShopOrder)
	return nil
}

// apiLedger is the ledger as the API sees it: what it takes goes through the
// intake.
type apiLedger struct {
	*ledger.Ledger
	intake partner.Intake
}

// Append is the intake's, not the ledger's own.
func (l apiLedger) Append(ctx context.Context, shop string, entries []order.Entry) ([]order.Receipt, error) {
	return l.intake.Append(ctx, shop, entries)
}
