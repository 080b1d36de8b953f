package delivery

import (
	"context"
	"errors"
	"fmt"

	"github.com/ordermux/ordermux/internal/order"
)

// seen returns a shop to ask questions of: as it runs here, or, when another
// node owns it, as it is stored. The runners of the latter never run.
// order.ErrNotFound: it has no routes.
func (e *Engine) seen(ctx context.Context, id string) (*shop, error) {
	if s := e.running(id); s != nil {
		return s, nil
	}
	if e.shared {
		return e.stored(ctx, id)
	}
	return nil, fmt.Errorf("shop %s: %w", id, order.ErrNotFound)
}

// stored makes a shop of what is stored and configured.
func (e *Engine) stored(ctx context.Context, id string) (*shop, error) {
	e.mu.RLock()
	setups := e.setups[id]
	e.mu.RUnlock()
	rows, err := e.store.Routes(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(rows)+len(setups) == 0 {
		return nil, fmt.Errorf("shop %s: %w", id, order.ErrNotFound)
	}
	// The head last: no position lies beyond it.
	head, err := e.log.Head(ctx, id)
	if err != nil {
		return nil, err
	}
	s := newShop(id, 0)
	s.head.Store(head)
	for _, row := range rows {
		s.all[row.Route] = newRunner(e, s, row)
	}
	for _, c := range setups {
		r := s.all[c.route.Name]
		if r == nil { // to be opened by the owner, at the head
			r = newRunner(e, s, RouteRow{Shop: id, Route: c.route.Name, Partner: c.route.Partner, Position: head, Start: head})
			s.all[c.route.Name] = r
		}
		r.setup.Store(c.in(r.stored.Load(), nil))
		s.order = append(s.order, r)
	}
	return s, nil
}

// ignoreUnknown makes no error of a shop without routes.
func ignoreUnknown(err error) error {
	if errors.Is(err, order.ErrNotFound) {
		return nil
	}
	return err
}
