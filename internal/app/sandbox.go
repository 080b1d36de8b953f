package app

import (
	"fmt"
	"net"
	"time"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// The well-known names and secrets of a sandbox: they are no secrets.
const (
	SandboxShop       = "sandbox"
	SandboxAdminToken = "sandbox-admin-token"
)

// sandboxDiskFree is enough room for rehearsing: a sandbox's temporary folder
// may be a small one.
const sandboxDiskFree = 16 << 20

// SandboxConfig is the configuration of a sandbox: one shop at the door of
// every partner, with credentials that everybody knows. A credential field
// api_key of a door has the value sandbox-secret-key; others are named after
// their field: sandbox-publishable-key, sandbox-team.
func SandboxConfig(listen, data string, partners []partner.Partner) *config.Config {
	cfg := config.Default()
	cfg.Listen, cfg.Data, cfg.AdminToken = listen, data, secret.New(SandboxAdminToken)
	cfg.Alerts.DiskFree = sandboxDiskFree
	shop := &config.Shop{
		ID: SandboxShop, Name: "Sandbox", Currency: "EUR", Timezone: "UTC", Location: time.UTC, Doors: map[string][]config.Door{},
	}
	for _, p := range partners {
		if p.Door != nil {
			shop.Doors[p.Name] = []config.Door{{Partner: p.Name, Name: "default", Settings: sandboxSettings(p)}}
		}
	}
	cfg.Shops[SandboxShop], cfg.ShopOrder = shop, []string{SandboxShop}
	return cfg
}

// sandboxValues are the values of fields whose names say nothing by
// themselves.
var sandboxValues = map[string]string{
	"api_key": "sandbox-secret-key", "publishable_key": "sandbox-publishable-key", "team_id": "sandbox-team",
}

func sandboxSettings(p partner.Partner) partner.Settings {
	out := partner.Settings{}
	for _, f := range p.Settings {
		if !f.Door {
			continue
		}
		v := f.Default
		if known, ok := sandboxValues[f.Name]; ok {
			v = known
		} else if f.Credential || f.Required {
			v = "sandbox-" + f.Name
		}
		switch {
		case v == "":
		case f.Secret:
			out[f.Name] = partner.Value{Secret: secret.New(v)}
		case f.Kind == partner.List:
			out[f.Name] = partner.Value{List: []string{v}}
		default:
			out[f.Name] = partner.Value{Text: v}
		}
	}
	return out
}

// CheckLoopback refuses an address that others on the network could reach: a
// sandbox has no secrets.
func CheckLoopback(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if host == "localhost" {
		return nil
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("listen: a sandbox has well-known credentials, so it listens on loopback only (127.0.0.1); add --public to open %s all the same", listen)
}
