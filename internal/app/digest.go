package app

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// digest is what nodes compare: equal for configurations that make a hub do the
// same. What belongs to one machine is not in it: the addresses it listens on,
// the files of its certificate, the way to the database. Secrets are in it, so
// it is keyed: whoever reads it can not try them out.
func digest(cfg *config.Config, key secret.Key) string {
	h := &bytes.Buffer{}
	fmt.Fprintf(h, "%q|%x|%v|%q", cfg.PublicURL, cfg.AdminToken.Digest(), cfg.TLS != nil, cfg.TrustedProxies)
	writeSMTP(h, cfg.SMTP)
	fmt.Fprintf(h, "|alerts %q %v %v", cfg.Alerts.Email, cfg.Alerts.Lag, cfg.Alerts.Waiting)
	if w := cfg.Alerts.Webhook; w != nil {
		fmt.Fprintf(h, " %q %x", w.URL, w.Secret.Digest())
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Doors)) {
		fmt.Fprintf(h, "|door %q %v", name, cfg.Doors[name].Listen != "")
		writeSettings(h, cfg.Doors[name].Settings)
	}
	// The sequence of routes counts: it decides who invites first.
	for _, id := range slices.Sorted(maps.Keys(cfg.Shops)) {
		digestShop(h, cfg, cfg.Shops[id])
	}
	return hex.EncodeToString(key.Derive("configuration digest").Mac(h.Bytes())[:8])
}

func digestShop(h io.Writer, cfg *config.Config, s *config.Shop) {
	fmt.Fprintf(h, "|shop %q %q %q %q", s.ID, s.Name, s.Currency, s.Timezone)
	if reviews, err := json.Marshal(s.Reviews); err == nil { // plain texts and numbers: it never fails
		fmt.Fprintf(h, "|reviews %s", reviews)
	}
	if couriers, err := json.Marshal(s.Couriers); err == nil { // the same of these
		fmt.Fprintf(h, "|couriers %s", couriers)
	}
	for _, partner := range slices.Sorted(maps.Keys(s.Doors)) {
		for _, d := range s.Doors[partner] {
			fmt.Fprintf(h, "|door %q %q %q", partner, d.Of, d.Name)
			writeSettings(h, d.Settings)
		}
	}
	for _, r := range s.Routes {
		fmt.Fprintf(h, "|route %s", revision(cfg, s, r))
	}
}

// writeSMTP writes what mail leaves by, for digests only.
func writeSMTP(h io.Writer, m *config.SMTP) {
	if m != nil {
		fmt.Fprintf(h, "|smtp %q %d %q %q %x %q", m.Host, m.Port, m.From, m.Username, m.Password.Digest(), m.TLS)
	}
}

// writeSettings writes settings with their secrets, for digests only.
func writeSettings(h io.Writer, settings partner.Settings) {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		v := settings[name]
		fmt.Fprintf(h, "|%s=%q,%q,%q", name, v.Text, strings.Join(v.List, "\x00"), v.Secret.Reveal())
	}
}
