package delivery_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/ordermux/ordermux/internal/delivery"
)

// fakeStore is a delivery.Store in memory.
type fakeStore struct {
	log    *fakeLog
	mu     sync.Mutex
	routes map[string]delivery.RouteRow
	rows   map[string]map[delivery.Key]delivery.Delivery
	calls  map[string][]delivery.Call
	early  map[string][]int64
	claims map[string]string
	days   map[string]int
	owner  int64                                        // the epoch of the shop's owner; 0: the store is one node's
	fail   func(*delivery.Bundle) (before, after error) // faults of a commit
	reads  int
	stuck  []delivery.StuckKind                // in place of what the rows say
	counts map[string]map[delivery.State]int64 // the same
	// spy sees every bundle that was written.
	spy func(*delivery.Bundle)
}

func newStore(l *fakeLog) *fakeStore {
	return &fakeStore{
		log: l, routes: map[string]delivery.RouteRow{}, rows: map[string]map[delivery.Key]delivery.Delivery{},
		calls: map[string][]delivery.Call{}, early: map[string][]int64{},
		claims: map[string]string{}, days: map[string]int{},
	}
}

var _ delivery.Store = (*fakeStore)(nil)

// set changes the faults of commits.
func (s *fakeStore) set(fail func(*delivery.Bundle) (before, after error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

// route returns the row of a route; zero: there is none.
func (s *fakeStore) route(name string) delivery.RouteRow {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.routes[name]
}

// row returns an order's only delivery on a route.
func (s *fakeStore) row(route string, ord int64) delivery.Delivery {
	rows := s.where(route, func(d *delivery.Delivery) bool { return d.Order == ord })
	if len(rows) != 1 {
		panic(fmt.Sprint(len(rows), " deliveries"))
	}
	return rows[0]
}

func (s *fakeStore) Shops(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.routes) > 0 {
		return []string{shop}, nil
	}
	return nil, nil
}

func (s *fakeStore) OpenRoutes(_ context.Context, _ string, epoch int64, routes []delivery.RouteRow) ([]delivery.RouteRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if epoch != s.owner {
		return nil, delivery.ErrLost
	}
	for _, r := range routes {
		old, ok := s.routes[r.Route]
		if ok {
			r = old
		}
		if r.Epoch++; epoch != 0 {
			r.Epoch = epoch
		}
		s.routes[r.Route] = r
		if s.rows[r.Route] == nil {
			s.rows[r.Route] = map[delivery.Key]delivery.Delivery{}
		}
	}
	all := s.list()
	for i := range all {
		if epoch != 0 {
			all[i].Epoch = epoch
			s.routes[all[i].Route] = all[i]
		}
		all[i].Idle = !s.open(all[i].Route)
	}
	return all, nil
}

// open reports whether the engine has to look at a delivery of the route.
func (s *fakeStore) open(route string) bool {
	for _, d := range s.rows[route] {
		if d.State.Waiting() || d.State.InFlight() {
			return true
		}
	}
	return false
}

func (s *fakeStore) list() []delivery.RouteRow {
	var all []delivery.RouteRow
	for _, name := range slices.Sorted(maps.Keys(s.routes)) {
		all = append(all, s.routes[name])
	}
	return all
}

func (s *fakeStore) Routes(context.Context, string) ([]delivery.RouteRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list(), nil
}

func (s *fakeStore) Commit(ctx context.Context, b *delivery.Bundle) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var after error
	if s.fail != nil {
		var before error
		if before, after = s.fail(b); before != nil {
			return before
		}
	}
	name := b.Route.Route
	row := s.routes[name]
	if row.Epoch != b.Route.Epoch {
		return delivery.ErrLost
	}
	if b.Save {
		row = b.Route
	}
	row.Position, row.Ahead, row.LastCall = b.Route.Position, b.Route.Ahead, b.Route.LastCall
	s.routes[name] = row
	for _, insert := range []bool{true, false} {
		for i := range b.Changes {
			if c := &b.Changes[i]; (c.From == "") == insert {
				s.change(b, c)
			}
		}
	}
	s.calls[name] = append(s.calls[name], b.Calls...)
	if b.Used > 0 {
		s.days[b.Connection+b.Day] += b.Used
	}
	if s.spy != nil {
		s.spy(b)
	}
	return after
}

