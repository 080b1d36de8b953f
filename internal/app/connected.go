package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

// Routes that people connect while the hub runs stand in the state of _hub, scope
// "routes":
//
//	r/<shop>/<name>     a route's record
//	version             a number that every change raises
//
// A change and its number are written by one transaction: who knows the number
// knows the routes.
const (
	connectedScope   = "routes"
	connectedPrefix  = "r/"
	connectedVersion = "version"
)

// connectedRecord is how a route stands in the store.
type connectedRecord struct {
	Made    time.Time `json:"made"`
	Changed time.Time `json:"changed"`
	Sealed  []byte    `json:"sealed"` // a connectedSetup
}

// connectedSetup is all that people said of a route.
type connectedSetup struct {
	Partner  string              `json:"partner"`
	Rules    map[string][]string `json:"rules,omitzero"`
	Settings map[string][]string `json:"settings,omitzero"`
}

// connected is a route as it was read.
type connected struct {
	shop, name string
	raw        []byte
	record     connectedRecord
	setup      connectedSetup
	fault      string // why it is not in force; "": it is
	shadowed   bool   // the file has a route of its name
}

func (c *connected) key() routeKey { return routeKey{c.shop, c.name} }

func (c *connected) given() config.GivenRoute {
	return config.GivenRoute{Name: c.name, Partner: c.setup.Partner, Rules: c.setup.Rules, Settings: c.setup.Settings}
}

func connectedKey(shop, name string) string { return connectedPrefix + shop + "/" + name }

func connectedContext(shop, name string) string { return connectedScope + "/" + shop + "/" + name }

// connectedList is every connected route, by shop and name, of a version.
type connectedList struct {
	version string
	routes  []*connected
}

// connectedNow reads the number of the last change; "": there was none.
func (a *App) connectedNow(ctx context.Context) (string, error) {
	v, _, err := a.store.State(hubShop, connectedScope).Get(ctx, connectedVersion)
	return string(v), err
}

// readConnected reads all of them. Its version is at most as new as they are.
func (a *App) readConnected(ctx context.Context) (connectedList, error) {
	const page = 200
	var out connectedList
	var err error
	if out.version, err = a.connectedNow(ctx); err != nil || out.version == "" {
		return out, err
	}
	state := a.store.State(hubShop, connectedScope)
	for after := ""; ; {
		keys, values, err := state.List(ctx, connectedPrefix, after, page)
		if err != nil {
			return out, fmt.Errorf("list connected routes: %w", err)
		}
		for i, key := range keys {
			shop, name, _ := strings.Cut(strings.TrimPrefix(key, connectedPrefix), "/")
			out.routes = append(out.routes, a.openConnected(shop, name, values[i]))
		}
		if len(keys) < page {
			return out, nil
		}
		after = keys[len(keys)-1]
	}
}

// readOne reads one; nil: there is none.
func (a *App) readOne(ctx context.Context, shop, name string) (*connected, error) {
	raw, there, err := a.store.State(hubShop, connectedScope).Get(ctx, connectedKey(shop, name))
	if err != nil || !there {
		return nil, err
	}
	return a.openConnected(shop, name, raw), nil
}

// openConnected reads a record. One that can not be opened (the seal key is
// another one) has a fault: it keeps no other route from running.
func (a *App) openConnected(shop, name string, raw []byte) *connected {
	c := &connected{shop: shop, name: name, raw: raw}
	err := json.Unmarshal(raw, &c.record)
	if err == nil {
		var plain []byte
		if plain, err = a.sealer.Open(c.record.Sealed, connectedContext(shop, name)); err == nil {
			err = json.Unmarshal(plain, &c.setup)
		}
	}
	if err != nil {
		c.fault = "what is kept of it can not be read: " + err.Error()
	}
	return c
}

// maxConnected bounds a record, in bytes.
const maxConnected = 900 << 10

// writeConnected writes a route over what was read of it (raw nil: there was
// none); setup nil removes it. Errors: order.ErrConflict if somebody else changed
// it meanwhile.
func (a *App) writeConnected(ctx context.Context, c *connected, setup *connectedSetup) error {
	edit := store.Edit{Key: connectedKey(c.shop, c.name), Old: c.raw}
	if setup != nil {
		plain, err := json.Marshal(setup)
		if err != nil {
			return fmt.Errorf("keep route: %w", err)
		}
		record := connectedRecord{Made: c.record.Made, Changed: a.now().UTC().Truncate(time.Second)}
		if c.raw == nil {
			record.Made = record.Changed
		}
		record.Sealed = a.sealer.Seal(plain, connectedContext(c.shop, c.name))
		if edit.New, err = json.Marshal(record); err != nil {
			return fmt.Errorf("keep route: %w", err)
		}
		if len(edit.New) > maxConnected {
			return order.Refuse("settings", order.TooLarge, "are too long to be kept")
		}
	}
	for range attempts {
		old, there, err := a.store.State(hubShop, connectedScope).Get(ctx, connectedVersion)
		if err != nil {
			return err
		}
		n, _ := strconv.ParseInt(string(old), 10, 64)
		next := store.Edit{Key: connectedVersion, New: strconv.AppendInt(nil, n+1, 10)}
		if there {
			next.Old = old
		}
		ok, err := a.store.Change(ctx, hubShop, connectedScope, []store.Edit{edit, next})
		if err != nil || ok {
			return err
		}
		now, _, err := a.store.State(hubShop, connectedScope).Get(ctx, edit.Key)
		if err != nil {
			return err
		}
		if !slices.Equal(now, edit.Old) {
			return order.ErrConflict
		}
	}
	return fmt.Errorf("route %s: %w", c.name, order.ErrBusy)
}

// doConnected is what nodes ask each other for.
const doConnected = "connected"

// connectedLook is how often a node looks for what another one connected, in
// case it was not told.
const connectedLook = 5 * time.Second

// takeConnected brings the connected routes into force at this node, if they
// changed.
func (a *App) takeConnected(ctx context.Context) error {
	a.reload.Lock()
	defer a.reload.Unlock()
	before := a.current.Load()
	if now, err := a.connectedNow(ctx); err != nil || now == before.connected.version {
		return err
	}
	next, err := a.reconnect(ctx, before)
	if err != nil {
		return err
	}
	a.current.Store(next)
	if err := a.setRoutes(ctx, next); err != nil {
		a.current.Store(before)
		return errors.Join(err, a.setRoutes(ctx, before))
	}
	a.retire(before, next)
	a.watcher.Nudge()
	a.log.Info("connected routes changed", "routes", len(next.delivered))
	return nil
}

// connectEverywhere does so at every node that can be asked. The others find out
// by themselves.
func (a *App) connectEverywhere(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx) // it is written
	if a.node == nil {
		return a.takeConnected(ctx)
	}
	answers, err := a.node.AskAll(ctx, doConnected, nil)
	if err != nil {
		a.log.WarnContext(ctx, "the nodes have not been told of connected routes yet", "error", err)
	}
	for _, n := range answers {
		if n.Err != nil {
			a.log.WarnContext(ctx, "a node has not been told of connected routes yet", "node", n.Node.Name, "error", n.Err)
		}
	}
	return a.takeConnected(ctx)
}
