package delivery

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/cause"
)

// StuckStates are the states in which a delivery with a code does not go on as
// it should. What waits for a time, or for the partner's judgement, has none.
var StuckStates = [...]State{Ready, Held, Retrying, Asking, Failed, Parked, Refused}

const (
	// MostStuck bounds the kinds that Store.Stuck returns.
	MostStuck = 300
	// MostCounted is how far a kind is counted.
	MostCounted = 10_000
)

// StuckKind are the deliveries of a route in one state with one code.
type StuckKind struct {
	Route string
	State State
	Code  string
	// Count is their number; where it is MostCounted or more and not Exact, there
	// are at least so many.
	Count          int64
	Exact          bool
	Oldest, Newest time.Time // when the first and the last by event were planned
}

// StuckGroup are the deliveries of a route that do not go on for one cause.
type StuckGroup struct {
	Route, Partner string
	Cause          cause.Cause
	Codes          []string // the outcomes that it is made of
	States         map[State]int64
	Count          int64
	More           bool // there are more than Count
	Oldest, Newest time.Time
	Words          []StuckWords // what was said, from the first deliveries of each kind; the most frequent first
	Orders         []string     // a few of them, by id
	// Blocked says that it holds the whole route, and Waiting how many events
	// wait behind it, planned or not looked at yet. It goes on with Resume, or
	// when the route's settings change.
	Blocked bool
	Waiting int64
	// Halted is the route's status where nothing of it goes on by itself.
	Halted Status
}

// StuckWords are what a partner, or the engine, said of so many deliveries.
type StuckWords struct {
	Words string
	Count int
}

const (
	sampled    = 40 // deliveries of each kind that are read
	mostWords  = 5  // of a group
	mostOrders = 5
)

// Stuck says what of a shop does not go on, and why: those for a person first,
// then the greatest. Any node can tell, and routes that are gone are told of.
func (e *Engine) Stuck(ctx context.Context, shop string) ([]StuckGroup, error) {
	routes, err := e.store.Routes(ctx, shop)
	if err != nil {
		return nil, err
	}
	kinds, err := e.store.Stuck(ctx, shop)
	if err != nil {
		return nil, err
	}
	counts, err := e.store.Counts(ctx, shop)
	if err != nil {
		return nil, err
	}
	head, err := e.log.Head(ctx, shop)
	if err != nil {
		return nil, err
	}
	s := &stuck{head: head, rows: map[string]RouteRow{}, groups: map[stuckKey]*StuckGroup{}, samples: map[stuckKey][]Delivery{}}
	for _, r := range routes {
		s.rows[r.Route] = r
	}
	countOn(kinds, counts)
	for _, k := range kinds {
		if err := s.add(ctx, e.store, shop, &k); err != nil {
			return nil, err
		}
	}
	s.block(counts)
	if err := s.name(ctx, e, shop); err != nil {
		return nil, err
	}
	return s.list(), nil
}

