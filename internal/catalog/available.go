package catalog

import (
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// asked are lines that ask for products, and what was found.
type asked struct {
	lines []Line
	found []Availability
	rows  map[string]*Row
	free  map[string]order.Decimal // what is left of each product
	short []Shortage
}

// match finds the products that lines name, in one look.
func match(r Lookup, shop string, lines []Line) (*asked, error) {
	a := &asked{lines: lines, found: make([]Availability, len(lines)), rows: map[string]*Row{}, free: map[string]order.Decimal{}}
	var keys []Key
	first := make([]int, len(lines)+1) // of each line's keys
	for i, l := range lines {
		keys = append(keys, keysFor(l.Type, l.Code)...)
		first[i+1] = len(keys)
	}
	var matches []Match
	if len(keys) > 0 {
		var err error
		if matches, err = r.FindByKeys(shop, keys); err != nil {
			return nil, fmt.Errorf("look up products: %w", err)
		}
	}
	of := make([][]*Row, len(keys))
	for i := range matches {
		m := &matches[i]
		of[m.Place] = append(of[m.Place], &m.Row)
	}
	products := map[string]*Product{}
	for i := range lines {
		if err := a.choose(i, of[first[i]:first[i+1]], products); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// choose takes what the first of a line's keys is that of anything.
func (a *asked) choose(line int, keys [][]*Row, products map[string]*Product) (err error) {
	f := &a.found[line]
	i := slices.IndexFunc(keys, func(rows []*Row) bool { return len(rows) > 0 })
	switch {
	case i < 0:
		f.Reason = Unknown
		return nil
	case len(keys[i]) > 1:
		f.Reason = Ambiguous
		return nil
	}
	row := keys[i][0]
	p := products[row.Code]
	if p == nil {
		if p, err = row.Product(); err != nil {
			return err
		}
		products[row.Code] = p
		a.rows[row.Code] = row
	}
	f.Product = p
	return nil
}

// weigh sees which lines can be had, each after those before it.
func (a *asked) weigh(r Lookup, shop, key string, now time.Time) error {
	var codes []string
	for code := range a.rows {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	held := map[string]order.Decimal{}
	if len(codes) > 0 {
		holds, err := r.Held(shop, key, codes, now.UnixMicro())
		if err != nil {
			return fmt.Errorf("look up what is reserved: %w", err)
		}
		if held, err = heldOf(holds); err != nil {
			return err
		}
	}
	for i := range a.lines {
		a.weighLine(i, held)
	}
	return nil
}

func (a *asked) weighLine(i int, held map[string]order.Decimal) {
	l, f := &a.lines[i], &a.found[i]
	switch p := f.Product; {
	case p == nil:
		f.Free = order.FromInt(0, 0)
	case !p.Active:
		f.Reason, f.Free = Inactive, order.FromInt(0, 0)
	case p.Kind == Live:
		f.Ask = true
		return
	default:
		left, ok := a.free[p.Code]
		if !ok {
			left = p.sellable(held[p.Code])
			a.free[p.Code] = left
		}
		f.Free = left
		if left.Cmp(l.Quantity) < 0 {
			f.Reason = TooFew
		} else if p.Kind == Ours {
			a.free[p.Code] = left.Sub(l.Quantity)
		}
	}
	if f.Reason != "" {
		a.short = append(a.short, Shortage{i, l.Type, l.Code, l.Quantity, f.Free, f.Reason})
	}
}

// wanted finds and weighs lines.
func wanted(r Lookup, shop, key string, now time.Time, lines []Line) (*asked, error) {
	if err := checkLines(lines, true); err != nil {
		return nil, err
	}
	if key != "" {
		if err := checkKey(key); err != nil {
			return nil, err
		}
	}
	a, err := match(r, shop, lines)
	if err != nil {
		return nil, err
	}
	return a, a.weigh(r, shop, key, now)
}

// Available is Store.Available in a transaction.
func Available(r Lookup, shop string, now time.Time, lines []Line, key string) ([]Availability, error) {
	a, err := wanted(r, shop, key, now, lines)
	if err != nil {
		return nil, err
	}
	return a.found, nil
}

// Find is Store.Find in a transaction.
func Find(r Lookup, shop string, lines []Line) ([]*Product, error) {
	if err := checkLines(lines, false); err != nil {
		return nil, err
	}
	a, err := match(r, shop, lines)
	if err != nil {
		return nil, err
	}
	list := make([]*Product, len(lines))
	for i := range lines {
		list[i] = a.found[i].Product
	}
	return list, nil
}
