package deliveryhero

func (d *door) catalogCalls() map[string]handler { return nil }
