package delivery

import (
	"context"
	"slices"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/partner"
)

// Backfill plans a range that the route never considered; it can not send
// anything twice: orders that have an open or successful delivery on the route
// are left alone. Of the filter, the range and the order ids count.
func (e *Engine) Backfill(ctx context.Context, shop, route string, f Filter, dry bool) (Acted, error) {
	s, done, err := e.command(shop)
	if err != nil {
		return Acted{}, err
	}
	defer done()
	r, err := s.route(route)
	if err != nil {
		return Acted{}, err
	}
	from, to, err := e.seqs(ctx, shop, &f)
	if err != nil {
		return Acted{}, err
	}
	numbers, err := e.numbers(ctx, shop, &f)
	if err != nil || to < 0 || len(f.OrderIDs) > 0 && len(numbers) == 0 {
		return Acted{}, err
	}
	head, err := e.log.Head(ctx, shop)
	if err != nil {
		return Acted{}, err
	}
	if to == 0 || to > head {
		to = head
	}
	cmd := &command{act: ActBackfill, dry: dry, mine: map[int64]bool{}}
	upTo, err := r.takeIn(ctx, max(from, 1), to, numbers, dry)
	if err != nil {
		return Acted{}, err
	}
	if !dry {
		ctx = context.WithoutCancel(ctx) // begun is begun: a half must not look like a whole
	}
	err = e.backfill(ctx, r, cmd, max(from, 1), min(to, upTo), numbers)
	return cmd.done, halfway(err, !dry)
}

// takeIn marks the orders as the route's own, so that what happens to them
// later counts too. It returns the route's position.
func (r *runner) takeIn(ctx context.Context, from, to int64, numbers []int64, dry bool) (upTo int64, err error) {
	err = r.do(ctx, func() error {
		upTo = r.row.Position
		if r.setup.Load() == nil {
			return errNotConfigured(r)
		}
		if dry {
			return nil
		}
		add := []Range{{from, to}}
		if numbers != nil {
			add = nil
			for _, n := range numbers {
				add = append(add, Range{n, n})
			}
		}
		return r.save(func(row *RouteRow) { row.Backfilled = united(row.Backfilled, add) })
	})
	return upTo, err
}

// united joins ranges that touch.
func united(a, b []Range) []Range {
	all := append(slices.Clone(a), b...)
	slices.SortFunc(all, func(x, y Range) int { return int(min(max(x.From-y.From, -1), 1)) })
	var sum []Range
	for _, x := range all {
		if n := len(sum); n > 0 && x.From <= sum[n-1].To+1 {
			sum[n-1].To = max(sum[n-1].To, x.To)
			continue
		}
		sum = append(sum, x)
	}
	return sum
}

func (e *Engine) backfill(ctx context.Context, r *runner, cmd *command, from, to int64, numbers []int64) error {
	return e.eachEvent(ctx, r.shop.id, from-1, to, func(items []ledger.Item) (bool, error) {
		var chunk []wanted
		for i := range items {
			it := &items[i]
			c := r.setup.Load()
			if c == nil {
				return false, errNotConfigured(r)
			}
			if numbers != nil {
				if _, ok := slices.BinarySearch(numbers, it.Row.First); !ok {
					continue
				}
			}
			s := subject{event: &it.Event, row: &it.Row, own: true}
			if _, over := c.rules.considers(&s); over || c.rules.mode != partner.Each && cmd.mine[it.Row.First] {
				continue
			}
			chunk = append(chunk, wanted{order: it.Row.First, seq: it.Event.Seq})
		}
		if len(chunk) == 0 {
			return true, nil
		}
		return true, r.ask(ctx, cmd, chunk)
	})
}
