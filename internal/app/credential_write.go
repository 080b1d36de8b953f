package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/store"
)

// attempts bounds how often a change is tried anew because another one came
// between reading and writing.
const attempts = 30

// errOvertaken: another change came between.
var errOvertaken = errors.New("another change came between")

// edit changes one credential: change is given it as it stands and returns what
// shall stand there. Record and digests are written together or not at all; if
// somebody else changed one of them meanwhile, all of it is done again.
func (c credentialActs) edit(ctx context.Context, id credentialID, change func(before *stored) (*stored, error)) (*stored, error) {
	defer c.forget(id)
	for range attempts {
		value, _, err := c.state(id.partner).Get(ctx, recordKey(id))
		if err != nil {
			return nil, err
		}
		before, err := c.decode(id, value)
		if err != nil {
			return nil, err
		}
		after, err := change(before)
		if err != nil {
			return nil, err
		}
		if err := c.write(ctx, id, before, after); !errors.Is(err, errOvertaken) {
			if err == nil && (before.made() || c.configured(id)) {
				c.app.forgetEverywhere(ctx, id)
			}
			return after, err
		}
	}
	return nil, fmt.Errorf("credential %s: %w", id.name, order.ErrBusy)
}

// write writes a record and its digests. Errors: errOvertaken.
func (c credentialActs) write(ctx context.Context, id credentialID, before, after *stored) error {
	var raw []byte
	var err error
	if after.made() {
		raw, err = c.encode(id, after)
	} else {
		raw, err = json.Marshal(after.record)
	}
	if err != nil {
		return err
	}
	edits := []store.Edit{{Key: recordKey(id), Old: before.raw, New: raw}}
	if after.turn != nil {
		edits = append(edits, *after.turn)
	}
	seen := map[string]bool{}
	for _, d := range slices.Concat(after.record.Digests, before.record.Digests) {
		if seen[d.Value] {
			continue
		}
		seen[d.Value] = true
		e, change, err := c.digestEdit(ctx, id, after, d.Value)
		if err != nil {
			return err
		}
		if change {
			edits = append(edits, e)
		}
	}
	ok, err := c.app.store.Change(ctx, hubShop, credentialScope(id.partner), edits)
	if err == nil && !ok {
		err = errOvertaken
	}
	return err
}

// digestEdit says what has to be written under a digest; false: nothing.
func (c credentialActs) digestEdit(ctx context.Context, id credentialID, after *stored, key string) (store.Edit, bool, error) {
	old, there, err := c.state(id.partner).Get(ctx, key)
	if err != nil {
		return store.Edit{}, false, err
	}
	e := store.Edit{Key: key}
	var owner credentialName
	if there {
		e.Old = old
		if err := json.Unmarshal(old, &owner); err != nil {
			return e, false, fmt.Errorf("read credential: %w", err)
		}
	}
	ours := owner.Kind == id.of && owner.Shop == id.shop && owner.Name == id.name
	i := slices.IndexFunc(after.record.Digests, func(d kept) bool { return d.Value == key })
	if i < 0 {
		return e, there && ours, nil // it may be somebody else's by now
	}
	if there && !ours {
		other, err := c.fresh(ctx, credentialID{id.partner, owner.Kind, owner.Shop, owner.Name})
		if err != nil {
			return e, false, err
		}
		if slices.ContainsFunc(other.record.Digests, func(d kept) bool { return d.Value == key && d.counts(c.app.now()) }) {
			return e, false, taken(after.record.Digests[i].Field)
		}
	}
	e.New, err = json.Marshal(credentialName{Kind: id.of, Shop: id.shop, Name: id.name, Until: after.record.Digests[i].Until})
	return e, string(e.New) != string(e.Old), err
}

func (c credentialActs) fresh(ctx context.Context, id credentialID) (*stored, error) {
	value, _, err := c.state(id.partner).Get(ctx, recordKey(id))
	if err != nil {
		return nil, err
	}
	return c.decode(id, value)
}

// fill puts values into a credential: as a hash, as a digest, or to be sealed.
func (c credentialActs) fill(ctx context.Context, door string, s *stored, fields []partner.Field, values map[string][]string) error {
	for _, f := range fields { // those that others go with first
		if v, ok := values[f.Name]; ok && !onlyDigest(f) {
			s.values[f.Name] = keptOf(f, v)
		}
	}
	for _, f := range fields {
		v, ok := values[f.Name]
		if !ok {
			continue
		}
		v = keptOf(f, v)
		if f.Password {
			hash, err := c.app.passwords.Hash(ctx, secret.New(v[0]))
			if errors.Is(err, secret.ErrPasswordsBusy) {
				err = fmt.Errorf("%w: %w", order.ErrBusy, err)
			}
			if err != nil {
				return err
			}
			s.record.Passwords = append(s.record.Passwords, kept{Field: f.Name, Value: hash})
			continue
		}
		if !f.Credential {
			continue
		}
		presented := v[0]
		if f.With != "" {
			presented = partner.Joined(s.text(f.With), presented)
		}
		if _, inFile := c.app.current.Load().credentials.presented[credentialKey{door, f.Name, secret.Digest(presented)}]; inFile {
			return taken(f.Name)
		}
		key := c.digestKey(f, presented)
		s.record.Digests = slices.DeleteFunc(s.record.Digests, func(d kept) bool { return d.Value == key })
		s.record.Digests = append(s.record.Digests, kept{Field: f.Name, Value: key})
	}
	return nil
}
