// Package folder keeps the files that partners fetch in a folder of the
// machine: DIR/{shop}/{route}/{name}.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

// Folder implements store.Files. Epochs are not compared: a folder has one
// owner.
type Folder struct{ dir string }

var _ store.Files = (*Folder)(nil)

// New returns the files below dir, which is made when the first one is
// written.
func New(dir string) *Folder { return &Folder{dir} }

// What stands in a route's folder beside its files.
const (
	unfinished   = ".writing-"   // a file that is being written, or was when the hub was killed
	withdrawnDot = ".withdrawn-" // the file of that name is withdrawn
)

func (d *Folder) route(shop, route string) string { return filepath.Join(d.dir, shop, route) }
func (d *Folder) path(f store.FileName) string    { return filepath.Join(d.dir, f.Shop, f.Route, f.Name) }
func (d *Folder) mark(f store.FileName) string {
	return filepath.Join(d.dir, f.Shop, f.Route, withdrawnDot+f.Name)
}

// WriteFile implements store.Files.
func (d *Folder) WriteFile(ctx context.Context, f store.FileName, _ int64, write func(io.Writer) error) (err error) {
	dir := d.route(f.Shop, f.Route)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, unfinished+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tmp.Close(), os.Remove(tmp.Name()))
		}
	}()
	if err := write(tmp); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), d.path(f)); err != nil {
		return err
	}
	_ = tmp.Close() // synced and renamed: closing can lose nothing
	// The file is there again, whatever a mark beside it says.
	_ = os.Remove(d.mark(f))
	return syncDir(dir)
}

// syncDir makes a rename durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// file is an open file; replaced or removed, it is read on by its handle.
type file struct {
	*os.File
	info store.FileInfo
}

func (f *file) Info() store.FileInfo { return f.info }

// OpenFile implements store.Files.
func (d *Folder) OpenFile(_ context.Context, f store.FileName) (store.File, error) {
	opened, err := os.Open(d.path(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("file %s: %w", f.Name, order.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	info, err := opened.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("file %s: %w", f.Name, order.ErrNotFound)
	}
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return &file{opened, describe(info)}, nil
}

func describe(info fs.FileInfo) store.FileInfo {
	return store.FileInfo{Name: info.Name(), Bytes: info.Size(), Written: info.ModTime().UTC(), Version: version(info)}
}

// ListFiles implements store.Files.
func (d *Folder) ListFiles(_ context.Context, shop, route string) ([]store.FileInfo, error) {
	entries, err := os.ReadDir(d.route(shop, route))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	here := map[string]bool{}
	var list, gone []store.FileInfo
	for _, e := range entries {
		if name, ok := strings.CutPrefix(e.Name(), withdrawnDot); ok {
			gone = append(gone, store.FileInfo{Name: name, Withdrawn: true})
			continue
		}
		if strings.HasPrefix(e.Name(), ".") || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // gone meanwhile
		}
		if err != nil {
			return nil, err
		}
		here[e.Name()] = true
		list = append(list, describe(info))
	}
	// A crash may leave a mark beside the file.
	gone = slices.DeleteFunc(gone, func(f store.FileInfo) bool { return here[f.Name] })
	list = append(list, gone...)
	slices.SortFunc(list, func(a, b store.FileInfo) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// FileRoutes implements store.Files.
func (d *Folder) FileRoutes(_ context.Context, shop string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(d.dir, shop))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var routes []string
	for _, e := range entries {
		if e.IsDir() {
			routes = append(routes, e.Name())
		}
	}
	return routes, err
}

// Withdrawn implements store.Files.
func (d *Folder) Withdrawn(_ context.Context, f store.FileName) (bool, error) {
	if _, err := os.Stat(d.path(f)); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	_, err := os.Stat(d.mark(f))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// WithdrawFiles implements store.Files.
func (d *Folder) WithdrawFiles(_ context.Context, shop, route string, old []store.FileInfo) error {
	var failed error
	for _, was := range old {
		f := store.FileName{Shop: shop, Route: route, Name: was.Name}
		is, err := os.Stat(d.path(f))
		if errors.Is(err, fs.ErrNotExist) || err == nil && version(is) != was.Version {
			continue
		}
		// The mark first: the file must at no time be missing without it.
		mark := os.WriteFile(d.mark(f), nil, 0o600)
		failed = errors.Join(failed, mark, os.Remove(d.path(f)), syncDir(d.route(shop, route)))
	}
	return failed
}

// DiscardUnfinished implements store.Files.
func (d *Folder) DiscardUnfinished(_ context.Context, shop, route string) error {
	dir := d.route(shop, route)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), unfinished) {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return err
}
