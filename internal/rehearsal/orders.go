package rehearsal

import (
	"context"
	"errors"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// orders are those of the ledger, with what this rehearsal added to them. Lists
// hold what is in the ledger.
type orders struct {
	partner.Orders
	r *Rehearsal
}

var _ partner.Orders = orders{}

func (o orders) Events(ctx context.Context, shop, id string) ([]order.Event, error) {
	events, err := o.Orders.Events(ctx, shop, id)
	added := o.r.of(shop, id)
	if len(added) > 0 && errors.Is(err, order.ErrNotFound) {
		return added, nil
	}
	return append(events[:len(events):len(events)], added...), err
}

func (o orders) Newest(ctx context.Context, shop string, ids []string) ([]int64, error) {
	newest, err := o.Orders.Newest(ctx, shop, ids)
	if err != nil {
		return nil, err
	}
	newest = append([]int64(nil), newest...)
	for i, id := range ids {
		if added := o.r.of(shop, id); len(added) > 0 {
			newest[i] = added[len(added)-1].Seq
		}
	}
	return newest, nil
}

func (o orders) Merged(ctx context.Context, shop string, ids []string) ([]*order.Order, error) {
	list, err := o.Orders.Merged(ctx, shop, ids)
	return o.again(ctx, shop, ids, list, err, func(order.Source) bool { return true })
}

func (o orders) Layers(ctx context.Context, shop, sourcePrefix string, ids []string) ([]*order.Order, error) {
	list, err := o.Orders.Layers(ctx, shop, sourcePrefix, ids)
	return o.again(ctx, shop, ids, list, err, func(s order.Source) bool {
		return s.Name == sourcePrefix || strings.HasPrefix(s.Name, sourcePrefix+"/")
	})
}

// again merges those of a list anew that this rehearsal added to.
func (o orders) again(ctx context.Context, shop string, ids []string, list []*order.Order, err error, of func(order.Source) bool) ([]*order.Order, error) {
	if err != nil {
		return nil, err
	}
	list = append([]*order.Order(nil), list...)
	for i, id := range ids {
		if len(o.r.of(shop, id)) == 0 {
			continue
		}
		events, err := o.Events(ctx, shop, id)
		if err != nil {
			return nil, err
		}
		var layers []order.Layer
		for _, l := range order.Layers(events) {
			if of(l.Source) {
				layers = append(layers, l)
			}
		}
		list[i] = order.Merge(layers).Order
	}
	return list, nil
}
