package deliveryhero

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// enter finds out whose call it is, and of which chain and outlet.
func (d *door) enter(w http.ResponseWriter, r *http.Request) (*asked, error) {
	g, err := d.caller(r.Context(), bearer(r))
	if err != nil {
		return nil, err
	}
	a := &asked{Request: r, w: w, grant: g}
	if a.chain, err = d.chains.of(r.Context(), g.Shop); err != nil {
		return nil, err
	}
	id := r.PathValue("chain_id") // older paths have none
	if id != "" && (a.chain == nil || !strings.EqualFold(id, a.chain.ID)) {
		if a.chain, err = d.chains.again(r.Context(), g.Shop); err != nil {
			return nil, err
		}
	}
	if a.chain == nil || id != "" && !strings.EqualFold(id, a.chain.ID) {
		return nil, forbidden()
	}
	return a, d.findVendor(a)
}

// findVendor finds the outlet that the path names, by either of its ids.
func (d *door) findVendor(a *asked) error {
	id := a.PathValue("vendor_id")
	if id == "" {
		return nil
	}
	if a.vendor = a.chain.vendor(id); a.vendor != nil {
		return nil
	}
	chain, err := d.chains.again(a.Context(), a.grant.Shop)
	if err != nil {
		return err
	}
	if chain != nil {
		a.chain, a.vendor = chain, chain.vendor(id)
	}
	if a.vendor == nil {
		return notFound("vendor")
	}
	return nil
}

// caller finds whose a bearer token is: of the portal, or made for a client.
func (d *door) caller(ctx context.Context, token string) (partner.Grant, error) {
	if token == "" {
		return partner.Grant{}, unauthorized("The access token is missing")
	}
	if signed, ok := signedPart(token); ok {
		g, _, err := d.deps.Access.Check(ctx, useAccess, signed)
		switch {
		case errors.Is(err, secret.ErrExpired):
			return g, unauthorized("The access token has expired")
		case errors.Is(err, secret.ErrToken) || err == nil && g.Of != ofClient:
			return g, unauthorized("The access token is invalid")
		}
		return g, err
	}
	g, ok, err := d.deps.Credentials.Find(ctx, fieldToken, token)
	if err == nil && !ok {
		err = unauthorized("The access token is invalid")
	}
	return g, err
}

// bearer is the token of a call; "": it has none.
func bearer(r *http.Request) string {
	scheme, token, ok := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	if !ok || !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
