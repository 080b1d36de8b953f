package app

import (
	"context"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// credentialKey finds a credential without holding it: by the digest of what
// callers present.
type credentialKey struct {
	partner, kind string
	digest        [32]byte
}

// credentialIndex is all doors' credentials of one configuration.
type credentialIndex map[credentialKey]partner.Grant

// indexCredentials builds the index of a configuration.
func indexCredentials(cfg *config.Config, partners []partner.Partner) credentialIndex {
	index := credentialIndex{}
	for _, id := range cfg.ShopOrder {
		shop := cfg.Shops[id]
		for _, p := range partners {
			for _, d := range shop.Doors[p.Name] {
				index.add(p, shop, d)
			}
		}
	}
	return index
}

func (index credentialIndex) add(p partner.Partner, shop *config.Shop, d config.Door) {
	grant := partner.Grant{
		Shop: shop.ID, Name: d.Name, Settings: d.Settings, Currency: shop.Currency, Timezone: shop.Timezone,
		Source: order.Source{Name: p.Name + ":" + d.Name, Rank: order.RankDoor},
	}
	for _, f := range p.Settings {
		if !f.Door || !f.Credential {
			continue
		}
		presented := d.Settings[f.Name].Text
		if f.Secret {
			presented = d.Settings[f.Name].Secret.Reveal()
		}
		if presented != "" {
			index[credentialKey{p.Name, f.Name, secret.Digest(presented)}] = grant
		}
	}
}

// doorCredentials answers one partner's door from the configuration that holds
// now.
type doorCredentials struct {
	app     *App
	partner string
}

var _ partner.Credentials = doorCredentials{}

// Find implements partner.Credentials. Comparing digests, it takes as long for
// a nearly right credential as for any other.
func (c doorCredentials) Find(_ context.Context, kind, presented string) (partner.Grant, bool, error) {
	g, ok := c.app.current.Load().credentials[credentialKey{c.partner, kind, secret.Digest(presented)}]
	return g, ok, nil
}
