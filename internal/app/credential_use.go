package app

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
)

// uses remembers when credentials were used last. The store learns of it once
// in a while, so that a call costs nothing: that a hub which is killed forgets
// the last minute of it is no harm.
type uses struct {
	app *App

	mu   sync.Mutex
	last map[credentialID]time.Time // that the store has not been told yet
}

// usesWritten is how often the store is told.
const usesWritten = time.Minute

func newUses(a *App) *uses { return &uses{app: a, last: map[credentialID]time.Time{}} }

// useKey stands beside the record, which changes only when people change it.
func useKey(id credentialID) string { return "u/" + id.of + "/" + id.shop + "/" + id.name }

// note remembers that somebody came in with a credential just now.
func (u *uses) note(id credentialID) {
	now := u.app.now()
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.last) < mostRemembered || !u.last[id].IsZero() {
		u.last[id] = now
	}
}

// run tells the store until ctx ends, and then once more.
func (u *uses) run(ctx context.Context) { tellEvery(ctx, usesWritten, u.tell) }

// tell writes what is remembered; what can not be written is so the next time.
func (u *uses) tell(ctx context.Context) {
	u.mu.Lock()
	last := u.last
	u.last = map[credentialID]time.Time{}
	u.mu.Unlock()
	for id, at := range last {
		if err := u.write(ctx, id, at); err != nil {
			u.app.log.WarnContext(ctx, "the last use of a credential could not be written", "shop", id.shop, "partner", id.partner, "error", err)
			u.mu.Lock()
			if u.last[id].Before(at) {
				u.last[id] = at
			}
			u.mu.Unlock()
			if ctx.Err() != nil {
				return
			}
		}
	}
}

// write writes a use, unless another node wrote a later one.
func (u *uses) write(ctx context.Context, id credentialID, at time.Time) error {
	state := u.app.grants.state(id.partner)
	old, _, err := state.Get(ctx, useKey(id))
	if err != nil {
		return err
	}
	if known, err := time.Parse(time.RFC3339, string(old)); err == nil && !at.After(known) {
		return nil
	}
	return state.Put(ctx, useKey(id), []byte(at.UTC().Format(time.RFC3339)), 0)
}

// of returns when the credentials of a shop and kind were used last, by name.
func (u *uses) of(ctx context.Context, door, kind, shop string) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	prefix := "u/" + kind + "/" + shop + "/"
	for after := ""; ; {
		keys, values, err := u.app.grants.state(door).List(ctx, prefix, after, recordsPage)
		if err != nil {
			return nil, fmt.Errorf("list uses of credentials: %w", err)
		}
		for i, key := range keys {
			if at, err := time.Parse(time.RFC3339, string(values[i])); err == nil {
				out[strings.TrimPrefix(key, prefix)] = at
			}
		}
		if len(keys) < recordsPage {
			break
		}
		after = keys[len(keys)-1]
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, at := range u.last {
		if id.partner == door && id.of == kind && id.shop == shop && at.After(out[id.name]) {
			out[id.name] = at.UTC().Truncate(time.Second)
		}
	}
	return out, nil
}

// usedBy notes the use of a credential that a caller proved to have.
func (a *App) usedBy(door string, g partner.Grant) {
	if g.Name != "" {
		a.uses.note(credentialID{door, g.Of, g.Shop, g.Name})
	}
}
