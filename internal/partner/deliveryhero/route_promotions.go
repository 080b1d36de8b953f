package deliveryhero

import (
	"context"

	"github.com/ordermux/ordermux/internal/partner"
)

func routePromotionFields() []partner.Field { return nil }

func (r *route) addPromotions(side *partner.Side, s partner.Settings) error { return nil }

func (r *route) pollPromotions(ctx context.Context) error { return nil }