func (s *fakeStore) change(b *delivery.Bundle, c *delivery.Change) {
	name, d := b.Route.Route, c.Row
	c.Answer, c.Owner = delivery.Done, ""
	old, exists := s.rows[name][d.Key()]
	if exists != (c.From != "") || exists && old.State != c.From {
		c.Answer = delivery.Moved
		return
	}
	if c.Version != 0 && s.log.newest(d.Order) != c.Version {
		c.Answer = delivery.Stale
		if exists {
			return
		}
		d.State, d.Due, d.Attempt = delivery.Ready, b.Now, 0
	}
	for _, kind := range c.Claims {
		if owner := s.claims[fmt.Sprint(d.Order, kind)]; owner != "" && owner != name {
			c.Answer, c.Owner = delivery.Taken, owner
			return
		}
	}
	for _, kind := range c.Claims {
		s.claims[fmt.Sprint(d.Order, kind)] = name
	}
	if exists {
		d.Note = old.Note
	}
	if err := possible(&d); err != nil {
		panic(err)
	}
	s.rows[name][d.Key()] = d
	if c.Earlier != 0 {
		k := fmt.Sprint(name, d.Key())
		s.early[k] = append(s.early[k], c.Earlier)
	}
	if c.Release {
		s.release(b, c)
	}
}

func (s *fakeStore) release(b *delivery.Bundle, c *delivery.Change) {
	for k, owner := range s.claims {
		if owner == b.Route.Route && (k == fmt.Sprint(c.Row.Order, "shop") || k == fmt.Sprint(c.Row.Order, "products")) {
			delete(s.claims, k)
		}
	}
	for _, name := range c.Plant {
		if s.routes[name].Position < c.Row.Order {
			continue
		}
		has := false
		for k := range s.rows[name] {
			has = has || k.Order == c.Row.Order
		}
		if !has {
			d := delivery.Delivery{
				Shop: shop, Route: name, Order: c.Row.Order, Seq: s.log.newest(c.Row.Order), State: delivery.Held,
				Due: b.Now, Base: c.Row.Base, Planned: b.Now, Code: "claim_free",
			}
			s.rows[name][d.Key()] = d
		}
	}
}

// possible is what the table's CHECK constraints demand.
func possible(d *delivery.Delivery) error {
	settled := d.State.Closed() || d.State == delivery.Failed || d.State == delivery.Parked
	if settled == d.Settled.IsZero() {
		return fmt.Errorf("%s settled at %v", d.State, d.Settled)
	}
	if settled && !d.Due.IsZero() {
		return fmt.Errorf("%s is due", d.State)
	}
	switch d.State {
	case delivery.Sending, delivery.AwaitingPartner, delivery.Retrying, delivery.Asking:
		if d.Due.IsZero() {
			return fmt.Errorf("%s is never due", d.State)
		}
	}
	return nil
}

func (s *fakeStore) SaveNote(_ context.Context, _, route string, epoch int64, k delivery.Key, note []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.routes[route].Epoch != epoch {
		return delivery.ErrLost
	}
	d := s.rows[route][k]
	d.Note = note
	s.rows[route][k] = d
	return nil
}

// where returns the rows of a route that f accepts, by key.
func (s *fakeStore) where(route string, f func(*delivery.Delivery) bool) []delivery.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	var list []delivery.Delivery
	for name, rows := range s.rows {
		if route != "" && name != route {
			continue
		}
		for _, d := range rows {
			if f(&d) {
				list = append(list, d)
			}
		}
	}
	slices.SortFunc(list, func(a, b delivery.Delivery) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Route, b.Route), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Run, b.Run))
	})
	return list
}

func (s *fakeStore) Sending(_ context.Context, _, route string) ([]delivery.Delivery, error) {
	return s.where(route, func(d *delivery.Delivery) bool { return d.State == delivery.Sending }), nil
}

