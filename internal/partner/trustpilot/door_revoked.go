package trustpilot

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
)

// revocations are the logins that were ended before their time. They stand in
// the state, as long as a token of theirs could live; a node looks there only
// every few seconds, so that a call needs no read of its own.
type revocations struct {
	mu   sync.Mutex
	read time.Time
	all  map[string]bool
}

// revokedStale is how old what a node knows of revocations may be.
const revokedStale = 4 * time.Second

const revokedPrefix = "revoked/"

// has reports whether a login was ended.
func (r *revocations) has(ctx context.Context, state partner.State, chain string, now time.Time) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if age := now.Sub(r.read); r.all == nil || age < 0 || age > revokedStale {
		all, err := readRevoked(ctx, state)
		if err != nil {
			return false, err
		}
		r.all, r.read = all, now
	}
	return r.all[chain], nil
}

func readRevoked(ctx context.Context, state partner.State) (map[string]bool, error) {
	const page = 1000
	all := map[string]bool{}
	for after := ""; ; {
		keys, _, err := state.List(ctx, revokedPrefix, after, page)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			all[strings.TrimPrefix(key, revokedPrefix)] = true
		}
		if len(keys) < page {
			return all, nil
		}
		after = keys[len(keys)-1]
	}
}

// add ends a login, on this node at once.
func (r *revocations) add(ctx context.Context, state partner.State, chain string, ttl time.Duration) error {
	if err := state.Put(ctx, revokedPrefix+chain, []byte{'1'}, ttl); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all != nil {
		r.all[chain] = true
	}
	return nil
}
