package outbound

import (
	"context"
	"errors"
)

type gateKey struct{}

// WithGate returns a context whose calls ask open right before the first byte
// of a request is written, and before a connection is made for it. False:
// nothing is sent, and the call ends with OpGate, as one of which nothing has
// left. Open must be cheap and safe for concurrent use.
func WithGate(ctx context.Context, open func() bool) context.Context {
	return context.WithValue(ctx, gateKey{}, open)
}

// MayLeave asks the gate of a context; true without one. It is for sides that
// send by other means than a Client: they ask it right before the first byte.
func MayLeave(ctx context.Context) bool {
	open, ok := ctx.Value(gateKey{}).(func() bool)
	return !ok || open()
}

var errShut = errors.New("not sent: the hub's leave to send is over")

// gate answers a *stageError if the request must not be sent.
func (a *call) gate() error {
	if !MayLeave(a.ctx) {
		return &stageError{OpGate, errShut}
	}
	return nil
}
