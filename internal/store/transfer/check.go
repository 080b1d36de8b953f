package transfer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ordermux/ordermux/internal/ledger"
)

// Faults is the error of a copy that is not the same as what was copied. The
// folder is still the hub's.
type Faults struct{ List []string }

func (e *Faults) Error() string {
	return "the copy is not whole, so the hub stays with its folder: " + strings.Join(e.List, "; ")
}

// mostFaults bounds how many are told.
const mostFaults = 20

// found collects faults of several tables at a time.
type found struct {
	mu   sync.Mutex
	list []string
}

func (f *found) add(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.list) < mostFaults {
		f.list = append(f.list, fmt.Sprintf(format, args...))
	}
}

func (f *found) err() error {
	if len(f.list) == 0 {
		return nil
	}
	slices.Sort(f.list)
	return &Faults{List: f.list}
}

// check compares numbers and sums of every table, and counts the deliveries by
// state again. The source stands still.
func (m *Move) check(ctx context.Context) error {
	m.total = map[string]int64{}
	var faults found
	err := each(ctx, m.opts.Workers, tables, func(ctx context.Context, t *Table) error {
		if t.Name == "deliveries" {
			return m.recount(ctx, t, &faults)
		}
		sums, err := m.compare(ctx, t, append([]string{"count(*)"}, t.Check...), &faults)
		if err == nil {
			m.counted(t, sums[0])
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	return faults.err()
}

func (m *Move) counted(t *Table, rows int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total[t.Name] += rows
}

// checkPages is how many pages are compared by one query in the end, when
// nothing else reads or writes.
const checkPages = 10

// parts calls f for parts of a table that together are all of it.
func (m *Move) parts(ctx context.Context, t *Table, f func(Range) error) error {
	var r Range
	for {
		var err error
		if r.To, err = m.from.end(ctx, t, r, checkPages*m.from.rows); err != nil {
			return err
		}
		if err := f(r); err != nil || r.To == nil {
			return err
		}
		m.observe(Step{Table: t.Name})
		r.After, r.To = r.To, nil
	}
}

// compare compares the values of expressions over a table, part by part, and
// returns their sums.
func (m *Move) compare(ctx context.Context, t *Table, expressions []string, faults *found) ([]int64, error) {
	sums := make([]int64, len(expressions))
	return sums, m.parts(ctx, t, func(r Range) error {
		here, err := m.from.values(ctx, t, r, expressions)
		if err != nil {
			return err
		}
		there, err := m.to.values(ctx, t, r, expressions)
		if err != nil {
			return err
		}
		for i, e := range expressions {
			sums[i] += there[i]
			if here[i] != there[i] {
				faults.add("%s: %s is %d in the folder and %d in the database", t.Name, e, here[i], there[i])
			}
		}
		return nil
	})
}

// ofState are deliveries of a route in a state.
type ofState struct {
	shop, route string
	state       int64
}

// recount compares the deliveries by route and state, and the target's own
// counts with them.
func (m *Move) recount(ctx context.Context, t *Table, faults *found) error {
	expressions := append([]string{"count(*)"}, t.Check...)
	counts := map[ofState]int64{}
	err := m.parts(ctx, t, func(r Range) error {
		here, err := m.from.byState(ctx, t, r, expressions)
		if err != nil {
			return err
		}
		there, err := m.to.byState(ctx, t, r, expressions)
		if err != nil {
			return err
		}
		for k, values := range there {
			counts[k] += values[0]
			m.counted(t, values[0])
			if !slices.Equal(values, here[k]) {
				faults.add("deliveries of shop %s, route %s in state %d are not those of the folder", k.shop, k.route, k.state)
			}
			delete(here, k)
		}
		for k := range here {
			faults.add("deliveries of shop %s, route %s in state %d are missing", k.shop, k.route, k.state)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = m.to.each(ctx, table("route_counts"), Range{}, "", func(r Row) {
		k := ofState{r[0].(string), r[1].(string), r[2].(int64)}
		if counts[k] != r[3].(int64) {
			faults.add("the counts of shop %s, route %s are not those of its deliveries", k.shop, k.route)
		}
		delete(counts, k)
	})
	for k := range counts {
		faults.add("shop %s, route %s has no count of state %d", k.shop, k.route, k.state)
	}
	return err
}

// byState computes expressions over the deliveries of a range by route and
// state.
func (s side) byState(ctx context.Context, t *Table, r Range, expressions []string) (map[ofState][]int64, error) {
	text, args := s.dialect.selectGroups(t, r, "shop, route, state", expressions)
	all := map[ofState][]int64{}
	var bad error
	err := s.Query(ctx, text, args, func(values []any) bool {
		var numbers []int64
		for _, v := range values[2:] {
			n, err := number(v)
			if err != nil {
				bad = err
				return false
			}
			numbers = append(numbers, n.(int64))
		}
		all[ofState{fmt.Sprint(values[0]), fmt.Sprint(values[1]), numbers[0]}] = numbers[1:]
		return true
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return nil, fmt.Errorf("count %s: %w", t.Name, err)
	}
	return all, nil
}

// verifyChains walks the chain of every shop in the target: all of it, or only
// what came since the last time.
func (m *Move) verifyChains(ctx context.Context) error {
	l := ledger.New(m.opts.Target.Ledger(), ledger.Options{Shared: true})
	before := map[string]ledger.Report{}
	for _, r := range m.chain {
		before[r.Shop] = r
	}
	heads, err := m.to.heads(ctx)
	if err != nil {
		return err
	}
	var faults found
	var reports []ledger.Report
	for _, h := range heads {
		r := before[h.shop]
		if r.Shop = h.shop; r.Head != h.seq || r.Hash != h.hash {
			if r, err = l.VerifyAfter(ctx, r); err != nil {
				return err
			}
		}
		for _, f := range r.Faults {
			faults.add("the chain of shop %s: %s", r.Shop, f)
		}
		reports = append(reports, r)
		m.observe(Step{Table: "events"})
	}
	m.chain = reports
	return faults.err()
}

// sameHeads compares the heads that were verified with the source's.
func (m *Move) sameHeads(ctx context.Context) error {
	heads, err := m.from.heads(ctx)
	if err != nil {
		return err
	}
	var faults found
	verified := map[head]bool{}
	for _, r := range m.chain {
		if r.Head == 0 {
			r.Hash = ""
		}
		verified[head{r.Shop, r.Head, r.Hash}] = true
	}
	for _, h := range heads {
		if !verified[h] {
			faults.add("the head of shop %s is not that of the folder", h.shop)
		}
	}
	return faults.err()
}

// head is the end of a shop's log; its hash in hex.
type head struct {
	shop string
	seq  int64
	hash string
}

func (s side) heads(ctx context.Context) (list []head, err error) {
	t := table("heads")
	err = s.each(ctx, t, Range{}, "", func(r Row) {
		h := head{shop: r[0].(string), seq: r[t.index("head")].(int64)}
		if h.seq > 0 {
			h.hash = fmt.Sprintf("%x", r[t.index("hash")])
		}
		list = append(list, h)
	})
	return list, err
}