// StuckCodes are the codes that a cause has among what is stuck now on a route;
// route "": on all of them.
func (e *Engine) StuckCodes(ctx context.Context, shop, route string, c cause.Cause) ([]string, error) {
	kinds, err := e.store.Stuck(ctx, shop)
	var codes []string
	for _, k := range kinds {
		if (route == "" || k.Route == route) && cause.Of(k.Code) == c {
			codes = append(codes, k.Code)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes), err
}

// countOn completes the count of a kind that nobody counted to its end, where it
// is the only such one of its route and state: it is what the others leave.
func countOn(kinds []StuckKind, counts map[string]map[State]int64) {
	type cell struct {
		route string
		state State
	}
	open, known := map[cell][]*StuckKind{}, map[cell]int64{}
	for i := range kinds {
		k := &kinds[i]
		c := cell{k.Route, k.State}
		if k.Count < MostCounted {
			known[c] += k.Count
		} else {
			open[c] = append(open[c], k)
		}
	}
	for c, list := range open {
		// What is ready or held may have no code; what was counted is no less.
		if left := counts[c.route][c.state] - known[c]; len(list) == 1 && c.state != Ready && c.state != Held && left > MostCounted {
			list[0].Count, list[0].Exact = left, true
		}
	}
}

type stuckKey struct {
	route string
	cause cause.Cause
}

// stuck makes groups of kinds.
type stuck struct {
	head    int64
	rows    map[string]RouteRow
	groups  map[stuckKey]*StuckGroup
	samples map[stuckKey][]Delivery
}

func (s *stuck) add(ctx context.Context, store Store, shop string, k *StuckKind) error {
	if s.passing(k) {
		return nil
	}
	key := stuckKey{k.Route, cause.Of(k.Code)}
	g := s.groups[key]
	if g == nil {
		g = s.group(key)
		g.Oldest = k.Oldest
	}
	if !slices.Contains(g.Codes, k.Code) {
		g.Codes = append(g.Codes, k.Code)
	}
	g.States[k.State] += k.Count
	g.Count += k.Count
	g.More = g.More || k.Count >= MostCounted && !k.Exact
	if k.Oldest.Before(g.Oldest) {
		g.Oldest = k.Oldest
	}
	if k.Newest.After(g.Newest) {
		g.Newest = k.Newest
	}
	rows, _, err := store.List(ctx, Query{Shop: shop, Route: k.Route, States: []State{k.State}, Code: k.Code, Limit: sampled})
	s.samples[key] = append(s.samples[key], rows...)
	return err
}

// group returns the group of a route and cause, made if there is none yet.
func (s *stuck) group(key stuckKey) *StuckGroup {
	g := s.groups[key]
	if g == nil {
		r := s.rows[key.route]
		g = &StuckGroup{Route: key.route, Partner: r.Partner, Cause: key.cause, States: map[State]int64{}, Halted: r.Status}
		s.groups[key] = g
	}
	return g
}

// passing reports whether nothing is wrong with deliveries: those that have a
// code in Ready are about to be sent, unless their route is stopped, a claim
// that came free is taken at once, and what a person holds back waits for him.
func (s *stuck) passing(k *StuckKind) bool {
	r, known := s.rows[k.Route]
	switch k.Code {
	case codeFree, codeOnHold, codeOnHoldFree:
		return true
	}
	return k.State == Ready && known && r.Status != Blocked
}

// block marks what holds a whole route. A route whose deliveries do not say
// why has a group of its own.
func (s *stuck) block(counts map[string]map[State]int64) {
	for _, r := range s.rows {
		if r.Status != Blocked {
			continue
		}
		waits := counts[r.Route][Ready] + counts[r.Route][Retrying] + max(s.head-r.Position, 0)
		holds := s.holder(&r)
		if holds == nil {
			holds = s.group(stuckKey{r.Route, cause.Other})
			holds.Words = append(holds.Words, StuckWords{Words: r.Reason})
		}
		holds.Blocked, holds.Waiting = true, waits
	}
}

// holder is the group that tells why a route is blocked: one of which was said
// what the route was told, else the one with most that can not leave; nil: none.
func (s *stuck) holder(r *RouteRow) (holds *StuckGroup) {
	for key, g := range s.groups {
		if key.route != r.Route {
			continue
		}
		if r.Reason != "" && slices.ContainsFunc(s.samples[key], func(d Delivery) bool { return d.Reason == r.Reason }) {
			return g
		}
		if n := g.States[Ready]; n > 0 && (holds == nil || n > holds.States[Ready]) {
			holds = g
		}
	}
	return holds
}

// name fills in the words and the orders.
func (s *stuck) name(ctx context.Context, e *Engine, shop string) error {
	var all []Delivery
	for key, rows := range s.samples {
		g := s.groups[key]
		g.Words = append(g.Words, wordsOf(rows)...)
		g.Words = g.Words[:min(len(g.Words), mostWords)]
		all = append(all, rows[:min(len(rows), mostOrders)]...)
	}
	if err := e.nameOrders(ctx, shop, all); err != nil {
		return err
	}
	for i := range all {
		d := &all[i]
		if g := s.groups[stuckKey{d.Route, cause.Of(d.Code)}]; d.OrderID != "" && len(g.Orders) < mostOrders && !slices.Contains(g.Orders, d.OrderID) {
			g.Orders = append(g.Orders, d.OrderID)
		}
	}
	return nil
}

// wordsOf counts what was said of deliveries.
func wordsOf(rows []Delivery) (list []StuckWords) {
	n := map[string]int{}
	for i := range rows {
		if w := rows[i].Reason; w != "" {
			n[w]++
		}
	}
	for w, count := range n {
		list = append(list, StuckWords{w, count})
	}
	slices.SortFunc(list, func(a, b StuckWords) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Words, b.Words))
	})
	return list
}

// list is the groups, what a person has to see to first.
func (s *stuck) list() []StuckGroup {
	list := make([]StuckGroup, 0, len(s.groups))
	for _, g := range s.groups {
		slices.Sort(g.Codes)
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b StuckGroup) int {
		return cmp.Or(-compareBool(a.Blocked, b.Blocked), -compareBool(a.ForPerson() > 0, b.ForPerson() > 0),
			cmp.Compare(b.Count, a.Count), cmp.Compare(a.Route, b.Route), cmp.Compare(a.Cause, b.Cause))
	})
	return list
}

// ForPerson is how many of them nothing moves on but a person.
func (g *StuckGroup) ForPerson() int64 {
	return g.States[Failed] + g.States[Parked] + g.States[Refused]
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
