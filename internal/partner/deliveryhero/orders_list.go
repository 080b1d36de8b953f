package deliveryhero

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// The list of an outlet's orders is kept with the shop: under each outlet, as
// orders name it, a key for every order, in the sequence in which they were
// accepted. It follows the shop's log, so that it has whatever came, and how.
const (
	listPrefix = "o/"        // o/STORE/TIME/ID
	listAt     = "orders/at" // how far the log was followed
	listRound  = 200         // events looked at in one transaction
	listRounds = 100         // transactions at a time
	listPage   = 1000
)

// listKey is where an order stands. The time is in milliseconds, so that the
// sequence of keys is that of time.
func listKey(store string, at time.Time, id string) string {
	return listFrom(store, at) + "/" + id
}

func listFrom(store string, at time.Time) string {
	return fmt.Sprintf("%s%s%013d", listPrefix, listStore(store), max(at.UnixMilli(), 0))
}

// listStore keeps outlets apart whatever they are called: as hex, for a prefix
// is of printable letters.
func listStore(store string) string { return fmt.Sprintf("%x/", store) }

// follow brings the list towards the end of the log; false: it is not there yet,
// which may be so where nobody followed it before.
func (r orders) follow(ctx context.Context) (whole bool, err error) {
	for range listRounds {
		more, err := r.followRound(ctx)
		if err != nil {
			return false, fmt.Errorf("list of orders: %w", err)
		}
		if !more {
			return true, nil
		}
	}
	return false, nil
}

// followRound takes a few events into the list; false: there are no more.
func (r orders) followRound(ctx context.Context) (bool, error) {
	old, _, err := r.state().Get(ctx, listAt)
	if err != nil {
		return false, err
	}
	at, err := r.listedTo(ctx, old)
	if err != nil {
		return false, err
	}
	events, err := r.deps.Orders.After(ctx, r.chain.Shop, at, listRound)
	if err != nil || len(events) == 0 {
		return false, err
	}
	edits, err := r.listed(ctx, events)
	if err != nil {
		return false, err
	}
	// Where another node was faster, its word stands; the next round sees it.
	_, err = r.state().Change(ctx, append(edits, partner.Edit{
		Key: listAt, Old: old, New: strconv.AppendInt(nil, events[len(events)-1].Seq, 10),
	})...)
	return true, err
}

// listedTo is how far the log was followed; at first, to where nobody can ask
// about any more.
func (r orders) listedTo(ctx context.Context, at []byte) (int64, error) {
	if at != nil {
		return strconv.ParseInt(string(at), 10, 64)
	}
	return r.deps.Orders.SeqAt(ctx, r.chain.Shop, r.deps.Now().Add(-ordersKept))
}

// listed are the keys of the orders that events are the first to name an outlet
// for.
func (r orders) listed(ctx context.Context, events []order.Event) ([]partner.Edit, error) {
	var out []partner.Edit
	for i := range events {
		e := &events[i]
		if e.Subject.Kind != order.SubjectOrder || e.Statement == nil || e.Statement.Store == "" {
			continue
		}
		if e.Kind != order.KindPlaced {
			first, err := r.firstOf(ctx, e)
			if err != nil {
				return nil, err
			}
			if !first {
				continue
			}
		}
		out = append(out, partner.Edit{
			Key: listKey(e.Statement.Store, e.At, e.Subject.ID), New: []byte(e.Subject.ID), TTL: ordersKept + 24*time.Hour,
		})
	}
	return out, nil
}

// firstOf reports whether no earlier event named the outlet that this one names.
func (r orders) firstOf(ctx context.Context, e *order.Event) (bool, error) {
	events, err := r.deps.Orders.Events(ctx, r.chain.Shop, e.Subject.ID)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(events, func(b order.Event) bool {
		return b.Seq < e.Seq && b.Statement != nil && b.Statement.Store == e.Statement.Store
	}), nil
}

// between returns the ids of an outlet's orders accepted in [from, to], the
// oldest first.
func (r orders) between(ctx context.Context, v *vendor, from, to time.Time) ([]string, error) {
	var keys []string
	for _, store := range slices.Compact([]string{v.ID, v.External}) {
		if store == "" {
			continue
		}
		one, err := r.keysOf(ctx, store, from, to)
		if err != nil {
			return nil, fmt.Errorf("list of orders: %w", err)
		}
		keys = append(keys, one...)
	}
	slices.Sort(keys) // both outlets' by time
	ids := make([]string, len(keys))
	for i, key := range keys {
		_, ids[i], _ = strings.Cut(key, "/")
	}
	return ids, nil
}

// keysOf returns the keys of a store from TIME on: TIME/ID.
func (r orders) keysOf(ctx context.Context, store string, from, to time.Time) ([]string, error) {
	prefix := listPrefix + listStore(store)
	after, end := listFrom(store, from), listFrom(store, to.Add(time.Millisecond))
	var out []string
	for {
		keys, _, err := r.state().List(ctx, prefix, after, listPage)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			if key >= end {
				return out, nil
			}
			out = append(out, key[len(prefix):])
		}
		if len(keys) < listPage {
			return out, nil
		}
		after = keys[len(keys)-1]
	}
}
