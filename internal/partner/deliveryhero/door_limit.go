package deliveryhero

import (
	"context"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// limiter lets so many calls of somebody through in each minute of the clock.
// The count stands in the door's state, so that it is one for all nodes; that
// somebody is over it is remembered until the minute ends.
type limiter struct {
	state partner.State
	now   func() time.Time
	name  string // of what is counted
	most  int    // 0: there is no limit

	mu   sync.Mutex
	over map[string]int64
	// counting lets one at a time count one of them: nodes alone are in each
	// other's way.
	counting [64]sync.Mutex
	seed     maphash.Seed
}

func newLimiter(deps partner.Deps, name string, most int) *limiter {
	return &limiter{state: deps.State, now: deps.Now, name: name, most: most, over: map[string]int64{}, seed: maphash.MakeSeed()}
}

// limitTries bounds how often a count is begun anew because another node
// counted meanwhile.
const limitTries = 50

// take counts a call. It returns how long the caller has to wait, 0: not at all.
// Errors: order.ErrBusy; anything else is a trouble of ours.
func (l *limiter) take(ctx context.Context, who string) (time.Duration, error) {
	if l.most <= 0 {
		return 0, nil
	}
	now := l.now()
	minute := now.Unix() / 60
	wait := time.Unix((minute+1)*60, 0).Sub(now)
	lock := &l.counting[maphash.String(l.seed, who)%uint64(len(l.counting))]
	lock.Lock()
	defer lock.Unlock()
	if l.isOver(who, minute) {
		return wait, nil
	}
	key := "limit/" + l.name + "/" + strconv.FormatInt(minute, 36) + "/" + who
	for range limitTries {
		done, count, err := l.count(ctx, key)
		switch {
		case err != nil:
			return 0, fmt.Errorf("count %s: %w", l.name, err)
		case count > l.most:
			l.remember(who, minute)
			return wait, nil
		case done:
			return 0, nil
		}
	}
	return 0, fmt.Errorf("count %s: %w", l.name, order.ErrBusy)
}

// count adds one to a count that is not full, and returns what it is then;
// false: another one came between.
func (l *limiter) count(ctx context.Context, key string) (done bool, count int, err error) {
	old, _, err := l.state.Get(ctx, key)
	if err != nil {
		return false, 0, err
	}
	if old != nil {
		if count, err = strconv.Atoi(string(old)); err != nil {
			return false, 0, err
		}
	}
	count++
	if count > l.most {
		return true, count, nil
	}
	done, err = l.state.Change(ctx, partner.Edit{Key: key, Old: old, New: strconv.AppendInt(nil, int64(count), 10), TTL: 2 * time.Minute})
	return done, count, err
}

func (l *limiter) isOver(who string, minute int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over[who] == minute
}

// remember keeps who is over in a minute; those of others are of no use by then.
func (l *limiter) remember(who string, minute int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for other, at := range l.over {
		if at != minute {
			delete(l.over, other)
		}
	}
	l.over[who] = minute
}

// addressOf is who calls, as far as the network tells: an IPv4 address, or the
// /64 of an IPv6 one, which is one customer's.
func addressOf(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	addr := at.Addr().Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.Addr().String()
		}
	}
	return addr.String()
}
