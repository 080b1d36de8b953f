package search

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/ordermux/ordermux/internal/delivery"
)

// Deliveries are what the search reads of the deliveries.
type Deliveries interface {
	Routes(ctx context.Context, shop string) ([]delivery.RouteRow, error)
	Sending(ctx context.Context, shop, route string) ([]delivery.Delivery, error)
	OfOrders(ctx context.Context, shop, route string, orders []int64) ([]delivery.Delivery, error)
}

// Query selects orders; what is empty selects all.
type Query struct {
	ID   string
	Text string // is the id, or a text of any kind
	// Texts are what the orders have, by kind.
	Texts map[Kind]string
	// Route and States are how the orders stand at a partner now: their newest
	// delivery there. No Route: at any; no States: in whatever state.
	Route  string
	States []delivery.State
	// Above and Below bound the numbers of orders, both not among them; Below 0:
	// not.
	Above, Below int64
	// Before is where the page begins: what an earlier Walk said; 0: at the newest.
	Before int64
}

// indexed reports whether the index is asked.
func (q *Query) indexed() bool { return q.Text != "" || len(q.Texts) > 0 }

const (
	// mostLooked is how many orders one walk looks at, whether they match or not.
	mostLooked = 2000
	// lookedAt is how many it looks at in one go.
	lookedAt = 200
)

// Finder finds orders. Safe for concurrent use.
type Finder struct {
	Store      Store
	Log        Log
	Deliveries Deliveries
	Key        func(ctx context.Context, shop string) ([]byte, error) // of the shop
}

// Walk goes through the orders that a query selects.
type Walk struct {
	f      *Finder
	shop   string
	q      Query
	from   lister
	keys   []Key // that the orders must have beside
	byPart bool  // from lists by deliveries

	before int64
	looked int
	over   bool
	// Behind is how many events the index does not know yet; 0: all are known, or
	// it was not asked.
	Behind int64
}

// found is an order that may match: at is its place in the list, which goes down.
type found struct{ at, number int64 }

// lister lists orders of places below one. What it returns less than the limit
// is all.
type lister func(ctx context.Context, before int64, limit int) ([]found, error)

// Walk begins a walk.
func (f *Finder) Walk(ctx context.Context, shop string, q Query) (*Walk, error) {
	w := &Walk{f: f, shop: shop, q: q, before: q.Before}
	if w.before <= 0 {
		w.before = math.MaxInt64
	}
	if q.Below <= 0 {
		w.q.Below = math.MaxInt64
	}
	if err := w.choose(ctx); err != nil {
		return nil, fmt.Errorf("find orders: %w", err)
	}
	return w, nil
}

// choose chooses the list that is gone through: the shortest, as far as can be
// told without looking.
func (w *Walk) choose(ctx context.Context) (err error) {
	terms, secret := map[Kind]Key{}, []byte(nil)
	if w.q.indexed() {
		if secret, err = w.f.Key(ctx, w.shop); err != nil {
			return err
		}
		if err := w.lag(ctx); err != nil {
			return err
		}
	}
	for kind, text := range w.q.Texts {
		terms[kind] = KeyOf(secret, kind, text)
	}
	states := len(w.q.States) > 0 && !slices.Contains(w.q.States, delivery.Delivered)
	switch {
	case w.q.ID != "":
		w.from = w.byID(w.q.ID)
	case w.q.Text != "":
		w.from = w.byText(secret)
	case w.firstOf(terms, Reference, Email, Parcel):
	case states:
		w.from, err = w.byState(ctx)
		w.byPart = true
	case w.firstOf(terms, Account, Product, Channel):
	default:
		w.from = numbers(func(ctx context.Context, before int64, limit int) ([]int64, error) {
			return w.f.Store.Orders(ctx, w.shop, w.q.Above, min(before, w.q.Below), limit)
		})
	}
	for _, k := range terms {
		w.keys = append(w.keys, k)
	}
	return err
}

