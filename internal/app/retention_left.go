package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/search"
)

// What erasing leaves to be done afterwards (links, files, the store's own files)
// stands in the state before it begins, until it is done: a node that is killed
// in between leaves it to the next round.

// leftKey is the key of it, by kind: the ids of orders, perhaps none.
func (x *round) leftKey() string { return "left/" + x.kind }

// leave notes what is left to be done once orders are gone; what was noted before
// is done but for the store's own files.
func (x *round) leave(ctx context.Context, ids []string) error {
	if x.left && len(ids) == 0 {
		return nil
	}
	x.left = true
	return x.keep(ctx, x.leftKey(), ids)
}

// finish does what an earlier round left.
func (x *round) finish(ctx context.Context) error {
	b, ok, err := x.state.Get(ctx, x.leftKey())
	if err != nil || !ok {
		return err
	}
	var ids []string
	if err := json.Unmarshal(b, &ids); err != nil {
		return fmt.Errorf("read what is left to be done: %w", err)
	}
	if err := x.app.forgetAfter(ctx, x.shop, ids); err != nil {
		return err
	}
	x.left = true
	return x.settle(ctx, nil)
}

// settle makes sure that nothing of what went is left in the store's files. What a
// step that failed left is for the next round to finish.
func (x *round) settle(ctx context.Context, failed error) error {
	if !x.left {
		return failed
	}
	x.left = false
	ctx = context.WithoutCancel(ctx)
	err := errors.Join(failed, x.app.ledger.Erased(ctx))
	if err != nil {
		return err
	}
	return x.state.Delete(ctx, x.leftKey())
}

// forgetBefore erases an order where it is found by what the ledger says of it.
func (a *App) forgetBefore(ctx context.Context, shop, id string) error {
	if err := a.tellDoors(ctx, shop, id); err != nil {
		return fmt.Errorf("erase at doors: %w", err)
	}
	return a.forgetHeard(ctx, shop, id)
}

// forgetAfter erases orders, which the ledger forgot, where they are found by
// their ids.
func (a *App) forgetAfter(ctx context.Context, shop string, ids []string) error {
	for _, id := range ids {
		if err := a.book.EndLinks(ctx, shop, id); err != nil {
			return err
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return a.files.forget(ctx, shop, ids, a.rewrite)
}

const (
	// sweptKey is the key of how the index of orders is gone through.
	sweptKey = "keys"
	// sweptEvery is how long that rests once it is through.
	sweptEvery = 24 * time.Hour
	sweptPage  = 2000
)

// swept is how far the index of orders was gone through for what removed orders
// were found by.
type swept struct {
	Cut   int64        `json:"cut"` // where the log began when it was begun
	At    time.Time    `json:"at"`  // when that was
	After search.Entry `json:"after,omitzero"`
	Over  bool         `json:"over,omitzero"`
}

// keys removes what orders were found by that were removed up to an event. There
// is no index of that by order: it would cost as much as all the rest.
func (x *round) keys(ctx context.Context, cut int64) error {
	var s swept
	b, ok, err := x.state.Get(ctx, sweptKey)
	if err == nil && ok {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		return err
	}
	if s.Over || !ok {
		if age := x.app.now().Sub(s.At); s.Cut == cut || age >= 0 && age < sweptEvery {
			return nil
		}
		s = swept{Cut: cut, At: x.app.now()}
	}
	return x.steps(ctx, func() (bool, error) {
		last, met, err := x.app.store.Retention().ForgetKeys(ctx, x.shop, s.After, sweptPage)
		if err != nil {
			return false, err
		}
		s.After, s.Over = last, met < sweptPage
		return !s.Over, x.keep(ctx, sweptKey, s)
	})
}
