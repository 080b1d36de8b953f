package delivery

import (
	"context"
	"fmt"
)

// Announcer is what a store that nodes share offers beside Store.
type Announcer interface {
	// AddRoutes makes the rows of routes that are not stored, of any shops and
	// whoever owns them. Each starts at the end of its shop's log as it is now;
	// of the given rows only names, Partner, Revision and Personal count.
	AddRoutes(ctx context.Context, routes []RouteRow) error
}

// announce lets routes that are new to this node begin before a shop's owner
// opens them. A node takes orders of every shop, also of one that has no owner
// yet: from the moment that a configuration is in force here, what is accepted
// is the routes' own, and not something from before their start.
func (e *Engine) announce(ctx context.Context, setups map[string][]*setup) error {
	store, ok := e.store.(Announcer)
	if !ok {
		return nil
	}
	e.mu.RLock()
	before := e.setups
	e.mu.RUnlock()
	var fresh []RouteRow
	for id, list := range setups {
		known := make(map[string]bool, len(before[id]))
		for _, c := range before[id] {
			known[c.route.Name] = true
		}
		for _, c := range list {
			if !known[c.route.Name] {
				fresh = append(fresh, freshRow(id, c))
			}
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	if err := store.AddRoutes(ctx, fresh); err != nil {
		return fmt.Errorf("announce routes: %w", err)
	}
	return nil
}

// freshRow is the row of a route that is not stored yet.
func freshRow(shop string, c *setup) RouteRow {
	return RouteRow{
		Shop: shop, Route: c.route.Name, Partner: c.route.Partner,
		Personal: c.rules.personal, Revision: c.route.Revision,
	}
}
