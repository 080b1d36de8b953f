package deliveryhero

import "context"

func (c *callback) tellPromotions(ctx context.Context) error { return nil }
