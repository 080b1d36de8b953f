package app

import (
	"context"
	"time"

	"github.com/ordermux/ordermux/internal/alert"
)

// A clock that is far ahead would make everything old at once. So a round looks at
// what the clock said at the one before: when it jumped, nothing is removed for a
// day, in which somebody can set it right. A hub that was off for long waits as
// well, since it can not be told from that.

const (
	// clockJump is more than passes between two rounds of a hub that runs.
	clockJump = 3 * 24 * time.Hour
	// clockDoubt is for how long a clock that jumped is not trusted.
	clockDoubt = 24 * time.Hour
)

// trusts reports whether a round may remove something by the clock.
func (x *round) trusts(ctx context.Context, asked bool) (bool, error) {
	r, now := &x.report, x.app.now()
	was := r.Clock
	if was.IsZero() {
		was = r.At
	}
	if was.IsZero() && !asked {
		var err error
		if was, err = x.newest(ctx); err != nil {
			return false, err
		}
	}
	r.Clock = now
	switch {
	case asked:
		r.Jumped = time.Time{}
	case !was.IsZero() && now.Sub(was).Abs() > clockJump:
		r.Jumped = now
		x.app.log.WarnContext(ctx, "retention waits: the clock jumped, or the hub was off", "shop", x.shop, "from", was, "to", now, "until", now.Add(clockDoubt))
	case !now.Before(r.Jumped.Add(clockDoubt)):
		r.Jumped = time.Time{}
	}
	return r.Jumped.IsZero(), nil
}

// tell has people told that something is held back.
func (x *round) tell() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if delete(x.doubts, x.shop); x.held {
		x.doubts[x.shop] = x.report.waitsUntil()
	}
}

// troubles returns what people should know of a shop's retention.
func (r *retainer) troubles(shop string) []alert.Trouble {
	r.mu.Lock()
	defer r.mu.Unlock()
	until, ok := r.doubts[shop]
	if !ok || !r.app.now().Before(until) {
		return nil
	}
	return []alert.Trouble{alert.OfRetention(shop, until)}
}

// newest is when the shop's newest event was accepted; zero: there is none.
func (x *round) newest(ctx context.Context) (at time.Time, err error) {
	head, err := x.app.ledger.Head(ctx, x.shop)
	if err != nil || head == 0 {
		return at, err
	}
	events, err := x.app.ledger.At(ctx, x.shop, []int64{head})
	if err != nil || len(events) == 0 {
		return at, err
	}
	return events[0].At, nil
}

// waitsUntil is when what is old is removed by itself again; zero: it is.
func (r *retainedReport) waitsUntil() time.Time {
	if r.Jumped.IsZero() {
		return r.Jumped
	}
	return r.Jumped.Add(clockDoubt)
}
