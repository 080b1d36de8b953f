package delivery

import (
	"context"
	"errors"

	"github.com/ordermux/ordermux/internal/order"
)

// WritePositions writes down how far the routes of a shop have read its log. Over
// events that are all skipped they do so lazily, see commit; whoever removes the
// beginning of the log goes by what is written. ErrElsewhere: another node has the
// shop.
func (e *Engine) WritePositions(ctx context.Context, shop string) error {
	s, finished, err := e.command(shop)
	if errors.Is(err, order.ErrNotFound) {
		return nil // it has no routes
	}
	if err != nil {
		return err
	}
	defer finished()
	for _, r := range s.runners() {
		err := r.do(ctx, func() error {
			b := r.bundle()
			b.firm = true
			return r.commit(b)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
