package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestApart(t *testing.T) {
	t.Parallel()
	f := func(want bool, a, b string) {
		t.Helper()
		if apart(a, b) != want || apart(b, a) != want {
			t.Errorf("%s, %s: not %v", a, b, want)
		}
	}
	f(true, `order.locale == "sv-SE"`, `order.locale == "fr-FR"`)
	f(true, `order.id startsWith "FR-"`, `order.id startsWith "SE-"`)
	f(true, `order.id == "FR-1"`, `order.id startsWith "SE-"`)
	f(false, `order.id startsWith "FR-"`, `order.id startsWith "FR"`)
	f(false, `order.id == "FR-1"`, `order.id startsWith "FR-"`)
	f(false, `order.locale == "sv-SE"`, `order.channel == "online"`)
	f(true, `order.locale == "sv-SE"`, `order.locale != "sv-SE" && has(order.customer.email)`)
	f(true, `order.channel == "online" && order.locale == "sv-SE"`, `has(order.customer.email) && order.locale == "fr-FR"`)
	f(false, `order.locale == "sv-SE"`, `order.locale != "fr-FR"`)
	f(false, `order.locale != "sv-SE"`, `order.locale != "sv-SE"`)
	f(false, `order.id startsWith "A"`, `order.id != "A"`)
	f(false, `order.locale == "sv-SE"`, `order.channel == "online" && order.locale == "fr-FR" || order.test`)
	f(false, `order.locale == "sv-SE"`, `any(order.lines, .quantity > 1 && order.locale == "fr-FR" && .total > 1)`)
	f(false, "", "")
	f(false, `order.locale == "sv-SE"`, "")
}

// TestInvitedTwice reads a file in which three of four routes want what the last one wants.
func TestInvitedTwice(t *testing.T) {
	t.Parallel()
	const text = `public_url: https://orders.nordlys.example
smtp: {host: 127.0.0.1, port: 2525, from: hej@nordlys.example}
shops:
  nordlys:
    currency: SEK
    routes:
      france:
        partner: skeepers
        when: order.locale == "fr-FR"
        settings: {client_id: c, client_secret: s, website_id: 7d1f0c52-3b1e-4a39-9d0a-52c1f0a6e9b4}
      sweden:
        partner: trustpilot
        when: order.locale == "sv-SE"
        settings: {api_key: k, api_secret: s, domain: nordlys.example, business_user_id: 5f0c3c001d2e4f60718293aa}
      late:
        partner: trustpilot
        when: order.locale == "fi-FI"
        on: [delivered]
        settings: {api_key: k, api_secret: s, domain: nordlys.example, business_user_id: 5f0c3c001d2e4f60718293aa}
      mail: {partner: mail}
`
	path := filepath.Join(t.TempDir(), "ordermux.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(invitedTwice(cfg), "\n")
	if n := strings.Count(notes, "\n") + 1; n != 3 || !strings.Contains(notes, "routes.mail: may invite to the same (shop, products) as france, which stands before it: of an order that passes both, france invites") ||
		!strings.Contains(notes, "as late, which stands before it: they begin with different events (on), and the one whose event comes first invites") {
		t.Errorf("%d notes:\n%s", n, notes)
	}
}
