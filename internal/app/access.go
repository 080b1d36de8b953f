package app

import (
	"context"
	"errors"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// doorAccess issues the access tokens of one partner's door.
type doorAccess struct {
	app     *App
	partner string
}

var _ partner.Access = doorAccess{}

// Issue implements partner.Access.
func (d doorAccess) Issue(g partner.Grant, use, data string, ttl time.Duration) secret.Text {
	return d.app.access.Issue(secret.Claim{
		Audience: d.partner + "/" + g.Of + "/" + use, Shop: g.Shop, Credential: g.Name, Data: data,
		Generation: g.Generation, Expires: d.app.now().Add(ttl),
	})
}

// Check implements partner.Access.
func (d doorAccess) Check(_ context.Context, use, token string) (partner.Grant, string, error) {
	c, err := d.app.access.Check(token, d.partner+"//"+use, d.app.now())
	if err != nil && !errors.Is(err, secret.ErrExpired) {
		return partner.Grant{}, "", err
	}
	g, ok := d.app.current.Load().grants.named(d.partner, c.Shop, "", c.Credential)
	if !ok || g.Generation != c.Generation {
		return partner.Grant{}, "", secret.ErrToken
	}
	return g, c.Data, err
}

// named returns the credential of that name.
func (list grants) named(name, shop, of, credential string) (partner.Grant, bool) {
	for _, g := range list {
		if g.partner == name && g.Shop == shop && g.Of == of && g.Name == credential {
			return g.Grant, true
		}
	}
	return partner.Grant{}, false
}
