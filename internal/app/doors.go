package app

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner"
)

// listDoors describes the doors for a shop's clients, in the sequence of the
// partners' names, and the receivers of its routes.
func (a *App) listDoors(ctx context.Context, shop string) (api.Doors, error) {
	out := api.Doors{Doors: []api.Door{}, Receivers: a.receivers(shop), API: a.consoleURL() + "/api/v1"}
	for _, p := range a.opts.Partners {
		if _, ok := a.door(p.Name); !ok {
			continue
		}
		d, err := a.describeDoor(ctx, shop, p)
		if err != nil {
			return out, err
		}
		out.Doors = append(out.Doors, d)
	}
	slices.SortFunc(out.Doors, func(a, b api.Door) int { return strings.Compare(a.Partner, b.Partner) })
	return out, nil
}

func (a *App) describeDoor(ctx context.Context, shop string, p partner.Partner) (api.Door, error) {
	acts := credentialActs{a.grants}
	d := api.Door{Partner: p.Name, Title: p.Title, URL: a.doorURL(p.Name), Own: a.config().Doors[p.Name].Listen, Kinds: []api.DoorKind{}}
	living, err := acts.List(ctx, shop, p.Name)
	if err != nil {
		return d, err
	}
	for _, k := range acts.Kinds(p.Name) {
		kind := api.DoorKind{
			CredentialKind: api.CredentialKind{Kind: k.Of, Most: k.Most, Names: k.Names, Advice: k.Advice},
			URL:            a.addressOf(p.Name, k.Of), Fields: describeFields(config.DoorFields(p, k.Of)),
		}
		for _, c := range living {
			if c.Kind != k.Of || c.Shadowed {
				continue
			}
			kind.Living++
			if c.Used.After(kind.Used) {
				kind.Used = c.Used
			}
		}
		d.Kinds = append(d.Kinds, kind)
	}
	return d, nil
}

// describeFields tells what a form needs to know.
func describeFields(fields []partner.Field) []api.DoorField {
	out := make([]api.DoorField, len(fields))
	for i, f := range fields {
		out[i] = api.DoorField{
			Name: f.Name, Description: f.Description, Kind: f.Kind, Required: f.Required, Default: f.Default, Choices: f.Choices,
			Secret: f.Secret, Made: f.Make != "", Fixed: hangsOn(fields, f),
		}
	}
	return out
}

// hangsOn reports whether a secret of which only a digest is kept belongs to a
// field that is none.
func hangsOn(fields []partner.Field, f partner.Field) bool {
	return slices.ContainsFunc(fields, func(o partner.Field) bool { return o.With == f.Name && o.Credential })
}

// receivers are the addresses where partners call a shop's routes.
func (a *App) receivers(shop string) []api.Receiver {
	out := []api.Receiver{}
	routes := a.current.Load().routes
	for _, key := range slices.SortedFunc(maps.Keys(routes), func(a, b routeKey) int { return strings.Compare(a.name, b.name) }) {
		if r := routes[key]; key.shop == shop && r.handler != nil {
			out = append(out, api.Receiver{Route: key.name, Partner: r.delivery.Partner, URL: a.consoleURL() + "/in/" + shop + "/" + key.name + "/"})
		}
	}
	return out
}
