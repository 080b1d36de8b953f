package deliveryhero

func (d *door) promotionCalls() map[string]handler { return nil }
