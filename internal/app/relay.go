package app

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/node"
)

// relay is the delivery engine as the API of one of several nodes sees it: what
// only the owner of a shop can do is done there, whichever node was asked. What
// only looks is done here.
type relay struct {
	*delivery.Engine
	node *node.Node
}

var _ api.Engine = relay{}

// errand is an act, or the question how routes stand, on its way to the owner
// of a shop.
type errand struct {
	Route  string           `json:"route,omitzero"`
	Order  string           `json:"order,omitzero"`
	Reason string           `json:"reason,omitzero"`
	Mark   string           `json:"mark,omitzero"`
	Filter *delivery.Filter `json:"filter,omitzero"`
	Dry    bool             `json:"dry,omitzero"`
}

func (e errand) filter() delivery.Filter {
	if e.Filter == nil {
		return delivery.Filter{}
	}
	return *e.Filter
}

// The errands.
const (
	doPause    = "pause"
	doResume   = "resume"
	doBackfill = "backfill"
	doReplay   = "replay"
	doRetry    = "retry"
	doDrop     = "drop"
	doHold     = "hold"
	doRelease  = "release"
	doSend     = "send"
	doStatus   = "status"
	doErase    = "erase"
	doTell     = "tell"
)

// takeErrands lets this node do for others what they can not do themselves.
func (a *App) takeErrands() {
	e := a.engine
	nothing := struct{}{}
	for kind, do := range map[string]func(ctx context.Context, shop string, e errand) (any, error){
		doPause: func(ctx context.Context, shop string, x errand) (any, error) {
			return nothing, e.Pause(ctx, shop, x.Route, x.Reason)
		},
		doResume: func(ctx context.Context, shop string, x errand) (any, error) {
			return nothing, e.Resume(ctx, shop, x.Route)
		},
		doBackfill: func(ctx context.Context, shop string, x errand) (any, error) {
			return e.Backfill(ctx, shop, x.Route, x.filter(), x.Dry)
		},
		doReplay: func(ctx context.Context, shop string, x errand) (any, error) {
			return e.Replay(ctx, shop, x.Route, x.filter(), x.Dry)
		},
		doRetry: func(ctx context.Context, shop string, x errand) (any, error) {
			return e.Retry(ctx, shop, x.filter(), x.Dry)
		},
		doDrop: func(ctx context.Context, shop string, x errand) (any, error) {
			return e.Drop(ctx, shop, x.filter(), x.Dry)
		},
		doHold: func(ctx context.Context, shop string, x errand) (any, error) {
			return e.Hold(ctx, shop, x.filter(), x.Reason, x.Dry)
		},
		doRelease: func(ctx context.Context, shop string, x errand) (any, error) {
			return e.Release(ctx, shop, x.filter(), x.Dry)
		},
		doSend: func(ctx context.Context, shop string, x errand) (any, error) {
			return e.Send(ctx, shop, x.Route, x.Order, x.Dry)
		},
		doStatus: func(ctx context.Context, shop string, _ errand) (any, error) {
			return a.standings(ctx, shop)
		},
		doRetention: func(_ context.Context, shop string, _ errand) (any, error) {
			a.retainer.rouse(shop)
			return nothing, nil
		},
		doTell: func(ctx context.Context, shop string, x errand) (any, error) {
			return e.Told(ctx, shop, x.Mark)
		},
		doErase: func(ctx context.Context, shop string, x errand) (any, error) {
			return nothing, a.eraseHere(ctx, shop, x.Order)
		},
	} {
		a.node.Handle(kind, func(ctx context.Context, shop string, args []byte) ([]byte, error) {
			var x errand
			if err := json.Unmarshal(args, &x); err != nil {
				return nil, err
			}
			out, err := do(ctx, shop, x)
			if err != nil {
				return nil, err
			}
			return json.Marshal(out)
		})
	}
}

// relayTo has an errand done by the owner of a shop, which may be this node.
func relayTo[T any](ctx context.Context, n *node.Node, shop, kind string, x errand) (out T, err error) {
	args, err := json.Marshal(x)
	if err != nil {
		return out, err
	}
	// A backfill may take long; who is asked breaks off when we give up.
	ctx, cancel := context.WithTimeout(ctx, longAnswer)
	defer cancel()
	answer, err := n.Ask(ctx, shop, kind, args)
	if err != nil {
		return out, relayed(err)
	}
	return out, json.Unmarshal(answer, &out)
}

// relayed makes one of the API's errors of what only nodes know.
func relayed(err error) error {
	if !errors.Is(err, node.ErrUnknown) {
		return err
	}
	const status = http.StatusServiceUnavailable
	return &api.Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: "the node that runs this shop ended while it was at it; look whether it was done, and try again",
	}
}

// Pause implements api.Engine.
func (r relay) Pause(ctx context.Context, shop, route, reason string) error {
	_, err := relayTo[struct{}](ctx, r.node, shop, doPause, errand{Route: route, Reason: reason})
	return err
}

// Resume implements api.Engine.
func (r relay) Resume(ctx context.Context, shop, route string) error {
	_, err := relayTo[struct{}](ctx, r.node, shop, doResume, errand{Route: route})
	return err
}

