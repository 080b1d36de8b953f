// Package config is the hub's one YAML file: typed, checked whole, every
// complaint at once with its line.
package config

import (
	"time"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/review"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/shipping"
)

// Config is the configuration file.
type Config struct {
	File           string // the name that complaints carry; empty: not read from one
	Listen         string
	PublicURL      string
	Data           string      // folder of the embedded store; empty with Database
	Database       secret.Text // address of a PostgreSQL, which several nodes may share
	SealKey        secret.Text
	AdminToken     secret.Text
	TLS            *TLS
	TrustedProxies []string
	SMTP           *SMTP
	Alerts         Alerts
	Retention      Retention // of all shops that do not say otherwise
	Outbound       Outbound
	SFTP           *SFTP
	Doors          map[string]DoorAddress // by partner: what is said of a whole door
	Shops          map[string]*Shop       // by id
	ShopOrder      []string               // ids in the file's sequence

	lines map[string]int // of every key, by path
}

// Slim returns what a running hub still needs of the configuration after it has
// built its doors and routes: without their settings, and without where in the
// file everything stood. There may be thousands of routes.
func (c *Config) Slim() *Config {
	out := *c
	out.lines, out.Shops = nil, make(map[string]*Shop, len(c.Shops))
	for id, s := range c.Shops {
		shop := *s
		shop.Doors = make(map[string][]Door, len(s.Doors))
		for partner, doors := range s.Doors {
			for _, d := range doors {
				d.Settings = nil
				shop.Doors[partner] = append(shop.Doors[partner], d)
			}
		}
		shop.Routes = make([]Route, len(s.Routes))
		for i, r := range s.Routes {
			r.Settings = nil
			shop.Routes[i] = r
		}
		out.Shops[id] = &shop
	}
	return &out
}

// TLS names the certificate files; reloaded when they change.
type TLS struct{ Cert, Key string }

// SMTP is where mail leaves.
type SMTP struct {
	Host, From, Username string
	Port                 int
	Password             secret.Text
	TLS                  string // "starttls" (default where offered), "always", "never"
}

// Alerts says whom to tell, and from when on.
type Alerts struct {
	Email    []string
	Webhook  *AlertWebhook
	Lag      time.Duration // a route lags; default 15m
	Waiting  time.Duration // an order waits; default 24h
	DiskFree int64         // bytes; below: new orders get 503; default 256 MiB
}

// AlertWebhook is an address that takes alerts as Standard Webhooks.
type AlertWebhook struct {
	URL    string
	Secret secret.Text
}

// Outbound is the guard of calls to partners.
type Outbound struct {
	// AllowPrivate are prefixes that addresses taken from requests may reach
	// all the same. Configured base URLs are never guarded.
	AllowPrivate []string
}

// DoorAddress is what is said of a whole door, whoever calls it.
type DoorAddress struct {
	Listen   string           // an address at whose root it answers; empty: none of its own
	Settings partner.Settings // see partner.Field.Hub
}

// Shop is one shop.
type Shop struct {
	ID, Name, Currency, Timezone string
	Location                     *time.Location
	Doors                        map[string][]Door  // by partner; one or, as a list, several credentials
	Couriers                     []shipping.Courier // in the file's sequence
	Routes                       []Route            // in the file's sequence
	Reviews                      review.Settings    // how the shop invites
	Retention                    Retention          // what the shop says otherwise than the hub
}

// Door is one set of credentials of a shop at a door.
type Door struct {
	Partner  string
	Of       string // the kind of credential: Field.Of
	Name     string // of the credential; default "default"
	Settings partner.Settings
}

// Route is one route of a shop.
type Route struct {
	Name, Partner, Connection string
	When, At, Lines, Trust    string
	On, Unless                []string
	After, MaxAge             time.Duration
	Slots                     int
	Rate                      float64
	DailyCap                  int
	Retry                     Retry
	Disabled                  bool
	Settings                  partner.Settings
}

// Retry bounds a route's retries; zero values mean the engine's defaults.
type Retry struct {
	First, Max, GiveUp time.Duration
	Attempts           int
}
