package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/chore"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

const (
	// checkStep is how many events are walked through between two looks at
	// whether to go on.
	checkStep = 2000
	// missingShown bounds the missing orders that stand with a check.
	missingShown = 100
)

var _ api.Checker = checker{}

// checker is the chores as the API sees those that walk through a shop's log.
type checker struct{ *chores }

// Begin implements api.Checker.
func (c checker) Begin(ctx context.Context, shop, kind, by string, s api.CheckSpec) (api.Check, error) {
	if c.app.current.Load().routes[routeKey{shop, s.Route}] == nil {
		return api.Check{}, order.ErrNotFound
	}
	made, err := c.book.Create(ctx, chore.Chore{Shop: shop, Kind: kind, By: by}, s, true)
	if err != nil {
		return api.Check{}, err
	}
	c.runner.Nudge()
	return checkOf(made)
}

func checkOf(c chore.Chore) (out api.Check, err error) {
	out = api.Check{
		ID: c.ID, Kind: c.Kind, State: string(c.State), By: c.By, Created: c.Created, Ended: c.Ended, Restarts: c.Restarts, Error: c.Error,
	}
	if err := json.Unmarshal(c.Spec, &out.CheckSpec); err != nil {
		return out, fmt.Errorf("read check: %w", err)
	}
	if c.Progress != nil {
		err = json.Unmarshal(c.Progress, &out.Progress)
	}
	return out, err
}

// Cancel implements api.Checker.
func (c checker) Cancel(ctx context.Context, shop, kind, id string) (api.Check, error) {
	found, err := c.book.Cancel(ctx, shop, kind, id)
	if err != nil {
		return api.Check{}, err
	}
	return checkOf(found)
}

// Find implements api.Checker.
func (c checker) Find(ctx context.Context, shop, kind, id string) (api.Check, error) {
	found, err := c.book.Find(ctx, shop, kind, id)
	if err != nil {
		return api.Check{}, err
	}
	return checkOf(found)
}

// List implements api.Checker.
func (c checker) List(ctx context.Context, shop, kind, cursor string, limit int) (out api.Checks, err error) {
	page, next, err := c.book.List(ctx, shop, kind, cursor, limit)
	if err != nil {
		return out, err
	}
	out.Next = next
	for _, found := range page {
		one, err := checkOf(found)
		if err != nil {
			return out, err
		}
		one.Progress.Orders = nil
		out.Checks = append(out.Checks, one)
	}
	return out, nil
}

// step looks at the events of a range, which is short.
type step func(ctx context.Context, spec *api.CheckSpec, p *api.CheckProgress, f delivery.Filter) error

// walk goes through the range of a check step by step. Begun anew, it goes on
// where it was saved last.
func (c *chores) walk(ctx context.Context, run *chore.Run, do step) (*api.CheckSpec, *api.CheckProgress, error) {
	now, err := checkOf(run.Chore)
	if err != nil {
		return nil, nil, err
	}
	spec, p := &now.CheckSpec, &now.Progress
	if p.ToSeq == 0 {
		if p.FromSeq, p.ToSeq, err = c.rangeOf(ctx, run.Shop, spec); err != nil {
			return nil, nil, err
		}
		p.Seq = p.FromSeq - 1
	}
	for p.Seq < p.ToSeq {
		f := delivery.Filter{FromSeq: p.Seq + 1, ToSeq: min(p.Seq+checkStep, p.ToSeq)}
		if err := do(ctx, spec, p, f); err != nil {
			return nil, nil, asFailure(err)
		}
		p.Seq = f.ToSeq
		if err := run.Save(ctx, p); err != nil {
			return nil, nil, err
		}
	}
	return spec, p, run.Save(ctx, p)
}

// asFailure makes what trying again would not mend an end.
func asFailure(err error) error {
	var bad *order.Invalid
	switch {
	case errors.Is(err, order.ErrNotFound):
		return chore.Failf("the route is configured no more")
	case errors.As(err, &bad):
		return chore.Failf("%s", bad.Error())
	}
	return err
}

// rangeOf are the events of a time.
func (c *chores) rangeOf(ctx context.Context, shop string, s *api.CheckSpec) (from, to int64, err error) {
	l := c.app.ledger
	if !s.From.IsZero() {
		if from, err = l.SeqAt(ctx, shop, s.From.Add(-time.Nanosecond)); err != nil {
			return 0, 0, err
		}
	}
	if s.To.IsZero() {
		to, err = l.Head(ctx, shop)
	} else {
		to, err = l.SeqAt(ctx, shop, s.To)
	}
	return from + 1, to, err
}

// lookForMissing is the chore of counting what a route lacks, and what a
// backfill would send of it.
func (c *chores) lookForMissing(ctx context.Context, run *chore.Run) error {
	spec, p, err := c.walk(ctx, run, func(ctx context.Context, spec *api.CheckSpec, p *api.CheckProgress, f delivery.Filter) error {
		return c.missingIn(ctx, run.Shop, spec.Route, p, f)
	})
	if err != nil || p.Missing == 0 {
		return err
	}
	// At once, not in steps: an order of which events stand in two would count twice.
	acted, err := c.engine.Backfill(ctx, run.Shop, spec.Route, delivery.Filter{FromSeq: p.FromSeq, ToSeq: p.ToSeq}, true)
	if err != nil {
		return asFailure(err)
	}
	p.Sent = acted.Count
	return run.Save(ctx, p)
}

func (c *chores) missingIn(ctx context.Context, shop, route string, p *api.CheckProgress, f delivery.Filter) error {
	for f.Limit = missingShown; ; {
		list, next, err := c.engine.Reconcile(ctx, shop, route, f)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			if err := c.between(ctx, shop, p, list[0].Seq, list[len(list)-1].Seq); err != nil {
				return err
			}
		}
		for _, v := range list {
			p.Missing++
			if p.Codes == nil {
				p.Codes = map[string]int{}
			}
			p.Codes[whyMissing(v)]++
			if len(p.Orders) < missingShown {
				p.Orders = append(p.Orders, api.Verdict{Route: v.Route, Order: v.OrderID, Seq: v.Seq, Action: v.Action, Code: v.Code, Reason: cutText(v.Reason, longestReason)})
			}
		}
		if next == "" {
			return nil
		}
		f.Cursor = next
	}
}

// whyMissing is what missing orders are counted by: what the route does with them,
// or what says more, namely that its rules were not asked yet.
func whyMissing(v delivery.Verdict) string {
	switch v.Code {
	case "history", "before_start", "not_considered":
		return v.Code
	}
	return v.Action
}

// between widens the time of what is missing to that of two events.
func (c *chores) between(ctx context.Context, shop string, p *api.CheckProgress, first, last int64) error {
	for _, seq := range []int64{first, last} {
		items, err := c.app.ledger.Read(ctx, shop, seq-1, 1)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			continue
		}
		if at := items[0].Event.At; p.Oldest.IsZero() {
			p.Oldest, p.Newest = at, at
		} else {
			p.Newest = at
		}
	}
	return nil
}

// backfill is the chore of sending what a route lacks. What was planned by a
// step before is left alone by the next, and by one that is done again.
func (c *chores) backfill(ctx context.Context, run *chore.Run) error {
	_, _, err := c.walk(ctx, run, func(ctx context.Context, spec *api.CheckSpec, p *api.CheckProgress, f delivery.Filter) error {
		acted, err := c.engine.Backfill(ctx, run.Shop, spec.Route, f, false)
		p.Sent += acted.Count
		return err
	})
	return err
}
