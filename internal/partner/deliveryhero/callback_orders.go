package deliveryhero

import (
	"context"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// told are the events that a chain's receiver hears of. Nobody is told of an
// acceptance, nor of changes of items (the vendor's pages, seen 2026).
var told = []order.Kind{order.KindPlaced, order.KindReady, order.KindShipped, order.KindDelivered, order.KindCancelled}

// vendorRetry is how an event is told again that was not taken: five times, ten
// seconds apart; source: two readers of the vendor's pages, seen 2026. What
// comes after them is not documented; the event is then lost, and the order's
// state found by asking alone (inferred).
var vendorRetry = []time.Duration{10 * time.Second, 10 * time.Second, 10 * time.Second, 10 * time.Second, 10 * time.Second}

// orders is the side as far as it is about orders.
func (c *callback) orders() partner.Side {
	side := partner.Side{
		Mode: partner.Each, On: told, Confirms: told, Repeat: partner.RepeatSafe,
		Deliver: c.deliver, Plan: planOrder, Test: c.test, Timeout: hookTimeout + time.Second,
	}
	if c.asVendor() {
		side.Retry = vendorRetry
	}
	return side
}

// asVendor reports whether events are told again as the platform does, at times
// that no receiver has a say in.
func (c *callback) asVendor() bool { return c.deps.Settings[fieldRetry].Text != retryOwn }

// planOrder leaves orders alone that are none of an outlet.
func planOrder(o *order.Order, _, _ time.Time) partner.Plan {
	if o.Store == "" {
		return partner.Plan{Skip: "it is of no outlet", Code: "no_store"}
	}
	return partner.Plan{}
}

// followOrders keeps the list of orders.
func (c *callback) followOrders(ctx context.Context) error {
	chain, err := c.chains.of(ctx, c.deps.Shop)
	if err != nil || chain == nil {
		return err
	}
	_, err = orders{c.deps, chain}.follow(ctx) // what is left waits for the next poll
	return err
}

func (c *callback) deliver(ctx context.Context, tasks []partner.Task) []partner.Outcome {
	out := make([]partner.Outcome, len(tasks))
	for i := range tasks {
		out[i] = c.tell(ctx, &tasks[i])
	}
	return out
}

// tell posts the order object with the state that the event brought.
func (c *callback) tell(ctx context.Context, t *partner.Task) partner.Outcome {
	chain, err := c.chains.of(ctx, c.deps.Shop)
	if err == nil && (chain == nil || chain.Hook == nil || t.Order != nil && chain.vendor(t.Order.Store) == nil) {
		// What would close the event for good may have been made just before it.
		chain, err = c.chains.since(ctx, c.deps.Shop, c.deps.Now().Sub(t.Event.At))
	}
	switch {
	case err != nil:
		return partner.Later(0, "no_chain", "the chain's settings can not be read now")
	case chain == nil:
		return partner.Declined("no_chain", "the shop is no chain any more")
	case t.Order == nil:
		return partner.Declined("no_order", "nobody states the order any more")
	}
	v := chain.vendor(t.Order.Store)
	if v == nil {
		return partner.Declined("no_vendor", "the order is of no outlet of the chain")
	}
	status := toldOf(t.Event.Kind, chain.Brand, transportOf(t.Order))
	switch {
	case status == "":
		return partner.Declined("not_told", "nobody is told of this")
	case v.Pelican && status != statusReady && status != statusCancelled:
		return partner.Declined("pelican", "the platform picks there: the chain hears of ready and cancelled orders alone")
	case chain.Hook == nil:
		return partner.Declined("no_receiver", "the chain has no receiver")
	}
	body, err := c.object(ctx, chain, v, t, status)
	if err != nil {
		return partner.Later(0, "no_state", "what the door keeps of the order can not be read now")
	}
	out := c.post(ctx, chain.Hook, chain.Hook.URL, body)
	if c.asVendor() {
		out.After = 0
	}
	return out
}

// object is the body: the same at every repeat, as long as the order is.
func (c *callback) object(ctx context.Context, chain *chain, v *vendor, t *partner.Task, status word) ([]byte, error) {
	r := orders{c.deps, chain}
	number, err := r.numbers().tell(ctx, t.Order.ID)
	if err != nil {
		return nil, err
	}
	f := &found{order: t.Order, number: number, vendor: v, created: t.Event.At, changed: t.Event.At}
	events, err := c.deps.Orders.Events(ctx, c.deps.Shop, t.Order.ID)
	switch {
	case err == nil && len(events) > 0:
		f.created = events[0].At
		layers := order.Layers(events)
		m := order.Merge(layers)
		m.Order = t.Order
		f.order = withItsTotals(m, layers)
	case err != nil:
		return nil, err
	}
	return json.Marshal(f.wire(chain, status))
}
