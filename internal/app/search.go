package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/search"
)

const (
	// searchDelay is how long events gather before they go into the index of
	// orders, so that many share a page of it.
	searchDelay = 250 * time.Millisecond
	// searchShare is which part of the time it is written, waits for the store
	// included: accepting comes first.
	searchShare = 0.5
	// searchRest is how long it rests at most between two transactions of the
	// embedded store's writer, which itself sees to it that others have room: while
	// it is busy, nearly all of the time is waiting for it.
	searchRest = 10 * time.Millisecond
	// searchTogether is how many pieces wait for that writer at a time, and
	// searchBeside how many while orders come in: each keeps their transactions
	// from ending by about a millisecond.
	searchTogether = 8
	searchBeside   = 2
	// searchQuiet is how long ago the last order was when none come in.
	searchQuiet = 100 * time.Millisecond
	// searchFails is how long a shop whose index fails rests at most.
	searchFails = time.Minute
)

// orderIndex keeps the index of orders behind the shops' logs: those that this
// node delivers for, as far as it was told of their logs. Were two nodes at one,
// the index would let only one of them write.
type orderIndex struct {
	app      *App
	follower *search.Follower

	mu    sync.Mutex
	grown map[string]bool
	fails map[string]int
	news  time.Time // when a log has grown last
	wake  chan struct{}
}

func newOrderIndex(a *App) *orderIndex {
	x := &orderIndex{app: a, grown: map[string]bool{}, fails: map[string]int{}, wake: make(chan struct{}, 1)}
	x.follower = &search.Follower{Store: a.store.Search(), Log: a.ledger, Key: a.store.Key}
	if a.database == nil {
		x.follower.Together = x.together
	}
	return x
}

// finder finds orders by it.
func (a *App) finder() *search.Finder {
	return &search.Finder{Store: a.store.Search(), Log: a.ledger, Deliveries: a.store.Deliveries(), Key: a.store.Key}
}

// together is how many pieces the writer is given at a time.
func (x *orderIndex) together() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	if time.Since(x.news) < searchQuiet {
		return searchBeside
	}
	return searchTogether
}

// notify tells that a shop's log has grown, or may have.
func (x *orderIndex) notify(shops ...string) {
	x.mu.Lock()
	x.news = time.Now()
	x.mu.Unlock()
	x.look(shops...)
}

// look has shops looked at soon.
func (x *orderIndex) look(shops ...string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, shop := range shops {
		x.grown[shop] = true
	}
	ring(x.wake)
}

func (x *orderIndex) take() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var shops []string
	for shop := range x.grown {
		shops = append(shops, shop)
	}
	clear(x.grown)
	slices.Sort(shops)
	return shops
}

// run works until ctx ends.
func (x *orderIndex) run(ctx context.Context) {
	if x.app.node == nil {
		x.notify(x.app.config().ShopOrder...)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-x.wake:
		}
		if wait(ctx, searchDelay) != nil {
			return
		}
		for _, shop := range x.take() {
			if ctx.Err() != nil {
				return
			}
			x.step(ctx, shop)
		}
	}
}

// step takes the next events of a shop in: of several with many, one after the
// other.
func (x *orderIndex) step(ctx context.Context, shop string) {
	if x.app.node != nil {
		if _, ours := x.app.keeper.epoch(shop); !ours {
			return // the owner does it
		}
	}
	began := time.Now()
	pace := *x.follower
	pace.Rest = func(ctx context.Context) error {
		err := x.rest(ctx, time.Since(began))
		began = time.Now()
		return err
	}
	more, err := x.guarded(ctx, shop, &pace)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		x.failed(ctx, shop, err)
	default:
		x.mu.Lock()
		delete(x.fails, shop)
		x.mu.Unlock()
		if more {
			x.look(shop)
		}
	}
	_ = x.rest(ctx, time.Since(began))
}

func (x *orderIndex) guarded(ctx context.Context, shop string, f *search.Follower) (more bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			x.app.log.ErrorContext(ctx, "index of orders", "shop", shop, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = errors.New("the index of orders panicked")
		}
	}()
	return f.Step(ctx, shop)
}

// failed has a shop tried again later. Orders are accepted and delivered all the
// same; a search says how far it is behind.
func (x *orderIndex) failed(ctx context.Context, shop string, err error) {
	x.mu.Lock()
	x.fails[shop]++
	n := x.fails[shop]
	x.mu.Unlock()
	x.app.log.LogAttrs(ctx, slog.LevelWarn, "index of orders", slog.String("shop", shop), slog.Int("failures", n), slog.Any("error", err))
	time.AfterFunc(min(time.Second<<min(n-1, 10), searchFails), func() { x.look(shop) })
}

// rest leaves the time to others that work has to leave.
func (x *orderIndex) rest(ctx context.Context, worked time.Duration) error {
	d := time.Duration(float64(worked) * (1/searchShare - 1))
	if x.follower.Together != nil {
		d = min(d, searchRest)
	}
	return wait(ctx, d)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
