package app

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// credentialActs are what people do with the credentials of doors.
type credentialActs struct{ *grants }

var _ api.Credentials = credentialActs{}

// fieldsOf returns what a credential is named and which fields it has.
func (c credentialActs) fieldsOf(ref api.CredentialRef) (credentialID, []partner.Field, error) {
	id := credentialID{ref.Partner, ref.Kind, ref.Shop, ref.Name}
	p, ok := c.app.partner(ref.Partner)
	if !ok || p.Door == nil {
		return id, nil, &api.Problem{
			Type: "about:blank", Title: http.StatusText(http.StatusNotFound), Status: http.StatusNotFound,
			Detail: "there is no partner of that name with a door",
		}
	}
	fields := config.DoorFields(p, ref.Kind)
	if len(fields) == 0 {
		return id, nil, order.Refuse("kind", order.Malformed, "is no kind of credential of this door; kinds are "+kindsOf(p))
	}
	return id, fields, nil
}

// kindsOf names the kinds of credential of a door.
func kindsOf(p partner.Partner) string {
	var out []string
	for _, f := range p.Settings {
		if word := cmp.Or(f.Of, `"" (its own)`); f.Door && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return strings.Join(out, ", ")
}

func (c credentialActs) configured(id credentialID) bool {
	_, ok := c.app.current.Load().credentials.named[id]
	return ok
}

// Create implements api.Credentials.
func (c credentialActs) Create(ctx context.Context, ref api.CredentialRef, given map[string]api.FieldValue) (api.NewCredential, error) {
	id, fields, err := c.fieldsOf(ref)
	if err != nil {
		return api.NewCredential{}, err
	}
	if c.configured(id) {
		return api.NewCredential{}, conflict("the configuration has a credential of that name; choose another")
	}
	values, made, err := complete(fields, given)
	if err != nil {
		return api.NewCredential{}, err
	}
	s, err := c.edit(ctx, id, func(before *stored) (*stored, error) {
		if before.made() {
			return nil, conflict("a credential of that name exists; rotate or revoke it")
		}
		turn, err := c.room(ctx, id, fields, values)
		if err != nil {
			return nil, err
		}
		// A name that was used before must not give its tokens their right back.
		s := &stored{values: map[string][]string{}, raw: before.raw, turn: turn}
		s.record.Generation, s.record.Made = before.record.Generation+1, c.app.now().UTC()
		return s, c.fill(ctx, id.partner, s, fields, values)
	})
	if err != nil {
		return api.NewCredential{}, err
	}
	if err := c.app.callBack(ctx, id); err != nil {
		// The credential is there, and is shown once; the route comes a little later.
		c.app.log.ErrorContext(ctx, "a door's callback could not be set up yet", "shop", id.shop, "partner", id.partner, "error", err)
	}
	shown := c.shown(id, fields, s, made)
	p, _ := c.app.partner(id.partner)
	shown.Advice = p.Kind(id.of).Advice
	return shown, nil
}

// Kinds implements api.Credentials.
func (c credentialActs) Kinds(door string) (out []partner.CredentialKind) {
	p, ok := c.app.partner(door)
	if !ok || p.Door == nil {
		return nil
	}
	for _, f := range p.Settings {
		known := slices.ContainsFunc(out, func(k partner.CredentialKind) bool { return k.Of == f.Of })
		if f.Door && !f.Hub && !known {
			out = append(out, p.Kind(f.Of))
		}
	}
	return out
}

// Rotate implements api.Credentials.
func (c credentialActs) Rotate(ctx context.Context, ref api.CredentialRef, given map[string]api.FieldValue, keep time.Duration) (api.NewCredential, error) {
	id, fields, err := c.fieldsOf(ref)
	if err != nil {
		return api.NewCredential{}, err
	}
	if err := check(fields, given, func(f partner.Field) string {
		switch {
		case !f.Secret:
			return "is no secret: change it"
		case len(given[f.Name]) == 0:
			return "must be one value"
		}
		return ""
	}); err != nil {
		return api.NewCredential{}, err
	}
	var made map[string]string
	s, err := c.edit(ctx, id, func(before *stored) (*stored, error) {
		if err := c.changeable(id, before); err != nil {
			return nil, err
		}
		s, now := before.clone(), c.app.now().UTC()
		var values map[string][]string
		values, made = anew(s, fields, given)
		if len(values) == 0 {
			return nil, order.Refuse("", order.Malformed, "this credential has no secret that can be made anew")
		}
		for _, f := range fields {
			if _, ok := values[f.Name]; ok {
				s.retire(f, now, now.Add(keep))
			}
		}
		s.record.Rotated = now
		return s, c.fill(ctx, id.partner, s, fields, values)
	})
	if err != nil {
		return api.NewCredential{}, err
	}
	return c.shown(id, fields, s, made), nil
}

// Change implements api.Credentials.
func (c credentialActs) Change(ctx context.Context, ref api.CredentialRef, given map[string]api.FieldValue) (api.Credential, error) {
	id, fields, err := c.fieldsOf(ref)
	if err != nil {
		return api.Credential{}, err
	}
	if err := check(fields, given, func(f partner.Field) string {
		depends := slices.ContainsFunc(fields, func(o partner.Field) bool { return o.With == f.Name && o.Credential })
		switch {
		case f.Secret:
			return "is a secret: rotate it"
		case depends:
			return "belongs to a secret of which only a digest is kept: make another credential"
		case f.Required && len(given[f.Name]) == 0:
			return "is needed"
		}
		return ""
	}); err != nil {
		return api.Credential{}, err
	}
	s, err := c.edit(ctx, id, func(before *stored) (*stored, error) {
		if err := c.changeable(id, before); err != nil {
			return nil, err
		}
		s, now, values := before.clone(), c.app.now(), map[string][]string{}
		for _, f := range fields {
			v, ok := given[f.Name]
			if !ok {
				continue
			}
			s.retire(f, now, now)
			delete(s.values, f.Name)
			if len(v) > 0 {
				values[f.Name] = v
			}
		}
		if err := c.fill(ctx, id.partner, s, fields, values); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(fields, func(f partner.Field) bool { return f.Unique != "" && len(values[f.Name]) > 0 }) {
			turn, err := c.room(ctx, id, fields, s.values)
			s.turn = turn
			return s, err
		}
		return s, nil
	})
	if err != nil {
		return api.Credential{}, err
	}
	return c.describe(id, fields, s), nil
}

// changeable says why a credential can not be changed here.
func (c credentialActs) changeable(id credentialID, s *stored) error {
	switch {
	case s.made():
		return nil
	case c.configured(id):
		return conflict("this credential stands in the configuration: change it there")
	}
	return fmt.Errorf("credential %q: %w", id.name, order.ErrNotFound)
}

// Revoke implements api.Credentials.
func (c credentialActs) Revoke(ctx context.Context, ref api.CredentialRef) error {
	id, _, err := c.fieldsOf(ref)
	if err != nil {
		return err
	}
	_, err = c.edit(ctx, id, func(before *stored) (*stored, error) {
		if err := c.changeable(id, before); err != nil {
			return nil, err
		}
		return &stored{raw: before.raw, record: credentialRecord{Generation: before.record.Generation + 1}}, nil
	})
	return err
}

// RevokeTokens implements api.Credentials.
func (c credentialActs) RevokeTokens(ctx context.Context, ref api.CredentialRef) error {
	id, _, err := c.fieldsOf(ref)
	if err != nil {
		return err
	}
	_, err = c.edit(ctx, id, func(before *stored) (*stored, error) {
		if !before.made() && !c.configured(id) {
			return nil, fmt.Errorf("credential %q: %w", id.name, order.ErrNotFound)
		}
		s := before.clone()
		s.record.Generation++
		return s, nil
	})
	return err
}

// List implements api.Credentials.
func (c credentialActs) List(ctx context.Context, shop, name string) ([]api.Credential, error) {
	p, ok := c.app.partner(name)
	if !ok || p.Door == nil {
		_, _, err := c.fieldsOf(api.CredentialRef{Partner: name})
		return nil, err
	}
	var out []api.Credential
	var kinds []string
	for _, f := range p.Settings {
		if !f.Door || slices.Contains(kinds, f.Of) {
			continue
		}
		kinds = append(kinds, f.Of)
		records, err := c.records(ctx, name, f.Of, shop)
		if err != nil {
			return nil, err
		}
		used, err := c.app.uses.of(ctx, name, f.Of, shop)
		if err != nil {
			return nil, err
		}
		fields, now := config.DoorFields(p, f.Of), c.app.current.Load().credentials
		of := out[len(out):]
		for _, id := range now.kinds[[2]string{name, f.Of}] {
			if id.shop == shop {
				of = append(of, describeConfigured(id, fields, now.named[id]))
			}
		}
		for id, s := range records {
			if s.made() {
				of = append(of, c.describe(id, fields, s))
			}
		}
		for i := range of {
			if at := used[of[i].Name]; !at.Before(of[i].Created.Truncate(time.Second)) { // else it is one's that had the name before
				of[i].Used = at
			}
		}
		slices.SortStableFunc(of, func(a, b api.Credential) int { return strings.Compare(a.Name, b.Name) })
		out = append(out, of...)
	}
	return out, nil
}

func conflict(detail string) error {
	return &api.Problem{Type: "about:blank", Title: http.StatusText(http.StatusConflict), Status: http.StatusConflict, Detail: detail}
}

func taken(field string) error {
	return conflict("another credential has the same " + field + "; give every credential a value of its own")
}
