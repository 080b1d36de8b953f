package review

import (
	"context"
	"sync"
	"time"
)

// turns keeps two orders of a customer from being invited at once: of the
// claims of a shop one is made at a time. The deliveries of a shop are all
// made by the node that owns it.
type turns struct {
	mu    sync.Mutex
	shops map[string]*sync.Mutex
}

func (t *turns) of(shop string) *sync.Mutex {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shops == nil {
		t.shops = map[string]*sync.Mutex{}
	}
	if t.shops[shop] == nil {
		t.shops[shop] = &sync.Mutex{}
	}
	return t.shops[shop]
}

func turnKey(address string) string { return "turn/" + address }

// TakeTurn claims a customer's turn for an order, before its invitation is
// sent: within so many days no other order's invitation goes to that address.
// False: another order has the turn. An order may take its own again, for its
// second mail or a repeat. No days: everybody may.
func (b *Book) TakeTurn(ctx context.Context, shop, email, id string, days int) (bool, error) {
	if days <= 0 {
		return true, nil
	}
	lock := b.turns.of(shop)
	lock.Lock()
	defer lock.Unlock()
	key, kv := turnKey(b.Address(shop, email)), b.opts.KV(shop)
	value, ok, err := kv.Get(ctx, key)
	if err != nil {
		return false, err
	}
	if ok && string(value) != id {
		return false, nil
	}
	return true, kv.Put(ctx, key, []byte(id), time.Duration(days)*24*time.Hour)
}

// GiveTurnBack ends a claim whose mail was refused: nothing went out.
func (b *Book) GiveTurnBack(ctx context.Context, shop, email, id string) error {
	lock := b.turns.of(shop)
	lock.Lock()
	defer lock.Unlock()
	key, kv := turnKey(b.Address(shop, email)), b.opts.KV(shop)
	value, ok, err := kv.Get(ctx, key)
	if err != nil || !ok || string(value) != id {
		return err
	}
	return kv.Delete(ctx, key)
}
