package app

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/sftp"
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
// every partner, with one credential of each kind that everybody knows. Its
// secrets are sandbox-secret-key, sandbox-password and the like; other values
// are named after their field (sandbox-publishable-key, sandbox-client-id), or
// have the shape that the field wants. It takes no files: see SandboxFiles.
func SandboxConfig(listen, data string, partners []partner.Partner) *config.Config {
	cfg := config.Default()
	cfg.Listen, cfg.Data, cfg.AdminToken = listen, data, secret.New(SandboxAdminToken)
	cfg.Alerts.DiskFree = sandboxDiskFree
	cfg.Outbound.AllowPrivate = []string{"127.0.0.0/8", "::1"} // what a door sends by itself goes to whom it rehearses with
	shop := &config.Shop{
		ID: SandboxShop, Name: "Sandbox", Currency: "EUR", Timezone: "UTC", Location: time.UTC, Doors: map[string][]config.Door{},
		Couriers: sandboxCouriers(),
	}
	for _, p := range partners {
		if p.Door != nil {
			shop.Doors[p.Name] = sandboxDoors(p, false)
		}
	}
	cfg.Shops[SandboxShop], cfg.ShopOrder = shop, []string{SandboxShop}
	return cfg
}

// SandboxFiles lets a sandbox take files by SFTP, and adds the credentials for
// that.
func SandboxFiles(cfg *config.Config, listen string, partners []partner.Partner) {
	cfg.SFTP = &config.SFTP{Listen: listen, Folder: filepath.Join(cfg.Data, "sftp")}
	for _, p := range partners {
		if p.Door != nil {
			doors := cfg.Shops[SandboxShop].Doors
			doors[p.Name] = append(doors[p.Name], sandboxDoors(p, true)...)
		}
	}
}

// sandboxValues are the values of fields whose names say nothing by
// themselves.
var sandboxValues = map[string]string{
	"api_key": "sandbox-secret-key", "publishable_key": "sandbox-publishable-key", "team_id": "sandbox-team",
	"client_id": "sandbox-client-id", "accept_orders": "true", "vendor_id": "sandbox-vendor", "external_id": "SANDBOX-01",
}

// sandboxMore are credentials beside the one of each kind: a chain needs
// several outlets to be tried with.
var sandboxMore = []config.Door{
	{Partner: "deliveryhero", Of: "vendor", Name: "second", Settings: partner.Settings{
		"vendor_id": {Text: "sandbox-vendor-2"}, "external_id": {Text: "SANDBOX-02"},
	}},
}

// sandboxChanged are kinds of credential that a sandbox does not configure,
// because people set them, and change them, while it runs.
var sandboxChanged = map[[2]string]bool{{"deliveryhero", "webhook"}: true}

// Values of a shape, and addresses.
const (
	SandboxUUID  = "5a4db0c5-0000-4000-8000-5a4db0c50001"
	SandboxHex24 = "5a4db0c55a4db0c55a4db0c5"
	sandboxHost  = "sandbox.example"
)

// sandboxDoors makes one credential of each kind that a door has: of those for
// files, or of all others.
func sandboxDoors(p partner.Partner, files bool) (out []config.Door) {
	for _, f := range p.Settings {
		known := slices.ContainsFunc(out, func(d config.Door) bool { return d.Of == f.Of }) || sandboxChanged[[2]string{p.Name, f.Of}]
		if f.Door && !known && files == (f.Of == sftp.Kind) {
			fields := config.DoorFields(p, f.Of)
			out = append(out, config.Door{Partner: p.Name, Of: f.Of, Name: "default", Settings: sandboxSettings(fields)})
		}
	}
	for _, d := range sandboxMore {
		if d.Partner == p.Name && files == (d.Of == sftp.Kind) {
			out = append(out, d)
		}
	}
	return out
}

func sandboxSettings(fields []partner.Field) partner.Settings {
	out := partner.Settings{}
	for _, f := range fields {
		if v, sentence := config.ReadField(f, []string{SandboxValue(f)}); sentence == "" {
			out[f.Name] = v
		} else if f.Default != "" {
			out[f.Name] = config.DefaultValue(f)
		}
	}
	return out
}

// SandboxValue is what everybody knows of a field of a credential; "": nothing,
// or its default.
func SandboxValue(f partner.Field) string {
	known, ok := sandboxValues[f.Name]
	switch {
	case ok && (f.Secret || f.Name != "api_key"): // a key that is an id is no secret
		return known
	case f.Default != "" || !f.Credential && !f.Required && f.Make == "" && !f.Password:
		return ""
	case f.Make == partner.MakeUUID:
		return SandboxUUID
	case f.Make == partner.MakeHex24:
		return SandboxHex24
	case len(f.Choices) > 0:
		return f.Choices[0]
	case strings.Contains(f.Name, "email"):
		return "sandbox@" + sandboxHost
	case strings.Contains(f.Name, "domain"):
		return sandboxHost
	case f.Kind == partner.URL:
		return "https://" + sandboxHost
	case f.Kind == partner.Bool:
		return "true"
	}
	return "sandbox-" + strings.ReplaceAll(f.Name, "_", "-")
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
