package delivery

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/ordermux/ordermux/internal/outbound"
)

// errLease is why a call ends that the node's lease does not cover any more.
var errLease = errors.New("the node's lease is over")

// permit is the leave under which a call is made.
type permit struct {
	ctx    context.Context
	denied atomic.Bool // a request was kept from leaving
	ended  func() bool // nil: nothing but the time limit ends it
}

// cut reports whether the call was cut or kept from leaving by us: its outcome
// says nothing of the partner.
func (p *permit) cut() bool { return p.denied.Load() || p.ended != nil && p.ended() }

// permit makes the leave for a call of at most limit: it ends with the
// node's lease and with the shop, and each request asks may before its
// first byte.
func (r *runner) permit(limit time.Duration, may func() bool) (*permit, context.CancelFunc) {
	if !r.e.shared && r.e.lease == nil {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		return &permit{ctx: ctx}, cancel
	}
	p := &permit{}
	ours, end := context.WithCancelCause(r.shop.ctx)
	covered := func() bool { return true }
	if r.e.lease != nil {
		covered = context.AfterFunc(r.e.lease.Context(), func() { end(errLease) })
	}
	p.ended = func() bool { return ours.Err() != nil }
	ctx, cancel := context.WithTimeout(ours, limit)
	p.ctx = outbound.WithGate(ctx, func() bool {
		if may() {
			return true
		}
		p.denied.Store(true)
		return false
	})
	return p, func() {
		cancel()
		covered()
		end(nil)
	}
}
