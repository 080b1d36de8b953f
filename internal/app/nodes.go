package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/node"
)

// buildNode makes this hub one of the nodes that share its database.
func (a *App) buildNode() {
	opts := a.opts.Node
	opts.Store, opts.Engine, opts.Lease = a.database.Nodes(), a.keeper, a.lease
	opts.Name, opts.Version = a.name, a.opts.Version
	opts.Report, opts.Observe = a.report, a.nodeEvent
	opts.Elsewhere = delivery.ErrElsewhere
	a.node = node.New(opts)
	a.takeErrands()
	a.node.Handle(doAlerts, func(context.Context, string, []byte) ([]byte, error) { return json.Marshal(a.alertsHere()) })
	a.node.Handle(doCallbacks, func(ctx context.Context, _ string, _ []byte) ([]byte, error) { return nil, a.addCallbacks(ctx) })
	a.node.Handle(doConnected, func(ctx context.Context, _ string, _ []byte) ([]byte, error) { return nil, a.takeConnected(ctx) })
	a.node.Handle(doPromotions, func(_ context.Context, shop string, _ []byte) ([]byte, error) {
		a.promotions.woken(shop)
		return nil, nil
	})
	a.node.Handle(doForget, a.forgetHere)
	if a.opts.Load != nil {
		a.node.Handle(doReload, a.reloadHere)
	}
}

// nodeName is what people call a node: its machine and port.
func nodeName(addr net.Addr) string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	if _, port, err := net.SplitHostPort(addr.String()); err == nil {
		host += ":" + port
	}
	return host
}

// join lets the node live until leave is called, which hands its shops over.
// Where the hub is alone both do nothing.
func (a *App) join(ctx context.Context, failed chan<- error) (leave func() error) {
	if a.node == nil {
		return func() error { return nil }
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		err := a.node.Run(ctx)
		if ctx.Err() == nil {
			failed <- errors.Join(errors.New("the node ended by itself"), err)
		}
		done <- err
	}()
	return sync.OnceValue(func() error {
		stop()
		if err := <-done; err != nil {
			// The others notice by themselves that it is gone.
			a.log.Warn("leave the other nodes", "error", err)
		}
		return nil
	})
}

// lost follows the engine, which found that a shop has another owner.
func (a *App) lost(shop string) {
	a.keeper.dropped(shop)
	a.node.Lost(shop)
}

func (a *App) agreed() bool { return a.node.Agreed() }

// report is what this node tells the others of itself.
func (a *App) report() node.Report {
	r := node.Report{}
	if g := a.current.Load(); g != nil {
		r.Config = g.digest
	}
	var err error
	if r.Totals, err = json.Marshal(a.metrics.totals.read()); err != nil {
		a.log.Error("totals for the other nodes", "error", err)
	}
	return r
}

// nodeEvent logs what happens to the node.
func (a *App) nodeEvent(e node.Event) {
	if e.Kind == node.LeaseLost && a.stopping.Load() {
		return // given up, rather
	}
	a.metrics.nodes.WithLabelValues(string(e.Kind)).Inc()
	attrs := []slog.Attr{slog.String("event", string(e.Kind))}
	level := slog.LevelInfo
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	add("node", e.Node)
	add("shop", e.Shop)
	add("part", e.Part)
	if e.Shops > 0 {
		attrs = append(attrs, slog.Int("shops", e.Shops))
	}
	if e.Err != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.Any("error", e.Err))
	}
	if e.Kind == node.Trouble && e.Part == "beat" {
		a.unreachable.Store(e.Err != nil)
	}
	a.log.LogAttrs(context.Background(), level, "node", attrs...)
}

// apart says why a node can do nothing for the hub now; "": it can.
func (a *App) apart() string {
	switch {
	case a.unreachable.Load():
		return "the database can not be reached"
	case !a.lease.Valid():
		return "not among the nodes: the lease is over, or not begun"
	}
	return ""
}

// nodes lists the nodes of the hub.
func (a *App) nodes(ctx context.Context) ([]api.Node, error) {
	if a.node == nil {
		g := a.current.Load()
		return []api.Node{{
			ID: a.ids.word, Name: a.name, Version: a.opts.Version, Started: a.began, Beat: a.now().UTC(), State: node.Living,
			Shops: len(g.config.Shops), Configuration: g.digest, Answers: true,
		}}, nil
	}
	list, err := a.node.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]api.Node, len(list))
	for i, n := range list {
		out[i] = api.Node{
			ID: n.ID, Name: n.Name, Version: n.Version, Started: n.Started, Beat: n.Beat, State: n.State, Shops: n.Shops,
			Configuration: n.Config, Answers: n.Here,
		}
	}
	return out, nil
}

// difference remembers since when the nodes' configurations differ.
type difference struct {
	mu    sync.Mutex
	since time.Time
}

// lasts reports whether there has been a difference for so long: a reload goes
// from node to node.
func (d *difference) lasts(differ bool, now time.Time, long time.Duration) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case !differ:
		d.since = time.Time{}
	case d.since.IsZero():
		d.since = now
	}
	return differ && now.Sub(d.since) >= long
}

// nodeTroubles returns what is wrong with the nodes as a whole; the owner of the
// hub's book asks.
func (a *App) nodeTroubles(ctx context.Context) ([]alert.Trouble, error) {
	if a.node == nil || !a.differ.lasts(!a.node.Agreed(), time.Now(), a.opts.Tick) {
		return nil, nil
	}
	list, err := a.node.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string][]string{}
	for _, n := range list {
		if n.State != node.Ended {
			names[n.Config] = append(names[n.Config], n.Name)
		}
	}
	var groups []string
	for _, same := range names {
		slices.Sort(same)
		groups = append(groups, strings.Join(same, ", "))
	}
	slices.Sort(groups)
	return alert.OfNodes(groups), nil
}
