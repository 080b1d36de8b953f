package delivery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// SetRoutes replaces the routes: new ones start at their shop's head, changed
// ones go on with their position, vanished ones keep it and come back paused.
// Calls in flight are never cancelled. The sequence within a shop decides who
// invites first. Routes that can not be compiled change nothing. The engine
// keeps the slice: it must not be changed afterwards.
//
// With Options.Shared it keeps the routes of all shops, and changes those of
// shops that run here; the others get them when they are owned. A new route
// starts at the head once, as it is when the first node has it: see Announcer.
func (e *Engine) SetRoutes(ctx context.Context, routes []Route) error {
	e.setting.Lock()
	defer e.setting.Unlock()
	setups, err := compileAll(routes)
	if err != nil {
		return err
	}
	prepare := e.openAll
	if e.shared {
		prepare = e.announce
	}
	if err := prepare(ctx, setups); err != nil {
		return err
	}
	e.mu.Lock()
	e.setups = setups
	e.mu.Unlock()
	for _, s := range e.all() {
		if err := e.reset(ctx, s, setups[s.id]); err != nil {
			return err
		}
	}
	return nil
}

// reset changes the routes of a shop that runs here.
func (e *Engine) reset(ctx context.Context, s *shop, setups []*setup) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	if e.shared && (s.over() || !s.open.Load()) {
		return nil // gone, or to be opened with the new ones
	}
	err := e.setShop(ctx, s, setups)
	if e.shared && (errors.Is(err, ErrLost) || s.over()) {
		e.lose(s, true)
		return nil // its next owner has them, or will
	}
	return err
}

// openAll makes the shops known on the only node of a store.
func (e *Engine) openAll(ctx context.Context, setups map[string][]*setup) error {
	for _, id := range slices.Sorted(maps.Keys(setups)) {
		if err := e.openShop(ctx, id); err != nil {
			return err
		}
	}
	return e.openVanished(ctx, setups)
}

// compileAll checks all routes; the result is by shop, without those that are
// switched off.
func compileAll(routes []Route) (map[string][]*setup, error) {
	var errs []error
	shared := programs{}
	byShop := map[string][]*setup{}
	seen := map[[2]string]bool{}
	for i := range routes {
		r := &routes[i]
		if seen[[2]string{r.Shop, r.Name}] {
			errs = append(errs, fmt.Errorf("shop %s has two routes %s", r.Shop, r.Name))
		}
		seen[[2]string{r.Shop, r.Name}] = true
		c, err := newSetup(r, shared)
		if err != nil {
			errs = append(errs, fmt.Errorf("route %s of shop %s: %w", r.Name, r.Shop, err))
		}
		if !r.Disabled {
			byShop[r.Shop] = append(byShop[r.Shop], c)
		} else if byShop[r.Shop] == nil {
			byShop[r.Shop] = []*setup{} // configured, with nothing that runs
		}
	}
	return byShop, errors.Join(errs...)
}

// openVanished finds, once, the shops that left the configuration while the
// engine was not running.
func (e *Engine) openVanished(ctx context.Context, setups map[string][]*setup) error {
	if e.known {
		return nil
	}
	ids, err := e.store.Shops(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, ok := setups[id]; !ok {
			if err := e.openShop(ctx, id); err != nil {
				return err
			}
		}
	}
	e.known = true
	return nil
}

func (e *Engine) openShop(ctx context.Context, id string) error {
	e.mu.Lock()
	s := e.shops[id]
	if s == nil {
		s = newShop(id, 0)
		e.shops[id] = s
	}
	e.mu.Unlock()
	head, err := e.log.Head(ctx, id)
	s.grow(head)
	return err
}

// setShop brings one shop's routes into force. The caller holds s.lock.
func (e *Engine) setShop(ctx context.Context, s *shop, setups []*setup) error {
	rows, err := e.openRows(ctx, s, setups)
	if err != nil {
		return err
	}
	force, vanished := e.arrange(s, setups, rows)
	err = e.apply(ctx, s, force, vanished)
	if err == nil || !e.shared {
		if !s.open.Swap(true) {
			for _, r := range s.every() {
				r.wake()
			}
		}
	}
	return err
}

