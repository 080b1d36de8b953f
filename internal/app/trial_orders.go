package app

import (
	"context"
	"fmt"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// testOrder lets an order for tests be born at a partner's door.
func (a *App) testOrder(ctx context.Context, shop, name string, t partner.TestOrder) ([]order.Receipt, error) {
	d, ok := a.door(name)
	if !ok {
		return nil, fmt.Errorf("door of %s: %w", name, order.ErrNotFound)
	}
	if d.side.TestOrder == nil {
		return nil, notOfRoute("the door of " + name + " makes no test orders")
	}
	return d.side.TestOrder(ctx, shop, t)
}
