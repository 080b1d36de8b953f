package app

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/store"
)

// credentialRecord is how a credential stands in the store. One without Made
// holds nothing but the generation: of a configured credential, or of one that
// is revoked, whose name must not give old tokens their right back.
type credentialRecord struct {
	Generation int64     `json:"generation"`
	Made       time.Time `json:"made,omitzero"`
	Rotated    time.Time `json:"rotated,omitzero"`
	// Sealed are the values that the hub must be able to read: all but
	// passwords and what callers present whole.
	Sealed    []byte `json:"sealed,omitzero"`
	Digests   []kept `json:"digests,omitzero"`   // Value: the digest's key
	Passwords []kept `json:"passwords,omitzero"` // Value: argon2id, as a PHC string
}

// sealedValues are what is sealed in a record.
type sealedValues struct {
	Values map[string][]string `json:"values"`
	Old    []kept              `json:"old,omitzero"` // secrets before the last rotation
}

// kept is one value of a field. After a rotation, the old one counts until a
// moment.
type kept struct {
	Field string    `json:"field"`
	Value string    `json:"value"`
	Until time.Time `json:"until,omitzero"`
}

func (k kept) counts(now time.Time) bool { return k.Until.IsZero() || now.Before(k.Until) }

// stored is a record as it was read.
type stored struct {
	raw      []byte // nil: there is none
	record   credentialRecord
	values   map[string][]string // as they were given, of fields that are not only digests
	old      []kept
	settings partner.Settings // of values, with the defaults of what nobody gave
	turn     *store.Edit      // what is to be written with it; nil: nothing
}

func (s *stored) made() bool { return !s.record.Made.IsZero() }

// text is a value of one text; "": there is none.
func (s *stored) text(field string) string {
	if v := s.values[field]; len(v) == 1 {
		return v[0]
	}
	return ""
}

func sealContext(id credentialID) string { return credentialScope(id.partner) + "/" + recordKey(id) }

// decode reads a record; nil is one that was never written.
func (g *grants) decode(id credentialID, value []byte) (*stored, error) {
	s := &stored{raw: value}
	if value == nil {
		return s, nil
	}
	fail := func(err error) (*stored, error) {
		return nil, fmt.Errorf("read credential %s of shop %s at %s: %w", id.name, id.shop, id.partner, err)
	}
	if err := json.Unmarshal(value, &s.record); err != nil {
		return fail(err)
	}
	if !s.made() {
		return s, nil
	}
	plain, err := g.app.sealer.Open(s.record.Sealed, sealContext(id))
	if err != nil {
		return fail(err)
	}
	var open sealedValues
	if err := json.Unmarshal(plain, &open); err != nil {
		return fail(err)
	}
	s.values, s.old = open.Values, open.Old
	p, _ := g.app.partner(id.partner)
	s.settings = settingsOf(config.DoorFields(p, id.of), s.values)
	return s, nil
}

// settingsOf reads values as the configuration's are. What the partner's fields
// no longer allow is left out.
func settingsOf(fields []partner.Field, values map[string][]string) partner.Settings {
	out := partner.Settings{}
	for _, f := range fields {
		if v, sentence := config.ReadField(f, values[f.Name]); sentence == "" {
			out[f.Name] = v
		} else if f.Default != "" {
			out[f.Name] = config.DefaultValue(f)
		}
	}
	return out
}

// encode seals values into a record and writes it.
func (g *grants) encode(id credentialID, s *stored) ([]byte, error) {
	plain, err := json.Marshal(sealedValues{Values: s.values, Old: s.old})
	if err == nil {
		s.record.Sealed = g.app.sealer.Seal(plain, sealContext(id))
		s.raw, err = json.Marshal(s.record)
	}
	if err != nil {
		return nil, fmt.Errorf("keep credential: %w", err)
	}
	return s.raw, nil
}

// retire lets a field's values count until a moment at most; those that do not
// count any more are left out.
func retire(list []kept, field string, now, until time.Time) (out []kept) {
	for _, k := range list {
		if k.Field == field && (k.Until.IsZero() || k.Until.After(until)) {
			k.Until = until
		}
		if k.counts(now) {
			out = append(out, k)
		}
	}
	return out
}

// clone is for changing.
func (s *stored) clone() *stored {
	out := &stored{record: s.record, raw: bytes.Clone(s.raw), values: map[string][]string{}, old: slices.Clone(s.old)}
	out.record.Digests, out.record.Passwords = slices.Clone(s.record.Digests), slices.Clone(s.record.Passwords)
	for k, v := range s.values {
		out.values[k] = v
	}
	return out
}

// onlyDigest reports whether of a field's value nothing is kept that could be
// read again.
func onlyDigest(f partner.Field) bool { return f.Secret && (f.Credential || f.Password) }

// has reports whether a field has a value.
func (s *stored) has(field string) bool {
	of := func(k kept) bool { return k.Field == field && k.Until.IsZero() }
	return len(s.values[field]) > 0 || slices.ContainsFunc(s.record.Digests, of) || slices.ContainsFunc(s.record.Passwords, of)
}

// former are the secrets of before a rotation that still count, by field.
func (s *stored) former(now time.Time) map[string][]secret.Text {
	var out map[string][]secret.Text
	for _, k := range s.old {
		if !k.counts(now) {
			continue
		}
		if out == nil {
			out = map[string][]secret.Text{}
		}
		out[k.Field] = append(out[k.Field], secret.New(k.Value))
	}
	return out
}

// retire lets what a field has now count until a moment; until is now: no more.
func (s *stored) retire(f partner.Field, now, until time.Time) {
	s.record.Digests = retire(s.record.Digests, f.Name, now, until)
	s.record.Passwords = retire(s.record.Passwords, f.Name, now, until)
	s.old = retire(s.old, f.Name, now, until)
	if v := s.text(f.Name); v != "" && f.Secret && until.After(now) {
		s.old = append(s.old, kept{Field: f.Name, Value: v, Until: until})
	}
}
