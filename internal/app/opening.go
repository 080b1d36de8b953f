package app

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
)

// A route starts at the head that its shop has when it is opened, so what is
// accepted before that never goes there. A single hub opens its routes before
// it answers. Of several nodes, the shop's owner does when it comes to own the
// shop, and any of them may be asked to accept meanwhile: then it waits.

// opening is what a node knows of a shop's configured routes.
type opening struct {
	routes []string // by name; those that are switched off are left out
	opened atomic.Bool
	mu     sync.Mutex // one looks, the others wait for it
	looked time.Time
}

const (
	openingPatience = 5 * time.Second       // a call waits for the owner; then it is told to come again
	openingPause    = 20 * time.Millisecond // between two looks
	openingRest     = time.Second           // after one that nobody has to wait for
)

func openings(cfg *config.Config) map[string]*opening {
	all := map[string]*opening{}
	for id, shop := range cfg.Shops {
		o := &opening{}
		for _, r := range shop.Routes {
			if !r.Disabled {
				o.routes = append(o.routes, r.Name)
			}
		}
		if len(o.routes) > 0 {
			all[id] = o
		}
	}
	return all
}

// awaitRoutes returns when what a shop accepts from now on is for all its
// routes to deliver. order.ErrBusy (wrapped): its owner does not come.
func (a *App) awaitRoutes(ctx context.Context, shop string) error {
	if a.node == nil {
		return nil
	}
	o := a.current.Load().openings[shop]
	if o == nil || o.opened.Load() {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for end := time.Now().Add(openingPatience); !o.opened.Load(); {
		if time.Since(o.looked) < openingRest {
			return nil
		}
		rows, err := a.store.Deliveries().Routes(ctx, shop)
		switch {
		case err != nil:
			return err
		case o.among(rows):
			o.opened.Store(true)
			return nil
		case !a.node.Agreed():
			// The owner may not have this configuration yet; until it has, the
			// new routes are not in force.
			o.looked = time.Now()
			return nil
		case time.Now().After(end):
			return fmt.Errorf("no node has opened the routes of shop %s yet: %w", shop, order.ErrBusy)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(openingPause):
		}
	}
	return nil
}

// among reports whether all routes are stored.
func (o *opening) among(rows []delivery.RouteRow) bool {
	return !slices.ContainsFunc(o.routes, func(name string) bool {
		return !slices.ContainsFunc(rows, func(r delivery.RouteRow) bool { return r.Route == name })
	})
}
