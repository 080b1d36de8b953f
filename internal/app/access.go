package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// doorAccess issues the access tokens of one partner's door.
type doorAccess struct {
	app     *App
	partner string
	unused  bool // as of doorCredentials
}

var _ partner.Access = doorAccess{}

// Issue implements partner.Access.
func (d doorAccess) Issue(g partner.Grant, use, data string, ttl time.Duration) secret.Text {
	return d.app.access.Issue(secret.Claim{
		Audience: d.partner + "/" + use, Shop: g.Shop, Credential: g.Of + "/" + g.Name, Data: data,
		Generation: g.Generation, Expires: d.app.now().Add(ttl),
	})
}

// Check implements partner.Access. It asks the store once in a few seconds for
// each credential, and when a token is of a generation that this node has not
// heard of yet.
func (d doorAccess) Check(ctx context.Context, use, token string) (partner.Grant, string, error) {
	c, expired := d.app.access.Check(token, d.partner+"/"+use, d.app.now())
	if expired != nil && !errors.Is(expired, secret.ErrExpired) {
		return partner.Grant{}, "", expired
	}
	of, name, _ := strings.Cut(c.Credential, "/")
	id := credentialID{d.partner, of, c.Shop, name}
	g, ok, err := d.app.grants.now(ctx, id)
	if err == nil && (!ok || g.Generation < c.Generation) {
		d.app.grants.forget(id) // another node may have made or rotated it since
		g, ok, err = d.app.grants.now(ctx, id)
	}
	switch {
	case err != nil:
		return partner.Grant{}, "", err
	case !ok || g.Generation != c.Generation:
		return partner.Grant{}, "", secret.ErrToken
	}
	d.app.heard(ctx, true, token, g, expired == nil)
	if expired == nil && !d.unused {
		d.app.usedBy(d.partner, g)
	}
	return g, c.Data, expired
}
