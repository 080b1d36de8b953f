package deliveryhero

import (
	"context"

	"github.com/ordermux/ordermux/internal/partner"
)

// orders is the side as far as it is about orders.
func (r *route) orders() partner.Side { return partner.Side{Mode: partner.Each} }

func (r *route) pollOrders(ctx context.Context) error { return nil }
