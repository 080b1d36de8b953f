package idosell

import (
	"context"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// stuckFor is how long people are told of an order that they have to see to.
const stuckFor = 14 * 24 * time.Hour

// stuckOrder is an order that a person has to see to.
type stuckOrder struct {
	Order string `json:"order"` // ours
	Why   string `json:"why"`
	// Cancelled: it is cancelled here, while the wholesaler goes on with it.
	// Else the wholesaler will not send it, while it stands here.
	Cancelled bool `json:"cancelled,omitzero"`
}

func (r *route) stuckKey(id string) string { return "stuck/" + r.deps.Route + "/" + id }

func (r *route) keepStuck(ctx context.Context, id string, s stuckOrder) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := r.deps.State.Put(ctx, r.stuckKey(id), b, stuckFor); err != nil {
		return fmt.Errorf("keep what a person has to see to: %w", err)
	}
	return nil
}

// stuck are sentences on the orders that a person has to see to.
func (r *route) stuck(ctx context.Context) ([]string, error) {
	const most = 20
	keys, values, err := r.deps.State.List(ctx, r.stuckKey(""), "", most+1)
	if err != nil {
		return nil, err
	}
	var list []string
	for i, b := range values {
		var s stuckOrder
		if i < most && json.Unmarshal(b, &s) == nil {
			list = append(list, "order "+s.Order+": "+s.Why)
		}
	}
	if len(keys) > most {
		list = append(list, "more orders like these")
	}
	return list, nil
}

// noticeCancelled looks for orders that were cancelled here after they were
// placed: the API has no call to cancel, so a person has to.
func (r *route) noticeCancelled(ctx context.Context, batch []*followed) error {
	ids := make([]string, len(batch))
	for i, f := range batch {
		ids[i] = f.Order
	}
	orders, err := r.deps.Orders.Merged(ctx, r.deps.Shop, ids)
	if err != nil {
		return fmt.Errorf("look at the followed orders: %w", err)
	}
	for i, f := range batch {
		if !over(orders[i]) || !f.Shipped.IsZero() || f.Status == "" || r.opts.dialect.class(f.Status) == classDead {
			continue
		}
		err := r.keepStuck(ctx, f.ID, stuckOrder{Order: f.Order, Cancelled: true, Why: "it is " + string(orders[i].Status) +
			", but the wholesaler goes on with it as " + f.ID + ": have it cancelled there"})
		if err != nil {
			return err
		}
	}
	return nil
}

func over(o *order.Order) bool {
	return o != nil && (o.Unsold() || o.Status == order.StatusRefunded)
}

// unstick forgets orders that nobody has to see to any more: the shop cancelled
// what the wholesaler will not send, or the wholesaler let go of what the shop
// cancelled.
func (r *route) unstick(ctx context.Context) error {
	prefix := r.stuckKey("")
	for after := ""; ; {
		keys, values, err := r.deps.State.List(ctx, prefix, after, mostListed)
		if err != nil || len(keys) == 0 {
			return err
		}
		for i, key := range keys {
			done, err := r.unstuck(ctx, key[len(prefix):], values[i])
			if err != nil {
				return err
			}
			if !done {
				continue
			}
			if err := r.deps.State.Delete(ctx, key); err != nil {
				return err
			}
		}
		after = keys[len(keys)-1]
	}
}

func (r *route) unstuck(ctx context.Context, id string, kept []byte) (bool, error) {
	var s stuckOrder
	if json.Unmarshal(kept, &s) != nil {
		return true, nil
	}
	if s.Cancelled {
		f, err := r.followedAs(ctx, id)
		return f == nil || !f.Shipped.IsZero(), err
	}
	orders, err := r.deps.Orders.Merged(ctx, r.deps.Shop, []string{s.Order})
	if err != nil {
		return false, fmt.Errorf("look at an order that is stuck: %w", err)
	}
	return over(orders[0]), nil
}
