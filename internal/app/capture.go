package app

import (
	"context"
	"net/http"

	"github.com/ordermux/ordermux/internal/capture"
	"github.com/ordermux/ordermux/internal/partner"
)

// captureScope is the scope of what captures keep: the list of all in the
// hub's own state, the calls in their shop's.
const captureScope = "captures"

// newCaptures makes the recorder of this node.
func (a *App) newCaptures() *capture.Recorder {
	return capture.New(capture.Options{
		Node:  a.ids.word,
		List:  a.store.State(hubShop, captureScope),
		State: func(shop string) capture.State { return a.store.State(shop, captureScope+":calls") },
		Seal:  a.sealer,
		Door:  func(name string) bool { _, ok := a.door(name); return ok },
		Route: func(shop, route string) bool { return a.current.Load().routes[routeKey{shop, route}] != nil },
		Now:   a.now, Log: a.log.With("part", "capture"),
	})
}

// noteCall gives a request what is to be told whose it is.
func noteCall(r *http.Request, h *capture.Heard) {
	if c := callOf(r.Context()); c != nil {
		c.heard = h
	}
}

// note tells a capture what a call was about: partner.Deps.Note.
func (a *App) note(ctx context.Context, gate, method, fault string) {
	_, _, _, _ = ctx, gate, method, fault
}

// heard tells a capture that listens to a call who presented what, and whether
// it opened something.
func (a *App) heard(ctx context.Context, hide bool, presented string, g partner.Grant, ok bool) {
	c := callOf(ctx)
	if c == nil || c.heard == nil {
		return
	}
	if hide {
		c.heard.Present(presented)
	}
	if ok {
		c.heard.Grant(g.Shop, g.Name, g.Account)
	}
}
