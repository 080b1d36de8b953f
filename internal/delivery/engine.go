package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Engine runs the routes. Safe for concurrent use.
type Engine struct {
	log     Log
	store   Store
	now     func() time.Time
	observe Observer
	lag     time.Duration
	timers  timers

	setting sync.Mutex // one SetRoutes at a time
	mu      sync.RWMutex
	shops   map[string]*shop
	known   bool // the first SetRoutes has looked at what is stored

	started  atomic.Bool
	stopping atomic.Bool
	stopped  context.Context // ends when stopping begins
	stop     context.CancelFunc
	active   sync.WaitGroup // loops and calls
}

// shop is the routes of one shop.
type shop struct {
	id    string
	head  atomic.Int64
	mu    sync.RWMutex
	order []*runner          // configured routes, in the configuration's sequence
	all   map[string]*runner // with those that vanished
	conns map[string]*connection
}

// New makes an engine; nothing runs before Run.
func New(opts Options) *Engine {
	e := &Engine{
		log: opts.Log, store: opts.Store, now: opts.Now, observe: opts.Observe,
		lag: opts.Lag, shops: map[string]*shop{},
	}
	if e.now == nil {
		e.now = time.Now
	}
	if e.lag <= 0 {
		e.lag = 15 * time.Minute
	}
	e.timers.now = e.now
	e.stopped, e.stop = context.WithCancel(context.Background())
	return e
}

