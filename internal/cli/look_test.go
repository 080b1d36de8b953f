package cli_test

import (
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/bench"
	"github.com/ordermux/ordermux/internal/cli"
	"github.com/ordermux/ordermux/internal/order"
)

// TestLook compares what people and scripts see with golden files.
func TestLook(t *testing.T) {
	t.Parallel()
	f := func(name string, args ...string) {
		t.Helper()
		h := newHub(t)
		r := h.run(t, "", args...)
		if r.code != 0 || r.err != "" {
			t.Errorf("%v: code %d, %s", args, r.code, r.err)
		}
		golden(t, name, r.out)
	}
	f("orders", "orders", "--limit", "0")
	f("orders-first", "orders", "--limit", "1")
	f("orders-json", "orders", "--limit", "1", "--json")
	f("order", "order", "1001")
	f("order-bodies", "order", "1001", "--bodies")
	f("order-json", "order", "1001", "--json")
	f("order-lone", "order", "lone")
	f("deliveries", "deliveries", "--state", "failed,refused")
	f("deliveries-json", "deliveries", "--json")
	f("routes", "routes")
	f("routes-json", "routes", "--json")
	f("nodes", "nodes")
	f("nodes-json", "nodes", "--json")
	f("stuck", "stuck")
	f("stuck-json", "stuck", "--json")
	f("stuck-none", "stuck", "--route", "ads", "--cause", "refused")
	f("reconcile", "reconcile")
	f("reconcile-json", "reconcile", "--route", "hook", "--json")
	f("verify", "verify", "--shop", "nordlys")
	f("tokens", "token", "list")
	f("credentials", "token", "list", "--partner", "skeepers")
	f("credentials-json", "token", "list", "--partner", "skeepers", "--json")
	f("test", "route", "test", "ads", "1001")
	f("test-json", "route", "test", "ads", "1001", "--json")
	f("drop-dry", "delivery", "drop", "--all", "--dry-run")
	f("retry-dry", "delivery", "retry", "--route", "ads", "--dry-run")
	f("replay-dry-json", "route", "replay", "ads", "--all", "--dry-run", "--json")
}

func TestLineWithoutTotal(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	o := orderState(t)
	o.Order.Lines[0].Product.Name, o.Order.Lines[0].Total = "", order.Decimal{}
	h.answers["GET /api/v1/shops/nordlys/orders/1001"] = o
	if r := h.run(t, "", "order", "1001"); r.code != 0 || !strings.Contains(r.out, "\n  1 × p1\n") {
		t.Errorf("%+v", r)
	}
}

func TestFiltersReachTheHub(t *testing.T) {
	t.Parallel()
	f := func(want string, args ...string) {
		t.Helper()
		h := newHub(t)
		h.run(t, "", append(args, "--shop", "nordlys")...)
		if len(h.calls) == 0 || h.calls[0] != want {
			t.Errorf("%v: %v, want %s", args, h.calls, want)
		}
	}
	const shop = "/api/v1/shops/nordlys"
	f("GET "+shop+"/orders?channel=online&limit=3&since=2026-05-31T09%3A30%3A00Z&until=2026-06-01T09%3A30%3A00%2B10%3A00",
		"orders", "--limit", "3", "--channel", "online", "--since", "2026-05-31T09:30:00Z", "--until", "2026-06-01T09:30:00+10:00")
	f("GET "+shop+"/deliveries?code=http_400&cursor=x&limit=50&order=1001%2C1002&route=ads&state=failed%2Cparked",
		"deliveries", "--route", "ads", "--state", "failed,parked", "--code", "http_400", "--order", "1001", "--order", "1002", "--cursor", "x")
	f("GET "+shop+"/reconcile?from=2026-05-31T09%3A30%3A00Z&limit=500&route=ads&to=2026-06-01T09%3A30%3A00Z",
		"reconcile", "--route", "ads", "--from", "2026-05-31T09:30:00Z", "--to", "2026-06-01T09:30:00Z")
	f("GET "+shop+"/orders/a%2Fb%20c", "order", "a/b c")
	f("GET "+shop+"/orders?email=anna%40nordlys.example&limit=50&parcel=PK+1&ref=M-7&route=ads&sku=TEA-1&state=failed%2Cparked",
		"orders", "--email", "anna@nordlys.example", "--sku", "TEA-1", "--parcel", "PK 1", "--ref", "M-7", "--route", "ads", "--state", "failed,parked")
	f("GET "+shop+"/orders?limit=50&q=10042&since=2026-05-31T00%3A00%3A00Z&until=2026-06-01T00%3A00%3A00Z", "orders", "10042", "--from", "2026-05-31", "--to", "2026-06-01")
}

