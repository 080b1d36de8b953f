package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// CredentialRef names a credential of a partner's door. Kind tells the door's
// kinds apart: "" is its own (an API client, an application).
type CredentialRef struct{ Shop, Partner, Kind, Name string }

// Credentials keeps the credentials of partners' doors: those in the
// configuration, which it only lists, and those made here. Methods that name a
// partner or a credential return order.ErrNotFound for an unknown one, a
// *Problem for what a configured one does not allow, *order.Invalid for bad
// values, order.ErrBusy where others change the same at a time.
type Credentials interface {
	// List returns the credentials of a shop at a partner's door, of all
	// kinds.
	List(ctx context.Context, shop, door string) ([]Credential, error)
	// Create makes one. What the fields say is made, and is shown this once.
	// order.ErrConflict if the name, or a value, is taken, or if the shop has as
	// many of the kind as there can be.
	Create(ctx context.Context, ref CredentialRef, values map[string]FieldValue) (NewCredential, error)
	// Change gives fields that are no secrets other values; an empty one
	// removes what was there.
	Change(ctx context.Context, ref CredentialRef, values map[string]FieldValue) (Credential, error)
	// Rotate makes its secrets anew, or takes the given ones; the old ones work
	// for keep longer. Access tokens live on.
	Rotate(ctx context.Context, ref CredentialRef, values map[string]FieldValue, keep time.Duration) (NewCredential, error)
	// Revoke ends a credential and its access tokens.
	Revoke(ctx context.Context, ref CredentialRef) error
	// RevokeTokens ends the access tokens alone, also of a configured one.
	RevokeTokens(ctx context.Context, ref CredentialRef) error
	// Kinds are those of a partner's door, its own first, with what the partner
	// says of each; nil: there is no such partner, or no door.
	Kinds(door string) []partner.CredentialKind
}

// FieldValue is the value of a field: one text, or several of a list.
type FieldValue []string

// MarshalJSON writes one text as such.
func (v FieldValue) MarshalJSON() ([]byte, error) {
	if len(v) == 1 {
		return json.Marshal(v[0])
	}
	return json.Marshal([]string(v))
}

// UnmarshalJSON reads a text, a number, true or false, a list of texts, or null
// for nothing.
func (v *FieldValue) UnmarshalJSON(b []byte) error {
	*v = FieldValue{}
	switch json.Value(b).Kind() {
	case 'n':
		return nil
	case 't', 'f', '0':
		*v = FieldValue{string(b)}
		return nil
	case '[':
		return json.Unmarshal(b, (*[]string)(v))
	case '"':
		var s string
		err := json.Unmarshal(b, &s)
		*v = FieldValue{s}
		return err
	}
	return errors.New("must be a text, a number, true, false or a list of texts")
}

// Credential describes a credential without its secrets.
type Credential struct {
	Shop    string `json:"shop"`
	Partner string `json:"partner"`
	Kind    string `json:"kind,omitzero"`
	Name    string `json:"name"`
	Source  string `json:"source"` // what orders handed in with it say
	// Configured: it stands in the configuration file and can be changed only
	// there. Shadowed: it does not work, because a configured one has its name.
	Configured bool      `json:"configured"`
	Shadowed   bool      `json:"shadowed,omitzero"`
	Created    time.Time `json:"created,omitzero"` // absent: configured
	Rotated    time.Time `json:"rotated,omitzero"`
	// OldUntil is when the secrets before the last rotation stop working.
	OldUntil time.Time `json:"old_until,omitzero"`
	// Used is when somebody came in with it last, where this node has heard of
	// it: others tell within a minute or two. Absent: nobody did.
	Used    time.Time             `json:"last_used,omitzero"`
	Values  map[string]FieldValue `json:"values"`  // of fields that are no secrets; addresses of mail masked
	Secrets []string              `json:"secrets"` // fields that have a secret
}

// CredentialList is the list of a shop's credentials at a door.
type CredentialList struct {
	URL         string           `json:"url"` // of the door
	Credentials []Credential     `json:"credentials"`
	Kinds       []CredentialKind `json:"kinds"`
}

// CredentialKind is a kind of a door's credentials.
type CredentialKind struct {
	Kind   string   `json:"kind"`            // "": the door's own
	Most   int      `json:"most,omitzero"`   // how many a shop can have; absent: any number
	Names  []string `json:"names,omitzero"`  // offered for the name
	Advice string   `json:"advice,omitzero"` // for those who make one
}

// NewCredential is a credential as it is shown once, with the secrets that were
// made for it.
type NewCredential struct {
	Credential
	URL    string            `json:"url"`             // of the door
	Made   map[string]string `json:"made"`            // by field; those that the caller gave are not repeated
	Advice string            `json:"advice,omitzero"` // of the partner
}

// noDoors is the answer of a hub without doors.
func noDoors() error { return problemf(404, "this hub keeps no credentials of doors") }

// credential reads which one a call is about.
func (r *request) credential() CredentialRef {
	return CredentialRef{Shop: r.shop, Partner: r.PathValue("partner"), Kind: r.URL.Query().Get("kind"), Name: r.PathValue("name")}
}

