package transfer

import (
	"context"
	"fmt"
	"slices"

	"github.com/ordermux/ordermux/internal/ledger"
)

const ordersTable = "orders"

// forgetAll writes the orders that were erased since the target got them, or
// before it got their row. Erasing is the one thing that changes rows which
// else are only added to; it marks the order's row in the same transaction. So
// whoever sees the mark here, and not there, reads all the rest of the order
// anew, from now on without the person, and writes it together with the mark:
// a move that is interrupted before finds the mark missing again.
func (m *Move) forgetAll(ctx context.Context, shop string, d *differ) error {
	isErased := func(r Row) bool { return flagged(d.t, r, ledger.FlagErased) }
	var erased []Changes
	for i, row := range d.changes.Old {
		if isErased(row) && !isErased(d.before[i]) {
			erased = append(erased, Changes{Table: d.t, Old: []Row{row}})
		}
	}
	for _, row := range d.changes.New {
		if isErased(row) {
			erased = append(erased, Changes{Table: d.t, New: []Row{row}})
		}
	}
	d.changes.New = slices.DeleteFunc(d.changes.New, isErased)
	for _, own := range erased {
		row := append(slices.Clone(own.Old), own.New...)[0]
		list, err := m.forget(ctx, shop, row[0].(int64))
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].size() > 0 {
				m.forgot.Store(true)
				m.keepBlocks(list[i].Table, shop, nil) // prints may have become fewer
			}
		}
		if err := m.put(ctx, shop, append(list, own)...); err != nil {
			return err
		}
	}
	return nil
}

// forget returns what erasing changed of an order that the target holds: its
// personal parts, what identifies its happenings, its deliveries and their
// evidence. What the target does not hold yet is copied as it is now, later.
func (m *Move) forget(ctx context.Context, shop string, number int64) ([]Changes, error) {
	f := forgetter{m: m, ctx: ctx, shop: shop}
	f.compare("happenings", false, number)
	f.compare("personal", true, number)
	for _, l := range f.source("later", number) {
		f.compare("personal", true, l[1])
	}
	for _, route := range f.source("routes") {
		f.deliveries(route[0], number)
	}
	return f.list, f.err
}

type forgetter struct {
	m    *Move
	ctx  context.Context
	shop string
	list []Changes
	err  error
}

func (f *forgetter) source(name string, under ...any) (rows []Row) {
	if f.err == nil {
		rows, f.err = f.m.from.list(f.ctx, table(name), Range{Shop: f.shop, Under: under})
	}
	return rows
}

// compare adds what differs under a part of a key; held: only of rows that the
// target has.
func (f *forgetter) compare(name string, held bool, under ...any) {
	t := table(name)
	d := differ{t: t, rows: f.source(name, under...)}
	if f.err == nil {
		f.err = f.m.to.each(f.ctx, t, Range{Shop: f.shop, Under: under}, "", d.meet)
	}
	d.end()
	if held {
		d.changes.New, d.changes.Gone = nil, nil
	}
	f.list = append(f.list, d.changes)
}

func (f *forgetter) deliveries(route any, number int64) {
	deliveries, earlier := table("deliveries"), table("earlier_calls")
	rows := f.source("deliveries", route, number)
	if len(rows) == 0 {
		return // none is ever removed
	}
	f.compare("deliveries", true, route, number)
	calls := map[int64]bool{}
	for _, d := range rows {
		calls[d[deliveries.index("call")].(int64)] = true
	}
	for _, e := range f.source("earlier_calls", route, number) {
		calls[e[earlier.index("call")].(int64)] = true
	}
	delete(calls, 0)
	for id := range calls {
		f.compare("calls", true, route, id)
	}
}

// forgetAgain compares deliveries and evidence of all erased orders once more.
// Whoever erases an order a second time reaches what was delivered of it since
// the first time, and nothing marks that.
func (m *Move) forgetAgain(ctx context.Context) error {
	shops, err := m.shopsOf(ctx, table(ordersTable))
	if err != nil {
		return err
	}
	for _, shop := range shops {
		routes, err := m.from.list(ctx, table("routes"), Range{Shop: shop})
		if err != nil {
			return err
		}
		numbers, err := m.erased(ctx, shop)
		if err != nil {
			return err
		}
		err = each(ctx, m.opts.Workers, numbers, func(ctx context.Context, number int64) error {
			f := forgetter{m: m, ctx: ctx, shop: shop}
			for _, route := range routes {
				f.deliveries(route[0], number)
			}
			if f.err != nil {
				return f.err
			}
			return m.put(ctx, shop, f.list...)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// erased returns the numbers of the shop's erased orders.
func (m *Move) erased(ctx context.Context, shop string) (numbers []int64, err error) {
	t := table(ordersTable)
	r := Range{Shop: shop}
	for more := true; more; {
		var rows []Row
		if rows, more, err = m.from.page(ctx, t, r, fmt.Sprintf("flags & %d != 0", ledger.FlagErased)); err != nil {
			return nil, err
		}
		for _, row := range rows {
			numbers, r.After = append(numbers, row[0].(int64)), t.key(row)
		}
	}
	return numbers, nil
}
