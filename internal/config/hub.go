package config

import (
	"crypto/tls"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The values of keys that are absent.
const (
	DefaultListen   = "127.0.0.1:8080"
	DefaultData     = "./data"
	DefaultLag      = 15 * time.Minute
	DefaultWaiting  = 24 * time.Hour
	DefaultDiskFree = 256 << 20
)

// Default returns a configuration without shops.
func Default() *Config {
	return &Config{
		Listen: DefaultListen,
		Data:   DefaultData,
		Alerts: Alerts{Lag: DefaultLag, Waiting: DefaultWaiting, DiskFree: DefaultDiskFree},
		Doors:  map[string]DoorAddress{},
		Shops:  map[string]*Shop{},
	}
}

// readHub reads the top level of the file.
func (c *checker) readHub(m *mapping, cfg *Config) {
	m.address("listen", &cfg.Listen)
	c.readPublicURL(m, cfg)
	c.readStore(m, cfg)
	if v, ok := m.secret("admin_token", &cfg.AdminToken); ok && len(cfg.AdminToken.Reveal()) < 8 {
		v.complain("the admin token is shorter than 8 characters; choose a longer one")
	}
	c.readTLS(m, cfg)
	m.prefixes("trusted_proxies", &cfg.TrustedProxies)
	c.readSMTP(m, cfg)
	c.readAlerts(m, cfg)
	cfg.Retention = c.readRetention(m)
	if v, ok := m.take("outbound"); ok {
		if o, ok := v.mapping(); ok {
			o.prefixes("allow_private", &cfg.Outbound.AllowPrivate)
			o.done()
		}
	}
	c.readSFTP(m, cfg)
	c.readDoorAddresses(m, cfg)
	c.readShops(m, cfg)
	m.done()
}

func (c *checker) readPublicURL(m *mapping, cfg *Config) {
	v, ok := m.url("public_url", &cfg.PublicURL)
	if !ok {
		return
	}
	u, err := url.Parse(cfg.PublicURL)
	if err != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
		v.complain("must be scheme and host alone, such as https://orders.shop.example")
		return
	}
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
}

func (c *checker) readTLS(m *mapping, cfg *Config) {
	v, ok := m.take("tls")
	if !ok {
		return
	}
	t, ok := v.mapping()
	if !ok {
		return
	}
	cfg.TLS = &TLS{}
	t.text("cert", &cfg.TLS.Cert)
	t.text("key", &cfg.TLS.Key)
	t.done()
	if cfg.TLS.Cert == "" || cfg.TLS.Key == "" {
		v.complain("needs both cert and key, paths of PEM files")
		return
	}
	cfg.TLS.Cert, cfg.TLS.Key = c.path(cfg.TLS.Cert), c.path(cfg.TLS.Key)
	if _, err := tls.LoadX509KeyPair(cfg.TLS.Cert, cfg.TLS.Key); err != nil {
		v.complain("cert and key can not be used together (%s); give the PEM files of one certificate", err)
	}
}

func (c *checker) readSMTP(m *mapping, cfg *Config) {
	v, ok := m.take("smtp")
	if !ok {
		return
	}
	s, ok := v.mapping()
	if !ok {
		return
	}
	cfg.SMTP = &SMTP{Port: 587, TLS: "starttls"}
	s.text("host", &cfg.SMTP.Host)
	s.number("port", &cfg.SMTP.Port, 1, 65535)
	s.mail("from", &cfg.SMTP.From)
	s.text("username", &cfg.SMTP.Username)
	s.secret("password", &cfg.SMTP.Password)
	s.choice("tls", &cfg.SMTP.TLS, "starttls", "always", "never")
	s.done()
	if _, ok := s.take("host"); !ok {
		v.complain("host is missing; name the mail server")
	}
	if _, ok := s.take("from"); !ok {
		v.complain("from is missing; give the sender's mail address")
	}
	if (cfg.SMTP.Username == "") != !cfg.SMTP.Password.Set() {
		v.complain("username and password belong together; give both or neither")
	}
}

func (c *checker) readAlerts(m *mapping, cfg *Config) {
	v, ok := m.take("alerts")
	if !ok {
		return
	}
	a, ok := v.mapping()
	if !ok {
		return
	}
	a.texts("email", &cfg.Alerts.Email, func(v value, s string) bool {
		if _, err := mail.ParseAddress(s); err == nil {
			return true
		}
		v.complain("must be a mail address such as ops@shop.example")
		return false
	})
	c.readAlertWebhook(a, cfg)
	a.duration("lag", &cfg.Alerts.Lag, time.Second)
	a.duration("waiting", &cfg.Alerts.Waiting, time.Second)
	a.size("disk_free", &cfg.Alerts.DiskFree)
	a.done()
	if len(cfg.Alerts.Email) > 0 && cfg.SMTP == nil {
		v.complain("email needs a mail server; add smtp: {host: ..., from: ...}")
	}
}

func (c *checker) readAlertWebhook(a *mapping, cfg *Config) {
	v, ok := a.take("webhook")
	if !ok {
		return
	}
	w, ok := v.mapping()
	if !ok {
		return
	}
	hook := &AlertWebhook{}
	w.url("url", &hook.URL)
	w.secret("secret", &hook.Secret)
	w.done()
	if _, ok := w.take("url"); !ok {
		v.complain("url is missing; give the address that takes alerts")
	}
	cfg.Alerts.Webhook = hook
}

func (c *checker) readDoorAddresses(m *mapping, cfg *Config) {
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
		d, ok := p.mapping()
		if !ok {
			continue
		}
		var a DoorAddress
		d.address("listen", &a.Listen)
		fields := hubFields(part)
		a.Settings = c.readSettings(d, fields)
		if _, ok := d.take("listen"); !ok && (len(fields) == 0 || len(d.pairs) == 0) {
			p.complain("listen is missing; give the address at whose root this door answers")
		}
		cfg.Doors[p.key] = a
	}
}

// known returns the sorted names of the partners that have that side.
func (c *checker) known(door bool) []string {
	var out []string
	for _, p := range c.opts.Partners {
		if door && p.Door != nil || !door && p.Route != nil {
			out = append(out, p.Name)
		}
	}
	slices.Sort(out)
	return out
}
