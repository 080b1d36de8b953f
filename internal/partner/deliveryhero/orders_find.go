package deliveryhero

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// orders reads a chain's orders: those whose store is one of its outlets,
// however they came to the hub.
type orders struct {
	deps  partner.Deps
	chain *chain
}

func (r orders) state() partner.State { return r.deps.At(r.chain.Shop) }

func (r orders) numbers() numbers { return numbers{r.state(), r.chain.ID} }

// find returns an order by its id; nil: it is none of the chain's.
func (r orders) find(ctx context.Context, id string) (*found, error) {
	events, err := r.deps.Orders.Events(ctx, r.chain.Shop, id)
	if errors.Is(err, order.ErrNotFound) || err == nil && len(events) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read an order: %w", err)
	}
	layers := order.Layers(events)
	m := order.Merge(layers)
	if m.Order == nil {
		return nil, nil
	}
	o := withItsTotals(m, layers)
	v := r.chain.vendor(o.Store)
	if v == nil || o.Store == "" {
		return nil, nil
	}
	f := &found{order: o, vendor: v, created: events[0].At, newest: events[len(events)-1].Seq, said: map[string]*order.Order{}}
	for i := range events {
		if revises(events[i].Kind) {
			f.changed = events[i].At
		}
		if s := events[i].Statement; s != nil {
			f.said[events[i].Source.Name] = s
		}
	}
	f.number, err = r.numbers().tell(ctx, id)
	return f, err
}

// withItsTotals is an order with totals that are of its lines. Where somebody
// stated the lines anew, and the same totals as ever, what an outlet picked
// counts for neither.
func withItsTotals(m order.Merged, layers []order.Layer) *order.Order {
	if picks(m.From[order.GroupLines]) || !picks(m.From[order.GroupTotals]) {
		return m.Order
	}
	before := order.Merge(slices.DeleteFunc(slices.Clone(layers), func(l order.Layer) bool { return picks(l.Source.Name) }))
	o := m.Order.Clone()
	o.Totals = nil
	if before.Order != nil {
		o.Totals = before.Order.Totals
	}
	return o
}

// picks reports whether a source is one that corrects what was ordered.
func picks(source string) bool {
	return strings.HasPrefix(source, name+":") && strings.Contains(source, pickingSource)
}

// revises reports whether an event of the kind makes another revision of the
// order object.
func revises(k order.Kind) bool { return k.IsStatement() || k.Status() != "" }

// asked finds the order that a path names, as long as it can be asked about;
// else 404.
func (r orders) asked(ctx context.Context, number string, now time.Time) (*found, error) {
	id, err := r.numbers().order(ctx, number)
	if err != nil {
		return nil, err
	}
	if id == "" {
		return nil, notFound("order")
	}
	f, err := r.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if f == nil || now.Sub(f.created) > ordersKept {
		return nil, notFound("order")
	}
	return f, nil
}

// answer is the order object as GET and PUT have it.
func (f *found) answer(c *chain) *wireOrder {
	return f.wire(c, statusOf(f.order.Status, c.Brand, f.vendor.Pelican))
}
