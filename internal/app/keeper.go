package app

import (
	"context"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/node"
)

// keeper is what owning a shop means on this node: the engine runs its routes,
// the watcher tells of its troubles, and its files are written here.
type keeper struct {
	app    *App
	mu     sync.RWMutex
	epochs map[string]int64 // of the shops that are owned
}

var _ node.Engine = (*keeper)(nil)

func newKeeper(a *App) *keeper { return &keeper{app: a, epochs: map[string]int64{}} }

// bookOf is which book of alerts is about a shop.
func bookOf(shop string) string {
	if shop == hubShop {
		return alert.Hub
	}
	return shop
}

// epoch returns that with which a shop is owned; false: it is not.
func (k *keeper) epoch(shop string) (int64, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	epoch, ok := k.epochs[shop]
	return epoch, ok
}

// ownerKey marks what a context's work does as done by a shop's owner: its value
// is the epoch.
type ownerKey struct{}

// disowned is an epoch that is never in force.
const disowned = -1

// asOwner marks the work of a call that the engine makes for a shop. Writes of
// it land only while the epoch that it began with is in force.
func (k *keeper) asOwner(ctx context.Context, shop string) context.Context {
	if k == nil {
		return ctx
	}
	epoch, ours := k.epoch(shop)
	if !ours {
		epoch = disowned
	}
	return context.WithValue(ctx, ownerKey{}, epoch)
}

// ownerEpoch implements postgres.Epoch: it tells asOwner's.
func ownerEpoch(ctx context.Context) (int64, bool) {
	epoch, ok := ctx.Value(ownerKey{}).(int64)
	return epoch, ok
}

// fileEpoch is that with which a file of a shop is written.
func (k *keeper) fileEpoch(ctx context.Context, shop string) (int64, bool) {
	if epoch, ok := ownerEpoch(ctx); ok {
		return epoch, epoch != disowned
	}
	return k.epoch(shop)
}

// tells reports whether alerts of a shop, or of the hub, are this node's to
// tell.
func (k *keeper) tells(book string) bool {
	shop := book
	if book == alert.Hub {
		shop = hubShop
	}
	_, ours := k.epoch(shop)
	return ours && k.app.lease.Valid()
}

// Own implements node.Engine.
func (k *keeper) Own(ctx context.Context, shop string, epoch int64) error {
	// First: a route may write a file as soon as it runs.
	k.mu.Lock()
	k.epochs[shop] = epoch
	k.mu.Unlock()
	if err := k.app.engine.Own(ctx, shop, epoch); err != nil {
		k.forget(shop)
		return err
	}
	k.app.watcher.Keep(bookOf(shop))
	k.app.search.notify(shop)
	k.app.promotions.keep(shop)
	return nil
}

// Yield implements node.Engine: an alert that is just being told is waited for
// too.
func (k *keeper) Yield(ctx context.Context, shop string, within time.Duration) (bool, error) {
	began := time.Now()
	if !k.app.watcher.Release(bookOf(shop), within/2) {
		return false, ctx.Err()
	}
	done := k.app.promotions.release(shop, within/4)
	var err error
	if done {
		done, err = k.app.engine.Yield(ctx, shop, within-time.Since(began))
	}
	if !done {
		k.app.watcher.Keep(bookOf(shop))
		k.app.promotions.keep(shop)
		return false, err
	}
	k.forget(shop)
	return true, nil
}

// Lose implements node.Engine.
func (k *keeper) Lose(shop string) {
	k.app.engine.Lose(shop)
	k.dropped(shop)
}

// dropped follows the engine, which found out by itself that a shop is lost.
func (k *keeper) dropped(shop string) {
	k.app.watcher.Drop(bookOf(shop))
	k.app.promotions.drop(shop)
	k.forget(shop)
}

// Notify implements node.Engine.
func (k *keeper) Notify(shop string, head int64) {
	k.app.engine.Notify(shop, head)
	k.app.search.notify(shop)
}

func (k *keeper) forget(shop string) {
	k.mu.Lock()
	delete(k.epochs, shop)
	k.mu.Unlock()
}
