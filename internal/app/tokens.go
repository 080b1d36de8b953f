package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/store"
)

// tokens are the tokens of our API: those in the store, as digests, and the
// configured admin token, which is the first of all.
type tokens struct {
	store store.Store
	admin func() secret.Text
	now   func() time.Time
	uses  *uses
}

// Where the uses of tokens stand among those of credentials: no partner can be
// named so.
const (
	tokenPartner = "api"
	tokenKind    = "token"
)

var _ api.Tokens = (*tokens)(nil)

// Check implements api.Tokens.
func (t *tokens) Check(ctx context.Context, presented string) (api.Grant, error) {
	if admin := t.admin(); admin.Set() && admin.Is(presented) {
		tokenOf(ctx, hubShop, "admin")
		return api.Grant{Shop: api.Hub, Scope: api.Admin, Name: "admin"}, nil
	}
	found, ok, err := t.store.FindToken(ctx, secret.Digest(presented))
	if err != nil {
		return api.Grant{}, err
	}
	if !ok {
		return api.Grant{}, api.ErrTokenUnknown
	}
	tokenOf(ctx, found.Shop, found.Name)
	t.uses.note(credentialID{tokenPartner, tokenKind, found.Shop, found.Name})
	return api.Grant{Shop: found.Shop, Scope: api.Scope(found.Scope), Name: found.Name}, nil
}

// tokenOf notes whose token a call came with: it may be refused all the same.
func tokenOf(ctx context.Context, shop, name string) {
	if c := callOf(ctx); c != nil {
		c.calls(caller{shop: shop, of: tokenKind, name: name, proved: true})
	}
}

// Create implements api.Tokens.
func (t *tokens) Create(ctx context.Context, shop, name string, scope api.Scope) (secret.Text, error) {
	token := secret.NewToken("omx")
	err := t.store.CreateToken(ctx, store.Token{
		Digest: token.Digest(), Shop: shop, Name: name, Scope: string(scope), Issued: t.now(),
	})
	if errors.Is(err, store.ErrTokenExists) {
		err = fmt.Errorf("%w: %w", order.ErrConflict, err)
	}
	return token, err
}

// List implements api.Tokens.
func (t *tokens) List(ctx context.Context, shop string) ([]api.TokenInfo, error) {
	stored, err := t.store.Tokens(ctx, shop)
	if err != nil {
		return nil, err
	}
	used, err := t.uses.of(ctx, tokenPartner, tokenKind, shop)
	if err != nil {
		return nil, err
	}
	var out []api.TokenInfo
	for _, s := range stored { // by name, then by age
		if n := len(out); n == 0 || out[n-1].Name != s.Name {
			out = append(out, api.TokenInfo{Shop: shop, Name: s.Name, Created: s.Created})
		}
		info := &out[len(out)-1]
		info.Scope = api.Scope(s.Scope)
		if s.Issued.After(s.Created) {
			info.Rotated = s.Issued
		}
		if s.Expires.After(info.OldUntil) {
			info.OldUntil = s.Expires
		}
		if at := used[s.Name]; !at.Before(info.Created.Truncate(time.Second)) { // else it is one's that had the name before
			info.Used = at
		}
	}
	return out, nil
}

// Rotate implements api.Tokens.
func (t *tokens) Rotate(ctx context.Context, shop, name string, keep time.Duration) (secret.Text, error) {
	token, now := secret.NewToken("omx"), t.now()
	ok, err := t.store.RotateToken(ctx, store.Token{Digest: token.Digest(), Shop: shop, Name: name, Issued: now}, now.Add(keep))
	if err == nil && !ok {
		err = fmt.Errorf("token %q: %w", name, order.ErrNotFound)
	}
	return token, err
}

// Revoke implements api.Tokens.
func (t *tokens) Revoke(ctx context.Context, shop, name string) error {
	ok, err := t.store.RevokeToken(ctx, shop, name)
	if err == nil && !ok {
		err = fmt.Errorf("token %q: %w", name, order.ErrNotFound)
	}
	return err
}
