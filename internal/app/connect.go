package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner"
)

// connections are the routes as the API sets them up.
type connections struct{ app *App }

var _ api.Connections = connections{}

// Partners implements api.Connections.
func (c connections) Partners() []api.RoutePartner {
	out := []api.RoutePartner{}
	for _, p := range c.app.opts.Partners {
		if p.Route == nil {
			continue
		}
		shown := api.RoutePartner{Name: p.Name, Title: cmp.Or(p.Title, p.Name), Fields: []api.RouteField{}}
		for _, f := range config.RouteFields(p) {
			field := api.RouteField{
				Name: f.Name, Description: f.Description, Kind: string(cmp.Or(f.Kind, partner.Text)), Required: f.Required, Secret: f.Secret,
				Choices: f.Choices, Anew: leadsAway(f),
			}
			if !f.Secret {
				field.Default = f.Default
			}
			shown.Fields = append(shown.Fields, field)
		}
		out = append(out, shown)
	}
	return out
}

// leadsAway reports whether a field says where secrets are sent.
func leadsAway(f partner.Field) bool {
	if f.Secret {
		return false
	}
	return f.Kind == partner.URL || slices.ContainsFunc([]string{"host", "url", "endpoint", "port", "tls", "dialect"}, func(word string) bool { return strings.Contains(f.Name, word) })
}

// Setup implements api.Connections.
func (c connections) Setup(ctx context.Context, shop, name string) (api.RouteSetup, error) {
	g := c.app.current.Load()
	stored := g.connected.find(shop, name)
	r := g.routes[routeKey{shop, name}]
	if r == nil {
		if stored == nil {
			return api.RouteSetup{}, fmt.Errorf("route %s of shop %s: %w", name, shop, order.ErrNotFound)
		}
		return c.idle(stored), nil
	}
	p, _ := c.app.partner(r.delivery.Partner)
	out := api.RouteSetup{
		Name: name, Partner: p.Name, Title: cmp.Or(p.Title, p.Name), From: r.from, InForce: true, Shadowed: stored != nil && stored.shadowed,
		Rules: rulesOf(g.config.Shops[shop], r), Settings: map[string]api.FieldValue{}, Secrets: []string{},
		Limits: limitsOf(r), Troubles: []string{}, Message: r.delivery.Side.Test != nil,
	}
	if r.from == api.FromStore {
		out.Changed = stored.record.Changed
	}
	for _, s := range r.given {
		if s.value.Secret.Set() {
			out.Secrets = append(out.Secrets, s.name)
		} else if v := texts(s.value); v != nil {
			out.Settings[s.name] = v
		}
	}
	if ask := r.delivery.Side.Troubles; ask != nil {
		said, err := ask(ctx)
		if err != nil {
			return out, err
		}
		out.Troubles = append(out.Troubles, said...)
	}
	return out, nil
}

// idle is a connected route that is not in force, as it was set up.
func (c connections) idle(s *connected) api.RouteSetup {
	p, _ := c.app.partner(s.setup.Partner)
	out := api.RouteSetup{
		Name: s.name, Partner: s.setup.Partner, Title: cmp.Or(p.Title, s.setup.Partner), From: api.FromStore, Fault: s.fault, Shadowed: s.shadowed,
		Changed: s.record.Changed, Rules: fieldValues(s.setup.Rules), Settings: map[string]api.FieldValue{}, Secrets: []string{}, Troubles: []string{},
	}
	fields := config.RouteFields(p)
	for name, v := range s.setup.Settings {
		// What is no field of the partner any more may have been a secret.
		if i := slices.IndexFunc(fields, func(f partner.Field) bool { return f.Name == name }); i < 0 || fields[i].Secret {
			out.Secrets = append(out.Secrets, name)
		} else {
			out.Settings[name] = v
		}
	}
	slices.Sort(out.Secrets)
	return out
}

func (l *connectedList) find(shop, name string) *connected {
	for _, c := range l.routes {
		if c.shop == shop && c.name == name {
			return c
		}
	}
	return nil
}

