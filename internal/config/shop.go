package config

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

func (c *checker) readShops(m *mapping, cfg *Config) {
	v, ok := m.take("shops")
	if !ok {
		c.complain(0, "shops", "is missing; name at least one shop under shops:")
		return
	}
	shops, ok := v.mapping()
	if !ok {
		return
	}
	for _, p := range shops.pairs {
		p.checkName("a shop's id", p.key) // what is in the shop is checked all the same
		s, ok := p.mapping()
		if !ok {
			continue
		}
		cfg.ShopOrder = append(cfg.ShopOrder, p.key)
		shop := c.readShop(p.key, s)
		cfg.Shops[p.key] = shop
		if len(shop.Reviews.Notify) > 0 && cfg.SMTP == nil {
			at := join(s.path, "reviews.notify")
			c.complain(c.lines[at], at, "needs a mail server; add smtp: {host: ..., from: ...}")
		}
	}
}

var currencies = regexp.MustCompile(`^[A-Z]{3}$`)

func (c *checker) readShop(id string, m *mapping) *Shop {
	s := &Shop{ID: id, Name: id, Timezone: "UTC", Location: time.UTC, Doors: map[string][]Door{}}
	m.text("name", &s.Name)
	if v, ok := m.text("currency", &s.Currency); ok && !currencies.MatchString(s.Currency) {
		v.complain("must be an ISO 4217 code of three capital letters such as EUR")
	} else if _, there := m.take("currency"); !there {
		m.complain("currency is missing; give the shop's ISO 4217 code such as EUR")
	}
	if v, ok := m.text("timezone", &s.Timezone); ok {
		loc, err := time.LoadLocation(s.Timezone)
		if err != nil || s.Timezone == "Local" {
			v.complain("unknown time zone; give an IANA name such as Europe/Stockholm")
		} else {
			s.Location = loc
		}
	}
	c.readDoors(m, s)
	c.readCouriers(m, s)
	c.readRoutes(m, s)
	c.readReviews(m, &s.Reviews)
	s.Retention = c.readRetention(m)
	m.done()
	return s
}

// door finds a partner that has a door. False: it complained.
func (c *checker) door(v value, name string) (partner.Partner, bool) {
	return c.find(v, name, true)
}

func (c *checker) find(v value, name string, door bool) (partner.Partner, bool) {
	side := map[bool]string{true: "door", false: "route"}[door]
	for _, p := range c.opts.Partners {
		if p.Name != name {
			continue
		}
		if door && p.Door == nil || !door && p.Route == nil {
			v.complain("the partner %s has no %s; partners with one: %s", name, side, strings.Join(c.known(door), ", "))
			return p, false
		}
		return p, true
	}
	if near := nearest(name, c.known(door)); near != "" {
		v.complain("unknown partner %q; did you mean %s?", name, near)
	} else {
		v.complain("unknown partner %q; partners with a %s: %s", name, side, strings.Join(c.known(door), ", "))
	}
	return partner.Partner{}, false
}

func (c *checker) readDoors(m *mapping, s *Shop) {
	v, ok := m.take("doors")
	if !ok {
		return
	}
	doors, ok := v.mapping()
	if !ok {
		return
	}
	for _, p := range doors.pairs {
		part, ok := c.door(p.value, p.key)
		if !ok {
			continue
		}
		seen, of, unique := map[string]bool{}, map[string]int{}, map[string]string{}
		for _, e := range p.list() {
			d, ok := c.readDoor(part, e)
			if !ok {
				continue
			}
			if seen[d.Of+"/"+d.Name] {
				e.complain("two credentials are named %s; give each element of the list a name: of its own", d.Name)
				continue
			}
			seen[d.Of+"/"+d.Name] = true
			s.Doors[p.key] = append(s.Doors[p.key], d)
			for value, field := range partner.UniqueValues(DoorFields(part, d.Of), d.Settings) {
				if other := unique[d.Of+"/"+value]; other != "" {
					e.complain("its %s is an id of %s already; give each of them ids of its own", field, other)
				}
				unique[d.Of+"/"+value] = d.Name
			}
			if of[d.Of]++; of[d.Of] == part.Kind(d.Of).Most+1 && of[d.Of] > 1 {
				e.complain("%s takes at most %d credentials of this kind at a shop; remove one", p.key, part.Kind(d.Of).Most)
			}
		}
	}
}

// readDoor reads one set of credentials; its settings stand beside its name.
func (c *checker) readDoor(p partner.Partner, v value) (Door, bool) {
	m, ok := v.mapping()
	if !ok {
		return Door{}, false
	}
	d := Door{Partner: p.Name, Name: "default"}
	if v, ok := m.text("kind", &d.Of); ok {
		if kinds := doorKinds(p); len(kinds) == 0 {
			v.complain("%s has credentials of one kind only; remove the key", p.Name)
			return Door{}, false
		} else if !slices.Contains(kinds, d.Of) {
			v.complain("must be %s, or is left out for the door's own", orList(kinds))
			return Door{}, false
		}
	}
	if v, ok := m.text("name", &d.Name); ok {
		if fault := p.Kind(d.Of).NameFault(d.Name); fault != "" {
			v.complain("a credential's name %s", fault)
			return Door{}, false
		}
	}
	fields := DoorFields(p, d.Of)
	d.Settings = c.readSettings(m, fields)
	c.checkCredentials(m, p.Name, fields, d.Settings)
	return d, true
}

