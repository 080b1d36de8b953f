package deliveryhero

import "github.com/ordermux/ordermux/internal/partner"

func chainFields() []partner.Field  { return nil }
func tokenFields() []partner.Field  { return nil }
func clientFields() []partner.Field { return nil }
func vendorFields() []partner.Field { return nil }
