package deliveryhero

import (
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// orders is the side as far as it is about orders. A PUT says how an order is,
// and is made only where the platform has it otherwise: it is safe to repeat, and
// soon, for the goods are to be there within the hour.
func (r *route) orders() partner.Side {
	side := partner.Side{
		Deliver: r.deliver, Plan: r.plan,
		Mode: partner.Each, Batch: 1, Repeat: partner.RepeatSafe, Timeout: longest,
		On: []order.Kind{order.KindAccepted, order.KindUpdated, order.KindReady, order.KindShipped, order.KindCancelled},
	}
	if r.opts.webhookSecret.Set() {
		side.Handler = &listener{route: r}
	}
	return side
}

// plan leaves orders alone that are none of this chain's.
func (r *route) plan(o *order.Order, _, _ time.Time) partner.Plan {
	if r.isOurs(o) {
		return partner.Plan{}
	}
	return partner.Plan{Skip: "none of the chain's orders", Code: "other_order"}
}

func (r *route) isOurs(o *order.Order) bool {
	for _, ref := range o.References {
		if ref.Kind == refChain && strings.EqualFold(ref.Value, r.chain) {
			return true
		}
	}
	return false
}
