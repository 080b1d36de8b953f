package app

import (
	"context"
	"errors"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

// What a round removes where it stands: persons, evidence, files and captures.

// personsKey is the key of how far the log was followed.
const personsKey = "persons"

// evidenceKey is that of a route's calls. A hub that moved from a data folder into
// a database begins anew: evidence that was emptied after it was copied is not
// copied again.
func (a *App) evidenceKey(route string) string {
	if a.database != nil {
		return "evidence/database/" + route
	}
	return "evidence/folder/" + route
}

// persons erases the persons of orders of which nothing was heard since a moment:
// it follows the log and meets each order at its newest event.
func (x *round) persons(ctx context.Context, before time.Time) (n int64, err error) {
	a := x.app
	to, err := a.ledger.SeqAt(ctx, x.shop, before)
	if err != nil {
		return 0, err
	}
	at, err := a.position(ctx, x.state, personsKey)
	if err != nil {
		return 0, err
	}
	err = x.steps(ctx, func() (bool, error) {
		ids, looked, err := a.ledger.Quiet(ctx, x.shop, at, to, retentionPage)
		if err != nil || looked <= at {
			return false, err
		}
		if err := x.forgetOld(ctx, ids, to); err != nil {
			return false, err
		}
		n, at = n+int64(len(ids)), looked
		return at < to, x.keep(ctx, personsKey, at)
	})
	return n, x.settle(ctx, err)
}

// forgetOld erases the persons of orders because they have been kept long enough.
// Partners are not told to forget them too: how long they keep what they were
// given is theirs to say, and an address may be that of a newer order. What our
// doors keep goes.
func (x *round) forgetOld(ctx context.Context, ids []string, to int64) error {
	if len(ids) == 0 {
		return nil
	}
	if err := x.leave(ctx, ids); err != nil {
		return err
	}
	for _, id := range ids {
		if err := x.app.forgetBefore(ctx, x.shop, id); err != nil {
			return err
		}
		err := x.app.ledger.EraseQuiet(ctx, x.shop, id, to)
		// One with news is met again; one that was erased needs it no more.
		if err != nil && !errors.Is(err, order.ErrNotFound) && !errors.Is(err, ledger.ErrNeeded) {
			return err
		}
	}
	return x.app.forgetAfter(ctx, x.shop, ids)
}

// tellDoors tells our doors that keep something of their own of orders.
func (a *App) tellDoors(ctx context.Context, shop, id string) error {
	var doors []func(context.Context, *order.Order) error
	for key, r := range a.current.Load().routes {
		if forget := r.delivery.Side.Forget; key.shop == shop && forget != nil && r.delivery.Door != "" {
			doors = append(doors, forget)
		}
	}
	if doors == nil {
		return nil
	}
	merged, err := a.ledger.Merged(ctx, shop, []string{id})
	if err != nil || merged[0] == nil {
		return err
	}
	for _, forget := range doors {
		if err := forget(a.keeper.asOwner(ctx, shop), merged[0]); err != nil {
			return err
		}
	}
	return nil
}

// evidence empties the evidence of calls before a moment.
func (x *round) evidence(ctx context.Context, before time.Time) (n int64, err error) {
	rows, err := x.app.store.Deliveries().Routes(ctx, x.shop)
	if err != nil {
		return 0, err
	}
	for _, route := range rows {
		key := x.app.evidenceKey(route.Route)
		at, err := x.app.position(ctx, x.state, key)
		if err != nil {
			return n, err
		}
		err = x.steps(ctx, func() (bool, error) {
			last, met, err := x.app.store.Retention().ForgetCalls(ctx, x.shop, route.Route, at, before, retentionPage)
			if err != nil || met == 0 {
				return false, err
			}
			if err := x.leave(ctx, nil); err != nil {
				return false, err
			}
			n, at = n+int64(met), last
			return true, x.keep(ctx, key, at)
		})
		if err != nil {
			return n, err
		}
	}
	return n, x.settle(ctx, nil)
}

// files lets those go that were written before a moment.
func (x *round) files(ctx context.Context, before time.Time) (n int64, err error) {
	err = x.app.files.replace(ctx, x.shop, x.app.rewrite, func(info store.FileInfo, _ store.FileName) bool {
		old := info.Written.Before(before)
		if old {
			n++
		}
		return old
	})
	return n, err
}

func (x *round) captures(ctx context.Context, before time.Time) (int64, error) {
	n, err := x.app.captures.RemoveOld(ctx, x.shop, before)
	return int64(n), err
}
