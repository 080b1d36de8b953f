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
	var jobs []job
	for _, t := range tables {
		shops, err := m.shopsOf(ctx, t)
		if err != nil {
			return err
		}
		for _, shop := range shops {
			jobs = append(jobs, job{t, shop})
		}
	}
	err := each(ctx, m.opts.Workers, jobs, func(ctx context.Context, j job) error {
		expressions := append([]string{"count(*)"}, j.table.Check...)
		sums, err := m.compare(ctx, j.table, Range{Shop: j.shop}, expressions, &faults)
		if err != nil {
			return err
		}
		m.mu.Lock()
		m.total[j.table.Name] += sums[0]
		m.mu.Unlock()
		if j.table.Name == "route_counts" {
			return m.recount(ctx, j.shop, &faults)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	return faults.err()
}

// checkRows is how many rows are compared by one query in the end, when
// nothing else reads or writes.
const checkRows = 50000

// compare compares the values of expressions over a range, part by part, and
// returns their sums.
func (m *Move) compare(ctx context.Context, t *Table, r Range, expressions []string, faults *found) ([]int64, error) {
	sums := make([]int64, len(expressions))
	for {
		var err error
		if r.To, err = m.from.end(ctx, t, r, checkRows); err != nil {
			return nil, err
		}
		here, err := m.from.values(ctx, t, r, expressions)
		if err != nil {
			return nil, err
		}
		there, err := m.to.values(ctx, t, r, expressions)
		if err != nil {
			return nil, err
		}
		for i, e := range expressions {
			sums[i] += there[i]
			if here[i] != there[i] {
				faults.add("%s of shop %s: %s is %d in the folder and %d in the database", t.Name, r.Shop, e, here[i], there[i])
			}
		}
		m.observe(Step{Shop: r.Shop, Table: t.Name})
		if r.To == nil {
			return sums, nil
		}
		r.After, r.To = r.To, nil
	}
}

// deliveryStates is how many states there are, numbered from 1.
const deliveryStates = 13

// recount compares the deliveries route by route, and the target's counts per
// route and state with its deliveries.
func (m *Move) recount(ctx context.Context, shop string, faults *found) error {
	kept, err := m.keptCounts(ctx, shop)
	if err != nil {
		return err
	}
	var byState []string
	for state := 1; state <= deliveryStates; state++ {
		byState = append(byState, fmt.Sprintf("count(*) FILTER (WHERE state = %d)", state))
	}
	for _, sum := range [...]string{"attempt", "settled % 1000003", "planned % 1000003", "call"} {
		byState = append(byState, "sum("+sum+")")
	}
	for route, want := range kept {
		got, err := m.compare(ctx, table("deliveries"), Range{Shop: shop, Under: Key{route}}, byState, faults)
		if err != nil {
			return err
		}
		if [deliveryStates]int64(got[:deliveryStates]) != want {
			faults.add("the counts of shop %s, route %s are not those of its deliveries", shop, route)
		}
	}
	return nil
}

// keptCounts are the target's counts of each route by state, from 1.
func (m *Move) keptCounts(ctx context.Context, shop string) (map[string][deliveryStates]int64, error) {
	kept := map[string][deliveryStates]int64{}
	routes, err := m.to.list(ctx, table("routes"), Range{Shop: shop})
	if err != nil {
		return nil, err
	}
	for _, r := range routes {
		kept[r[0].(string)] = [deliveryStates]int64{}
	}
	rows, err := m.to.list(ctx, table("route_counts"), Range{Shop: shop})
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		counts := kept[r[0].(string)]
		if state := r[1].(int64); state >= 1 && state <= deliveryStates {
			counts[state-1] = r[2].(int64)
		}
		kept[r[0].(string)] = counts
	}
	return kept, nil
}

// verifyChains walks the chain of every shop in the target: all of it, or only
// what came since the last time. In the end the heads must be the source's.
func (m *Move) verifyChains(ctx context.Context, last bool) error {
	l := ledger.New(m.opts.Target.Ledger(), ledger.Options{})
	shops, err := l.Shops(ctx)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	var faults found
	var reports []ledger.Report
	for _, shop := range shops {
		before := ledger.Report{Shop: shop}
		for _, r := range m.chain {
			if r.Shop == shop {
				before = r
			}
		}
		r, err := l.VerifyAfter(ctx, before)
		if err != nil {
			return err
		}
		for _, f := range r.Faults {
			faults.add("the chain of shop %s: %s", shop, f)
		}
		if last {
			if err := m.sameHead(ctx, r, &faults); err != nil {
				return err
			}
		}
		reports = append(reports, r)
		m.observe(Step{Shop: shop})
	}
	m.chain = reports
	return faults.err()
}

func (m *Move) sameHead(ctx context.Context, r ledger.Report, faults *found) error {
	heads := table("heads")
	here, err := m.from.list(ctx, heads, Range{Shop: r.Shop})
	if err != nil {
		return err
	}
	hash := heads.index("hash")
	if len(here) != 1 || here[0][heads.index("head")] != r.Head || r.Head > 0 && fmt.Sprintf("%x", here[0][hash]) != r.Hash {
		faults.add("the head of shop %s is not that of the folder", r.Shop)
	}
	return nil
}
