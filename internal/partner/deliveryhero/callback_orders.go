package deliveryhero

import "github.com/ordermux/ordermux/internal/partner"

// orders is the side as far as it is about orders.
func (c *callback) orders() partner.Side { return partner.Side{Mode: partner.Each} }
