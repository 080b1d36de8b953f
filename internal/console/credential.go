package console

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/api"
)

// credentialPage is one credential, or the form for a new one.
type credentialPage struct {
	Door       api.Door
	Kind       api.DoorKind
	Label      string
	Credential *api.Credential // nil: a new one
	Name       string          // typed, of a new one
	Fields     formFields
	Keeps      []int64 // seconds for which what was there before may go on working
	Problem    *refusal
	Made       *madeOnce // shown this once; nil: nothing was made
}

// madeOnce are secrets that are shown once.
type madeOnce struct {
	URL    string
	Values []madeValue
	Advice string
}

type madeValue struct{ Field, Value string }

// keeps are the spans that the form of a rotation offers, in seconds.
func keeps() []int64 { return []int64{0, 3600, 24 * 3600, 7 * 24 * 3600} }

// credentialForm finds the door and the kind that the request names, with the
// kind's fields.
func (v *visit) credentialForm() (credentialPage, error) {
	var p credentialPage
	list, err := v.hub.Doors(v.Context(), v.PathValue("shop"))
	if err != nil {
		return p, err
	}
	none := &api.Problem{Status: http.StatusNotFound}
	i := slices.IndexFunc(list.Doors, func(d api.Door) bool { return d.Partner == v.PathValue("partner") })
	if i < 0 {
		return p, none
	}
	p.Door = list.Doors[i]
	i = slices.IndexFunc(p.Door.Kinds, func(k api.DoorKind) bool { return k.Kind == v.URL.Query().Get("kind") })
	if i < 0 {
		return p, none
	}
	p.Kind, p.Keeps = p.Door.Kinds[i], keeps()
	p.Label = v.kindLabel(p.Door.Partner, p.Kind.Kind)
	for _, f := range p.Kind.Fields {
		p.Fields = append(p.Fields, formField{
			ID: "v." + f.Name, Name: f.Name, Description: f.Description, Kind: string(f.Kind), Default: f.Default, Choices: f.Choices,
			Required: f.Required, Secret: f.Secret, Made: f.Made, Fixed: f.Fixed,
		})
	}
	return p, nil
}

func (v *visit) credentialRef(name string) api.CredentialRef {
	return api.CredentialRef{Shop: v.PathValue("shop"), Partner: v.PathValue("partner"), Kind: v.URL.Query().Get("kind"), Name: name}
}

func (c *Console) newCredential(v *visit) error {
	p, err := v.credentialForm()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "credential", "doors.new", p)
}

func (c *Console) createCredential(v *visit) error {
	p, err := v.credentialForm()
	if err != nil {
		return err
	}
	p.Name = v.typed("name")
	values := map[string]api.FieldValue{}
	for i := range p.Fields {
		f := &p.Fields[i]
		if typed := v.typedField(f); len(typed) > 0 {
			values[f.Name] = typed
		}
	}
	made, err := v.hub.CreateCredential(v.Context(), v.credentialRef(p.Name), values)
	if p.Problem = refusalOf(err); p.Problem != nil {
		p.Fields.mark("values.", p.Problem.Faults)
		return v.show(p.Problem.status(), "credential", "doors.new", p)
	}
	if err != nil {
		return err
	}
	return v.showMade(p, made)
}

// typedField reads what was typed for a field; a secret is not shown again.
func (v *visit) typedField(f *formField) api.FieldValue {
	was := f.Value
	f.Value = strings.ReplaceAll(v.typed(f.ID), "\r\n", "\n")
	typed := f.typed()
	if f.Secret {
		f.Value = was
	}
	return typed
}

// showMade shows what is shown once.
func (v *visit) showMade(p credentialPage, made api.NewCredential) error {
	p.Credential = &made.Credential
	p.Made = &madeOnce{URL: made.URL, Advice: made.Advice}
	for _, field := range slices.Sorted(maps.Keys(made.Made)) {
		p.Made.Values = append(p.Made.Values, madeValue{field, made.Made[field]})
	}
	p.fill()
	return v.show(http.StatusOK, "credential", "doors.credential", p)
}

// fill puts into the form what stands there.
func (p *credentialPage) fill() {
	for i := range p.Fields {
		f := &p.Fields[i]
		f.Value = strings.Join(p.Credential.Values[f.Name], "\n")
	}
}

// credentialOf finds the credential that the request names.
func (v *visit) credentialOf() (credentialPage, error) {
	p, err := v.credentialForm()
	if err != nil {
		return p, err
	}
	found, err := v.hub.Credential(v.Context(), v.credentialRef(v.PathValue("name")))
	if err != nil {
		return p, err
	}
	p.Credential = &found
	p.fill()
	return p, nil
}

func (c *Console) credential(v *visit) error {
	p, err := v.credentialOf()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "credential", "doors.credential", p)
}

// actOnCredential does what a button of a credential's page says.
func (c *Console) actOnCredential(v *visit) error {
	p, err := v.credentialOf()
	if err != nil {
		return err
	}
	ref := v.credentialRef(v.PathValue("name"))
	home := shopPath(ref.Shop, "doors")
	switch v.PostFormValue("act") {
	case "rotate":
		made, failed := v.hub.RotateCredential(v.Context(), ref, nil, v.keep())
		if err = failed; err == nil {
			return v.showMade(p, made)
		}
	case "change":
		if err = v.changeFields(&p, ref); err == nil {
			return v.done(p.Path(ref.Shop), "credential_changed", 0)
		}
	case "revoke":
		if err = v.hub.RevokeCredential(v.Context(), ref); err == nil {
			return v.done(home, "credential_revoked", 0)
		}
	case "tokens":
		if err = v.hub.RevokeTokensOf(v.Context(), ref); err == nil {
			return v.done(p.Path(ref.Shop), "access_revoked", 0)
		}
	default:
		return v.fail(http.StatusNotFound, "error.notfound")
	}
	if p.Problem = refusalOf(err); p.Problem == nil {
		return err
	}
	p.Fields.mark("values.", p.Problem.Faults)
	return v.show(p.Problem.status(), "credential", "doors.credential", p)
}

// Path is the page of the credential.
func (p credentialPage) Path(shop string) string {
	return shopPath(shop, "doors", p.Door.Partner, p.Credential.Name) + kindQuery(p.Kind.Kind)
}

func kindQuery(kind string) string {
	if kind == "" {
		return ""
	}
	return "?kind=" + url.QueryEscape(kind)
}

// keep is how long what was there before goes on working.
func (v *visit) keep() time.Duration {
	n, err := strconv.ParseInt(v.PostFormValue("keep"), 10, 64)
	if err != nil || !slices.Contains(keeps(), n) {
		return 0
	}
	return time.Duration(n) * time.Second
}

// changeFields changes those that were typed otherwise than they stand there:
// addresses of mail are shown masked, and are left alone unless somebody types
// another one.
func (v *visit) changeFields(p *credentialPage, ref api.CredentialRef) error {
	values := map[string]api.FieldValue{}
	for i := range p.Fields {
		f := &p.Fields[i]
		if f.Secret || f.Fixed {
			continue
		}
		was := p.Credential.Values[f.Name]
		if typed := v.typedField(f); !slices.Equal(typed, was) {
			values[f.Name] = append(api.FieldValue{}, typed...)
		}
	}
	if len(values) == 0 {
		return nil
	}
	_, err := v.hub.ChangeCredential(v.Context(), ref, values)
	return err
}
