package transfer

import (
	"context"
	"fmt"
	"slices"

	"github.com/ordermux/ordermux/internal/ledger"
)

const ordersTable = "orders"

// subject names an order.
type subject struct {
	shop   string
	number int64
}

func subjectOf(r Row) subject { return subject{r[0].(string), r[1].(int64)} }

// forgetAll writes the orders that were erased since the target got them, or
// before it got their row. Erasing is the one thing that changes rows which
// else are only added to; it marks the order's row in the same transaction. So
// whoever sees the mark here, and not there, reads all the rest of the order
// anew, from now on without the person, and writes it together with the mark:
// a move that is interrupted before finds the mark missing again.
func (m *Move) forgetAll(ctx context.Context, d *differ) error {
	flags := d.t.index("flags")
	isErased := func(r Row) bool { return ledger.Flags(r[flags].(int64))&ledger.FlagErased != 0 }
	var erased []Changes
	for i, row := range d.changes.Old {
		if isErased(row) && !isErased(d.before[i]) {
			erased = append(erased, Changes{Table: d.t, Old: []Row{row}})
		}
	}
	late := func(r Row) bool { return isErased(r) && !m.isFresh(r[0].(string)) }
	for _, row := range d.changes.New {
		if late(row) {
			erased = append(erased, Changes{Table: d.t, New: []Row{row}})
		}
	}
	d.changes.New = slices.DeleteFunc(d.changes.New, late)
	for _, own := range erased {
		s := subjectOf(append(slices.Clone(own.Old), own.New...)[0])
		list, err := m.forget(ctx, s)
		if err != nil {
			return err
		}
		if err := m.put(ctx, s.shop, append(list, own)...); err != nil {
			return err
		}
		m.forgot.Store(true)
		m.keepBlocks(table("happenings"), nil) // they may have become fewer
	}
	return nil
}

// forget returns what erasing changed of an order that the target holds: its
// personal parts, what identifies its happenings, its deliveries and their
// evidence. What the target does not hold yet is copied as it is now, later.
func (m *Move) forget(ctx context.Context, s subject) ([]Changes, error) {
	f := forgetter{m: m, ctx: ctx, subject: s}
	f.compare("happenings", false, s.number)
	f.compare("personal", true, s.number)
	for _, l := range f.source("later", s.number) {
		f.compare("personal", true, l[2])
	}
	for _, route := range f.source("routes") {
		f.deliveries(route[1])
	}
	return f.list, f.err
}

type forgetter struct {
	subject
	m    *Move
	ctx  context.Context
	list []Changes
	err  error
}

// source reads the shop's rows under a part of a key.
func (f *forgetter) source(name string, under ...any) (rows []Row) {
	if f.err == nil {
		rows, f.err = f.m.from.list(f.ctx, table(name), f.under(under))
	}
	return rows
}

func (f *forgetter) under(key Key) Range { return Range{Under: append(Key{f.shop}, key...)} }

// compare adds what differs under a part of a key; held: only of rows that the
// target has.
func (f *forgetter) compare(name string, held bool, under ...any) {
	t := table(name)
	d := differ{t: t, rows: f.source(name, under...)}
	if f.err == nil {
		f.err = f.m.to.each(f.ctx, t, f.under(under), "", d.meet)
	}
	d.end()
	if held {
		d.changes.New, d.changes.Gone = nil, nil
	}
	f.list = append(f.list, d.changes)
}

func (f *forgetter) deliveries(route any) {
	deliveries, earlier := table("deliveries"), table("earlier_calls")
	rows := f.source("deliveries", route, f.number)
	if len(rows) == 0 {
		return // none is ever removed
	}
	f.compare("deliveries", true, route, f.number)
	calls := map[int64]bool{}
	for _, d := range rows {
		calls[d[deliveries.index("call")].(int64)] = true
	}
	for _, e := range f.source("earlier_calls", route, f.number) {
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
	routes := map[string][]any{}
	err := m.from.each(ctx, table("routes"), Range{}, "", func(r Row) {
		shop := r[0].(string)
		routes[shop] = append(routes[shop], r[1])
	})
	if err != nil {
		return err
	}
	var erased []subject
	mark := fmt.Sprintf("flags & %d != 0", ledger.FlagErased)
	err = m.from.each(ctx, table(ordersTable), Range{}, mark, func(r Row) { erased = append(erased, subjectOf(r)) })
	if err != nil {
		return err
	}
	return each(ctx, m.opts.Workers, erased, func(ctx context.Context, s subject) error {
		f := forgetter{m: m, ctx: ctx, subject: s}
		for _, route := range routes[s.shop] {
			f.deliveries(route)
		}
		if f.err != nil {
			return f.err
		}
		return m.put(ctx, s.shop, f.list...)
	})
}
