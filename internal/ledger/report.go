package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// covers reports whether a source is the one that is asked for, or one below
// it: "citrusad:default" covers "citrusad:default/public", and not the
// credential "citrusad:default2".
func covers(asked, source string) bool {
	rest, ok := strings.CutPrefix(source, asked)
	return ok && (rest == "" || rest[0] == '/')
}

// Layers returns what a source, and those below it, said of each order, merged
// (secret before public); nil where they said nothing.
func (l *Ledger) Layers(ctx context.Context, shop, sourcePrefix string, ids []string) ([]*order.Order, error) {
	states, err := l.StatesByID(ctx, shop, ids)
	if err != nil {
		return nil, err
	}
	orders := make([]*order.Order, len(states))
	for i, s := range states {
		if s != nil {
			orders[i] = s.said(sourcePrefix)
		}
	}
	return orders, nil
}

// said merges the layers of a source and those below it.
func (s *State) said(source string) *order.Order {
	own := slices.DeleteFunc(slices.Clone(s.Layers), func(l order.Layer) bool { return !covers(source, l.Source.Name) })
	return order.Merge(own).Order
}

// Merged returns the merged state; nil where unknown or without a statement.
func (l *Ledger) Merged(ctx context.Context, shop string, ids []string) ([]*order.Order, error) {
	states, err := l.StatesByID(ctx, shop, ids)
	if err != nil {
		return nil, err
	}
	orders := make([]*order.Order, len(states))
	for i, s := range states {
		if s != nil {
			orders[i] = s.Merged.Order
		}
	}
	return orders, nil
}

// Newest returns the seq of each order's newest event; 0 where unknown.
func (l *Ledger) Newest(ctx context.Context, shop string, ids []string) ([]int64, error) {
	states, err := l.StatesByID(ctx, shop, ids)
	if err != nil {
		return nil, err
	}
	seqs := make([]int64, len(states))
	for i, s := range states {
		if s != nil {
			seqs[i] = s.Row.Newest
		}
	}
	return seqs, nil
}

// After returns the shop's events after a seq, as Read does. They are shared:
// never change them.
func (l *Ledger) After(ctx context.Context, shop string, after int64, limit int) ([]order.Event, error) {
	items, err := l.Read(ctx, shop, after, limit)
	events := make([]order.Event, len(items))
	for i := range items {
		events[i] = items[i].Event
	}
	return events, err
}

// listPage is how many orders ListLayers reads in one view.
const listPage = 500

// ListLayers does as Layers for the newest orders that such a source stated,
// newest first by the order's first event.
func (l *Ledger) ListLayers(ctx context.Context, shop, sourcePrefix string, skip, limit int) ([]*order.Order, error) {
	numbers, err := l.statedNumbers(ctx, shop, sourcePrefix, max(skip, 0), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	states, err := l.States(ctx, shop, numbers)
	if err != nil {
		return nil, err
	}
	orders := make([]*order.Order, 0, len(states))
	for _, s := range states {
		if s == nil {
			continue
		}
		if o := s.said(sourcePrefix); o != nil {
			orders = append(orders, o)
		}
	}
	return orders, nil
}

// statedNumbers pages through the orders that the sources stated, newest
// first, in views of their own.
func (l *Ledger) statedNumbers(ctx context.Context, shop, sourcePrefix string, skip, limit int) ([]int64, error) {
	below := int64(1) << 62
	numbers := make([]int64, 0, min(limit, 2*listPage))
	for len(numbers) < limit {
		page, err := l.statedPage(ctx, shop, sourcePrefix, below, min(listPage, skip+limit-len(numbers)))
		if err != nil || len(page) == 0 {
			return numbers, err
		}
		below = page[len(page)-1]
		n := min(skip, len(page))
		skip -= n
		numbers = append(numbers, page[n:]...)
	}
	return numbers[:limit], nil
}

// statedPage returns the numbers below a number, over all sources with the
// prefix, descending. The sequence of rows is each source's; merged, they are
// sure down to the highest end of a list that was cut.
func (l *Ledger) statedPage(ctx context.Context, shop, sourcePrefix string, below int64, limit int) ([]int64, error) {
	var numbers []int64
	err := l.store.Read(ctx, shop, func(r Reader) error {
		sources, err := r.Sources(sourcePrefix)
		if err != nil {
			return err
		}
		for _, source := range sources {
			if !covers(sourcePrefix, source) {
				continue
			}
			rows, err := r.Stated(source, below, limit)
			if err != nil {
				return err
			}
			for _, row := range rows {
				numbers = append(numbers, row.Number)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(numbers, func(a, b int64) int { return int(b - a) })
	numbers = slices.Compact(numbers)
	// Each source gave its newest limit rows, so the newest limit of all of
	// them are sure.
	return numbers[:min(limit, len(numbers))], nil
}
