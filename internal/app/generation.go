package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/ordermux/ordermux/internal/alert"
	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/rule"
	"github.com/ordermux/ordermux/internal/secret"
)

// generation is all that follows from one configuration. It is replaced whole
// or not at all.
type generation struct {
	config      *config.Config // with the connected routes
	digest      string         // of it
	file        *config.Config // without
	fileDigest  string
	connected   connectedList
	credentials *configured
	proxies     []netip.Prefix
	routes      map[routeKey]*route
	asked       map[string][]*route // by shop, in the configuration's sequence: those that can be asked what they have
	delivered   []delivery.Route    // those of routes, in the configuration's sequence
	channels    []alert.Channel
	openings    map[string]*opening // by shop
}

type routeKey struct{ shop, name string }

// route is a configured route, or a door's callback, with the side that was
// built for it.
type route struct {
	from     string          // api.FromFile, FromStore, FromDoor
	revision string          // digest of its configuration
	given    []setting       // as it is set up
	account  string          // see config.Account
	delivery *delivery.Route // in generation.delivered
	client   *outbound.Client
	lines    *rule.Program // the rule of that name, where the side can be asked for stock
	handler  http.Handler
	password secret.Text // with which its files are fetched
}

// RouteError is a route or door whose settings its partner does not take.
type RouteError struct {
	Shop, Route string // empty: a door
	Partner     string
	Err         error
}

func (e *RouteError) Error() string {
	if e.Route == "" {
		return fmt.Sprintf("door %s: %v", e.Partner, e.Err)
	}
	return fmt.Sprintf("shops.%s.routes.%s: %v", e.Shop, e.Route, e.Err)
}

func (e *RouteError) Unwrap() error { return e.Err }

// generate builds what follows from a configuration. Routes that did not
// change are taken over from before, with what they hold in memory.
func (a *App) generate(ctx context.Context, cfg *config.Config, before *generation) (*generation, error) {
	g := &generation{file: cfg.Slim(), fileDigest: digest(cfg, a.sealKey), openings: openings(cfg)}
	g.credentials = indexCredentials(cfg, a.opts.Partners)
	var err error
	if g.proxies, err = prefixes(cfg.TrustedProxies); err != nil {
		return nil, fmt.Errorf("trusted_proxies: %w", err)
	}
	allow, err := prefixes(cfg.Outbound.AllowPrivate)
	if err != nil {
		return nil, fmt.Errorf("outbound.allow_private: %w", err)
	}
	callbacks, err := a.callbackShops(ctx, cfg)
	if err != nil {
		return nil, err
	}
	clients := map[routeKey]*outbound.Client{} // by connection
	byShop := map[string]*routesOf{}
	for _, id := range cfg.ShopOrder {
		shop, of := cfg.Shops[id], &routesOf{}
		byShop[id] = of
		for _, c := range shop.Routes {
			r, err := a.route(cfg, shop, c, api.FromFile, allow, before, clients)
			if err != nil {
				return nil, &RouteError{Shop: id, Route: c.Name, Partner: c.Partner, Err: err}
			}
			of.file = append(of.file, r)
		}
		for _, p := range callbacks[id] {
			r, err := a.callback(cfg, shop, p, allow, before)
			if err != nil {
				return nil, &RouteError{Partner: p.Name, Err: err}
			}
			of.doors = append(of.doors, r)
		}
	}
	list, err := a.readConnected(ctx)
	if err != nil {
		return nil, err
	}
	a.settle(g, list, byShop, allow, before)
	g.channels = a.channels(cfg)
	return g, nil
}

// setRoutes takes a list of routes, each with a delivery.Route of its own.
// There may be thousands: each of those is kept once.
func (g *generation) setRoutes(list []*route) {
	g.delivered = make([]delivery.Route, len(list))
	g.routes, g.asked = make(map[routeKey]*route, len(list)), map[string][]*route{}
	for i, r := range list {
		g.delivered[i] = *r.delivery
		r.delivery = &g.delivered[i]
		g.routes[routeKey{r.delivery.Shop, r.delivery.Name}] = r
		if r.delivery.Side.Stock != nil && !r.delivery.Disabled {
			g.asked[r.delivery.Shop] = append(g.asked[r.delivery.Shop], r)
		}
	}
}

