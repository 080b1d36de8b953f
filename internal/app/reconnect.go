package app

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// routesOf are the routes of one shop by where they come from, in sequence.
type routesOf struct{ file, connected, doors []*route }

// reconnect makes the next generation of one: the same configuration, with the
// connected routes as they are now.
func (a *App) reconnect(ctx context.Context, before *generation) (*generation, error) {
	next := *before
	allow, err := prefixes(before.file.Outbound.AllowPrivate)
	if err != nil {
		return nil, err
	}
	byShop := map[string]*routesOf{}
	for i := range before.delivered {
		d := &before.delivered[i]
		same := *before.routes[routeKey{d.Shop, d.Name}]
		of := byShop[d.Shop]
		if of == nil {
			of = &routesOf{}
			byShop[d.Shop] = of
		}
		switch same.from {
		case api.FromFile:
			of.file = append(of.file, &same)
		case api.FromDoor:
			of.doors = append(of.doors, &same)
		}
	}
	list, err := a.readConnected(ctx)
	if err != nil {
		return nil, err
	}
	a.settle(&next, list, byShop, allow, before)
	return &next, nil
}

// settle puts the connected routes between those of the file and those of doors,
// and makes of them all what the hub runs. A connected route that can not run
// says why, and keeps no other one from running.
func (a *App) settle(g *generation, list connectedList, byShop map[string]*routesOf, allow []netip.Prefix, before *generation) {
	g.connected = list
	cfg := *g.file
	cfg.Shops = maps.Clone(cfg.Shops)
	t := claims{accounts: map[string]*route{}, connections: map[routeKey]string{}, file: map[routeKey]bool{}}
	for _, id := range cfg.ShopOrder {
		for _, r := range byShop[id].list().file {
			t.add(r)
		}
	}
	clients := map[routeKey]*outbound.Client{}
	var revisions []string
	for _, c := range list.routes {
		shop := cfg.Shops[c.shop]
		if shop == nil || c.fault != "" {
			c.fault = cmp.Or(c.fault, "the configuration has no shop "+c.shop)
			continue
		}
		r, slim := a.settleOne(g, c, shop, &t, allow, before, clients)
		if r == nil {
			a.log.Warn("a connected route is not in force", "shop", c.shop, "route", c.name, "reason", c.fault)
			continue
		}
		t.add(r)
		revisions = append(revisions, c.shop+"/"+r.revision)
		if byShop[c.shop] == nil {
			byShop[c.shop] = &routesOf{}
		}
		byShop[c.shop].connected = append(byShop[c.shop].connected, r)
		same := *shop
		same.Routes = append(slices.Clip(same.Routes), slim)
		cfg.Shops[c.shop] = &same
	}
	g.config = &cfg
	g.digest = g.fileDigest
	if len(revisions) > 0 {
		sum := a.sealKey.Derive("connected digest").Mac([]byte(g.fileDigest + "|" + strings.Join(revisions, "|")))
		g.digest = fmt.Sprintf("%x", sum[:8])
	}
	var all []*route
	for _, id := range cfg.ShopOrder {
		of := byShop[id].list()
		all = slices.Concat(all, of.file, of.connected, of.doors)
	}
	g.setRoutes(all)
}

func (of *routesOf) list() routesOf {
	if of == nil {
		return routesOf{}
	}
	return *of
}

// settleOne builds a connected route; nil: it has a fault now.
func (a *App) settleOne(g *generation, c *connected, shop *config.Shop, t *claims, allow []netip.Prefix, before *generation, clients map[routeKey]*outbound.Client) (*route, config.Route) {
	if c.shadowed = t.file[c.key()]; c.shadowed {
		c.fault = "the configuration has a route of this name, and the configuration wins"
		return nil, config.Route{}
	}
	read, complaints := config.ReadGiven(c.given(), config.Options{Partners: a.opts.Partners, CompileRule: CheckRule})
	if len(complaints) > 0 {
		texts := make([]string, len(complaints))
		for i, said := range complaints {
			texts[i] = said.String()
		}
		c.fault = strings.Join(texts, "; ")
		return nil, read
	}
	if c.fault = t.conflict(a, c.shop, &read); c.fault != "" {
		return nil, read
	}
	r, err := a.route(g.file, shop, read, api.FromStore, allow, before, clients)
	if err != nil {
		c.fault = err.Error()
		return nil, read
	}
	read.Settings = nil
	return r, read
}

// claims are the accounts and connections that routes have already.
type claims struct {
	accounts    map[string]*route
	connections map[routeKey]string // the partner
	file        map[routeKey]bool   // routes of the file
}

func (t *claims) add(r *route) {
	if r.account != "" {
		t.accounts[r.account] = r
	}
	d := r.delivery
	t.connections[routeKey{d.Shop, d.Connection}] = d.Partner
	if r.from == api.FromFile {
		t.file[routeKey{d.Shop, d.Name}] = true
	}
}

// conflict says why a connected route can not run beside those that are there;
// "": it can.
func (t *claims) conflict(a *App, shop string, r *config.Route) string {
	if t.connections[routeKey{shop, r.Connection}] != "" {
		return "a route of the configuration has the connection " + r.Connection + "; what that one keeps is not for others"
	}
	if other := t.connections[routeKey{shop, connectedConnection(r.Connection)}]; other != "" && other != r.Partner {
		return "shares the connection " + r.Connection + " with a route to " + other + "; name another connection"
	}
	p, _ := a.partner(r.Partner)
	key, names := config.Account(p, r)
	if other := t.accounts[key]; key != "" && other != nil {
		d := other.delivery
		if d.Shop != shop || d.Connection != connectedConnection(r.Connection) {
			return fmt.Sprintf("uses the same account (%s) as shops.%s.routes.%s, where one at a time may work", names, d.Shop, d.Name)
		}
	}
	return ""
}

// connectedConnection keeps what connected routes remember of their connections
// apart from what the file's do: a login that was issued to one must not be sent
// to where somebody else says.
func connectedConnection(name string) string { return "connected:" + name }

// setting is a value that was given for a field of a route.
type setting struct {
	name  string
	value partner.Value
}

// given are the settings of a route without those that are as their fields say
// anyway: there may be thousands of routes, and they are kept to be shown.
func given(p partner.Partner, s partner.Settings) (out []setting) {
	for _, f := range config.RouteFields(p) {
		v, ok := s[f.Name]
		if !ok || f.Default != "" && sameValue(v, config.DefaultValue(f)) {
			continue
		}
		v.Text = strings.Clone(v.Text) // not all of the file that it stood in
		out = append(out, setting{f.Name, v})
	}
	return out
}

// settings are all of them.
func (r *route) settings(p partner.Partner) partner.Settings {
	out := partner.Settings{}
	for _, f := range config.RouteFields(p) {
		if f.Default != "" {
			out[f.Name] = config.DefaultValue(f)
		}
	}
	for _, s := range r.given {
		out[s.name] = s.value
	}
	return out
}

// texts are a value as it is given; nil: it is a secret, or empty.
func texts(v partner.Value) []string {
	switch {
	case v.Secret.Set():
		return nil
	case v.List != nil:
		return slices.Clone(v.List)
	case v.Text != "":
		return []string{v.Text}
	}
	return nil
}