func fieldValues(m map[string][]string) map[string]api.FieldValue {
	out := map[string]api.FieldValue{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

// rulesOf writes a route's rules as a person would.
func rulesOf(shop *config.Shop, r *route) map[string]api.FieldValue {
	out := map[string]api.FieldValue{}
	i := slices.IndexFunc(shop.Routes, func(c config.Route) bool { return c.Name == r.delivery.Name })
	if i < 0 {
		return out
	}
	c := &shop.Routes[i]
	add := func(key, text string) {
		if text != "" && text != "0" && text != "0s" {
			out[key] = api.FieldValue{text}
		}
	}
	add("when", c.When)
	add("lines", c.Lines)
	add("at", c.At)
	add("trust", c.Trust)
	add("after", c.After.String())
	if c.MaxAge < 0 {
		add("max_age", "none")
	} else {
		add("max_age", c.MaxAge.String())
	}
	if c.Connection != c.Name {
		add("connection", c.Connection)
	}
	if len(c.On) > 0 {
		out["on"] = c.On
	}
	if len(c.Unless) > 0 {
		out["unless"] = c.Unless
	}
	add("slots", strconv.Itoa(c.Slots))
	add("rate", strconv.FormatFloat(c.Rate, 'f', -1, 64))
	add("daily_cap", strconv.Itoa(c.DailyCap))
	add("retry.first", c.Retry.First.String())
	add("retry.max", c.Retry.Max.String())
	add("retry.give_up", c.Retry.GiveUp.String())
	add("retry.attempts", strconv.Itoa(c.Retry.Attempts))
	if c.Disabled {
		add("disabled", "true")
	}
	return out
}

func limitsOf(r *route) api.RouteLimits {
	d := r.delivery
	out := api.RouteLimits{
		Mode: string(cmp.Or(d.Side.Mode, partner.Each)), Batch: max(d.Side.Batch, 1), Slots: cmp.Or(d.Slots, d.Side.Slots), Rate: cmp.Or(d.Rate, d.Side.Rate),
		DailyCap: cmp.Or(d.DailyCap, d.Side.DailyCap), Timeout: d.Side.Timeout.Seconds(),
	}
	if age := cmp.Or(d.Rules.MaxAge, d.Side.MaxAge); age > 0 {
		out.MaxAge = age.Seconds()
	}
	return out
}

// Idle implements api.Connections.
func (c connections) Idle(_ context.Context, shop string) ([]api.IdleRoute, error) {
	var out []api.IdleRoute
	for _, s := range c.app.current.Load().connected.routes {
		if s.shop == shop && s.fault != "" {
			out = append(out, api.IdleRoute{Name: s.name, Partner: s.setup.Partner, Fault: s.fault, Shadowed: s.shadowed})
		}
	}
	return out, nil
}

// Connect implements api.Connections.
func (c connections) Connect(ctx context.Context, shop, name string, spec api.RouteSpec, change bool) (api.RouteSetup, error) {
	before, err := c.app.readOne(ctx, shop, name)
	switch {
	case err != nil:
		return api.RouteSetup{}, err
	case c.inFile(shop, name) && before == nil:
		return api.RouteSetup{}, refused(http.StatusConflict, "the configuration has a route of this name; change it there")
	case change && before == nil:
		return api.RouteSetup{}, fmt.Errorf("route %s of shop %s: %w", name, shop, order.ErrNotFound)
	case !change && before != nil:
		return api.RouteSetup{}, refused(http.StatusConflict, "a route of this name is connected already; change or remove it")
	}
	setup, err := c.complete(shop, name, spec, before)
	if err != nil {
		return api.RouteSetup{}, err
	}
	if before == nil {
		before = &connected{shop: shop, name: name}
	}
	if err := c.app.writeConnected(ctx, before, setup); err != nil {
		if errors.Is(err, order.ErrConflict) {
			err = refused(http.StatusConflict, "somebody else changed this route meanwhile; look at it again")
		}
		return api.RouteSetup{}, err
	}
	if err := c.app.connectEverywhere(ctx); err != nil {
		return api.RouteSetup{}, err
	}
	return c.Setup(ctx, shop, name)
}

func refused(status int, detail string) error {
	return &api.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

func (c connections) inFile(shop, name string) bool {
	r := c.app.current.Load().routes[routeKey{shop, name}]
	return r != nil && r.from == api.FromFile
}

// Disconnect implements api.Connections.
func (c connections) Disconnect(ctx context.Context, shop, name string) error {
	before, err := c.app.readOne(ctx, shop, name)
	if err != nil {
		return err
	}
	if before == nil {
		if c.inFile(shop, name) {
			return refused(http.StatusConflict, "this route stands in the configuration; remove it there")
		}
		return fmt.Errorf("route %s of shop %s: %w", name, shop, order.ErrNotFound)
	}
	if err := c.app.writeConnected(ctx, before, nil); err != nil {
		return err
	}
	return c.app.connectEverywhere(ctx)
}

// complete checks how a route is to be set up, and returns what is kept of it:
// with the secrets that are there and were not given anew.
func (c connections) complete(shop, name string, spec api.RouteSpec, before *connected) (*connectedSetup, error) {
	setup := &connectedSetup{Partner: spec.Partner, Rules: map[string][]string{}, Settings: map[string][]string{}}
	for k, v := range spec.Rules {
		if len(v) > 0 && !(len(v) == 1 && v[0] == "") {
			setup.Rules[k] = v
		}
	}
	for k, v := range spec.Settings {
		if len(v) > 0 && !(len(v) == 1 && v[0] == "") {
			setup.Settings[k] = v
		}
	}
	p, _ := c.app.partner(spec.Partner)
	bad := &order.Invalid{}
	keepSecrets(p, setup, spec, before, bad)
	read, complaints := config.ReadGiven(config.GivenRoute{Name: name, Partner: spec.Partner, Rules: setup.Rules, Settings: setup.Settings},
		config.Options{Partners: c.app.opts.Partners, CompileRule: CheckRule})
	for _, said := range complaints {
		if !slices.ContainsFunc(bad.Faults, func(f order.Fault) bool { return f.Path == said.Path }) {
			bad.Faults = append(bad.Faults, order.Fault{Path: said.Path, Code: order.Malformed, Reason: said.Text})
		}
	}
	if len(bad.Faults) > 0 {
		return nil, bad
	}
	if fault := c.clash(shop, &read); fault != "" {
		return nil, order.Refuse("rules.connection", order.Malformed, fault)
	}
	for _, f := range config.RouteFields(p) {
		if v, ok := setup.Settings[f.Name]; ok {
			setup.Settings[f.Name] = keptOf(f, v)
		}
	}
	if _, err := c.scratch(shop, p, read); err != nil {
		return nil, settingFault(p, err)
	}
	return setup, nil
}

// keepSecrets takes over the secrets that are there, unless they would go to
// another address than the one that they were given for.
func keepSecrets(p partner.Partner, setup *connectedSetup, spec api.RouteSpec, before *connected, bad *order.Invalid) {
	if before == nil || before.setup.Partner != spec.Partner {
		return
	}
	moved := slices.ContainsFunc(config.RouteFields(p), func(f partner.Field) bool {
		return leadsAway(f) && cmp.Or(strings.Join(setup.Settings[f.Name], "\n"), f.Default) != cmp.Or(strings.Join(before.setup.Settings[f.Name], "\n"), f.Default)
	})
	for _, f := range config.RouteFields(p) {
		was := before.setup.Settings[f.Name]
		if _, given := spec.Settings[f.Name]; !f.Secret || given || len(was) == 0 {
			continue
		}
		if moved {
			bad.Faults = append(bad.Faults, order.Fault{
				Path: "settings." + f.Name, Code: order.Required, Reason: "must be given again: it was meant for another address",
			})
			continue
		}
		setup.Settings[f.Name] = was
	}
}

// settingFault finds the field that a partner's word is about.
func settingFault(p partner.Partner, err error) error {
	name, rest, ok := strings.Cut(err.Error(), ": ")
	if ok && slices.ContainsFunc(config.RouteFields(p), func(f partner.Field) bool { return f.Name == name }) {
		return order.Refuse("settings."+name, order.Malformed, rest)
	}
	return order.Refuse("settings", order.Malformed, err.Error())
}

// clash says why a route can not run beside the others.
func (c connections) clash(shop string, r *config.Route) string {
	g := c.app.current.Load()
	t := claims{accounts: map[string]*route{}, connections: map[routeKey]string{}, file: map[routeKey]bool{}}
	for key, other := range g.routes {
		if key.shop != shop || key.name != r.Name {
			t.add(other)
		}
	}
	return t.conflict(c.app, shop, r)
}

// scratch makes the side of a route that is not there (yet): guarded as it would
// be, with nothing behind it.
func (c connections) scratch(shop string, p partner.Partner, r config.Route) (partner.Side, error) {
	cfg := c.app.config()
	allow, err := prefixes(cfg.Outbound.AllowPrivate)
	if err != nil {
		return partner.Side{}, err
	}
	deps := bareDeps(cfg, shop, p, r.Name)
	deps.HTTP = outbound.New(outbound.Options{Timeout: LoginTime, Allow: allow, Untrusted: true, Hop: c.app.hubID, Now: c.app.now, UserAgent: "ordermux/" + c.app.opts.Version})
	deps.Control = outbound.Guard(allow)
	deps.Put, deps.Intake, deps.Seal, deps.Reviews, deps.Now = putGuarded(deps.Control), closedIntake{}, c.app.sealer, c.app.book, c.app.now
	deps.Orders, deps.Catalog = c.app.ledger, c.app.store.Catalog()
	if s := cfg.Shops[shop]; s != nil {
		deps.Currency, deps.Timezone = s.Currency, s.Timezone
	}
	return p.Route(deps, r.Settings)
}

// Try implements api.Connections.
func (c connections) Try(ctx context.Context, shop, name string, spec *api.RouteSpec) (api.Tried, error) {
	if spec == nil {
		r := c.app.current.Load().routes[routeKey{shop, name}]
		if r == nil {
			return api.Tried{}, fmt.Errorf("route %s of shop %s: %w", name, shop, order.ErrNotFound)
		}
		p, _ := c.app.partner(r.delivery.Partner)
		return c.login(ctx, p, name, r.settings(p), r.delivery.Side, r.from != api.FromFile)
	}
	before, err := c.app.readOne(ctx, shop, name)
	if err != nil {
		return api.Tried{}, err
	}
	setup, err := c.complete(shop, name, *spec, before)
	if err != nil {
		return api.Tried{}, err
	}
	read, _ := config.ReadGiven(config.GivenRoute{Name: name, Partner: setup.Partner, Settings: setup.Settings}, config.Options{Partners: c.app.opts.Partners})
	p, _ := c.app.partner(setup.Partner)
	side, err := c.scratch(shop, p, read)
	if err != nil {
		return api.Tried{}, settingFault(p, err)
	}
	return c.login(ctx, p, name, read.Settings, side, true)
}

func (c connections) login(ctx context.Context, p partner.Partner, name string, settings partner.Settings, side partner.Side, guarded bool) (api.Tried, error) {
	ctx, trace := outbound.WithTrace(ctx)
	allow, err := prefixes(c.app.config().Outbound.AllowPrivate)
	if err != nil {
		return api.Tried{}, err
	}
	control := outbound.Guard(allow)
	if !guarded {
		control = nil
	}
	said, err := Login(ctx, p, name, settings, side, control)
	out := api.Tried{OK: err == nil, Said: said, Exchanges: api.Exchanges(trace.List())}
	if err != nil {
		out.Said = strings.ToValidUTF8(err.Error(), "?")
	}
	if e, ok := errors.AsType[*LoginError](err); ok {
		out.Code = e.Code
	}
	return out, nil
}
