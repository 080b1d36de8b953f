package api

import (
	"context"
	"iter"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/review"
)

// Book is what the API needs of the invitations and reviews of shops;
// *review.Book is one.
type Book interface {
	Find(ctx context.Context, shop, route, name string) (review.Link, bool, error)
	Stop(ctx context.Context, shop, route, name string) (bool, error)
	Effective(shop string, o *order.Order, base, received time.Time) review.Effective

	InForce(ctx context.Context, shop string) (review.InForce, error)
	SetSettings(ctx context.Context, shop string, s review.Settings) error

	Templates(ctx context.Context, shop string) ([]review.Template, error)
	PutTemplate(ctx context.Context, shop string, t review.Template) (review.Template, error)
	DeleteTemplate(ctx context.Context, shop, id string) error
	Preview(ctx context.Context, shop, id string) (review.Letter, error)
	PreviewOf(shop string, t review.Template) (review.Letter, error)
	TestLetter(ctx context.Context, shop, id string) (review.Letter, error)

	Reviews(ctx context.Context, shop string, f review.Filter) (page []review.Review, next string, err error)
	EachReview(ctx context.Context, shop string, f review.Filter) iter.Seq2[review.Review, error]
	Totals(ctx context.Context, shop string, d review.Dimension, value, from, to string) ([]review.Total, error)
}

var _ Book = (*review.Book)(nil)

// withBook runs an endpoint of a hub that keeps invitations and reviews.
func withBook(do func(a *API, r *request) (any, error)) func(a *API, r *request) (any, error) {
	return func(a *API, r *request) (any, error) {
		if a.Book == nil {
			return nil, problemf(404, "this hub keeps no invitations and reviews")
		}
		return do(a, r)
	}
}

// InvitationSettings are how a shop invites: in force, and where each value
// stands. The defaults of what nobody gave are not filled in.
type InvitationSettings struct {
	InForce    review.Settings          `json:"in_force"`
	Set        review.Settings          `json:"set"`        // while the hub runs: by this API
	Configured review.Settings          `json:"configured"` // in the file
	Origins    map[string]review.Origin `json:"origins"`    // of those in force
}

func showSettings(a *API, r *request) (any, error) {
	f, err := a.Book.InForce(r.Context(), r.shop)
	if err != nil {
		return nil, err
	}
	return settingsOf(f)
}

func settingsOf(f review.InForce) (any, error) {
	out := InvitationSettings{InForce: f.Merged(), Set: f.Set, Configured: f.Configured, Origins: map[string]review.Origin{}}
	for _, from := range []struct {
		settings review.Settings
		origin   review.Origin
	}{{f.Configured, review.FromConfiguration}, {f.Set, review.FromSettings}} { // the stronger one last
		members, err := membersOf(from.settings)
		if err != nil {
			return nil, err
		}
		for name := range members {
			out.Origins[name] = from.origin
		}
	}
	return out, nil
}

// membersOf returns the settings that say something, as JSON by name.
func membersOf(s review.Settings) (out map[string]json.Value, err error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return out, json.Unmarshal(b, &out)
}

// changeSettings merges what is given into what is set: what is not named
// stays, and null goes back to the configuration.
func changeSettings(a *API, r *request) (any, error) {
	var in map[string]json.Value
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	if len(in) == 0 {
		return nil, order.Refuse("", order.Required, "name at least one setting")
	}
	f, err := a.Book.InForce(r.Context(), r.shop)
	if err != nil {
		return nil, err
	}
	members, err := membersOf(f.Set)
	if err != nil {
		return nil, err
	}
	for name, v := range in {
		if members[name] = v; v.Kind() == 'n' {
			delete(members, name)
		}
	}
	b, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	var set review.Settings
	if err := json.UnmarshalStrict(b, &set); err != nil {
		return nil, err
	}
	if err := a.Book.SetSettings(r.Context(), r.shop, set); err != nil {
		return nil, err
	}
	a.record(r, "change", "invitation settings", fields(in))
	if f, err = a.Book.InForce(r.Context(), r.shop); err != nil {
		return nil, err
	}
	return settingsOf(f)
}

// Templates are a shop's templates of invitations.
type Templates struct {
	Templates []review.Template `json:"templates"` // the shop's own by name, then those shipped
}

func listTemplates(a *API, r *request) (any, error) {
	list, err := a.Book.Templates(r.Context(), r.shop)
	return Templates{Templates: list}, err
}

// NewTemplate is a template as callers give it; one of the same name is
// replaced.
type NewTemplate struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Locale  string `json:"locale"`
	Default bool   `json:"default,omitzero"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html,omitzero"`
}

func (t *NewTemplate) template() review.Template {
	return review.Template{Name: t.Name, Kind: t.Kind, Locale: t.Locale, Default: t.Default, Subject: t.Subject, Text: t.Text, HTML: t.HTML}
}

func putTemplate(a *API, r *request) (any, error) {
	var in NewTemplate
	if err := readJSON(r.Request, &in); err != nil {
		return nil, err
	}
	kept, err := a.Book.PutTemplate(r.Context(), r.shop, in.template())
	if err != nil {
		return nil, err
	}
	a.record(r, "change", "invitation template "+kept.ID, "")
	return kept, nil
}

func deleteTemplate(a *API, r *request) (any, error) {
	q := newQuery(r, "id")
	id := q.text("id")
	if id == "" {
		q.refuse("id", string(order.ErrRequired))
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	if err := a.Book.DeleteTemplate(r.Context(), r.shop, id); err != nil {
		return nil, err
	}
	a.record(r, "delete", "invitation template "+id, "")
	return Done{Done: true}, nil
}

// templateID reads which template a call is about.
type templateID struct {
	ID string `json:"id"`
	To string `json:"to,omitzero"` // of a test mail

	// Template is one that is not kept, for a preview; nil: that of ID.
	Template *NewTemplate `json:"template,omitzero"`
}

func (t *templateID) read(r *request, to bool) error {
	if err := readJSON(r.Request, t); err != nil {
		return err
	}
	switch {
	case t.Template != nil && (to || t.ID != ""):
		return order.Refuse("template", order.Malformed, "is of a preview, and stands for an id")
	case t.ID == "" && t.Template == nil:
		return order.Refuse("id", order.Required, string(order.ErrRequired))
	case to && t.To == "":
		return order.Refuse("to", order.Required, string(order.ErrRequired))
	case !to && t.To != "":
		return order.Refuse("to", order.Malformed, "is of a test mail")
	}
	return nil
}

func previewTemplate(a *API, r *request) (any, error) {
	var in templateID
	if err := in.read(r, false); err != nil {
		return nil, err
	}
	if in.Template != nil {
		return a.Book.PreviewOf(r.shop, in.Template.template())
	}
	return a.Book.Preview(r.Context(), r.shop, in.ID)
}

// testTemplate mails a template to the shop's own people.
func testTemplate(a *API, r *request) (any, error) {
	var in templateID
	if err := in.read(r, true); err != nil {
		return nil, err
	}
	if a.Operator.SendTest == nil {
		return nil, problemf(404, "this hub has no mail server")
	}
	letter, err := a.Book.TestLetter(r.Context(), r.shop, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.Operator.SendTest(r.Context(), in.To, letter); err != nil {
		return nil, err
	}
	a.record(r, "test", "invitation template "+in.ID, "")
	return letter, nil
}
