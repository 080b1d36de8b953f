package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/store"
)

// files are what partners fetch: DIR/files/{shop}/{route}/{name}.
type files struct {
	dir   string
	store store.Store
	now   func() time.Time
	log   *slog.Logger
	locks sync.Map // of folders: *sync.Mutex
}

// What stands in a route's folder beside its files.
const (
	unfinished   = ".writing-"   // a file that is being written, or was when the hub was killed
	withdrawnDot = ".withdrawn-" // the file of that name spoke of an erased order
)

// plainName is what a file may be called: no folder, no dot in front.
var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// of returns the files of one route.
func (f *files) of(shop, route string) partner.Files {
	return &routeFiles{files: f, shop: shop, route: route, dir: filepath.Join(f.dir, shop, route)}
}

// lock lets one write, or one look for what must go, into a route's folder at
// a time. Several routeFiles may stand for it while a reload is under way.
func (f *files) lock(dir string) (unlock func()) {
	l, _ := f.locks.LoadOrStore(dir, new(sync.Mutex))
	mu := l.(*sync.Mutex)
	mu.Lock()
	return mu.Unlock
}

type routeFiles struct {
	files            *files
	shop, route, dir string
}

var (
	_ partner.Files      = (*routeFiles)(nil)
	_ partner.Withdrawer = (*routeFiles)(nil)
)

// Write implements partner.Files: who fetches meanwhile gets the old file
// whole, and after a power cut there is the old one or the new one.
func (f *routeFiles) Write(ctx context.Context, name string, write func(io.Writer) error) (err error) {
	if !plainName.MatchString(name) {
		return fmt.Errorf("write file: %q is no plain name", name)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write file %s: %w", name, err)
		}
	}()
	defer f.files.lock(f.dir)()
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(f.dir, unfinished+"*")
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
	if err := os.Rename(tmp.Name(), filepath.Join(f.dir, name)); err != nil {
		return err
	}
	_ = tmp.Close() // synced and renamed: closing can lose nothing
	// The file is there again, whatever a mark beside it says.
	_ = os.Remove(filepath.Join(f.dir, withdrawnDot+name))
	return syncDir(f.dir)
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

// fetchesShown is how many fetches of a file the API tells.
const fetchesShown = 20

// listFiles lists the files of a route for the API.
func (a *App) listFiles(ctx context.Context, shop, route string) ([]api.RouteFile, error) {
	if a.current.Load().routes[routeKey{shop, route}] == nil {
		return nil, order.ErrNotFound
	}
	return a.files.list(ctx, shop, route)
}

func (f *files) list(ctx context.Context, shop, route string) ([]api.RouteFile, error) {
	entries, err := os.ReadDir(filepath.Join(f.dir, shop, route))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list files: %w", err)
	}
	fetches, err := f.store.Fetches(ctx, shop, route, 1000)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	out := []api.RouteFile{}
	for _, e := range entries {
		file := api.RouteFile{Name: e.Name(), Fetches: []api.Fetch{}}
		if name, ok := strings.CutPrefix(e.Name(), withdrawnDot); ok {
			file.Name, file.Withdrawn = name, true
		} else if info, err := e.Info(); err != nil || !plainName.MatchString(e.Name()) {
			continue // gone meanwhile, or not a file yet
		} else {
			file.Bytes, file.Written = info.Size(), info.ModTime().UTC()
		}
		for _, fetch := range fetches {
			if fetch.Name == file.Name && len(file.Fetches) < fetchesShown {
				file.Fetches = append(file.Fetches, api.Fetch{At: fetch.At, Bytes: fetch.Bytes, Whole: fetch.Whole})
			}
		}
		out = append(out, file)
	}
	slices.SortFunc(out, func(a, b api.RouteFile) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// Fetched implements partner.Files.
func (f *routeFiles) Fetched(ctx context.Context, name string) (time.Time, error) {
	return f.files.store.Fetched(ctx, f.shop, f.route, name)
}

// Withdrawn implements partner.Withdrawer.
func (f *routeFiles) Withdrawn(_ context.Context, name string) (bool, error) {
	return f.files.withdrawn(f.shop, f.route, name)
}

func (f *files) withdrawn(shop, route, name string) (bool, error) {
	dir := filepath.Join(f.dir, shop, route)
	if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	_, err := os.Stat(filepath.Join(dir, withdrawnDot+name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