func TestFailures(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	f := func(code int, want string, args ...string) {
		t.Helper()
		r := h.run(t, "", args...)
		if r.code != code || !strings.Contains(r.err, want) {
			t.Errorf("%v: code %d, %q, want %d, %q", args, r.code, r.err, code, want)
		}
	}
	// What is not known is named.
	f(1, "ordermux: order 9 is not known at shop nordlys\n", "order", "9")
	f(1, "route none is not known at shop nordlys", "route", "pause", "none")
	f(1, "route none is not known at shop nordlys", "route", "replay", "none", "--all", "--yes")
	f(1, "token none is not known at shop nordlys", "token", "revoke", "none")
	f(1, "credential user none is not known at skeepers, shop nordlys", "token", "revoke", "none", "--partner", "skeepers", "--kind", "user")
	f(1, "credential none is not known at skeepers, shop nordlys", "token", "rotate", "none", "--partner", "skeepers")
	f(1, "route none or order 1 is not known at shop nordlys", "route", "test", "none", "1")
	// Mistakes in the command line.
	f(2, "See ordermux order --help", "order")
	f(2, "unknown flag --nonsense", "orders", "--nonsense")
	f(2, "say which", "delivery", "drop")
	f(2, "say which", "route", "replay", "ads")
	f(2, "2 would be dropped; add --yes to go on", "delivery", "drop", "--all")
	f(2, "add --yes", "erase", "1001")
	f(2, "must be one of", "token", "create", "x", "--scope", "root")
	f(2, "--set takes FIELD=VALUE", "token", "create", "x", "--partner", "skeepers", "--set", "nonsense")
	f(2, "--set password: open /none/such", "token", "create", "x", "--partner", "skeepers", "--set", "password=@/none/such")
	f(2, "give --partner, and --set or --unset", "token", "change", "x", "--partner", "skeepers")
	f(2, "give --partner", "token", "revoke", "x", "--tokens")
	f(2, `--since: must be a time such as`, "orders", "--since", "yesterday")

	// A broken chain is a failure.
	r := h.run(t, "", "verify")
	if r.code != 1 || !strings.Contains(r.out, "_hub: 2 events, the chain is BROKEN") || r.err != "" {
		t.Errorf("%+v", r)
	}
	// A hub that is not there.
	r = run(t, "", "orders", "--token", "t", "--hub", "http://127.0.0.1:1", "--shop", "nordlys")
	if r.code != 1 || !strings.Contains(r.err, "call the hub") {
		t.Errorf("%+v", r)
	}
	for _, args := range [][]string{{"orders", "--token", "t", "--hub", "localhost"}, {"orders", "--token", ""}} {
		if r = run(t, "", args...); r.code != 2 {
			t.Errorf("%v: %+v", args, r)
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	t.Parallel()
	if r := run(t, "", "version"); r.code != 0 || !strings.HasPrefix(r.out, "ordermux 1.2.3 (go") {
		t.Errorf("%+v", r)
	}
	for _, args := range [][]string{{}, {"--help"}, {"route", "--help"}} {
		if r := run(t, "", args...); r.code != 0 || !strings.Contains(r.out, "Usage: ordermux") {
			t.Errorf("%v: %+v", args, r)
		}
	}
	if r := run(t, "", "--help"); !strings.Contains(r.out, "\nTo begin:\n  demo ") || !strings.Contains(r.out, "\nTo act:\n  route ") {
		t.Errorf("the commands are not in groups: %s", r.out)
	}
	if r := run(t, "", "bench", "--help"); r.code != 0 || !strings.Contains(strings.Join(strings.Fields(r.out), " "), "for everything: "+strings.Join(bench.Scenarios(), ", ")) {
		t.Errorf("the help of bench names no scenarios: %+v", r)
	}
	if r := run(t, "", "key", "rotate"); r.code != 1 || r.out != "" || !strings.Contains(r.err, "can not be exchanged") {
		t.Errorf("%+v", r)
	}
}

// TestCount writes one thing and several.
func TestCount(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"1 day": cli.Count(1, "day"), "7 days": cli.Count(7, "day"), "2 deliveries": cli.Count(2, "delivery"), "0 orders": cli.Count(0, "order"),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
