package app

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/store/folder"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// openStore opens what the configuration names: a data folder of this node's
// own, or a database that several nodes share.
func (a *App) openStore(ctx context.Context, cfg *config.Config) (err error) {
	if cfg.Database.Set() {
		err = a.openDatabase(ctx, cfg)
	} else {
		err = a.openFolder(ctx, cfg)
	}
	if err != nil {
		return err
	}
	a.onClose("store", a.store.Close)
	if err := a.loadSealKey(cfg); err != nil {
		return fmt.Errorf("seal_key: %w", err)
	}
	if a.hubID, err = a.identity(ctx); err != nil {
		return fmt.Errorf("name of this hub: %w", err)
	}
	return nil
}

// openFolder opens the embedded store, with the files and the room of its disk
// beside it.
func (a *App) openFolder(ctx context.Context, cfg *config.Config) error {
	if a.opts.Now != nil {
		a.now = a.opts.Now
	}
	opts := a.opts.Store
	if opts.Now == nil {
		opts.Now = a.now
	}
	s, err := sqlite.Open(ctx, cfg.Data, opts)
	if err != nil {
		return err
	}
	a.store, a.folder = s, s
	a.files = &files{place: folder.New(filepath.Join(cfg.Data, "files")), store: s, now: a.now, log: a.log, epoch: noEpoch}
	a.disk = &disk{
		dir: cfg.Data, free: a.opts.DiskFree, log: a.log, probe: s.State(hubShop, "disk"),
		least: func() int64 { return a.config().Alerts.DiskFree },
	}
	return nil
}

// noEpoch is the epoch of a store that one node has for itself.
func noEpoch(context.Context, string) (int64, bool) { return 0, true }

// connectionState is what a route's side keeps of its connection.
func (a *App) connectionState(shop, connection string) partner.State {
	scope := "connection:" + connection
	if a.database != nil {
		return a.database.StateOf(shop, scope, ownerEpoch)
	}
	return a.store.State(shop, scope)
}

// bookState keeps a shop's book of alerts, or the hub's.
func (a *App) bookState(shop string) alert.State {
	if shop == alert.Hub {
		shop = hubShop
	}
	if a.database != nil {
		return a.database.StateOf(shop, "alerts", func(context.Context) (int64, bool) {
			epoch, ours := a.keeper.epoch(shop)
			if !ours {
				epoch = disowned
			}
			return epoch, true
		})
	}
	return a.store.State(shop, "alerts")
}

// openDatabase connects to the database. Its time is that of every node.
func (a *App) openDatabase(ctx context.Context, cfg *config.Config) error {
	opts := a.opts.Database
	if opts.Now == nil {
		opts.Now = a.opts.Now
	}
	s, err := postgres.Open(ctx, cfg.Database.Reveal(), opts)
	if err != nil {
		return err
	}
	a.store, a.database, a.now = s, s, s.Now
	a.keeper = newKeeper(a)
	a.files = &files{place: s.Files(), store: s, now: a.now, log: a.log, epoch: a.keeper.fileEpoch}
	return nil
}

// loadSealKey reads the configured key, or that of the data folder, which is
// made there once. Nodes of one database must be given theirs.
func (a *App) loadSealKey(cfg *config.Config) (err error) {
	if cfg.SealKey.Set() || a.folder == nil {
		a.sealKey, err = secret.ParseKey(cfg.SealKey)
	} else {
		a.sealKey, err = secret.LoadOrCreateKey(filepath.Join(cfg.Data, sealKeyFile))
	}
	return err
}

// identity returns this hub's name among hubs: made once, for ever, and the
// same on all its nodes.
func (a *App) identity(ctx context.Context) (string, error) {
	_, word, _ := strings.Cut(secret.NewToken("hub").Reveal(), "_")
	id, err := a.store.Once(ctx, hubShop, "hub", "id", []byte("hub-"+strings.ToLower(word[:16])))
	return string(id), err
}