func (c CredentialRef) String() string {
	return "credential " + strings.TrimSuffix(c.Partner+"/"+c.Kind, "/") + "/" + c.Name
}

// ofCredential runs an endpoint about one credential, which may have a kind.
func ofCredential(do func(a *API, r *request, ref CredentialRef) (any, error)) func(a *API, r *request) (any, error) {
	return func(a *API, r *request) (any, error) {
		if err := newQuery(r, "kind").err(); err != nil {
			return nil, err
		}
		if a.Credentials == nil {
			return nil, noDoors()
		}
		return do(a, r, r.credential())
	}
}

func listCredentials(a *API, r *request, ref CredentialRef) (any, error) {
	list, err := a.Credentials.List(r.Context(), ref.Shop, ref.Partner)
	if err != nil {
		return nil, err
	}
	if ref.Kind != "" {
		list = slices.DeleteFunc(list, func(c Credential) bool { return c.Kind != ref.Kind })
	}
	if list == nil {
		list = []Credential{}
	}
	out := CredentialList{URL: a.doorURL(ref.Partner), Credentials: list, Kinds: []CredentialKind{}}
	for _, k := range a.Credentials.Kinds(ref.Partner) {
		if ref.Kind == "" || ref.Kind == k.Of {
			out.Kinds = append(out.Kinds, CredentialKind{k.Of, k.Most, k.Names, k.Advice})
		}
	}
	return out, nil
}

func (a *API) doorURL(door string) string {
	if a.Operator.DoorURL == nil {
		return ""
	}
	return a.Operator.DoorURL(door)
}

// kindOf is what the partner says of a credential's kind.
func (a *API) kindOf(ref CredentialRef) partner.CredentialKind {
	for _, k := range a.Credentials.Kinds(ref.Partner) {
		if k.Of == ref.Kind {
			return k
		}
	}
	return partner.CredentialKind{Of: ref.Kind}
}

func showCredential(a *API, r *request, ref CredentialRef) (any, error) {
	list, err := a.Credentials.List(r.Context(), ref.Shop, ref.Partner)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if c.Kind == ref.Kind && c.Name == ref.Name {
			return c, nil
		}
	}
	return nil, order.ErrNotFound
}

func createCredential(a *API, r *request, ref CredentialRef) (any, error) {
	var in struct {
		Name   string                `json:"name"`
		Kind   string                `json:"kind,omitzero"`
		Values map[string]FieldValue `json:"values,omitzero"`
	}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	if in.Kind == "" {
		in.Kind = ref.Kind
	}
	ref.Kind, ref.Name = in.Kind, in.Name
	if fault := a.kindOf(ref).NameFault(in.Name); fault != "" {
		return nil, order.Refuse("name", order.Malformed, fault)
	}
	made, err := a.Credentials.Create(r.Context(), ref, in.Values)
	if err != nil {
		return nil, err
	}
	a.record(r, "create", ref.String(), "")
	return created{made}, nil
}

func changeCredential(a *API, r *request, ref CredentialRef) (any, error) {
	var in struct {
		Values map[string]FieldValue `json:"values"`
	}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	if len(in.Values) == 0 {
		return nil, order.Refuse("values", order.Required, string(order.ErrRequired))
	}
	changed, err := a.Credentials.Change(r.Context(), ref, in.Values)
	if err != nil {
		return nil, err
	}
	a.record(r, "change", ref.String(), "fields "+fields(in.Values))
	return changed, nil
}

// fields names what values are given for.
func fields[V any](values map[string]V) string {
	var out []string
	for name := range values {
		out = append(out, name)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func rotateCredential(a *API, r *request, ref CredentialRef) (any, error) {
	var in struct {
		KeepSeconds int64                 `json:"keep_seconds,omitzero"`
		Values      map[string]FieldValue `json:"values,omitzero"`
	}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	if in.KeepSeconds < 0 || in.KeepSeconds > maxKeep {
		return nil, order.Refuse("keep_seconds", order.Malformed, fmt.Sprintf("must be 0 to %d (a year)", maxKeep))
	}
	keep := time.Duration(in.KeepSeconds) * time.Second
	made, err := a.Credentials.Rotate(r.Context(), ref, in.Values, keep)
	if err != nil {
		return nil, err
	}
	a.record(r, "rotate", ref.String(), "keep="+keep.String())
	return created{made}, nil
}

func revokeCredential(a *API, r *request, ref CredentialRef) (any, error) {
	if err := a.Credentials.Revoke(r.Context(), ref); err != nil {
		return nil, err
	}
	a.record(r, "revoke", ref.String(), "")
	return Done{Done: true}, nil
}

func revokeTokensOf(a *API, r *request, ref CredentialRef) (any, error) {
	var in struct{}
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	if err := a.Credentials.RevokeTokens(r.Context(), ref); err != nil {
		return nil, err
	}
	a.record(r, "revoke tokens", ref.String(), "")
	return Done{Done: true}, nil
}