func (s *fakeStore) Due(_ context.Context, _, route string, bulk bool, limit int) ([]delivery.Delivery, error) {
	list := s.where(route, func(d *delivery.Delivery) bool {
		isBulk := d.Act == delivery.ActBackfill || d.Act == delivery.ActReplay
		return !d.Due.IsZero() && d.State != delivery.Sending && isBulk == bulk
	})
	slices.SortStableFunc(list, func(a, b delivery.Delivery) int { return a.Due.Compare(b.Due) })
	return list[:min(limit, len(list))], nil
}

func (s *fakeStore) Blocked(_ context.Context, _, route string, after int64, limit int) ([]int64, error) {
	var orders []int64
	for _, d := range s.where(route, func(d *delivery.Delivery) bool {
		return d.State == delivery.Ready && d.Due.IsZero() && d.Order > after
	}) {
		orders = append(orders, d.Order)
	}
	orders = slices.Compact(orders)
	return orders[:min(limit, len(orders))], nil
}

func (s *fakeStore) OfOrders(_ context.Context, _, route string, orders []int64) ([]delivery.Delivery, error) {
	return s.where(route, func(d *delivery.Delivery) bool { return slices.Contains(orders, d.Order) }), nil
}

func (s *fakeStore) List(_ context.Context, q delivery.Query) ([]delivery.Delivery, string, error) {
	all := s.where(q.Route, func(d *delivery.Delivery) bool {
		return (len(q.States) == 0 || slices.Contains(q.States, d.State)) && (q.Code == "" || d.Code == q.Code) &&
			(len(q.Orders) == 0 || slices.Contains(q.Orders, d.Order)) && d.Seq >= q.FromSeq && (q.ToSeq == 0 || d.Seq <= q.ToSeq)
	})
	skip := 0
	fmt.Sscan(q.Cursor, &skip)
	all = all[min(skip, len(all)):]
	if len(all) > q.Limit {
		return all[:q.Limit], fmt.Sprint(skip + q.Limit), nil
	}
	return all, "", nil
}

func (s *fakeStore) Counts(context.Context, string) (map[string]map[delivery.State]int64, error) {
	if s.counts != nil {
		return s.counts, nil
	}
	counts := map[string]map[delivery.State]int64{}
	for _, d := range s.where("", func(*delivery.Delivery) bool { return true }) {
		if counts[d.Route] == nil {
			counts[d.Route] = map[delivery.State]int64{}
		}
		counts[d.Route][d.State]++
	}
	return counts, nil
}

func (s *fakeStore) Stuck(context.Context, string) ([]delivery.StuckKind, error) {
	if s.stuck != nil {
		return s.stuck, nil
	}
	type key struct {
		route, code string
		state       delivery.State
	}
	kinds := map[key]*delivery.StuckKind{}
	for route := range s.routes {
		rows := s.where(route, func(d *delivery.Delivery) bool {
			return d.Code != "" && slices.Contains(delivery.StuckStates[:], d.State)
		})
		for _, d := range rows {
			k := key{route, d.Code, d.State}
			if kinds[k] == nil {
				kinds[k] = &delivery.StuckKind{Route: route, State: d.State, Code: d.Code, Oldest: d.Planned}
			}
			kinds[k].Count++
			kinds[k].Newest = d.Planned
		}
	}
	var list []delivery.StuckKind
	for _, k := range kinds {
		list = append(list, *k)
	}
	return list, nil
}

func (s *fakeStore) Oldest(_ context.Context, _, route string, states []delivery.State) (int64, error) {
	var oldest int64
	for _, d := range s.where(route, func(d *delivery.Delivery) bool { return slices.Contains(states, d.State) }) {
		if oldest == 0 || d.Seq < oldest {
			oldest = d.Seq
		}
	}
	return oldest, nil
}

func (s *fakeStore) Calls(_ context.Context, d delivery.Delivery) ([]delivery.Call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []delivery.Call
	ids := append(slices.Clone(s.early[fmt.Sprint(d.Route, d.Key())]), s.rows[d.Route][d.Key()].Call)
	for _, c := range s.calls[d.Route] {
		if slices.Contains(ids, c.ID) {
			list = append(list, c)
		}
	}
	return list, nil
}

func (s *fakeStore) Usage(_ context.Context, _, connection, day string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.days[connection+day], nil
}
