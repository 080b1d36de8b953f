package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// configure brings a route's configuration into force. Calls in flight keep
// the one they were made with.
func (r *runner) configure(c *setup) error {
	c.rules.start = r.row.Start
	if err := r.countUsage(c); err != nil {
		return err
	}
	row := r.row
	row.Partner, row.Revision, row.Personal = c.route.Partner, c.route.Revision, c.rules.personal
	switch {
	case row.Status == Gone:
		row.Status, row.Reason = Paused, "it came back into the configuration"
	case row.Status == Blocked && (c.route.Revision == "" || c.route.Revision != r.row.Revision):
		row.Status, row.Reason = Flowing, ""
	}
	if r.setup.Load() == nil || c.route.Revision == "" || c.route.Revision != r.row.Revision {
		c.conn.restart()
	}
	r.setup.Store(c)
	r.dropParts()
	r.reread()
	if !sameRow(&row, &r.row) {
		return r.save(func(saved *RouteRow) { *saved = row })
	}
	r.publish()
	r.announce()
	return nil
}

func sameRow(a, b *RouteRow) bool {
	return a.Partner == b.Partner && a.Revision == b.Revision && a.Personal == b.Personal && a.Status == b.Status
}

// reread makes the next round look at everything that is due.
func (r *runner) reread() { r.nextDue = [2]time.Time{} }

// countUsage takes over how many calls the connection made today.
func (r *runner) countUsage(c *setup) error {
	if !c.conn.capped() {
		return nil
	}
	day := dayOf(r.e.now())
	used, err := r.e.store.Usage(context.Background(), r.shop.id, c.conn.name, day)
	if err != nil {
		return err
	}
	c.conn.mu.Lock()
	defer c.conn.mu.Unlock()
	if c.conn.day != day {
		c.conn.day, c.conn.used = day, used
	}
	return nil
}

// save writes the route's row, changed by f.
func (r *runner) save(f func(*RouteRow)) error {
	b := r.bundle()
	f(&b.Route)
	b.Save = true
	return r.commit(b)
}

// vanish takes a route out of work. It keeps its position.
func (r *runner) vanish() error {
	r.setup.Store(nil)
	r.dropParts()
	if r.row.Status == Gone {
		r.publish()
		return nil
	}
	return r.save(func(row *RouteRow) {
		row.Status, row.Reason = Gone, "it is not in the configuration"
	})
}

// Pause stops a route; calls in flight end as they end.
func (e *Engine) Pause(ctx context.Context, shop, route, reason string) error {
	return e.setStatus(ctx, shop, route, Paused, reason)
}

// Resume lets a route go on where it stood, be it paused or blocked.
func (e *Engine) Resume(ctx context.Context, shop, route string) error {
	return e.setStatus(ctx, shop, route, Flowing, "")
}

func (e *Engine) setStatus(ctx context.Context, shop, route string, s Status, reason string) error {
	r, err := e.route(shop, route)
	if err != nil {
		return err
	}
	return r.do(ctx, func() error {
		c := r.setup.Load()
		if c == nil {
			return errNotConfigured(r)
		}
		if s == Flowing {
			c.conn.restart()
		}
		r.dropParts()
		r.reread()
		return r.save(func(row *RouteRow) { row.Status, row.Reason = s, reason })
	})
}

func errNotConfigured(r *runner) error {
	return fmt.Errorf("route %s of shop %s is not in the configuration: %w", r.name, r.shop.id, order.ErrNotFound)
}
