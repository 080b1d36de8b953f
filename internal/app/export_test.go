package app

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/secret"
)

// HopsOf is hopsOf for tests.
var HopsOf = hopsOf

// Book returns what answers for invitations and reviews.
func (a *App) Book() *review.Book { return a.book }

// SweepCaptures removes captures that were kept long enough, and returns how
// many keys of a shop's calls, and of the list, are left.
func (a *App) SweepCaptures(ctx context.Context, shop string) (int, error) {
	if err := a.captures.Sweep(ctx); err != nil {
		return 0, err
	}
	list, _, err := a.store.State(hubShop, captureScope).List(ctx, "", "", 100)
	if err != nil {
		return 0, err
	}
	calls, _, err := a.store.State(shop, captureScope+":calls").List(ctx, "", "", 100)
	for _, k := range calls {
		if k != "swept" {
			list = append(list, k)
		}
	}
	return len(list), err
}

// SentenceOf is sentence for tests.
func SentenceOf(said []byte, presented string) string { return sentence(said, presented) }

// ShownPath is maskPath for tests.
func ShownPath(u *url.URL) string { return maskPath(u) }

// KillRetention leaves the state of a shop as a node does that is killed when it
// has removed something of a kind, of these orders; of a cut also what it noted.
func (a *App) KillRetention(ctx context.Context, shop, kind string, ids []string) error {
	state := a.store.State(shop, retentionScope)
	x := &round{retainer: a.retainer, shop: shop, state: state, kind: kind}
	return errors.Join(x.leave(ctx, ids), state.Delete(ctx, notedKey))
}

// RetentionRound is a round as each hour has it.
func (a *App) RetentionRound(ctx context.Context, shop string) { a.retainer.round(ctx, shop, false) }

// RetentionState is where a shop's retention stands.
func (a *App) RetentionState(shop string) partner.State { return a.store.State(shop, retentionScope) }

// RetentionLeft returns what rounds of a shop have left to be done.
func (a *App) RetentionLeft(ctx context.Context, shop string) ([]string, error) {
	keys, _, err := a.RetentionState(shop).List(ctx, "left/", "", 10)
	return keys, err
}

// LoseEndOfFile removes the second piece of a file that was handed in.
func (a *App) LoseEndOfFile(ctx context.Context, shop, id string) error {
	state := a.store.State(shop, fileScope)
	keys, _, err := state.List(ctx, fileOf(id)+"/", "", 2)
	if err != nil || len(keys) != 2 {
		return errors.Join(err, errors.New("the file has no two pieces"))
	}
	return state.Delete(ctx, keys[1])
}

// WrongTries is how many wrong credentials were presented, as far as they slow
// the next ones.
func (a *App) WrongTries() (n float64) {
	a.wrong.mu.Lock()
	defer a.wrong.mu.Unlock()
	for _, t := range a.wrong.clients {
		n += t.count
	}
	return n
}

// SignsIn has somebody at an address present a password, until leave.
func (a *App) SignsIn(address string) (leave func(), ok bool) { return a.wrong.enter(address) }

// FloodPasswords has so many passwords wait to be looked at that no other one may,
// until ctx ends; none is looked at any more.
func (a *App) FloodPasswords(ctx context.Context) error {
	*a.passwords = secret.Passwords{} // which has no room to work
	full := make(chan struct{})
	for {
		go func() {
			if errors.Is(a.passwords.Spend(ctx, "one more"), secret.ErrPasswordsBusy) {
				select {
				case full <- struct{}{}:
				case <-ctx.Done():
				}
			}
		}()
		select {
		case <-full:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}
