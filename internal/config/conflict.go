package config

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/partner"
)

// checkListeners complains about two addresses that can not both be opened.
func (c *checker) checkListeners(cfg *Config) {
	type listener struct{ path, address string }
	list := []listener{{"listen", cfg.Listen}}
	for _, name := range slices.Sorted(maps.Keys(cfg.Doors)) {
		if address := cfg.Doors[name].Listen; address != "" {
			list = append(list, listener{"doors." + name + ".listen", address})
		}
	}
	if cfg.SFTP != nil {
		list = append(list, listener{"sftp.listen", cfg.SFTP.Listen})
	}
	for i, a := range list {
		for _, b := range list[:i] {
			if collide(a.address, b.address) {
				c.complain(c.lines[a.path], a.path, "the address %s is taken by %s already; choose another port", a.address, b.path)
			}
		}
	}
}

// collide reports whether both addresses want the same port of one host; no
// host is every host, port 0 is any free port.
func collide(a, b string) bool {
	ha, pa, errA := net.SplitHostPort(a)
	hb, pb, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || pa != pb || pa == "0" {
		return false
	}
	return ha == hb || wildcard(ha) || wildcard(hb)
}

func wildcard(host string) bool { return host == "" || host == "0.0.0.0" || host == "::" }

// checkCredentials complains where one value would open two doors of a
// partner: it selects the shop, so it must be nobody else's.
func (c *checker) checkCredentials(m *mapping, name string, fields []partner.Field, settings partner.Settings) {
	for _, f := range fields {
		if !f.Credential {
			continue
		}
		presented := Presented(f, settings)
		if presented == "" {
			continue
		}
		v, _ := m.take(f.Name)
		key := name + " " + presented
		if other, taken := c.credentials[key]; taken {
			v.complain("has the same value as %s; give every credential a value of its own", other)
			continue
		}
		c.credentials[key] = v.path
	}
	c.checkUploader(m, fields, settings)
}

// ofUploads is the kind of credentials of the SFTP server's users (sftp.Kind).
const ofUploads = "sftp"

// checkUploader complains where two doors have an SFTP user of one name and
// password: the server, which is one for all, could not tell them apart. Of one
// name alone they may be.
func (c *checker) checkUploader(m *mapping, fields []partner.Field, settings partner.Settings) {
	for _, f := range fields {
		if !f.Credential || f.Of != ofUploads || Presented(f, settings) == "" {
			continue
		}
		for _, p := range fields {
			password := settings[p.Name].Secret.Reveal()
			if !p.Password || password == "" {
				continue
			}
			v, _ := m.take(p.Name)
			key := fmt.Sprintf("%s %q %q", ofUploads, Presented(f, settings), password)
			if other, taken := c.credentials[key]; taken && other != v.path {
				v.complain("is that of %s too, and so is the user's name: the SFTP server takes him for only one of them; give one another name or password", other)
				continue
			}
			c.credentials[key] = v.path
		}
	}
}

// Presented is what callers present for a credential field of settings, as
// partner.Credentials.Find takes it; empty: the field has no value.
func Presented(f partner.Field, settings partner.Settings) string {
	plain := func(name string) string { return settings[name].Text + settings[name].Secret.Reveal() }
	presented := plain(f.Name)
	if f.With != "" && presented != "" {
		presented = partner.Joined(plain(f.With), presented)
	}
	return presented
}

// checkConnections complains about routes that share a connection but not
// its partner: a login belongs to one.
func (c *checker) checkConnections(routes *mapping, s *Shop) {
	first := map[string]Route{}
	for _, r := range s.Routes {
		other, taken := first[r.Connection]
		if !taken {
			first[r.Connection] = r
			continue
		}
		if other.Partner != r.Partner {
			v, _ := routes.take(r.Name)
			v.complain("shares the connection %s with %s, which goes to another partner; name another connection", r.Connection, other.Name)
		}
	}
}

// account is whose route came first to an account at a partner.
type account struct{ shop, route, connection string }

// checkAccounts complains about routes that could work on one account of a
// partner at a time (partner.Field.Account): by several connections, or of
// several shops.
func (c *checker) checkAccounts(routes *mapping, s *Shop) {
	if c.accounts == nil {
		c.accounts = map[string]account{}
	}
	for _, r := range s.Routes {
		key, names := c.accountOf(&r)
		if key == "" {
			continue
		}
		other, taken := c.accounts[key]
		if !taken {
			c.accounts[key] = account{s.ID, r.Name, r.Connection}
			continue
		}
		v, _ := routes.take(r.Name)
		switch {
		case other.shop != s.ID:
			v.complain("uses the same account (%s) as shops.%s.routes.%s; an account belongs to one shop", names, other.shop, other.route)
		case other.connection != r.Connection:
			v.complain("uses the same account (%s) as %s, where one at a time may work; add connection: %s", names, other.route, other.connection)
		}
	}
}

// accountOf is what tells a route's account apart from others, and the names of
// the settings that do; "": nothing does, or the route is disabled.
func (c *checker) accountOf(r *Route) (key, names string) {
	i := slices.IndexFunc(c.opts.Partners, func(p partner.Partner) bool { return p.Name == r.Partner })
	if i < 0 || r.Disabled {
		return "", ""
	}
	var list []string
	for _, f := range routeFields(c.opts.Partners[i]) {
		if !f.Account {
			continue
		}
		value := strings.TrimRight(r.Settings[f.Name].Text, "/")
		if value == "" {
			return "", "" // complained about elsewhere
		}
		list = append(list, f.Name)
		key += "\x00" + value
	}
	if list == nil {
		return "", ""
	}
	return r.Partner + key, strings.Join(list, ", ")
}
