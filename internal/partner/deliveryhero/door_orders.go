package deliveryhero

import (
	"context"
	"errors"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

func (d *door) orderCalls() map[string]handler { return nil }

func (d *door) testOrder(ctx context.Context, shop string, t partner.TestOrder) ([]order.Receipt, error) {
	return nil, errors.New("not built yet")
}