// lag says how far the index is behind the log.
func (w *Walk) lag(ctx context.Context) error {
	at, err := w.f.Store.Indexed(ctx, w.shop)
	if err != nil {
		return err
	}
	head, err := w.f.Log.Head(ctx, w.shop)
	w.Behind = max(0, head-at)
	return err
}

// firstOf goes by the first of some kinds that is asked for.
func (w *Walk) firstOf(terms map[Kind]Key, kinds ...Kind) bool {
	for _, kind := range kinds {
		if k, ok := terms[kind]; ok {
			delete(terms, kind)
			w.from = w.byKey(k)
			return true
		}
	}
	return false
}

func (w *Walk) byKey(k Key) lister {
	return numbers(func(ctx context.Context, before int64, limit int) ([]int64, error) {
		return w.f.Store.WithKey(ctx, w.shop, k, w.q.Above, min(before, w.q.Below), limit)
	})
}

func (w *Walk) byID(id string) lister {
	return func(ctx context.Context, before int64, _ int) ([]found, error) {
		states, err := w.f.Log.StatesByID(ctx, w.shop, []string{id})
		if err != nil || len(states) == 0 || states[0] == nil {
			return nil, err
		}
		n := states[0].Row.First
		if n >= before || n <= w.q.Above || n >= w.q.Below {
			return nil, nil
		}
		return []found{{n, n}}, nil
	}
}

func (w *Walk) byText(secret []byte) lister {
	all := []lister{w.byID(w.q.Text)}
	for _, kind := range kinds {
		all = append(all, w.byKey(KeyOf(secret, kind, w.q.Text)))
	}
	return merged(all)
}

// byState lists by the events of deliveries: one list per route and state.
func (w *Walk) byState(ctx context.Context) (lister, error) {
	routes := []string{w.q.Route}
	if w.q.Route == "" {
		rows, err := w.f.Deliveries.Routes(ctx, w.shop)
		if err != nil {
			return nil, err
		}
		routes = routes[:0]
		for i := range rows {
			routes = append(routes, rows[i].Route)
		}
	}
	var all []lister
	for _, route := range routes {
		for _, s := range w.q.States {
			all = append(all, w.ofState(route, s))
		}
	}
	return merged(all), nil
}

func (w *Walk) ofState(route string, s delivery.State) lister {
	if s == delivery.Sending {
		return w.sending(route)
	}
	return func(ctx context.Context, before int64, limit int) ([]found, error) {
		list, err := w.f.Store.InState(ctx, w.shop, route, s, before, limit)
		out := make([]found, len(list))
		for i, p := range list {
			out[i] = found{p.Seq, p.Number}
		}
		return out, err
	}
}

// sending lists what is on its way: never more than some batches.
func (w *Walk) sending(route string) lister {
	return func(ctx context.Context, before int64, limit int) ([]found, error) {
		list, err := w.f.Deliveries.Sending(ctx, w.shop, route)
		var out []found
		for i := range list {
			if list[i].Seq < before {
				out = append(out, found{list[i].Seq, list[i].Order})
			}
		}
		slices.SortFunc(out, downwards)
		return out[:min(limit, len(out))], err
	}
}

func downwards(a, b found) int { return cmp.Compare(b.at, a.at) }

// numbers is a list in which orders stand by their numbers.
func numbers(list func(ctx context.Context, before int64, limit int) ([]int64, error)) lister {
	return func(ctx context.Context, before int64, limit int) ([]found, error) {
		all, err := list(ctx, before, limit)
		out := make([]found, len(all))
		for i, n := range all {
			out[i] = found{n, n}
		}
		return out, err
	}
}

// merged goes through several lists as one; what stands at one place in several
// of them is one.
func merged(all []lister) lister {
	if len(all) == 1 {
		return all[0]
	}
	return func(ctx context.Context, before int64, limit int) ([]found, error) {
		var out []found
		for _, list := range all {
			some, err := list(ctx, before, limit)
			if err != nil {
				return nil, err
			}
			out = append(out, some...)
		}
		slices.SortStableFunc(out, downwards)
		out = slices.CompactFunc(out, func(a, b found) bool { return a.at == b.at })
		return out[:min(limit, len(out))], nil
	}
}