// Backfill implements api.Engine.
func (r relay) Backfill(ctx context.Context, shop, route string, f delivery.Filter, dry bool) (delivery.Acted, error) {
	return relayTo[delivery.Acted](ctx, r.node, shop, doBackfill, errand{Route: route, Filter: &f, Dry: dry})
}

// Replay implements api.Engine.
func (r relay) Replay(ctx context.Context, shop, route string, f delivery.Filter, dry bool) (delivery.Acted, error) {
	return relayTo[delivery.Acted](ctx, r.node, shop, doReplay, errand{Route: route, Filter: &f, Dry: dry})
}

// Retry implements api.Engine.
func (r relay) Retry(ctx context.Context, shop string, f delivery.Filter, dry bool) (delivery.Acted, error) {
	return relayTo[delivery.Acted](ctx, r.node, shop, doRetry, errand{Filter: &f, Dry: dry})
}

// Drop implements api.Engine.
func (r relay) Drop(ctx context.Context, shop string, f delivery.Filter, dry bool) (delivery.Acted, error) {
	return relayTo[delivery.Acted](ctx, r.node, shop, doDrop, errand{Filter: &f, Dry: dry})
}

// Hold implements api.Engine.
func (r relay) Hold(ctx context.Context, shop string, f delivery.Filter, reason string, dry bool) (delivery.Acted, error) {
	return relayTo[delivery.Acted](ctx, r.node, shop, doHold, errand{Filter: &f, Reason: reason, Dry: dry})
}

// Release implements api.Engine.
func (r relay) Release(ctx context.Context, shop string, f delivery.Filter, dry bool) (delivery.Acted, error) {
	return relayTo[delivery.Acted](ctx, r.node, shop, doRelease, errand{Filter: &f, Dry: dry})
}

// Send implements api.Engine.
func (r relay) Send(ctx context.Context, shop, route, order string, dry bool) (delivery.Verdict, error) {
	return relayTo[delivery.Verdict](ctx, r.node, shop, doSend, errand{Route: route, Order: order, Dry: dry})
}

// statusPatience is how long the owner is waited for before the routes are told
// as they are stored.
const statusPatience = 2 * time.Second

// Status implements api.Engine. Only the owner knows breakers and failures; if
// it does not answer, the routes are told as they are stored.
func (r relay) Status(ctx context.Context, shop string) ([]delivery.RouteStatus, error) {
	if !r.Owns(shop) {
		soon, cancel := context.WithTimeout(ctx, statusPatience)
		defer cancel()
		if list, err := relayTo[[]standing](soon, r.node, shop, doStatus, errand{}); err == nil {
			return statusesOf(list), nil
		}
	}
	return r.Engine.Status(ctx, shop)
}

// toldElsewhere is delivery.Engine's Told, at the shop's owner.
func (a *App) toldElsewhere(ctx context.Context, shop, mark string) (delivery.Told, error) {
	told, err := a.engine.Told(ctx, shop, mark)
	if !errors.Is(err, delivery.ErrElsewhere) {
		return told, err
	}
	soon, cancel := context.WithTimeout(ctx, statusPatience)
	defer cancel()
	return relayTo[delivery.Told](soon, a.node, shop, doTell, errand{Mark: mark})
}

// standing is a delivery.RouteStatus on its way between nodes.
type standing struct {
	Shop     string                   `json:"shop"`
	Route    string                   `json:"route"`
	Partner  string                   `json:"partner"`
	State    string                   `json:"state"`
	Reason   string                   `json:"reason,omitzero"`
	Position int64                    `json:"position"`
	Head     int64                    `json:"head"`
	Start    int64                    `json:"start"`
	Lag      int64                    `json:"lag,omitzero"` // nanoseconds
	Oldest   time.Time                `json:"oldest,omitzero"`
	Counts   map[delivery.State]int64 `json:"counts"`
}

// standings tells how the routes of an owned shop stand.
func (a *App) standings(ctx context.Context, shop string) ([]standing, error) {
	list, err := a.engine.Status(ctx, shop)
	if err != nil {
		return nil, err
	}
	if !a.engine.Owns(shop) {
		return nil, delivery.ErrElsewhere
	}
	out := make([]standing, len(list))
	for i, s := range list {
		out[i] = standing{
			Shop: s.Shop, Route: s.Route, Partner: s.Partner, State: s.State, Reason: s.Reason, Position: s.Position,
			Head: s.Head, Start: s.Start, Lag: int64(s.Lag), Oldest: s.Oldest, Counts: s.Counts,
		}
	}
	return out, nil
}

func statusesOf(list []standing) []delivery.RouteStatus {
	out := make([]delivery.RouteStatus, len(list))
	for i, s := range list {
		out[i] = delivery.RouteStatus{
			Shop: s.Shop, Route: s.Route, Partner: s.Partner, State: s.State, Reason: s.Reason, Position: s.Position,
			Head: s.Head, Start: s.Start, Lag: time.Duration(s.Lag), Oldest: s.Oldest, Counts: s.Counts,
		}
	}
	return out
}
