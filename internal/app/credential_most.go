package app

import (
	"context"
	"fmt"
	"strconv"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/store"
)

// Of some kinds a shop may have so many credentials only, and of some no two may
// have the same id. Who makes or changes one looks at those that live, and
// writes his own together with the kind's turn (m/), which everybody does who
// looks: of two who saw the same, one has to look again.

func turnKey(id credentialID) string { return "m/" + id.of + "/" + id.shop }

// room returns the edit that has to be written with a credential, nil: its kind
// has no bound and no ids; or the refusal that there is no room for it.
func (c credentialActs) room(ctx context.Context, id credentialID, fields []partner.Field, values map[string][]string) (*store.Edit, error) {
	p, _ := c.app.partner(id.partner)
	kind, unique := p.Kind(id.of), partner.UniqueValues(fields, settingsOf(fields, values))
	if kind.Most == 0 && len(unique) == 0 {
		return nil, nil
	}
	turn, _, err := c.state(id.partner).Get(ctx, turnKey(id))
	if err != nil {
		return nil, fmt.Errorf("count credentials: %w", err)
	}
	others, err := c.others(ctx, id)
	if err != nil {
		return nil, err
	}
	if kind.Most > 0 && len(others) >= kind.Most {
		return nil, conflict(noRoom(p, kind))
	}
	for other, settings := range others {
		for value := range partner.UniqueValues(fields, settings) {
			if field := unique[value]; field != "" {
				return nil, conflict("its " + field + " is an id of the credential " + other.name + " already; give each of them ids of its own")
			}
		}
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

// others are the other credentials of the kind at the shop that live, those of
// the configuration with them.
func (c credentialActs) others(ctx context.Context, id credentialID) (map[credentialID]partner.Settings, error) {
	records, err := c.records(ctx, id.partner, id.of, id.shop)
	if err != nil {
		return nil, err
	}
	out, now := map[credentialID]partner.Settings{}, c.app.current.Load().credentials
	for other, s := range records {
		if s.made() && other != id {
			out[other] = s.settings
		}
	}
	for _, other := range now.kinds[[2]string{id.partner, id.of}] { // one of the same name hides what was made
		if other.shop == id.shop && other != id {
			out[other] = now.named[other].Settings
		}
	}
	return out, nil
}
