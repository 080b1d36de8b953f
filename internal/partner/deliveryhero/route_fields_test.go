package deliveryhero

import "testing"

// TestRouteFieldChecks: what can not work is refused when it is configured, not
// by the platform.
func TestRouteFieldChecks(t *testing.T) {
	t.Parallel()
	checks := map[string]func(string) []string{}
	for _, f := range routeFields() {
		checks[f.Name] = f.Check
	}
	f := func(name, value string, good bool) {
		t.Helper()
		if bad := checks[name](value); (len(bad) == 0) != good {
			t.Errorf("%s %q: %q", name, value, bad)
		}
	}
	f("chain_id", "C0DE0000-0000-4000-8000-000000000001", true)
	f("chain_id", "c0de0000", false)
	f("vendors", "CENTRO=290056", true)
	f("vendors", "290056", true)
	f("vendors", "=290056", false)
	f("currency", "UYU", true)
	f("currency", "", true)
	f("currency", "uyu", false)
	f("webhook_header", "X-Webhook-Secret", true)
	f("webhook_header", "Content-Length", false)
}
