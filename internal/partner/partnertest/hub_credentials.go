package partnertest

import (
	"context"
	"slices"
	"testing"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// AddDoor gives the hub the credentials of a door with these settings, under
// the name "default". The credentials are the fields marked so; those of the
// whole door, marked Hub, are its Deps.Settings.
func (h *Hub) AddDoor(t testing.TB, p partner.Partner, values map[string]json.Value) {
	t.Helper()
	s := Settings(t, p, true, values)
	h.door = partner.Settings{}
	for _, f := range p.Settings {
		if v, ok := s[f.Name]; ok && f.Door && f.Hub {
			h.door[f.Name] = v
			delete(s, f.Name)
		}
	}
	h.AddCredential(p, "default", "", s)
}

// AddCredential gives the hub one more credential of a kind (Field.Of) of the
// partner's door.
func (h *Hub) AddCredential(p partner.Partner, name, of string, s partner.Settings) {
	g := partner.Grant{
		Shop: Shop, Name: name, Of: of, Settings: s, Currency: Currency, Timezone: Timezone,
		Source: order.Source{Name: p.Name + ":" + name, Rank: order.RankDoor},
	}
	value := func(field string) string { return s[field].Text + s[field].Secret.Reveal() }
	for _, f := range p.Settings {
		if f.Keep != nil {
			h.keep[f.Name] = f.Keep
		}
		if of != "" && f.Of == of && f.Door && f.Credential && !f.Secret && g.Account == "" {
			g.Account = value(f.Name)
		}
	}
	h.named = append(h.named, g)
	for _, f := range p.Settings {
		key := value(f.Name)
		if !f.Door || !f.Credential || f.Of != of || key == "" {
			continue
		}
		if f.With != "" {
			key = partner.Joined(value(f.With), key)
		}
		h.grants[[2]string{f.Name, key}] = g
	}
}

func (h *Hub) addCredentials(t testing.TB, p partner.Partner, list []Credential) {
	t.Helper()
	for _, c := range list {
		h.AddCredential(p, c.Name, c.Of, settings(t, p, true, c.Of, c.Settings))
	}
}

// Find answers as partner.Credentials says.
func (h *Hub) Find(_ context.Context, kind, presented string) (partner.Grant, bool, error) {
	g, ok := h.grants[[2]string{kind, presented}]
	return g, ok, nil
}

// Check answers as partner.Credentials says; passwords are compared as they
// stand in the settings.
func (h *Hub) Check(_ context.Context, g partner.Grant, field, presented string) (bool, error) {
	if keep := h.keep[field]; keep != nil {
		presented = keep(presented)
	}
	return g.Settings[field].Secret.Is(presented), nil
}

// List answers as partner.Credentials says.
func (h *Hub) List(ctx context.Context, shop, of string) ([]partner.Grant, error) {
	if shop != Shop {
		return nil, nil
	}
	return h.All(ctx, of)
}

// All answers as partner.Credentials says.
func (h *Hub) All(_ context.Context, of string) ([]partner.Grant, error) {
	return slices.DeleteFunc(slices.Clone(h.named), func(g partner.Grant) bool { return g.Of != of }), nil
}

// Revoke ends the tokens of a credential.
func (h *Hub) Revoke(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.revoked[name] = true
}
