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
func indexCredentials(cfg *config.Config, partners []partner.Partner) (credentialIndex, grants) {
	index, all := credentialIndex{}, grants{}
	for _, id := range cfg.ShopOrder {
		shop := cfg.Shops[id]
		for _, p := range partners {
			for _, d := range shop.Doors[p.Name] {
				all = append(all, doorGrant{p.Name, index.add(p, shop, d)})
			}
		}
	}
	return index, all
}

func (index credentialIndex) add(p partner.Partner, shop *config.Shop, d config.Door) partner.Grant {
	grant := partner.Grant{
		Shop: shop.ID, Name: d.Name, Settings: d.Settings, Currency: shop.Currency, Timezone: shop.Timezone,
		Source: order.Source{Name: p.Name + ":" + d.Name, Rank: order.RankDoor},
	}
	for _, f := range p.Settings {
		if !f.Door || !f.Credential {
			continue
		}
		presented := plain(d.Settings[f.Name])
		if f.With != "" && presented != "" {
			presented = partner.Joined(plain(d.Settings[f.With]), presented)
		}
		if presented != "" {
			index[credentialKey{p.Name, f.Name, secret.Digest(presented)}] = grant
		}
	}
	return grant
}

// plain is a setting's text, secret or not.
func plain(v partner.Value) string { return v.Text + v.Secret.Reveal() }

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

// Check implements partner.Credentials.
func (c doorCredentials) Check(_ context.Context, g partner.Grant, field, presented string) (bool, error) {
	return g.Settings[field].Secret.Is(presented), nil
}

// List implements partner.Credentials.
func (c doorCredentials) List(_ context.Context, shop, of string) ([]partner.Grant, error) {
	return c.app.current.Load().grants.of(c.partner, shop, of), nil
}

// All implements partner.Credentials.
func (c doorCredentials) All(_ context.Context, of string) ([]partner.Grant, error) {
	return c.app.current.Load().grants.of(c.partner, "", of), nil
}

// grants are all doors' credentials of one configuration, in the sequence of
// the file.
type grants []doorGrant

type doorGrant struct {
	partner string
	partner.Grant
}

// of returns those of a partner and kind; shop "": of all shops.
func (list grants) of(name, shop, of string) (out []partner.Grant) {
	for _, g := range list {
		if g.partner == name && g.Of == of && (shop == "" || g.Shop == shop) {
			out = append(out, g.Grant)
		}
	}
	return out
}