// Notify tells that a shop's log has grown.
func (e *Engine) Notify(shop string, head int64) {
	e.mu.RLock()
	s := e.shops[shop]
	e.mu.RUnlock()
	if s == nil {
		return
	}
	for {
		old := s.head.Load()
		if head <= old {
			return
		}
		if s.head.CompareAndSwap(old, head) {
			break
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.order {
		if r.flows.Load() {
			r.wake()
		}
	}
}

// Run works until ctx ends, then lets calls in flight finish.
func (e *Engine) Run(ctx context.Context) error {
	if e.started.Swap(true) {
		return errors.New("the engine runs already")
	}
	e.each((*runner).wake)
	<-ctx.Done()
	e.stopping.Store(true)
	e.stop()
	e.timers.stop()
	// Positions that only skips moved are written by a last step.
	e.each((*runner).wake)
	e.active.Wait()
	return nil
}

// each calls f for every runner.
func (e *Engine) each(f func(*runner)) {
	for _, s := range e.all() {
		s.mu.RLock()
		all := make([]*runner, 0, len(s.all))
		for _, r := range s.all {
			all = append(all, r)
		}
		s.mu.RUnlock()
		for _, r := range all {
			f(r)
		}
	}
}

func (e *Engine) all() []*shop {
	e.mu.RLock()
	defer e.mu.RUnlock()
	list := make([]*shop, 0, len(e.shops))
	for _, s := range e.shops {
		list = append(list, s)
	}
	return list
}

func (e *Engine) shop(id string) *shop {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.shops[id]
	if s == nil {
		s = &shop{id: id, all: map[string]*runner{}, conns: map[string]*connection{}}
		e.shops[id] = s
	}
	return s
}

// route finds a route that is or was configured; order.ErrNotFound.
func (e *Engine) route(shop, name string) (*runner, error) {
	e.mu.RLock()
	s := e.shops[shop]
	e.mu.RUnlock()
	if s != nil {
		s.mu.RLock()
		defer s.mu.RUnlock()
		if r := s.all[name]; r != nil {
			return r, nil
		}
	}
	return nil, fmt.Errorf("route %s of shop %s: %w", name, shop, order.ErrNotFound)
}

// SetRoutes replaces the routes: new ones start at their shop's head, changed
// ones go on with their position, vanished ones keep it and come back paused.
// Calls in flight are never cancelled. The sequence within a shop decides who
// invites first. With an error nothing has changed.
func (e *Engine) SetRoutes(ctx context.Context, routes []Route) error {
	e.setting.Lock()
	defer e.setting.Unlock()
	setups, err := compileAll(routes)
	if err != nil {
		return err
	}
	for _, id := range e.concerned(setups) {
		if _, err := e.openShop(ctx, id); err != nil {
			return err
		}
	}
	if err := e.openVanished(ctx, setups); err != nil {
		return err
	}
	for _, s := range e.all() {
		if err := e.setShop(ctx, s, setups[s.id]); err != nil {
			return err
		}
	}
	return nil
}

// compileAll checks all routes; the result is by shop.
func compileAll(routes []Route) (map[string][]*setup, error) {
	var errs []error
	byShop := map[string][]*setup{}
	seen := map[[2]string]bool{}
	for i := range routes {
		r := &routes[i]
		if seen[[2]string{r.Shop, r.Name}] {
			errs = append(errs, fmt.Errorf("shop %s has two routes %s", r.Shop, r.Name))
		}
		seen[[2]string{r.Shop, r.Name}] = true
		c, err := newSetup(r)
		if err != nil {
			errs = append(errs, fmt.Errorf("route %s of shop %s: %w", r.Name, r.Shop, err))
		}
		byShop[r.Shop] = append(byShop[r.Shop], c)
	}
	return byShop, errors.Join(errs...)
}

func (e *Engine) concerned(setups map[string][]*setup) []string {
	var ids []string
	for id := range setups {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
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
			if _, err := e.openShop(ctx, id); err != nil {
				return err
			}
		}
	}
	e.known = true
	return nil
}

func (e *Engine) openShop(ctx context.Context, id string) (*shop, error) {
	s := e.shop(id)
	head, err := e.log.Head(ctx, id)
	if err != nil {
		return nil, err
	}
	if head > s.head.Load() {
		s.head.Store(head)
	}
	return s, nil
}

// setShop brings one shop's routes into force.
func (e *Engine) setShop(ctx context.Context, s *shop, setups []*setup) error {
	setups = slices.DeleteFunc(slices.Clone(setups), func(c *setup) bool { return c.route.Disabled })
	rows, err := e.openRows(ctx, s, setups)
	if err != nil {
		return err
	}
	s.mu.Lock()
	var changed []*runner
	configured := map[string]bool{}
	s.order = nil
	for _, c := range setups {
		configured[c.route.Name] = true
		r := s.all[c.route.Name]
		if r == nil {
			r = newRunner(e, s, rows[c.route.Name])
			s.all[c.route.Name] = r
		}
		s.order = append(s.order, r)
		c.conn = s.connect(c)
		changed = append(changed, r)
	}
	for name, row := range rows {
		if !configured[name] && s.all[name] == nil {
			s.all[name] = newRunner(e, s, row)
		}
	}
	var vanished []*runner
	for name, r := range s.all {
		if !configured[name] {
			vanished = append(vanished, r)
		}
	}
	s.share(setups)
	s.mu.Unlock()
	return e.apply(ctx, changed, setups, vanished)
}

// openRows returns the stored rows of all routes that have no runner yet.
func (e *Engine) openRows(ctx context.Context, s *shop, setups []*setup) (map[string]RouteRow, error) {
	head := s.head.Load()
	var fresh []RouteRow
	for _, c := range setups {
		if _, ok := s.all[c.route.Name]; !ok {
			fresh = append(fresh, RouteRow{
				Shop: s.id, Route: c.route.Name, Partner: c.route.Partner,
				Position: head, Start: head, Personal: c.rules.personal, Revision: c.route.Revision,
			})
		}
	}
	if len(fresh) == 0 && len(s.all) > 0 {
		return nil, nil
	}
	rows, err := e.store.OpenRoutes(ctx, s.id, fresh)
	if err != nil {
		return nil, fmt.Errorf("open routes of shop %s: %w", s.id, err)
	}
	byName := map[string]RouteRow{}
	for _, row := range rows {
		if _, ok := s.all[row.Route]; !ok {
			byName[row.Route] = row
		}
	}
	return byName, nil
}

// apply tells the runners. A route that can not be told (the disk is full)
// is told again with the next SetRoutes.
func (e *Engine) apply(ctx context.Context, changed []*runner, setups []*setup, vanished []*runner) error {
	var errs []error
	for i, r := range changed {
		errs = append(errs, r.do(ctx, func() error { return r.configure(setups[i]) }))
	}
	for _, r := range vanished {
		errs = append(errs, r.do(ctx, r.vanish))
	}
	return errors.Join(errs...)
}

// connect returns the connection of a route; the caller holds s.mu.
func (s *shop) connect(c *setup) *connection {
	name := c.route.Connection
	if name == "" {
		name = c.route.Name
	}
	conn := s.conns[name]
	if conn == nil {
		conn = &connection{shop: s.id, name: name}
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
		all[c.conn] = append(all[c.conn], routeLimits(&c.route))
	}
	for name, conn := range s.conns {
		if all[conn] == nil {
			delete(s.conns, name)
			continue
		}
		conn.configure(members[conn], all[conn])
	}
}
