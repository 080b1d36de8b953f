package outbound

import (
	"net/netip"
	"syscall"
)

// guard decides which addresses an untrusted request may reach. It is asked
// with the address that is really dialled, after the name was resolved, so a
// name that answers differently the second time gains nothing.
type guard struct{ allow []netip.Prefix }

// deniedError says that the guard denied an address. It does not name it: what
// a name resolves to inside is nobody's business outside.
type deniedError struct{}

func (*deniedError) Error() string { return "address is private or reserved" }

// control is a net.Dialer.Control.
func (g guard) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !g.permits(at.Addr()) {
		return &deniedError{}
	}
	return nil
}

// reserved are the ranges that are no public partner's, beside those that
// netip.Addr itself knows (IANA special-purpose address registries,
// https://www.iana.org/assignments/iana-ipv4-special-registry and
// iana-ipv6-special-registry, seen 2026).
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carrier-grade NAT
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"), // broadcast too
	netip.MustParsePrefix("::/96"),       // IPv4-compatible
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), // Teredo, ORCHID, benchmarking
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("3fff::/20"),
	netip.MustParsePrefix("5f00::/16"),
	netip.MustParsePrefix("fec0::/10"), // site-local
}

var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour = netip.MustParsePrefix("2002::/16")
)

// permits reports whether the address is public or explicitly allowed. An
// address that carries an IPv4 one inside is judged by that.
func (g guard) permits(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, p := range g.allow {
		if p.Contains(a) {
			return true
		}
	}
	if v4, ok := embedded(a); ok {
		return g.permits(v4)
	}
	if !a.IsValid() || a.IsUnspecified() || a.IsLoopback() || a.IsPrivate() || a.IsMulticast() ||
		a.IsLinkLocalUnicast() || a.IsInterfaceLocalMulticast() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// embedded returns the IPv4 address that a NAT64 or 6to4 address leads to.
func embedded(a netip.Addr) (netip.Addr, bool) {
	b := a.As16()
	switch {
	case nat64.Contains(a):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToFour.Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

// Guard returns the net.Dialer.Control of those who connect by other means than
// a Client: it denies what Request.Untrusted denies, but for what is allowed.
func Guard(allow []netip.Prefix) func(network, address string, c syscall.RawConn) error {
	return guard{allow: allow}.control
}
