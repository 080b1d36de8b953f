package app

import (
	"context"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/capture"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// captureScope is the scope of what captures keep: the list of all in the
// hub's own state, the calls in their shop's.
const captureScope = "captures"

// newCaptures makes the recorder of this node.
func (a *App) newCaptures() *capture.Recorder {
	return capture.New(capture.Options{
		Node: a.ids.word,
		List: captureState{a.store.State(hubShop, captureScope)},
		State: func(shop string) capture.State {
			return captureState{a.store.State(shop, captureScope+":calls")}
		},
		Seal:  a.sealer,
		Door:  func(name string) bool { _, ok := a.door(name); return ok },
		Route: func(shop, route string) bool { return a.current.Load().routes[routeKey{shop, route}] != nil },
		Names: a.fieldNames,
		Now:   a.now, Log: a.log.With("part", "capture"),
	})
}

// captureState is capture.State.
type captureState struct{ partner.State }

// Replace implements capture.State.
func (s captureState) Replace(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	return s.Change(ctx, partner.Edit{Key: key, Old: old, New: value, TTL: ttl})
}

// noteCall gives a request what is to be told whose it is.
func noteCall(r *http.Request, h *capture.Heard) {
	if c := callOf(r.Context()); c != nil {
		c.heard = h
	}
}

// noteDoor is partner.Deps.Note of a door: what somebody called us for.
func (a *App) noteDoor(ctx context.Context, gate, method, fault string) {
	if c := callOf(ctx); c != nil {
		c.answer.fault = fault
		c.heard.Note(outbound.Note{Gate: gate, Method: method, Fault: fault})
	}
}

// note is partner.Deps.Note of a route, or of a door's callbacks: what we
// called a partner for. A door that asks a route while it answers has both.
func (a *App) note(ctx context.Context, gate, method, fault string) {
	outbound.Annotate(ctx, outbound.Note{Gate: gate, Method: method, Fault: fault})
}

// fieldNames are the names that an operator gave the fields of what a capture
// listens to.
func (a *App) fieldNames(c capture.Capture) capture.Names {
	if d, ok := a.door(c.Door); ok {
		return d.names
	}
	if r := a.current.Load().routes[routeKey{c.Shop, c.Route}]; r != nil {
		return r.delivery.Side.Names
	}
	return nil
}

// listened gives what a side does the ears of who listens to its route.
func listened[In, Out any](a *App, shop, route string, do func(context.Context, In) (Out, error)) func(context.Context, In) (Out, error) {
	if do == nil {
		return nil
	}
	return func(ctx context.Context, in In) (Out, error) {
		ctx, done := a.captures.Calls(ctx, shop, route)
		defer done()
		return do(ctx, in)
	}
}

// heard tells a capture that listens to a call who presented what, and whether
// it opened something; and the call itself, which may be refused.
func (a *App) heard(ctx context.Context, hide bool, presented string, g partner.Grant, ok bool) {
	c := callOf(ctx)
	if c == nil {
		return
	}
	who := caller{shop: g.Shop, of: g.Of, name: g.Name, proved: ok && hide}
	if hide {
		who.presented = presented
	}
	c.calls(who)
	if c.heard == nil {
		return
	}
	if hide {
		c.heard.Present(presented)
	}
	login := capture.Login{Shop: g.Shop, Of: g.Of, Name: g.Name, Account: g.Account}
	if ok {
		c.heard.Grant(login)
	} else {
		c.heard.Refuse(login) // it may be known by name
	}
}
