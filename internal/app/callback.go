package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// What a door sends by itself runs as a route of every shop that has a
// credential there, in the configuration or made while the hub runs. The route
// is there before the shop's first credential is handed out, and stays when the
// last one is revoked: what it has begun goes on.

// callback builds a door's route at a shop, or takes it over unchanged.
func (a *App) callback(cfg *config.Config, shop *config.Shop, p partner.Partner, allow []netip.Prefix, before *generation) (*route, error) {
	name := partner.CallbackRoute(p.Name)
	rev := callbackRevision(cfg, shop, p)
	if before != nil {
		if old := before.routes[routeKey{shop.ID, name}]; old != nil && old.revision == rev {
			same := *old
			return &same, nil
		}
	}
	// Whom it calls stands in credentials: no setting of the hub's own vouches
	// for these addresses.
	client := outbound.New(outbound.Options{
		Allow: allow, Untrusted: true, Hop: a.hubID, Now: a.now, UserAgent: "ordermux/" + a.opts.Version,
	})
	side, err := p.Callback(a.callbackDeps(cfg, shop, p, client))
	if err != nil {
		return nil, err
	}
	return &route{from: api.FromDoor, revision: rev, client: client, delivery: &delivery.Route{
		Shop: shop.ID, Name: name, Partner: p.Name, Connection: name, Side: a.accompanied(shop.ID, name, side),
		Door: p.Name + ":", Revision: rev, Rules: delivery.Rules{On: side.On, Location: shop.Location},
	}}, nil
}

func (a *App) callbackDeps(cfg *config.Config, shop *config.Shop, p partner.Partner, client *outbound.Client) partner.Deps {
	name := partner.CallbackRoute(p.Name)
	return partner.Deps{
		Partner: p.Name, Shop: shop.ID, Route: name,
		Source: order.Source{Name: "route:" + name, Rank: order.RankRoute},
		Intake: &intake{app: a, next: a.ledger, partner: p.Name},
		Orders: a.ledger, People: people{a}, Credentials: doorCredentials{app: a, partner: p.Name}, Access: doorAccess{app: a, partner: p.Name},
		State: a.store.State(hubShop, "door:"+p.Name), At: a.doorState(p.Name), Settings: cfg.HubSettings(p),
		Catalog: a.store.Catalog(), Promotions: a.promotions, Stock: a.stock, Couriers: a.couriers, Note: a.note, Currency: shop.Currency, Timezone: shop.Timezone,
		Seal: a.sealer, Reviews: a.book, Mail: MailServer(cfg), PublicURL: cfg.PublicURL, HTTP: client,
		Log: a.log.With("shop", shop.ID, "route", name, "partner", p.Name),
		Now: a.now,
	}
}

// callbackRevision is a digest of all that makes a callback what it is. The
// credentials are none of it: the side reads them as they are.
func callbackRevision(cfg *config.Config, shop *config.Shop, p partner.Partner) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s|%v|%s|%s|%s|%s", cfg.PublicURL, cfg.Outbound.AllowPrivate, shop.ID, shop.Currency, shop.Timezone, p.Name)
	writeSettings(h, cfg.HubSettings(p))
	writeSMTP(h, cfg.SMTP)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// callbackShops returns by shop the partners whose doors call back there.
func (a *App) callbackShops(ctx context.Context, cfg *config.Config) (map[string][]partner.Partner, error) {
	out := map[string][]partner.Partner{}
	for _, p := range a.opts.Partners {
		if p.Callback == nil {
			continue
		}
		stored, err := a.grants.shops(ctx, p)
		if err != nil {
			return nil, err
		}
		for _, id := range cfg.ShopOrder {
			if len(cfg.Shops[id].Doors[p.Name]) > 0 || stored[id] {
				out[id] = append(out[id], p)
			}
		}
	}
	return out, nil
}

// shops returns the shops that have, or had, a credential of a door that was
// made while the hub ran. It reads one key of each.
func (g *grants) shops(ctx context.Context, p partner.Partner) (map[string]bool, error) {
	out := map[string]bool{}
	var kinds []string
	for _, f := range p.Settings {
		if !f.Door || f.Hub || slices.Contains(kinds, f.Of) {
			continue
		}
		kinds = append(kinds, f.Of)
		prefix := "c/" + f.Of + "/"
		for after := ""; ; {
			keys, _, err := g.state(p.Name).List(ctx, prefix, after, 1)
			if err != nil {
				return nil, fmt.Errorf("list credentials: %w", err)
			}
			if len(keys) == 0 {
				break
			}
			shop, _, _ := strings.Cut(strings.TrimPrefix(keys[0], prefix), "/")
			out[shop] = true
			after = prefix + shop + "0" // what comes right after the slash
		}
	}
	return out, nil
}

// addCallbacks builds the callbacks that shops lack since the configuration was
// read: they have a credential by now.
func (a *App) addCallbacks(ctx context.Context) error {
	a.reload.Lock()
	defer a.reload.Unlock()
	before := a.current.Load()
	callbacks, err := a.callbackShops(ctx, before.config)
	if err != nil {
		return err
	}
	allow, err := prefixes(before.config.Outbound.AllowPrivate)
	if err != nil {
		return err
	}
	var list []*route
	for _, shop := range before.config.ShopOrder {
		for _, p := range callbacks[shop] {
			if before.routes[routeKey{shop, partner.CallbackRoute(p.Name)}] != nil {
				continue
			}
			r, err := a.callback(before.config, before.config.Shops[shop], p, allow, nil)
			if err != nil {
				return &RouteError{Partner: p.Name, Err: err}
			}
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		return nil
	}
	next := before.with(list)
	a.current.Store(next)
	if err := a.setRoutes(ctx, next); err != nil {
		a.current.Store(before)
		return err
	}
	return nil
}

// with returns a generation with more routes.
func (g *generation) with(more []*route) *generation {
	next := *g
	list := make([]*route, 0, len(g.delivered)+len(more))
	for i := range g.delivered {
		same := *g.routes[routeKey{g.delivered[i].Shop, g.delivered[i].Name}]
		list = append(list, &same)
	}
	next.setRoutes(append(list, more...))
	return &next
}

// doCallbacks is what nodes ask each other for.
const doCallbacks = "callbacks"

// callBack sees to it that a shop with a new credential has the door's
// callback, on every node, before anybody can order there. A node that can not
// be asked finds out by itself.
func (a *App) callBack(ctx context.Context, id credentialID) error {
	p, _ := a.partner(id.partner)
	if p.Callback == nil || a.current.Load().routes[routeKey{id.shop, partner.CallbackRoute(p.Name)}] != nil {
		return nil
	}
	if a.node == nil {
		return a.addCallbacks(ctx)
	}
	answers, err := a.node.AskAll(ctx, doCallbacks, nil)
	if err != nil {
		return err
	}
	for _, n := range answers {
		if n.Err != nil {
			a.log.WarnContext(ctx, "a node has not been told of a door's callback yet", "node", n.Node.Name, "error", n.Err)
		}
	}
	return nil
}

// callbackLook is how often a hub looks whether a shop got its first credential
// at a door without its hearing of it, from another node.
const callbackLook = time.Minute
