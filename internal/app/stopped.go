package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/store/postgres"
	"github.com/ordermux/ordermux/internal/store/sqlite"
)

// VerifyStopped walks the chain of every shop in a data folder that no hub
// uses. It writes nothing. Faults are in the reports.
func VerifyStopped(ctx context.Context, data string) (reports []ledger.Report, err error) {
	store, err := sqlite.OpenToRead(ctx, data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return store.Verify(ctx)
}

// VerifyDatabase walks the chain of every shop in a database, beside the nodes
// that work on it. It writes nothing. Faults are in the reports.
func VerifyDatabase(ctx context.Context, url secret.Text) (reports []ledger.Report, err error) {
	store, err := postgres.OpenToRead(ctx, url.Reveal())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	l := ledger.New(store, ledger.Options{Shared: true})
	shops, err := l.Shops(ctx)
	if err != nil {
		return nil, err
	}
	for _, shop := range shops {
		r, err := l.Verify(ctx, shop)
		if err != nil {
			return reports, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// BackupStopped copies a data folder that no hub uses into the folder dir,
// which must be an absolute path, new or empty; see api.Operator.Backup.
func BackupStopped(ctx context.Context, data, dir string) (report api.BackupReport, err error) {
	report.Dir = dir
	store, err := sqlite.OpenToRead(ctx, data)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := emptyDir(dir); err != nil {
		return report, err
	}
	if err := store.Backup(ctx, filepath.Join(dir, sqlite.FileName)); err != nil {
		return report, err
	}
	err = copyFile(filepath.Join(data, sealKeyFile), filepath.Join(dir, sealKeyFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a configured key stands elsewhere
		return report, fmt.Errorf("backup: %w", err)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return report, fmt.Errorf("backup: %w", err)
	}
	for _, f := range list {
		info, err := f.Info()
		if err != nil {
			return report, fmt.Errorf("backup: %w", err)
		}
		report.Files++
		report.Bytes += info.Size()
	}
	return report, nil
}
