package deliveryhero

import (
	"context"

	"github.com/ordermux/ordermux/internal/partner"
)

func routeCatalogFields() []partner.Field { return nil }

func (r *route) addCatalog(side *partner.Side, s partner.Settings) error { return nil }

func (r *route) pollCatalog(ctx context.Context) error { return nil }
