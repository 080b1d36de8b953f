package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// A door's credentials stand in the configuration, or were made while the hub
// ran; doors can not tell which. The configured ones win where both have a
// name.

// credentialID names a credential: it stays the same whatever its values are.
type credentialID struct{ partner, of, shop, name string }

// credentialKey finds a credential without holding it: by the digest of what
// callers present.
type credentialKey struct {
	partner, field string
	digest         [32]byte
}

// configured are all doors' credentials of one configuration.
type configured struct {
	presented map[credentialKey]credentialID
	named     map[credentialID]partner.Grant
	kinds     map[[2]string][]credentialID // by partner and kind, in the sequence of shop and name
}

// indexCredentials builds the index of a configuration.
func indexCredentials(cfg *config.Config, partners []partner.Partner) *configured {
	c := &configured{
		presented: map[credentialKey]credentialID{}, named: map[credentialID]partner.Grant{}, kinds: map[[2]string][]credentialID{},
	}
	for _, id := range cfg.ShopOrder {
		shop := cfg.Shops[id]
		for _, p := range partners {
			for _, d := range shop.Doors[p.Name] {
				c.add(p, shop, d)
			}
		}
	}
	for _, list := range c.kinds {
		slices.SortFunc(list, func(a, b credentialID) int {
			return cmp.Or(cmp.Compare(a.shop, b.shop), cmp.Compare(a.name, b.name))
		})
	}
	return c
}

func (c *configured) add(p partner.Partner, shop *config.Shop, d config.Door) {
	id := credentialID{p.Name, d.Of, shop.ID, d.Name}
	c.named[id] = grantOf(p, id, shop, d.Settings)
	kind := [2]string{p.Name, d.Of}
	c.kinds[kind] = append(c.kinds[kind], id)
	for _, f := range config.DoorFields(p, d.Of) {
		if presented := config.Presented(f, d.Settings); f.Credential && presented != "" {
			c.presented[credentialKey{p.Name, f.Name, secret.Digest(presented)}] = id
		}
	}
}

// grantOf is what a credential opens; its generation is to be filled in.
func grantOf(p partner.Partner, id credentialID, shop *config.Shop, settings partner.Settings) partner.Grant {
	return partner.Grant{
		Shop: shop.ID, ShopName: shop.Name, Name: id.name, Of: id.of, Settings: settings, Currency: shop.Currency, Timezone: shop.Timezone,
		Account: accountOf(p, id.of, settings),
		Source:  order.Source{Name: id.partner + ":" + id.name, Rank: order.RankDoor},
	}
}

// accountOf is whose a credential is: what callers present of it that is no
// secret. The door's own are nobody's.
func accountOf(p partner.Partner, of string, settings partner.Settings) string {
	if of == "" {
		return ""
	}
	for _, f := range config.DoorFields(p, of) {
		if f.Credential && !f.Secret && settings[f.Name].Text != "" {
			return settings[f.Name].Text
		}
	}
	return ""
}

// doorCredentials answers one partner's door.
type doorCredentials struct {
	app     *App
	partner string
	unused  bool // that somebody comes in with one is no use of it: he rehearses
}

var _ partner.Credentials = doorCredentials{}

// Find implements partner.Credentials. Comparing digests, it takes as long for
// a nearly right credential as for any other.
func (c doorCredentials) Find(ctx context.Context, kind, presented string) (partner.Grant, bool, error) {
	key := credentialKey{c.partner, kind, secret.Digest(presented)}
	find := func() (partner.Grant, bool, error) { return c.app.grants.find(ctx, key, presented) }
	if id, ok := c.app.current.Load().credentials.presented[key]; ok {
		find = func() (partner.Grant, bool, error) { return c.app.grants.now(ctx, id) }
	}
	g, ok, err := find()
	c.app.heard(ctx, c.secret(kind), presented, g, ok)
	if ok && !c.unused && c.secret(kind) { // who only names somebody has proved nothing yet
		c.app.usedBy(c.partner, g)
	}
	return g, ok, err
}

// secret reports whether what callers present for a field is one.
func (c doorCredentials) secret(field string) bool {
	p, _ := c.app.partner(c.partner)
	i := slices.IndexFunc(p.Settings, func(f partner.Field) bool { return f.Door && f.Name == field })
	return i < 0 || p.Settings[i].Secret || p.Settings[i].Password
}

// Check implements partner.Credentials.
func (c doorCredentials) Check(ctx context.Context, g partner.Grant, field, presented string) (bool, error) {
	p, _ := c.app.partner(c.partner)
	i := slices.IndexFunc(p.Settings, func(f partner.Field) bool { return f.Door && f.Name == field })
	if i < 0 {
		return false, fmt.Errorf("the door %s has no field %s", c.partner, field)
	}
	f := p.Settings[i]
	id := credentialID{c.partner, g.Of, g.Shop, g.Name}
	_, inFile := c.app.current.Load().credentials.named[id]
	var ok bool
	var err error
	switch {
	case inFile || g.Name == "":
		// A password takes its time even where there is nothing to compare.
		if f.Password {
			err = c.app.passwords.Spend(ctx, presented)
		}
		ok = err == nil && inFile && g.Settings[field].Secret.Is(config.Kept(f, presented))
	default:
		ok, err = c.app.grants.check(ctx, id, f, config.Kept(f, presented))
	}
	if errors.Is(err, secret.ErrPasswordsBusy) {
		err = fmt.Errorf("%w: %w", order.ErrBusy, err)
	}
	c.app.heard(ctx, true, presented, g, ok)
	if ok && !c.unused {
		c.app.usedBy(c.partner, g)
	}
	return ok, err
}

// List implements partner.Credentials.
func (c doorCredentials) List(ctx context.Context, shop, of string) ([]partner.Grant, error) {
	return c.app.grants.list(ctx, c.partner, of, shop)
}

// All implements partner.Credentials.
func (c doorCredentials) All(ctx context.Context, of string) ([]partner.Grant, error) {
	return c.app.grants.list(ctx, c.partner, of, "")
}