// Before is where the next page begins; 0: there is none.
func (w *Walk) Before() int64 {
	if w.over {
		return 0
	}
	return w.before
}

// Tired reports whether the walk has looked at as many orders as one may.
func (w *Walk) Tired() bool { return w.looked >= mostLooked }

// Next returns the next orders, at most so many; none once the walk is over or
// tired.
func (w *Walk) Next(ctx context.Context, limit int) (hits []Hit, err error) {
	var out []int64
	for len(out) < limit && !w.over && !w.Tired() {
		list, err := w.from(ctx, w.before, lookedAt)
		if err != nil {
			return nil, fmt.Errorf("find orders: %w", err)
		}
		match, err := w.matching(ctx, list)
		if err != nil {
			return nil, fmt.Errorf("find orders: %w", err)
		}
		w.looked += len(list)
		w.over = len(list) < lookedAt
		for _, c := range list {
			if len(out) == limit {
				w.over = false
				break
			}
			if w.before = c.at; match[c] {
				out = append(out, c.number)
			}
		}
	}
	return w.hits(ctx, out)
}

func (w *Walk) hits(ctx context.Context, numbers []int64) ([]Hit, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	times, err := w.f.Store.Accepted(ctx, w.shop, numbers)
	if err != nil {
		return nil, fmt.Errorf("find orders: %w", err)
	}
	hits := make([]Hit, len(numbers))
	for i, n := range numbers {
		hits[i] = Hit{n, times[i]}
	}
	return hits, nil
}

// matching are those of a list that the rest of the query selects.
func (w *Walk) matching(ctx context.Context, list []found) (map[found]bool, error) {
	left := slices.DeleteFunc(slices.Clone(list), func(c found) bool { return c.number <= w.q.Above || c.number >= w.q.Below })
	for _, k := range w.keys {
		if len(left) == 0 {
			break
		}
		have, err := w.f.Store.HaveKey(ctx, w.shop, k, numbersOf(left))
		if err != nil {
			return nil, err
		}
		left = slices.DeleteFunc(left, func(c found) bool { return !slices.Contains(have, c.number) })
	}
	left, err := w.standing(ctx, left)
	match := make(map[found]bool, len(left))
	for _, c := range left {
		match[c] = true
	}
	return match, err
}

// standing are those of a list that stand at a partner as the query wants it. Of
// an order that a list by deliveries holds several times it is the first one.
func (w *Walk) standing(ctx context.Context, list []found) ([]found, error) {
	if w.q.Route == "" && len(w.q.States) == 0 || len(list) == 0 {
		return list, nil
	}
	all, err := w.f.Deliveries.OfOrders(ctx, w.shop, w.q.Route, numbersOf(list))
	if err != nil {
		return nil, err
	}
	type at struct {
		number int64
		route  string
	}
	newest := map[at]*delivery.Delivery{}
	for i := range all {
		d := &all[i]
		k := at{d.Order, d.Route}
		if was := newest[k]; was == nil || d.Seq > was.Seq || d.Seq == was.Seq && d.Run > was.Run {
			newest[k] = d
		}
	}
	first := map[int64]int64{} // the highest event of a delivery that matches, by order
	for k, d := range newest {
		if len(w.q.States) == 0 || slices.Contains(w.q.States, d.State) {
			first[k.number] = max(first[k.number], d.Seq)
		}
	}
	return slices.DeleteFunc(list, func(c found) bool {
		seq, ok := first[c.number]
		return !ok || w.byPart && seq != c.at
	}), nil
}

func numbersOf(list []found) []int64 {
	out := make([]int64, len(list))
	for i, c := range list {
		out[i] = c.number
	}
	slices.Sort(out)
	return slices.Compact(out)
}
