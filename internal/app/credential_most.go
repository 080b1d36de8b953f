package app

import (
	"context"
	"fmt"
	"strconv"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/store"
)

// Of some kinds a shop may have so many credentials only. Who makes one counts
// those that live, and writes the new one together with the kind's turn (m/),
// which everybody who makes one of the kind changes: of two who counted the
// same, one has to count again.

func turnKey(id credentialID) string { return "m/" + id.of + "/" + id.shop }

// room returns the edit that has to be written with a new credential, nil: its
// kind has no bound; or the refusal that there is no room for it.
func (c credentialActs) room(ctx context.Context, id credentialID) (*store.Edit, error) {
	p, _ := c.app.partner(id.partner)
	kind := p.Kind(id.of)
	if kind.Most == 0 {
		return nil, nil
	}
	turn, _, err := c.state(id.partner).Get(ctx, turnKey(id))
	if err != nil {
		return nil, fmt.Errorf("count credentials: %w", err)
	}
	n, err := c.living(ctx, id)
	if err != nil {
		return nil, err
	}
	if n >= kind.Most {
		return nil, conflict(noRoom(p, kind))
	}
	next, _ := strconv.ParseInt(string(turn), 10, 64) // absent: the first
	return &store.Edit{Key: turnKey(id), Old: turn, New: strconv.AppendInt(nil, next+1, 10)}, nil
}

// noRoom says that there are as many as there can be.
func noRoom(p partner.Partner, kind partner.CredentialKind) string {
	what := "credentials"
	if kind.Of != "" {
		what += " of the kind " + kind.Of
	}
	if kind.Most == 1 {
		return "the shop has its credential at " + p.Name + " already, and can have one only: change it, or revoke it first"
	}
	return fmt.Sprintf("the shop has %d %s at %s already, and can have no more: revoke one first", kind.Most, what, p.Name)
}

// living counts the other credentials of the kind at the shop, those of the
// configuration with them.
func (c credentialActs) living(ctx context.Context, id credentialID) (n int, err error) {
	records, err := c.records(ctx, id.partner, id.of, id.shop)
	if err != nil {
		return 0, err
	}
	now := c.app.current.Load().credentials
	for _, other := range now.kinds[[2]string{id.partner, id.of}] {
		if other.shop == id.shop && other != id {
			n++
		}
	}
	for other, s := range records {
		if _, inFile := now.named[other]; s.made() && !inFile && other != id {
			n++
		}
	}
	return n, nil
}