// prefixes reads address ranges; a single address is a range of one.
func prefixes(texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, t := range texts {
		if addr, err := netip.ParseAddr(t); err == nil {
			out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(t)
		if err != nil {
			return nil, fmt.Errorf("%q is no range such as 10.0.0.0/8", t)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// route builds one route, or takes it over unchanged. The addresses of one that
// people connected are guarded: who may connect routes is not who runs the hub.
func (a *App) route(cfg *config.Config, shop *config.Shop, c config.Route, from string, allow []netip.Prefix, before *generation, clients map[routeKey]*outbound.Client) (*route, error) {
	guarded := from == api.FromStore
	if guarded {
		c.Connection = connectedConnection(c.Connection)
	}
	connection := routeKey{shop.ID, c.Connection}
	rev := revision(cfg, shop, c)
	if before != nil {
		if old := before.routes[routeKey{shop.ID, c.Name}]; old != nil && old.revision == rev && old.from == from {
			clients[connection] = old.client
			same := *old
			return &same, nil
		}
	}
	p, ok := a.partner(c.Partner)
	if !ok || p.Route == nil {
		return nil, fmt.Errorf("there is no partner %q with a route", c.Partner)
	}
	client := clients[connection]
	if client == nil {
		client = outbound.New(outbound.Options{
			Allow: allow, Untrusted: guarded, Hop: a.hubID, Now: a.now, UserAgent: "ordermux/" + a.opts.Version,
		})
		clients[connection] = client
	}
	deps := a.routeDeps(cfg, shop, c, client)
	if guarded {
		deps.Control = outbound.Guard(allow)
		deps.Put = putGuarded(deps.Control)
	}
	side, err := p.Route(deps, c.Settings)
	if err != nil {
		return nil, err
	}
	r := &route{from: from, revision: rev, given: given(p, c.Settings), client: client, handler: side.Handler, password: c.Settings["file_password"].Secret}
	r.account, _ = config.Account(p, &c)
	if side.Stock != nil {
		if r.lines, err = rule.Compile(rule.Line, c.Lines); err != nil {
			return nil, fmt.Errorf("lines: %w", err)
		}
	}
	out := deliveryRoute(shop, c, a.accompanied(shop.ID, c.Name, side))
	out.Revision = rev
	r.delivery = &out
	return r, nil
}

// accompanied gives what a side does what the hub knows of its calls: the
// trace, who owns the shop, who listens.
func (a *App) accompanied(shop, name string, side partner.Side) partner.Side {
	side.Deliver = a.carryOn(shop, name, side.Deliver)
	side.Look = a.carryOn(shop, name, side.Look)
	if poll := side.Poll; poll != nil {
		side.Poll = func(ctx context.Context) error {
			ctx, done := a.captures.Calls(a.keeper.asOwner(ctx, shop), shop, name)
			defer done()
			return poll(ctx)
		}
	}
	side.Stock = listened(a, shop, name, side.Stock)
	side.Couriers = listened(a, shop, name, side.Couriers)
	side.Test = listened(a, shop, name, side.Test)
	return side
}

func (a *App) routeDeps(cfg *config.Config, shop *config.Shop, c config.Route, client *outbound.Client) partner.Deps {
	return partner.Deps{
		Partner: c.Partner, Shop: shop.ID, Route: c.Name,
		Source: order.Source{Name: "route:" + c.Name, Rank: order.RankRoute},
		Intake: &intake{app: a, next: a.ledger, partner: c.Partner},
		Orders: a.ledger,
		State:  a.connectionState(shop.ID, c.Connection), Currency: shop.Currency, Timezone: shop.Timezone,
		Files: a.files.of(shop.ID, c.Name), Catalog: a.store.Catalog(),
		HTTP: client, Put: PutFile,
		Note: a.note,
		Seal: a.sealer, Reviews: a.book, Mail: MailServer(cfg), PublicURL: cfg.PublicURL,
		Log: a.log.With("shop", shop.ID, "route", c.Name, "partner", c.Partner),
		Now: a.now,
	}
}

// carryOn gives a side's calls the trace and the hops that their orders came
// with.
func (a *App) carryOn(shop, route string, do func(context.Context, []partner.Task) []partner.Outcome) func(context.Context, []partner.Task) []partner.Outcome {
	if do == nil {
		return nil
	}
	return func(ctx context.Context, tasks []partner.Task) []partner.Outcome {
		ctx = outbound.WithTraceparent(a.keeper.asOwner(ctx, shop), a.traces.of(tasks))
		ctx, done := a.captures.Calls(ctx, shop, route)
		defer done()
		return do(outbound.WithHop(ctx, hopsOf(tasks)), tasks)
	}
}

// deliveryRoute turns a configured route into what the engine runs.
func deliveryRoute(shop *config.Shop, c config.Route, side partner.Side) delivery.Route {
	on := kinds(c.On)
	if on == nil {
		on = side.On
	}
	return delivery.Route{
		Shop: shop.ID, Name: c.Name, Partner: c.Partner, Connection: c.Connection, Side: side, Disabled: c.Disabled,
		Slots: c.Slots, Rate: c.Rate, DailyCap: c.DailyCap,
		Rules: delivery.Rules{
			When: c.When, On: on, After: c.After, At: c.At, Unless: kinds(c.Unless), MaxAge: c.MaxAge,
			Lines: c.Lines, Trust: c.Trust, Location: shop.Location,
			Retry: delivery.RetryRules{First: c.Retry.First, Max: c.Retry.Max, GiveUp: c.Retry.GiveUp, Attempts: c.Retry.Attempts},
		},
	}
}

func kinds(names []string) []order.Kind {
	if names == nil {
		return nil
	}
	out := make([]order.Kind, len(names))
	for i, n := range names {
		out[i] = order.Kind(n)
	}
	return out
}

// revision is a digest of all that makes a route what it is, secrets included,
// which it does not show.
func revision(cfg *config.Config, shop *config.Shop, c config.Route) string {
	h := sha256.New()
	settings := c.Settings
	c.Settings = nil
	fmt.Fprintf(h, "%s|%v|%s|%s|%s|%+v", cfg.PublicURL, cfg.Outbound.AllowPrivate, shop.ID, shop.Currency, shop.Timezone, c)
	writeSettings(h, settings)
	writeSMTP(h, cfg.SMTP) // a route may mail by it
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (a *App) partner(name string) (partner.Partner, bool) {
	for _, p := range a.opts.Partners {
		if p.Name == name {
			return p, true
		}
	}
	return partner.Partner{}, false
}

// channels are the ways in which people hear of troubles.
func (a *App) channels(cfg *config.Config) []alert.Channel {
	var out []alert.Channel
	if cfg.SMTP != nil && len(cfg.Alerts.Email) > 0 {
		out = append(out, alert.NewMail(*cfg.SMTP, cfg.Alerts.Email))
	}
	if w := cfg.Alerts.Webhook; w != nil {
		client := outbound.New(outbound.Options{Now: a.now, UserAgent: "ordermux/" + a.opts.Version})
		out = append(out, alert.NewWebhook(*w, client, a.now))
	}
	return out
}