func (c *checker) readRoutes(m *mapping, s *Shop) {
	v, ok := m.take("routes")
	if !ok {
		return
	}
	routes, ok := v.mapping()
	if !ok {
		return
	}
	for _, p := range routes.pairs {
		p.checkName("a route's name", p.key)
		if r, ok := p.mapping(); ok {
			s.Routes = append(s.Routes, c.readRoute(p.key, r))
		}
	}
	c.checkConnections(routes, s)
	c.checkAccounts(routes, s)
}

func (c *checker) readRoute(name string, m *mapping) Route {
	r := Route{Name: name, Connection: name}
	v, ok := m.text("partner", &r.Partner)
	if _, there := m.take("partner"); !there {
		m.complain("partner is missing; give one of %s", strings.Join(c.known(false), ", "))
	}
	var part partner.Partner
	if ok {
		part, ok = c.find(v, r.Partner, false)
	}
	if v, ok := m.text("connection", &r.Connection); ok {
		v.checkName("a connection's name", r.Connection)
	}
	c.readRules(m, &r)
	c.readLimits(m, &r)
	m.flag("disabled", &r.Disabled)
	settings, there := m.take("settings")
	switch {
	case !ok: // the partner is unknown, so are its settings
	case !there:
		r.Settings = c.readSettings(&mapping{value: value{c: c, path: settings.path, doc: settings.doc, line: m.line}}, routeFields(part))
	default:
		if sm, ok := settings.mapping(); ok {
			r.Settings = c.readSettings(sm, routeFields(part))
		}
	}
	m.done()
	return r
}

var clock = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

func (c *checker) readRules(m *mapping, r *Route) {
	c.rule(m, "when", &r.When)
	c.rule(m, "lines", &r.Lines)
	m.texts("on", &r.On, checkKind)
	m.texts("unless", &r.Unless, checkKind)
	m.duration("after", &r.After, 0)
	if v, ok := m.text("at", &r.At); ok && !clock.MatchString(r.At) {
		v.complain("must be a time of day such as \"09:00\"")
	}
	c.readMaxAge(m, r)
	m.choice("trust", &r.Trust, "public")
}

// readMaxAge takes "none" beside durations: no bound, whatever the partner's own.
func (c *checker) readMaxAge(m *mapping, r *Route) {
	var s string
	v, ok := m.text("max_age", &s)
	switch {
	case !ok:
	case s == "none":
		r.MaxAge = -1
	default:
		d, err := parseDuration(s)
		if err != nil || d == 0 {
			v.complain("must be a duration such as 12h or 30d, or none")
			return
		}
		r.MaxAge = d
	}
}

func (c *checker) rule(m *mapping, key string, dst *string) {
	v, ok := m.text(key, dst)
	if !ok || c.opts.CompileRule == nil {
		return
	}
	if err := c.opts.CompileRule(key, *dst); err != nil {
		v.complain("the expression can not be used (%s); correct it", oneLine(err.Error()))
	}
}

// oneLine keeps the first line of a text: expression errors draw a picture
// below it.
func oneLine(s string) string {
	first, _, _ := strings.Cut(s, "\n")
	return strings.TrimSpace(first)
}

// kinds are those that rules may name: what an order goes through.
var kinds = []order.Kind{
	order.KindPlaced, order.KindUpdated, order.KindAccepted, order.KindReady, order.KindShipped,
	order.KindDelivered, order.KindCancelled, order.KindRefunded, order.KindReviewed, order.KindMissing,
}

func checkKind(v value, s string) bool {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		if string(k) == s {
			return true
		}
		words[i] = string(k)
	}
	v.complain("unknown kind of event; kinds are %s", strings.Join(words, ", "))
	return false
}

func (c *checker) readLimits(m *mapping, r *Route) {
	m.number("slots", &r.Slots, 1, 1000)
	m.rate("rate", &r.Rate)
	m.number("daily_cap", &r.DailyCap, 1, 1_000_000_000)
	v, ok := m.take("retry")
	if !ok {
		return
	}
	t, ok := v.mapping()
	if !ok {
		return
	}
	t.duration("first", &r.Retry.First, time.Millisecond)
	t.duration("max", &r.Retry.Max, time.Millisecond)
	t.duration("give_up", &r.Retry.GiveUp, time.Second)
	t.number("attempts", &r.Retry.Attempts, 1, 1_000_000)
	t.done()
	if r.Retry.Max > 0 && r.Retry.First > r.Retry.Max {
		v.complain("first is longer than max; make first the shorter one")
	}
}
