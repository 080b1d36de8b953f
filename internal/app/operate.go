package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// sealKeyFile is the seal key in the data folder, if the configuration names
// none of its own.
const sealKeyFile = "seal.key"

// backup copies the store while it runs, and the seal key if it stands beside
// it: without that one nothing sealed could be opened again.
func (a *App) backup(ctx context.Context, dir string) (api.BackupReport, error) {
	report := api.BackupReport{Dir: dir}
	if a.folder == nil {
		return report, errBackupElsewhere
	}
	if err := emptyDir(dir); err != nil {
		return report, err
	}
	names := []string{sqlite.FileName}
	if err := a.folder.Backup(ctx, filepath.Join(dir, sqlite.FileName)); err != nil {
		return report, err
	}
	if !a.config().SealKey.Set() {
		if err := copyFile(filepath.Join(a.folder.Dir(), sealKeyFile), filepath.Join(dir, sealKeyFile)); err != nil {
			return report, fmt.Errorf("backup: %w", err)
		}
		names = append(names, sealKeyFile)
	}
	for _, name := range names {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return report, fmt.Errorf("backup: %w", err)
		}
		report.Files++
		report.Bytes += info.Size()
	}
	return report, nil
}

// errBackupElsewhere is the answer of a hub whose store is a database.
var errBackupElsewhere = &api.Problem{
	Type: "about:blank", Title: http.StatusText(http.StatusNotFound), Status: http.StatusNotFound,
	Detail: "this hub keeps everything in a PostgreSQL: back that up by base backups with archived WAL, or by pg_dump; the seal key is in your hands",
}

// emptyDir makes a folder, or takes one that is empty. A caller who names
// another one is told so.
func emptyDir(dir string) error {
	if !filepath.IsAbs(dir) {
		return order.Refuse("dir", order.Malformed, "must be an absolute path on the hub's machine")
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return order.Refuse("dir", order.Malformed, "can not be used as a folder")
	case len(entries) > 0:
		return order.Refuse("dir", order.Malformed, "must be new or empty")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return order.Refuse("dir", order.Malformed, "can not be made")
	}
	return nil
}

// copyFile copies a small secret file durably.
func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// Restore makes a data folder, which must be missing or empty, out of the
// folder of a backup, and verifies the chain of every shop. Faults are in the
// reports; an error means that nothing usable was made.
func Restore(ctx context.Context, backup, data string) ([]ledger.Report, error) {
	reports, err := sqlite.Restore(ctx, filepath.Join(backup, sqlite.FileName), data)
	if err != nil {
		return reports, err
	}
	err = copyFile(filepath.Join(backup, sealKeyFile), filepath.Join(data, sealKeyFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return reports, fmt.Errorf("restore: %w", err)
	}
	return reports, nil
}

// shops describes the configured shops.
func (a *App) shops() []api.Shop {
	cfg := a.config()
	out := make([]api.Shop, 0, len(cfg.ShopOrder))
	for _, id := range cfg.ShopOrder {
		s := cfg.Shops[id]
		shop := api.Shop{ID: id, Name: s.Name, Currency: s.Currency, Timezone: s.Timezone, Doors: []string{}, Routes: []api.ShopRoute{}}
		for name := range s.Doors {
			shop.Doors = append(shop.Doors, name)
		}
		slices.Sort(shop.Doors)
		for _, r := range s.Routes {
			shop.Routes = append(shop.Routes, api.ShopRoute{Name: r.Name, Partner: r.Partner})
		}
		out = append(out, shop)
	}
	return out
}
