package outbound

import (
	"net/netip"
	"strings"
	"testing"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	f := func(permitted bool, addresses ...string) {
		t.Helper()
		for _, a := range addresses {
			if got := (guard{}).permits(netip.MustParseAddr(a)); got != permitted {
				t.Errorf("%s: permitted %v", a, got)
			}
		}
	}
	f(true, "8.8.8.8", "100.128.0.1", "172.32.0.1", "192.169.0.1", "2606:4700::1111", "2a00:1450::1",
		"::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1")
	// Private, loopback, link-local, multicast, unspecified.
	f(false, "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "127.255.255.254", "169.254.169.254",
		"224.0.0.1", "239.1.1.1", "0.0.0.0", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "ff0e::1")
	// Carrier-grade NAT, documentation, benchmarks, reserved, broadcast.
	f(false, "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "0.1.2.3",
		"240.0.0.1", "255.255.255.255", "2001:db8::1", "fec0::1", "100::1", "2001::1", "3fff::1")
	// The same, inside an IPv6 address.
	f(false, "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::10.0.0.1", "64:ff9b::a00:1", "64:ff9b::7f00:1",
		"64:ff9b:1::808:808", "2002:a00:1::1", "2002:7f00:1::")
}

func TestGuardAllowed(t *testing.T) {
	t.Parallel()
	g := guard{allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}}
	for a, want := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "64:ff9b::a01:203": true, "fd00::1": true, "10.2.0.1": false, "fc00::1": false} {
		if g.permits(netip.MustParseAddr(a)) != want {
			t.Errorf("%s: want %v", a, want)
		}
	}
	if g.control("tcp", "10.1.0.1:443", nil) != nil || g.control("tcp", "[::1]:443", nil) == nil || g.control("unix", "/run/x", nil) == nil {
		t.Error("control")
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	want := map[Class][]int{
		Later:   {408, 423, 425, 429, 503, 507, 521, 522, 523, 525, 526, 529},
		Login:   {401, 402, 403, 404, 405, 407, 410, 421, 426, 501, 505, 511},
		Unknown: {},
	}
	listed := map[int]Class{}
	for class, statuses := range want {
		for _, s := range statuses {
			listed[s] = class
		}
	}
	byHundred := [...]Class{1: Unknown, 2: OK, 3: Login, 4: Refused, 5: Unknown}
	for status := 100; status < 600; status++ {
		class, ok := listed[status]
		if !ok {
			class = byHundred[status/100]
		}
		if got := Verdict(status); got != class {
			t.Errorf("%d: %v, want %v", status, got, class)
		}
	}
	for _, status := range []int{0, 99, 600, 999} {
		if Verdict(status) != Unknown {
			t.Errorf("%d: %v", status, Verdict(status))
		}
	}
	if OK.String() != "ok" || Login.String() != "login" {
		t.Error("names")
	}
}

// What is masked never shows, whatever stands around it, and without secrets
// nothing is changed or copied.
func FuzzMask(f *testing.F) {
	f.Add("secret", "a secret here", "tail")
	f.Add("a", "aaaa", "")
	f.Add("x/y", "%78%2fy", "&key=1")
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		c := New(Options{})
		m := c.masker(&Request{Mask: []string{secret}})
		if strings.Contains(masked, secret) || secret == "" {
			return
		}
		body := before + secret + after
		got := string(m.body([]byte(body), 1<<20))
		if m.text(body); strings.Contains(strings.ReplaceAll(got, masked, "\x00"), secret) && !strings.Contains(secret, "\x00") {
			t.Errorf("%q shows in %q", secret, got)
		}
		m.url("http://h.example/?" + body)
		(masker{}).url(body)
	})
}
