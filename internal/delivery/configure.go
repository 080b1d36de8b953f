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
	r.leaving = false
	row := *r.row
	row.Partner, row.Revision, row.Personal = c.route.Partner, c.route.Revision, c.rules.personal
	switch {
	case row.Status == Gone && c.route.Door != "":
		// Nobody took a door's callback out: a node had the shop before it heard
		// of the credential, or there was none for a while.
		row.Status, row.Reason = Flowing, ""
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
	if r.nextDue != [2]time.Time{far, far} {
		r.reread()
	}
	if !sameRow(&row, r.row) {
		return r.save(func(saved *RouteRow) { *saved = row })
	}
	r.publish()
	if !r.e.shared || r.shop.open.Load() { // what only came to another node has not changed
		r.announce()
	}
	return nil
}

func sameRow(a, b *RouteRow) bool {
	return a.Partner == b.Partner && a.Revision == b.Revision && a.Personal == b.Personal && a.Status == b.Status
}

// reread makes the next round look at everything that is due.
func (r *runner) reread() { r.nextDue = [2]time.Time{} }

// countUsage takes over how many calls a connection with a daily cap made
// today, before it makes the first.
func (r *runner) countUsage(c *setup) error {
	if !c.conn.uncounted() {
		return nil
	}
	day := dayOf(r.e.now())
	used, err := r.e.store.Usage(r.shop.ctx, r.shop.id, c.conn.name, day)
	if err != nil {
		return err
	}
	c.conn.mu.Lock()
	defer c.conn.mu.Unlock()
	if c.conn.day == "" {
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
	r.leaving = r.row.Status != Gone
	r.publish()
	return r.leave()
}

// leave marks a route as gone that is in no node's configuration: a node that
// has an older or newer one than the others must not pause their route. Until
// they agree it only rests here.
func (r *runner) leave() error {
	if !r.leaving || r.e.agreed != nil && !r.e.agreed() {
		return nil
	}
	r.leaving = false
	err := r.save(func(row *RouteRow) {
		row.Status, row.Reason = Gone, "it is not in the configuration"
	})
	r.leaving = err != nil
	return err
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
	sh, done, err := e.command(shop)
	if err != nil {
		return err
	}
	defer done()
	r, err := sh.route(route)
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