// arrange makes runners of what is new, and returns the setups to bring into
// force, in the configuration's sequence, and the routes that are not in it.
func (e *Engine) arrange(s *shop, setups []*setup, rows map[string]RouteRow) (force []*setup, vanished []*runner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	configured := make(map[string]bool, len(setups))
	s.order = make([]*runner, 0, len(setups))
	for _, c := range setups {
		name := c.route.Name
		configured[name] = true
		r := s.all[name]
		if r == nil {
			r = newRunner(e, s, interned(rows[name], c.route))
			s.all[name] = r
		}
		s.order = append(s.order, r)
		force = append(force, c.in(r.stored.Load(), s.connect(c, e.now())))
	}
	for name, row := range rows {
		if !configured[name] && s.all[name] == nil {
			s.all[name] = newRunner(e, s, row)
		}
	}
	for name, r := range s.all {
		if !configured[name] {
			vanished = append(vanished, r)
		}
	}
	s.share(force)
	return force, vanished
}

// interned lets a row share its texts with the route.
func interned(row RouteRow, c *Route) RouteRow {
	row.Shop, row.Route = c.Shop, c.Name
	if row.Partner == c.Partner {
		row.Partner = c.Partner
	}
	if row.Revision == c.Revision {
		row.Revision = c.Revision
	}
	return row
}

// openRows returns the stored rows of all routes that have no runner yet.
func (e *Engine) openRows(ctx context.Context, s *shop, setups []*setup) (map[string]RouteRow, error) {
	var fresh []RouteRow
	for _, c := range setups {
		if _, err := s.route(c.route.Name); err != nil {
			fresh = append(fresh, freshRow(s.id, c))
		}
	}
	if len(fresh) == 0 && s.open.Load() {
		return nil, nil
	}
	if err := e.atHead(ctx, s, fresh); err != nil {
		return nil, err
	}
	rows, err := e.store.OpenRoutes(ctx, s.id, s.epoch, fresh)
	if err != nil {
		return nil, fmt.Errorf("open routes of shop %s: %w", s.id, err)
	}
	byName := make(map[string]RouteRow, len(rows))
	for _, row := range rows {
		if _, err := s.route(row.Route); err != nil {
			byName[row.Route] = row
		}
	}
	return byName, nil
}

// atHead lets new routes start at the head of the log: on a shop that other
// nodes take orders of, what was heard of it last may be old.
func (e *Engine) atHead(ctx context.Context, s *shop, fresh []RouteRow) error {
	if s.open.Load() && e.shared {
		head, err := e.log.Head(ctx, s.id)
		if err != nil {
			return err
		}
		s.grow(head)
	}
	head := s.head.Load()
	for i := range fresh {
		fresh[i].Position, fresh[i].Start = head, head
	}
	return nil
}

// apply tells the runners. A route that can not be told (the disk is full)
// is told again with the next SetRoutes.
func (e *Engine) apply(ctx context.Context, s *shop, force []*setup, vanished []*runner) error {
	var errs []error
	for _, c := range force {
		r, err := s.route(c.route.Name)
		if err == nil {
			err = r.do(ctx, func() error { return r.configure(c) })
		}
		errs = append(errs, err)
	}
	for _, r := range vanished {
		errs = append(errs, r.do(ctx, r.vanish))
	}
	return errors.Join(errs...)
}

// connect returns the connection of a route; the caller holds s.mu.
func (s *shop) connect(c *setup, now time.Time) *connection {
	name := c.route.Connection
	if name == "" {
		name = c.route.Name
	}
	conn := s.conns[name]
	if conn == nil {
		conn = &connection{shop: s.id, name: name}
		if s.epoch != 0 {
			conn.bucket.last = now // empty: an earlier owner may have used it up just now
		}
		s.conns[name] = conn
	}
	return conn
}

// share sets every connection to the limits of its routes.
func (s *shop) share(setups []*setup) {
	members := map[*connection][]*runner{}
	all := map[*connection][]limits{}
	for _, c := range setups {
		members[c.conn] = append(members[c.conn], s.all[c.route.Name])
		all[c.conn] = append(all[c.conn], routeLimits(c.route))
	}
	for name, conn := range s.conns {
		if all[conn] == nil {
			delete(s.conns, name)
			continue
		}
		conn.configure(members[conn], all[conn])
	}
}
