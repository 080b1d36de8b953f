package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/store"
)

// files are what partners fetch, wherever they are kept.
type files struct {
	place store.Files
	store store.Store // for the fetches
	// epoch is that with which a call owns a shop; false: it does not.
	epoch func(ctx context.Context, shop string) (int64, bool)
	now   func() time.Time
	log   *slog.Logger
	locks sync.Map // of routes, by routeKey: *sync.Mutex
}

// plainName is what a file may be called: no folder, no dot in front.
var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// of returns the files of one route.
func (f *files) of(shop, route string) partner.Files {
	return &routeFiles{files: f, shop: shop, route: route}
}

// lock lets one write, or one look for what must go, at a route's files at a
// time. Several routeFiles may stand for it while a reload is under way.
func (f *files) lock(shop, route string) (unlock func()) {
	l, _ := f.locks.LoadOrStore(routeKey{shop, route}, new(sync.Mutex))
	mu := l.(*sync.Mutex)
	mu.Lock()
	return mu.Unlock
}

type routeFiles struct {
	files       *files
	shop, route string
}

var (
	_ partner.Files      = (*routeFiles)(nil)
	_ partner.Withdrawer = (*routeFiles)(nil)
)

func (f *routeFiles) name(name string) store.FileName {
	return store.FileName{Shop: f.shop, Route: f.route, Name: name}
}

// Write implements partner.Files: who fetches meanwhile gets the old file
// whole, and after a power cut there is the old one or the new one.
func (f *routeFiles) Write(ctx context.Context, name string, write func(io.Writer) error) error {
	if !plainName.MatchString(name) {
		return fmt.Errorf("write file: %q is no plain name", name)
	}
	epoch, ours := f.files.epoch(ctx, f.shop)
	if !ours {
		return fmt.Errorf("write file %s: %w", name, delivery.ErrLost)
	}
	defer f.files.lock(f.shop, f.route)()
	if err := f.files.place.WriteFile(ctx, f.name(name), epoch, write); err != nil {
		return fmt.Errorf("write file %s: %w", name, err)
	}
	return nil
}

// Fetched implements partner.Files.
func (f *routeFiles) Fetched(ctx context.Context, name string) (time.Time, error) {
	return f.files.store.Fetched(ctx, f.shop, f.route, name)
}

// Withdrawn implements partner.Withdrawer.
func (f *routeFiles) Withdrawn(ctx context.Context, name string) (bool, error) {
	return f.files.place.Withdrawn(ctx, f.name(name))
}

// fetchesShown is how many fetches of a file the API tells.
const fetchesShown = 20

// listFiles lists the files of a route for the API.
func (a *App) listFiles(ctx context.Context, shop, route string) ([]api.RouteFile, error) {
	if a.current.Load().routes[routeKey{shop, route}] == nil {
		return nil, order.ErrNotFound
	}
	list, err := a.files.list(ctx, shop, route)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	return list, nil
}

func (f *files) list(ctx context.Context, shop, route string) ([]api.RouteFile, error) {
	kept, err := f.place.ListFiles(ctx, shop, route)
	fetches, err2 := f.store.Fetches(ctx, shop, route, 1000)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	out := make([]api.RouteFile, len(kept))
	for i, k := range kept {
		file := api.RouteFile{Name: k.Name, Bytes: k.Bytes, Written: k.Written, Withdrawn: k.Withdrawn, Fetches: []api.Fetch{}}
		for _, fetch := range fetches {
			if fetch.Name == k.Name && len(file.Fetches) < fetchesShown {
				file.Fetches = append(file.Fetches, api.Fetch{At: fetch.At, Bytes: fetch.Bytes, Whole: fetch.Whole})
			}
		}
		out[i] = file
	}
	return out, nil
}
